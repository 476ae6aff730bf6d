/**
 * Reads a value by a schema: expands placeholders (at run), converts, fills in defaults, and reports what is
 * wrong. At load a text with placeholders passes anywhere, since its value is known only at run.
 */
import type { Block, Finding } from './document.ts';
import type { DocumentKind, ErrorCode } from './error-codes.ts';
import { isArray, isObject, type JsonObject, type JsonValue, jsonType, setMember, toText } from './json.ts';
import { hasPlaceholder, parseTemplate } from './placeholders.ts';
import type { Path } from './position.ts';
import {
  type ArrayNode,
  type Exclusive,
  type NumberNode,
  type ObjectNode,
  type Schema,
  type StepsNode,
  type StringNode,
  string,
} from './schema.ts';
import { DECIMAL, formatFault } from './schema-formats.ts';
import { describe, describeNumber, describeString } from './schema-describe.ts';
import { invalid, missing, shown, subject } from './schema-findings.ts';
import { choiceByTag, type TagChoice } from './schema-tag.ts';
import { closest } from './suggest.ts';

export interface ReadContext {
  readonly kind: DocumentKind;
  /** The value of a text with placeholders; absent at load. */
  readonly expand?: (text: string, path: Path) => JsonValue;
  /** Takes a nested list of steps apart. */
  readonly block: (value: JsonValue, path: Path, node: StepsNode) => Block;
  readonly report: (finding: Finding) => void;
  /** Told of every piece of JavaScript, at load. */
  readonly onExpression?: () => void;
  /** Told of every number that stands where any value may, at load. */
  readonly onNumber?: (value: number, path: Path) => void;
  /** Unknown properties are errors instead of warnings. */
  readonly strict?: boolean;
  /** What is read came out of a placeholder, so placeholders in it are mere text (spec/document.md 4.2). */
  readonly replaced?: boolean;
}

/** The value by the schema; meaningless when an error was reported. */
export function read<T>(schema: Schema<T>, value: JsonValue, path: Path, context: ReadContext): T {
  return readNode(schema, value, path, context) as T;
}

function readNode(schema: Schema, raw: JsonValue, path: Path, context: ReadContext): unknown {
  const { node, info } = schema;
  if (info.code !== undefined) return readNode(withoutCode(schema), raw, path, recoding(context, info.code));
  if (node.kind === 'steps') return context.block(raw, path, node);
  if (node.kind === 'named') return readNode(node.get(), raw, path, context);
  let value = raw;
  let expanded = false;
  let inner = context;
  const mayHold = info.literal !== true && context.replaced !== true;
  if (mayHold && typeof raw === 'string' && hasPlaceholder(raw, context.kind)) {
    if (context.expand === undefined) {
      checkExpressions(raw, path, context);
      if (mayHoldJavaScript(schema)) context.onExpression?.();
      return raw;
    }
    value = context.expand(raw, path);
    expanded = true;
    inner = { ...context, replaced: true };
  }
  // A number within a list or object that one gave becomes a text, too: nobody could put it in quotes.
  if (inner.replaced === true && !isArray(value) && !isObject(value)) expanded = true;
  switch (node.kind) {
    case 'any':
      if (inner.replaced || (info.literal === true && context.expand !== undefined)) return value;
      return readAny(value, path, context);
    case 'string':
      return readString(node, value, expanded, path, context);
    case 'number':
    case 'integer':
      return readNumber(node, value, path, context);
    case 'boolean':
      return readBoolean(value, path, context);
    case 'array':
      refine(schema, value, path, context);
      return readArray(node, value, path, inner);
    case 'object':
      refine(schema, value, path, context);
      return readObject(node, value, path, inner);
    case 'union':
      return readUnion(node.variants, value, expanded, path, inner);
  }
}

/** Whether a value in the place of a placeholder may bring JavaScript of its own, as in `goto: "${options}"`. */
function mayHoldJavaScript({ node }: Schema): boolean {
  if (node.kind === 'string') return node.format === 'javascript';
  if (node.kind === 'object') return Object.values(node.properties).some(mayHoldJavaScript);
  if (node.kind === 'array') return mayHoldJavaScript(node.items);
  return node.kind === 'union' && node.variants.some(mayHoldJavaScript);
}

/** Has all findings bear one code. */
function recoding(context: ReadContext, code: ErrorCode): ReadContext {
  return { ...context, report: (finding) => context.report({ ...finding, code }) };
}

function withoutCode(schema: Schema): Schema {
  return { ...schema, info: { ...schema.info, code: undefined } };
}

function refine(schema: Schema, value: JsonValue, path: Path, context: ReadContext): void {
  const refinement = schema.info.refine?.(value);
  if (refinement === undefined) return;
  const { at = [], ...finding } = refinement;
  context.report({ ...finding, path: [...path, ...at] });
}

/** Any value: texts in it are expanded at any depth, keys are not. */
function readAny(value: JsonValue, path: Path, context: ReadContext): JsonValue {
  if (typeof value === 'string') {
    if (context.expand !== undefined) return context.expand(value, path);
    checkExpressions(value, path, context);
    return value;
  }
  if (isArray(value)) return value.map((item, index) => readAny(item, [...path, index], context));
  if (typeof value === 'number') context.onNumber?.(value, path);
  if (!isObject(value)) return value;
  const result: Record<string, JsonValue> = {};
  for (const [key, item] of Object.entries(value))
    setMember(result, key, readAny(item, [...path, key], context));
  return result;
}

function checkExpressions(text: string, path: Path, context: ReadContext): void {
  for (const part of parseTemplate(text, context.kind)) {
    if (typeof part === 'string' || part.kind === 'path') continue;
    context.onExpression?.();
    const expected = formatFault('javascript', part.body);
    if (expected !== undefined) reportExpression(context, path, expected, part.body);
  }
}

function reportExpression(context: ReadContext, path: Path, expected: string, source: string): void {
  context.report({
    fault: 'expression',
    message: 'This expression is too long',
    path,
    expected,
    found: `${source.length} characters`,
  });
}

function readString(
  node: StringNode,
  value: JsonValue,
  expanded: boolean,
  path: Path,
  context: ReadContext,
): string {
  let text: string;
  if (typeof value === 'string') text = value;
  else if (expanded) text = toText(value, context.kind);
  else if (typeof value === 'boolean' && node.enum?.includes(String(value))) text = String(value);
  else {
    const number = typeof value === 'number';
    invalid(context, path, describeString(node), value, number ? 'put the number in quotes' : undefined);
    return '';
  }
  if (node.format === 'javascript') context.onExpression?.();
  const fault = stringFault(node, text, context.strict === true);
  if (fault !== undefined && node.format === 'javascript') {
    reportExpression(context, path, fault, text);
  } else if (fault !== undefined) {
    const meant = node.enum === undefined ? undefined : closest(text, node.enum);
    invalid(context, path, fault, text, meant === undefined ? undefined : `did you mean "${meant}"?`);
  }
  return text;
}

function stringFault(node: StringNode, text: string, strict: boolean): string | undefined {
  if (!strict && node.extended?.includes(text)) return undefined;
  if (node.enum !== undefined && !node.enum.includes(text)) return describeString(node);
  if (node.minLength !== undefined && text.length < node.minLength) {
    return node.minLength === 1 ? 'a text that is not empty' : `at least ${node.minLength} characters`;
  }
  if (node.maxLength !== undefined && text.length > node.maxLength)
    return `at most ${node.maxLength} characters`;
  if (node.pattern !== undefined && !node.pattern.test(text)) return describeString(node);
  const formatted = node.format === undefined ? undefined : formatFault(node.format, text);
  return formatted ?? node.check?.(text);
}

function readNumber(node: NumberNode, value: JsonValue, path: Path, context: ReadContext): number {
  const number = typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value;
  const inRange =
    typeof number === 'number' &&
    Number.isFinite(number) &&
    (node.kind === 'number' || Number.isInteger(number)) &&
    ((number >= (node.min ?? number) && number <= (node.max ?? number)) || node.also?.includes(number));
  if (!inRange) invalid(context, path, describeNumber(node), value);
  return number as number;
}

function readBoolean(value: JsonValue, path: Path, context: ReadContext): boolean {
  if (value === true || value === 'true') return true;
  if (value !== false && value !== 'false') invalid(context, path, 'true or false', value);
  return false;
}

function readArray(node: ArrayNode, value: JsonValue, path: Path, context: ReadContext): readonly unknown[] {
  if (!isArray(value)) {
    invalid(context, path, 'a list', value);
    return [];
  }
  if (node.minItems !== undefined && value.length < node.minItems) {
    invalid(context, path, `a list of at least ${node.minItems}`, value.length);
  }
  if (node.maxItems !== undefined && value.length > node.maxItems) {
    invalid(context, path, `a list of at most ${node.maxItems}`, value.length);
  }
  return value.map((item, index) => readNode(node.items, item, [...path, index], context));
}

function readObject(node: ObjectNode, value: JsonValue, path: Path, context: ReadContext): unknown {
  if (!isObject(value)) {
    context.report({
      fault: 'wrongType',
      message: `${subject(path)} must be an object`,
      path,
      expected: 'an object',
      found: shown(value, path),
      suggestion: isArray(value) ? 'write the properties below it without "-"' : missingBlank(node, value),
    });
    return {};
  }
  const result: Record<string, unknown> = {};
  for (const name of Object.keys(node.properties)) {
    const property = node.properties[name]!;
    const given = Object.hasOwn(value, name) ? value[name]! : undefined;
    // `name:` with nothing behind it leaves the property out, unless null is a value that it can take.
    if (given === undefined || (given === null && property.node.kind !== 'any')) {
      if (property.info.required) missing(context, path, name, property);
      else if (property.info.default !== undefined) result[name] = property.info.default;
    } else {
      result[name] = readNode(property, given, [...path, name], context);
    }
  }
  readOtherNames(node, value, path, context, result);
  for (const group of node.exclusive ?? []) checkExclusive(group, value, path, context);
  return result;
}

/** The cure of a text that was meant as a property: `beep:true`. */
function missingBlank(node: ObjectNode, value: JsonValue): string | undefined {
  const name = typeof value === 'string' ? /^(\w+):\S/.exec(value)?.[1] : undefined;
  if (name === undefined || !Object.hasOwn(node.properties, name)) return undefined;
  return `put a blank behind "${name}:"`;
}

function readOtherNames(
  node: ObjectNode,
  value: JsonObject,
  path: Path,
  context: ReadContext,
  result: Record<string, unknown>,
): void {
  for (const [name, given] of Object.entries(value)) {
    if (Object.hasOwn(node.properties, name)) continue;
    if (node.additional !== undefined) {
      const expected = node.checkName?.(name);
      if (expected !== undefined) {
        context.report({
          fault: 'invalidParameter',
          message: `${subject(path)} cannot take the name "${name}"`,
          path: [...path, name],
          part: 'key',
          expected,
        });
      }
      setMember(
        result as Record<string, JsonValue>,
        name,
        readNode(node.additional, given, [...path, name], context) as JsonValue,
      );
      continue;
    }
    const meant = closest(name, Object.keys(node.properties));
    const didYouMean = meant === undefined ? undefined : `did you mean "${meant}"?`;
    context.report({
      fault: 'unknownParameter',
      severity: context.strict ? 'error' : 'warning',
      message: `${subject(path)} has no property "${name}"`,
      path: [...path, name],
      part: 'key',
      expected: Object.keys(node.properties).join(', ') || 'no property',
      suggestion: name === '<<' ? 'YAML 1.2 has no merge keys: write the properties out' : didYouMean,
    });
  }
}

function checkExclusive(group: Exclusive, value: JsonObject, path: Path, context: ReadContext): void {
  const { names, several } = group;
  const given = names.filter((name) => Object.hasOwn(value, name) && value[name] !== null);
  if (given.length > 1 && !several) {
    context.report({
      fault: 'conflict',
      message: `${given.map((name) => `"${name}"`).join(' and ')} exclude each other`,
      path: [...path, given[1]!],
      part: 'key',
      expected: `only one of ${names.join(', ')}`,
    });
  }
  if (given.length === 0) {
    context.report({
      fault: 'missingParameter',
      message: `${subject(path)} needs one of ${names.map((name) => `"${name}"`).join(', ')}`,
      path,
      part: 'key',
    });
  }
}

function readUnion(
  variants: readonly Schema[],
  value: JsonValue,
  expanded: boolean,
  path: Path,
  context: ReadContext,
): unknown {
  const type = jsonType(value);
  let candidates = variants.filter((variant) => accepts(variant, type));
  // A text may also stand for a number or a truth value: "250", "true".
  if (candidates.length === 0 && type === 'string') candidates = variants.filter(isConvertible);
  // What a placeholder gave becomes a text where one belongs, as in a property that takes nothing else. A
  // list does in a message alone, where its text is JSON.
  const hasText = (type !== 'array' && type !== 'object') || context.kind === 'messaging';
  if (candidates.length === 0 && expanded && hasText && variants.some((one) => accepts(one, 'string'))) {
    return readUnion(variants, toText(value, context.kind), false, path, context);
  }
  if (candidates.length === 0) {
    const unquoted = type === 'number' && variants.some((one) => accepts(one, 'string'));
    const expected = [...new Set(variants.map(describe))].join(' or ');
    invalid(context, path, expected, value, unquoted ? 'put the number in quotes' : undefined);
    return undefined;
  }
  if (candidates.length === 1) return readNode(candidates[0]!, value, path, context);
  const choice = isObject(value) ? choiceByTag(candidates, value) : undefined;
  if (choice !== undefined && !hasOpenTag(choice, value as JsonObject, context)) {
    return readTagged(choice, value as JsonObject, path, context);
  }
  let best: { readonly result: unknown; readonly findings: readonly Finding[] } | undefined;
  for (const candidate of candidates) {
    const findings: Finding[] = [];
    const result = readNode(candidate, value, path, {
      ...context,
      report: (finding) => findings.push(finding),
    });
    if (best === undefined || findings.length < best.findings.length) best = { result, findings };
    if (findings.length === 0) break;
  }
  for (const finding of best!.findings) context.report(finding);
  return best!.result;
}

/** A tag that is a placeholder tells nothing before it is replaced. */
function hasOpenTag({ tag }: TagChoice, value: JsonObject, { kind }: ReadContext): boolean {
  const given = value[tag];
  return typeof given === 'string' && hasPlaceholder(given, kind);
}

function readTagged(choice: TagChoice, value: JsonObject, path: Path, context: ReadContext): unknown {
  const { tag, chosen, values } = choice;
  if (chosen !== undefined) return readNode(chosen, value, path, context);
  const tagSchema = string({ description: 'Tells the alternatives apart.', enum: values });
  if (Object.hasOwn(value, tag)) return readNode(tagSchema, value[tag]!, [...path, tag], context);
  missing(context, path, tag, tagSchema);
  return undefined;
}

function accepts(schema: Schema, type: ReturnType<typeof jsonType>): boolean {
  const { node } = schema;
  if (node.kind === 'named') return accepts(node.get(), type);
  if (node.kind === 'union') return node.variants.some((variant) => accepts(variant, type));
  if (node.kind === 'any') return true;
  if (node.kind === 'steps') return type === 'array';
  if (node.kind === 'integer') return type === 'number';
  return node.kind === type;
}

function isConvertible(schema: Schema): boolean {
  return ['number', 'integer', 'boolean'].includes(schema.node.kind);
}
