/** Substitution of placeholders (spec/document.md 4.2). What a placeholder produced is not scanned again. */
import { isArray, isObject, type JsonValue, setMember, toText } from './json.ts';
import { type Placeholder, parseTemplate } from './placeholders.ts';
import { lookup, type Scope } from './scope.ts';
import { MAX_CHARACTERS, TooLargeError } from './size.ts';

/**
 * Evaluates JavaScript over a scope.
 * @throws SwmlError `relay_script_js_eval_error`
 */
export type Evaluate = (source: string, scope: Scope) => JsonValue | undefined;

/** A text that is one placeholder takes the type of its value; anything else is a text. Unset is `""`. */
export function expandText(text: string, scope: Scope, evaluate: Evaluate): JsonValue {
  const template = parseTemplate(text, scope.kind);
  if (template.length === 0) return '';
  const [first] = template;
  if (template.length === 1 && typeof first === 'string') return first;
  if (template.length === 1) {
    const value = resolve(first as Placeholder, scope, evaluate);
    return value === undefined ? '' : value;
  }
  return expandRaw(text, scope, evaluate);
}

/**
 * Always a text: every placeholder is replaced by the text of its value.
 * @throws TooLargeError
 */
export function expandRaw(text: string, scope: Scope, evaluate: Evaluate): string {
  let result = '';
  for (const part of parseTemplate(text, scope.kind)) {
    result += typeof part === 'string' ? part : toText(resolve(part, scope, evaluate), scope.kind);
    if (result.length > MAX_CHARACTERS) throw new TooLargeError();
  }
  return result;
}

/** Texts at any depth of a value; keys stay as they are. */
export function expandDeep(value: JsonValue, scope: Scope, evaluate: Evaluate): JsonValue {
  if (typeof value === 'string') return expandText(value, scope, evaluate);
  if (isArray(value)) return value.map((item) => expandDeep(item, scope, evaluate));
  if (!isObject(value)) return value;
  const result: Record<string, JsonValue> = {};
  for (const [key, item] of Object.entries(value)) setMember(result, key, expandDeep(item, scope, evaluate));
  return result;
}

function resolve(placeholder: Placeholder, scope: Scope, evaluate: Evaluate): JsonValue | undefined {
  if (placeholder.kind === 'path') return lookup(scope, placeholder.path);
  return placeholder.body === '' ? '' : evaluate(placeholder.body, scope);
}
