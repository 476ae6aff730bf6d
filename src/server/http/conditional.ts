import { parseHttpDate } from '../../net/http-date.ts';

/** What identifies a stored file. */
export interface Validators {
  /** Strong entity tag, with its quotes. */
  readonly etag: string;
  /** Unix ms; HTTP counts whole seconds. */
  readonly modifiedMs: number;
}

/** The headers of RFC 9110 13.1, as they came. */
export interface ConditionalHeaders {
  readonly 'if-match'?: string | undefined;
  readonly 'if-none-match'?: string | undefined;
  readonly 'if-modified-since'?: string | undefined;
  readonly 'if-unmodified-since'?: string | undefined;
  readonly 'if-range'?: string | undefined;
}

/** Applies the preconditions of a GET or HEAD in the order of RFC 9110 13.2.2. */
export function checkConditions(
  headers: ConditionalHeaders,
  validators: Validators,
): 'proceed' | 'not_modified' | 'failed' {
  const ifMatch = headers['if-match'];
  // What is no date counts as absent (RFC 9110 13.1.3).
  const unmodifiedSince = parseHttpDate(headers['if-unmodified-since']);
  if (ifMatch !== undefined) {
    if (!lists(ifMatch, validators.etag, 'strong')) return 'failed';
  } else if (unmodifiedSince !== undefined && wholeSeconds(validators.modifiedMs) > unmodifiedSince) {
    return 'failed';
  }
  const ifNoneMatch = headers['if-none-match'];
  const modifiedSince = parseHttpDate(headers['if-modified-since']);
  if (ifNoneMatch !== undefined) {
    if (lists(ifNoneMatch, validators.etag, 'weak')) return 'not_modified';
  } else if (modifiedSince !== undefined && wholeSeconds(validators.modifiedMs) <= modifiedSince) {
    return 'not_modified';
  }
  return 'proceed';
}

/** Whether a `Range` counts: without `If-Range`, or when that names this very file (RFC 9110 13.1.5). */
export function rangeApplies(ifRange: string | undefined, validators: Validators): boolean {
  if (ifRange === undefined) return true;
  const wanted = ifRange.trim();
  if (wanted.startsWith('"')) return wanted === validators.etag;
  // A weak tag never matches here; a date only exactly.
  return parseHttpDate(wanted) === wholeSeconds(validators.modifiedMs);
}

function lists(header: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  if (header.trim() === '*') return true;
  // Commas may stand inside a tag, but not in ours.
  return header.split(',').some((item) => {
    const tag = item.trim();
    return tag === etag || (comparison === 'weak' && tag === `W/${etag}`);
  });
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1_000) * 1_000;
}
