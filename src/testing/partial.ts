/** Values that hold at least what a pattern says. */

/** A difference between what was expected and what was found. */
export interface Difference {
  /** Way to the value, e.g. `params.state`; empty for the whole. */
  readonly path: string;
  readonly expected: string;
  readonly found: string;
}

/** Whether there is no difference. */
export function matches(value: unknown, pattern: unknown): boolean {
  return compare(value, pattern).length === 0;
}

/**
 * What is different. Objects may hold more than the pattern, at any depth; lists must be as long. A text
 * written `/…/` is a regular expression; a RegExp is one too. Numbers may be written `12.3..12.6` (between
 * both, inclusive), `>= 3`, `> 3`, `<= 3`, `< 3`; `*` is anything that is there.
 */
export function compare(value: unknown, pattern: unknown, path = ''): readonly Difference[] {
  if (pattern instanceof RegExp) {
    return value !== undefined && pattern.test(asText(value)) ? [] : [different(path, value, pattern)];
  }
  if (Array.isArray(pattern)) return compareLists(value, pattern, path);
  if (typeof pattern === 'object' && pattern !== null) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return [different(path, value, pattern)];
    return Object.entries(pattern).flatMap(([name, part]) =>
      compare((value as Record<string, unknown>)[name], part, path === '' ? name : `${path}.${name}`),
    );
  }
  if (typeof pattern === 'string') return compareText(value, pattern, path);
  // JavaScript of a document may give -0, which nobody can write, and which reads "0".
  return value === pattern || Object.is(value, pattern) ? [] : [different(path, value, pattern)];
}

/** As {@link compare}, of keys of a telephone, among which `*` is one. */
export function compareKeys(value: string | undefined, pattern: string, path = ''): readonly Difference[] {
  if (pattern !== '*') return compare(value, pattern, path);
  return value === pattern ? [] : [different(path, value, pattern)];
}

function compareLists(value: unknown, pattern: readonly unknown[], path: string): readonly Difference[] {
  if (!Array.isArray(value)) return [different(path, value, pattern)];
  const differences = pattern.flatMap((part, index) =>
    index < value.length ? compare(value[index], part, `${path}[${index}]`) : [],
  );
  if (value.length === pattern.length) return differences;
  const count = { path, expected: `${pattern.length} items`, found: `${value.length}` };
  return [...differences, count];
}

function compareText(value: unknown, pattern: string, path: string): readonly Difference[] {
  if (value === pattern) return [];
  if (pattern === '*') return value === undefined ? [different(path, value, pattern)] : [];
  const expression = readExpression(pattern);
  if (expression !== undefined) {
    return value !== undefined && expression.test(asText(value)) ? [] : [different(path, value, pattern)];
  }
  const range = typeof value === 'number' ? readRange(pattern) : undefined;
  if (range?.(value as number)) return [];
  return [different(path, value, pattern)];
}

/** Whether a text is meant as `/source/flags`. */
export function looksLikeExpression(text: string): boolean {
  return /^\/.+\/[a-z]*$/s.test(text);
}

/** `/source/flags`; undefined for other texts. */
export function readExpression(text: string): RegExp | undefined {
  const match = /^\/(.+)\/([imsu]*)$/s.exec(text);
  if (match === null) return undefined;
  try {
    return new RegExp(match[1]!, match[2]);
  } catch {
    return undefined;
  }
}

const NUMBER = String.raw`-?\d+(?:\.\d+)?`;
const BETWEEN = new RegExp(`^\\s*(${NUMBER})\\s*\\.\\.\\s*(${NUMBER})\\s*$`);
const BOUND = new RegExp(`^\\s*(>=|<=|>|<)\\s*(${NUMBER})\\s*$`);

/** A test of numbers; undefined for texts that are none. */
export function readRange(text: string): ((value: number) => boolean) | undefined {
  const between = BETWEEN.exec(text);
  if (between !== null) {
    const [, low, high] = between.map(Number);
    return (value) => value >= low! && value <= high!;
  }
  const bound = BOUND.exec(text);
  if (bound === null) return undefined;
  const limit = Number(bound[2]);
  switch (bound[1]) {
    case '>=':
      return (value) => value >= limit;
    case '<=':
      return (value) => value <= limit;
    case '>':
      return (value) => value > limit;
    default:
      return (value) => value < limit;
  }
}

function different(path: string, found: unknown, expected: unknown): Difference {
  return { path, expected: show(expected), found: show(found) };
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  return value instanceof RegExp ? String(value) : jsonOf(value);
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : (jsonOf(value) ?? '');
}

/** JSON has no NaN, which JavaScript in a document gives, and would call it null. */
function jsonOf(value: unknown): string {
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}
