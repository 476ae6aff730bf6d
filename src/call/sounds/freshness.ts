/** What a response says of how long it may be used again (RFC 9111, RFC 5861); pure. */
import type { HttpHeaders } from '../../net/exchange.ts';
import { parseHttpDate } from '../../net/http-date.ts';
import { headerText } from '../../net/redirects.ts';

export interface Freshness {
  /** May be kept at all. */
  readonly storable: boolean;
  /** From its arrival on it may be used without asking for so long, ms. */
  readonly freshMs: number;
  /** Then it may stand in for so long while its server cannot be had, ms. */
  readonly staleMs: number;
}

/** What stands in for a server that is gone, unless the response says otherwise, ms: a day. */
const DEFAULT_STALE_MS = 86_400_000;
/** Longer than this nothing is believed to be fresh, s: a year (RFC 9111 1.2.2 leaves the bound to us). */
const MAX_SECONDS = 31_536_000;

/**
 * @param nowMs when it came, wall clock
 * @param temporary a redirect led there that may lead to another file next time: so it is asked for each time, and
 * by its ETag alone, for a date says nothing of another file
 */
export function freshnessOf(headers: HttpHeaders, nowMs: number, temporary = false): Freshness {
  const directives = cacheControl(headers);
  const age = Math.min(MAX_SECONDS, wholeNumber(headerText(headers, 'age')) ?? 0);
  const maxAge = wholeNumber(directives.get('max-age'));
  const left = maxAge === undefined ? untilExpires(headers, nowMs, age) : Math.min(MAX_SECONDS, maxAge) - age;
  const validated = (temporary ? headerText(headers, 'etag') : validatorsOf(headers)) !== undefined;
  const isNeverFresh = temporary || directives.has('no-cache');
  const freshMs = isNeverFresh ? 0 : Math.max(0, Math.min(MAX_SECONDS, left)) * 1000;
  const strict = ['no-cache', 'must-revalidate', 'proxy-revalidate'].some((name) => directives.has(name));
  const ifError = wholeNumber(directives.get('stale-if-error'));
  return {
    storable:
      !directives.has('no-store') &&
      headerText(headers, 'vary')?.trim() !== '*' &&
      (freshMs > 0 || validated),
    freshMs,
    staleMs: strict ? 0 : ifError === undefined ? DEFAULT_STALE_MS : Math.min(MAX_SECONDS, ifError) * 1000,
  };
}

/** Headers that ask whether a response still holds (RFC 9110 13.1); undefined: it cannot be asked. */
export function validatorsOf(headers: HttpHeaders): Readonly<Record<string, string>> | undefined {
  const etag = headerText(headers, 'etag');
  if (etag !== undefined) return { 'if-none-match': etag };
  const modified = headerText(headers, 'last-modified');
  return modified === undefined ? undefined : { 'if-modified-since': modified };
}

function cacheControl(headers: HttpHeaders): ReadonlyMap<string, string> {
  const text = headerText(headers, 'cache-control') ?? '';
  return new Map(
    text.split(',').map((part) => {
      const [name = '', value = ''] = part.split('=', 2);
      return [name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1')];
    }),
  );
}

/**
 * Seconds until `Expires`; what is no date has expired (RFC 9111 5.3). By our clock, and by that of the server, which
 * says when it sent the response: the less of both (RFC 9111 4.2.1, 4.2.3).
 * @param age for which others have kept the response, s
 */
function untilExpires(headers: HttpHeaders, nowMs: number, age: number): number {
  const end = parseHttpDate(headerText(headers, 'expires'));
  if (end === undefined) return 0;
  const sent = parseHttpDate(headerText(headers, 'date')) ?? nowMs;
  return Math.floor(Math.min(end - nowMs, end - sent - age * 1000) / 1000);
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text.trim()) ? Number(text) : undefined;
}
