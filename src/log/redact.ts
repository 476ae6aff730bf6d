import type { LogFields, LogLevel } from './logger.ts';

const REDACTED = '[redacted]';
/** Names of fields whose values are never logged, as snake_case words at the end of the name. */
const SECRET_NAME =
  /(^|[-_.])(authorization|cookie|password|passwd|secret|token|credentials?|(api|signing|private|subscription)[-_]?key)$/;
/**
 * `scheme://user:password@`, which may hold a `'` as it is (RFC 3986 3.2.1). Bounded, so that a hostile text costs no
 * more than its length. What {@link redactUrl} has put in the place of one stays: it tells why the URL is none.
 */
const USERINFO = /\b([a-z][a-z0-9+.-]{0,31}:\/\/)(?!…@)[^\s/?#"<>]{1,512}@/gi;
/** `sip:user:password@` (RFC 3261 19.1.1); a password may hold more than it should. */
const SIP_PASSWORD = /\b(sips?:[^\s:@"<>]{1,256}):[^\s"<>]{0,256}@/gi;
/** Header lines inside a logged SIP or HTTP message. */
const AUTHORIZATION_LINE = /^((?:proxy-)?authorization[ \t]{0,8}:)[^\r\n]*/gim;
const QUERY_SECRET = /([?&][\w-]{0,32}(?:token|password|secret|api_?key|signature)=)[^&\s#"']+/gi;
const MAX_TEXT = 16_384;
const MAX_DEPTH = 6;
const MAX_ITEMS = 100;
/** Whether names of fields are of secrets: those that our own code logs are few, and come again and again. */
const secretNames = new Map<string, boolean>();
const MAX_KNOWN_NAMES = 1_000;
const MAX_KNOWN_LENGTH = 64;

/**
 * Keys that a caller pressed, as they may be logged at `level`: readable at debug and trace, only their number
 * (`xxxx`) at info and above.
 */
export function maskDigits(digits: string, level: LogLevel): string {
  return level === 'debug' || level === 'trace' ? digits : 'x'.repeat(digits.length);
}

/** The URL as it may be logged or stored: without userinfo. Works on anything, also on what is not a URL. */
export function redactUrl(text: string): string {
  const redacted = text.replace(/^(\s*[a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1');
  // Readers of URLs also take odd spellings (back slashes, no slashes at all); then its plain spelling is shown.
  const parsed = URL.parse(redacted);
  // A slash, `?` or `#` that a password has as it is makes it none: the host seems to be the user, the port no number.
  if (parsed === null) return redacted.replace(/^(\s*[a-z][a-z0-9+.-]*:[/\\]*)[^/\\?#:]*:.*@/is, '$1…@');
  if (parsed.username === '' && parsed.password === '') return redacted;
  parsed.username = '';
  parsed.password = '';
  return parsed.href;
}

/** Text without user and password in URLs, and without password in SIP URIs; whole otherwise. */
export function redactUris(text: string): string {
  if (!text.includes('@')) return text;
  const bare = text.includes('://') ? text.replace(USERINFO, '$1') : text;
  return bare.replace(SIP_PASSWORD, '$1@');
}

/** As {@link redactUris}, for all texts in what JSON can hold. */
export function redactUrisIn<T>(value: T): T {
  if (typeof value === 'string') return redactUris(value) as T;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(redactUrisIn) as T;
  const entries = Object.entries(value).map(([name, part]) => [redactUris(name), redactUrisIn(part)]);
  return Object.fromEntries(entries) as T;
}

/** Text without passwords in URLs, authorization lines and query secrets; cut at 16,384 characters. */
export function redactText(text: string): string {
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}… (${text.length} characters)` : text;
  let shown = redactUris(cut);
  if (shown.includes(':')) shown = shown.replace(AUTHORIZATION_LINE, `$1 ${REDACTED}`);
  return shown.includes('=') ? shown.replace(QUERY_SECRET, `$1${REDACTED}`) : shown;
}

/** A copy of `fields` that is safe to log: no secrets, errors as plain objects, bounded in depth and length. */
export function redactFields(fields: LogFields): Record<string, unknown> {
  return redactObject(fields, 0);
}

function redactObject(object: object, depth: number): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  let items = 0;
  for (const name of Object.keys(object)) {
    const value: unknown = object[name as keyof typeof object];
    if (value === undefined) continue;
    if (++items > MAX_ITEMS) {
      result['…'] = 'more fields';
      break;
    }
    result[name] =
      isSecretName(name) && value !== '' && value !== null ? REDACTED : redactValue(value, depth);
  }
  return result;
}

function redactValue(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return redactText(value);
    case 'bigint':
      return value.toString();
    case 'function':
    case 'symbol':
      return String(value).slice(0, 80);
    case 'object':
      break;
    default:
      return value;
  }
  if (value === null || value instanceof Date) return value;
  if (depth >= MAX_DEPTH) return '…';
  if (value instanceof Error) return describeError(value, depth);
  if (value instanceof URL) return redactText(value.href);
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${value.byteLength} bytes)`;
  if (Array.isArray(value)) {
    const kept = value.slice(0, MAX_ITEMS).map((item) => redactValue(item, depth + 1));
    if (value.length > MAX_ITEMS) kept.push(`… ${value.length - MAX_ITEMS} more`);
    return kept;
  }
  if (value instanceof Map) return redactObject(Object.fromEntries(value), depth + 1);
  if (value instanceof Set) return redactValue([...value], depth);
  return redactObject(value, depth + 1);
}

function describeError(error: Error, depth: number): Record<string, unknown> {
  return {
    type: error.name,
    message: redactText(error.message),
    // Stable codes and the like that the error carries beside its message.
    ...redactObject({ ...error, cause: undefined }, depth + 1),
    stack: redactText(error.stack ?? ''),
    ...(error.cause === undefined ? {} : { cause: redactValue(error.cause, depth + 1) }),
  };
}

/** Whether a field or header of this name holds what proves who somebody is. */
export function isSecretName(name: string): boolean {
  const known = secretNames.get(name);
  if (known !== undefined) return known;
  const secret = SECRET_NAME.test(name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase());
  if (name.length <= MAX_KNOWN_LENGTH && secretNames.size < MAX_KNOWN_NAMES) secretNames.set(name, secret);
  return secret;
}
