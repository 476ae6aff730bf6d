import { parseIsoTime } from '../../time/iso-time.ts';
import { type HttpProblem, unprocessable } from './errors.ts';

/** Parameters of a URL as fastify gives them: a text, or several of one name. */
export type Query = Readonly<Record<string, unknown>>;

const MAX_TEXT = 200;

/** @throws HttpProblem 422 */
export function wholeNumber(
  query: Query,
  name: string,
  rule: { readonly fallback: number; readonly min: number; readonly max: number; readonly step?: number },
): number {
  const text = query[name];
  if (text === undefined || text === '') return rule.fallback;
  const value = typeof text === 'string' && /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  const { min, max, step = 1 } = rule;
  if (value >= min && value <= max && (value - min) % step === 0) return value;
  throw invalidParameter(name, step === 1 ? `a whole number from ${min} to ${max}` : `${min} or ${max}`);
}

/** A text of at most 200 characters, if it is there. @throws HttpProblem 422 */
export function shortText(query: Query, name: string): string | undefined {
  const value = query[name];
  if (value === undefined || value === '') return undefined;
  if (typeof value === 'string' && value.length <= MAX_TEXT) return value;
  throw invalidParameter(name, 'one text of 200 characters at most');
}

/** Unix ms of a time, if it is there. @throws HttpProblem 422 */
export function isoTime(query: Query, name: string): number | undefined {
  const text = shortText(query, name);
  if (text === undefined) return undefined;
  const ms = parseIsoTime(text);
  if (ms !== undefined) return ms;
  throw invalidParameter(name, 'an ISO 8601 time such as 2026-01-31T12:00:00Z');
}

export function invalidParameter(name: string, expected: string): HttpProblem {
  return unprocessable({
    code: 'invalid_parameter',
    title: 'Invalid parameter',
    detail: `${name} must be ${expected}`,
  });
}
