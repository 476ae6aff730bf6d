/** How much there is in values, where a part of them that stands in several places counts at each. */
import type { JsonValue } from './json.ts';

export interface Size {
  /** Of texts and names; of other values about as many as they are written with. */
  readonly characters: number;
  /** Values inside values. */
  readonly depth: number;
}

/**
 * What the variables of a script hold together, and what the placeholders of one step give: so that nothing that is
 * doubled again and again outgrows the memory when it is written as text, nor the longest text of V8.
 */
export const MAX_CHARACTERS = 16 * 1_048_576;

/** A text that is made of placeholders has become larger than {@link MAX_CHARACTERS}. */
export class TooLargeError extends Error {
  constructor() {
    super('this text is too large');
    this.name = 'TooLargeError';
  }
}

const NOTHING: Size = { characters: 0, depth: 0 };
const SCALAR: Size = { characters: 8, depth: 0 };

/** Values are never changed in place, so each is looked at once. */
const known = new WeakMap<object, Size>();

export function sizeOf(value: JsonValue | undefined): Size {
  if (value === undefined) return NOTHING;
  if (typeof value === 'string') return { characters: value.length, depth: 0 };
  if (typeof value !== 'object' || value === null) return SCALAR;
  // By a list, not by calls: what comes from the web may lie deeper than calls can.
  const open: object[] = [value];
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const unknown = known.has(top) ? [] : partsOf(top).filter(isUnknown);
    if (unknown.length > 0) {
      for (const part of unknown) open.push(part);
      continue;
    }
    open.pop();
    if (!known.has(top)) known.set(top, sizeOfParts(top));
  }
  return known.get(value) ?? NOTHING;
}

function partsOf(value: object): readonly JsonValue[] {
  return Object.values(value) as JsonValue[];
}

function isUnknown(part: JsonValue): part is Exclude<JsonValue, string | number | boolean | null> {
  return typeof part === 'object' && part !== null && !known.has(part);
}

/** @param value whose parts are known */
function sizeOfParts(value: object): Size {
  let characters = SCALAR.characters;
  let depth = 0;
  for (const part of partsOf(value)) {
    const size = typeof part === 'object' && part !== null ? (known.get(part) ?? NOTHING) : sizeOf(part);
    characters += size.characters;
    depth = Math.max(depth, size.depth);
  }
  if (!Array.isArray(value)) for (const name of Object.keys(value)) characters += name.length;
  return { characters, depth: depth + 1 };
}
