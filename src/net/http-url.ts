import { redactUrl } from '../log/redact.ts';
import { HttpError } from './http-errors.ts';

/** Deadlines of one request, ms. */
export interface HttpTimeouts {
  /** Until the connection stands, name resolution and TLS included. */
  readonly connectMs: number;
  /** Longest silence of the server: until its headers, then between two pieces of its body. */
  readonly readMs: number;
  /** The whole request, redirects included; for a stream, until its headers. */
  readonly totalMs: number;
}

/** A URL taken apart into what is sent and what is only for us. */
export interface HttpTarget {
  /** Without userinfo and fragment. */
  readonly url: URL;
  /** Value of the `Authorization` header that the userinfo asks for. */
  readonly authorization: string | undefined;
  readonly timeouts: Partial<HttpTimeouts>;
}

/** Per-URL overrides in the fragment, `#ot=1000&rt=4000&tt=9000`, with their ranges in ms (spec/document.md 2.2). */
const OVERRIDES = [
  { key: 'ot', field: 'connectMs', min: 100, max: 10_000 },
  { key: 'rt', field: 'readMs', min: 100, max: 15_000 },
  { key: 'tt', field: 'totalMs', min: 100, max: 15_000 },
] as const;

/**
 * Reads an `http` or `https` URL. Overrides beyond their range are brought to its nearest end; what is not a
 * whole number of milliseconds is ignored.
 * @throws HttpError `invalid_url`
 */
export function parseHttpUrl(text: string, base?: URL): HttpTarget {
  const parsed = URL.parse(text, base?.href);
  if (parsed === null) {
    throw new HttpError('invalid_url', `"${redactUrl(text)}" is not a URL; expected http:// or https://`);
  }
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    throw new HttpError(
      'invalid_url',
      `${redactUrl(text)}: scheme "${parsed.protocol.slice(0, -1)}" is not supported; use http or https`,
    );
  }
  const authorization = basicAuthorization(parsed);
  const timeouts = timeoutsOf(parsed.hash);
  parsed.username = '';
  parsed.password = '';
  parsed.hash = '';
  return { url: parsed, authorization, timeouts };
}

/** The URL as configured but without userinfo and fragment: what is signed (spec/callbacks.md 6.1). */
export function urlToSign(text: string): string {
  return redactUrl(withoutFragment(text));
}

/** The URL as configured, without its fragment and what is no part of it: blanks around it, and line ends. */
export function withoutFragment(text: string): string {
  return text
    .replace(/[\t\n\r]/g, '')
    .trim()
    .replace(/#.*$/s, '');
}

function basicAuthorization(url: URL): string | undefined {
  if (url.username === '' && url.password === '') return undefined;
  const pair = `${decode(url.username)}:${decode(url.password)}`;
  return `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
}

function timeoutsOf(fragment: string): Partial<HttpTimeouts> {
  const fields = new URLSearchParams(fragment.slice(1));
  const timeouts: { -readonly [Field in keyof HttpTimeouts]?: number } = {};
  for (const { key, field, min, max } of OVERRIDES) {
    const value = fields.get(key);
    if (value === null || !/^\d{1,9}$/.test(value)) continue;
    timeouts[field] = Math.min(Math.max(Number(value), min), max);
  }
  return timeouts;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
