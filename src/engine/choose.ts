import type { Choice } from '../methods/flow.ts';
import { transformed } from '../methods/transform.ts';
import type { Block } from '../swml/document.ts';
import type { JsonValue } from '../swml/json.ts';
import { parsePath } from '../swml/placeholders.ts';
import { lookup, type Scope } from '../swml/scope.ts';

/**
 * The block that a choice leads to; undefined when nothing matches (spec/flow.md 1, 2).
 * @param evaluate gets the JavaScript of a branch, and the number of that branch
 */
export function chooseBlock(
  choice: Choice,
  scope: Scope,
  evaluate: (source: string, index: number) => JsonValue | undefined,
): Block | undefined {
  if (choice.kind === 'switch') {
    const path = parsePath(choice.variable);
    const value = caseKey(path === undefined ? undefined : lookup(scope, path));
    const key = value === undefined ? undefined : transformed(value, choice.transform);
    return key !== undefined && Object.hasOwn(choice.cases, key) ? choice.cases[key] : choice.otherwise;
  }
  for (const [index, entry] of choice.entries.entries()) {
    if (entry.when === undefined) continue;
    if (evaluate(entry.when, index)) return entry.then;
    if (entry.else !== undefined) return entry.else;
  }
  return choice.entries.find((entry) => entry.when === undefined)?.else;
}

/** Unset compares as an empty text; lists and objects match nothing. */
function caseKey(value: JsonValue | undefined): string | undefined {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? undefined : String(value);
}
