/** Ids of calls and recordings: no two calls have the same. */

const ID = '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}';
const WHOLE = new RegExp(`^${ID}$`);
const EACH = new RegExp(ID, 'g');

/**
 * For `*` in the place of an id (a regular expression): no more than another one, as other addresses have answers of
 * their own, or none. URLs may hold `*`.
 */
export const ANY_ID = `(?:${ID}|\\*)`;

export function isId(value: unknown): value is string {
  return typeof value === 'string' && WHOLE.test(value);
}

/** The text with `…` in the place of each. */
export function withoutIds(text: string): string {
  return text.replace(EACH, '…');
}
