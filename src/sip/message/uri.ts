import { isIPv6 } from 'node:net';
import {
  allOf,
  DIGIT,
  HEX,
  HOST,
  isOf,
  lowerCase,
  PASSWORD,
  UNRESERVED,
  URI_HEADER,
  URI_PARAM,
  USER,
} from './chars.ts';
import { excerpt, SipParseError } from './errors.ts';
import { NO_PARAMS } from './params.ts';
import type { Params } from './params.ts';

/**
 * A URI. All its parts are kept escaped, in one canonical spelling: escapes of unreserved characters are
 * undone and all others in upper case, so equal parts are equal strings (RFC 3261 19.1.4). `unescapeUri`
 * gives the plain text.
 */
export interface SipUri {
  /** Lower case: `sip`, `sips`, or that of an opaque URI such as `tel`. */
  readonly scheme: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** Lower case; an IPv6 address without its brackets. Empty for an opaque URI. */
  readonly host: string;
  readonly port: number | undefined;
  /** URI parameters, names lower case. */
  readonly params: Params;
  /** What follows "?": header fields of the request that the URI asks for. */
  readonly headers: readonly UriHeader[];
  /** Of a scheme other than sip and sips: all behind the first colon, as it came. Undefined for those two. */
  readonly opaque: string | undefined;
}

export interface UriHeader {
  readonly name: string;
  readonly value: string;
}

const NO_HEADERS: readonly UriHeader[] = [];
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*$/;
/** What no URI may hold when it is written into a message: it would end there and go on as something else. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
export const UNSAFE_URI = /[\x00-\x20\x7f<>"]/;
/** Nothing in an absolute URI needs these, and each of them can break a header. */
const OPAQUE_FORBIDDEN = /[^\x21-\x7e\x80-\uffff]|[<>"]/;
/** Parameters that must be in both URIs or in neither (RFC 3261 19.1.4, its examples for transport). */
const MATCH_BOTH = ['user', 'ttl', 'method', 'maddr', 'transport'];

/** Those that were parsed last: each URI of a call is asked for a dozen times, and many calls share theirs. */
const known = new Map<string, SipUri>();
const MAX_KNOWN = 500;
/** Characters; longer ones are parsed each time. */
const MAX_KNOWN_LENGTH = 256;

/**
 *     SIP-URI  =  "sip:" [ userinfo ] hostport uri-parameters [ headers ]
 *     userinfo =  ( user / telephone-subscriber ) [ ":" password ] "@"
 *
 * (RFC 3261 25.1; IPv6 references too). Any other scheme is taken as an opaque absolute URI.
 * @throws SipParseError 400
 */
export function parseUri(text: string): SipUri {
  const before = known.get(text);
  if (before !== undefined) return before;
  if (text.length > MAX_KNOWN_LENGTH) return parseWhole(text);
  // A text of its own: what is cut out of a message would keep all of it in memory.
  const own = Buffer.from(text, 'utf8').toString('utf8');
  const uri = parseWhole(own);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(own, uri);
  return uri;
}

function parseWhole(text: string): SipUri {
  const colon = text.indexOf(':');
  const given = text.slice(0, Math.max(0, colon));
  const scheme = lowerCase(given);
  if (scheme !== 'sip' && scheme !== 'sips') return parseOpaque(text, given, colon);
  let i = colon + 1;
  let user: string | undefined;
  let password: string | undefined;
  const at = text.indexOf('@', i);
  if (at >= 0) {
    const split = text.indexOf(':', i);
    const userEnd = split >= 0 && split < at ? split : at;
    if (userEnd === i) throw new SipParseError(`URI ${excerpt(text)}: no user before "@"`);
    user = part(text, i, userEnd, USER, 'user');
    if (userEnd < at) password = part(text, userEnd + 1, at, PASSWORD, 'password');
    i = at + 1;
  }
  const query = indexOrEnd(text, '?', i, text.length);
  const hostEnd = indexOrEnd(text, ';', i, query);
  const { host, port } = parseHostPort(text.slice(i, hostEnd), 'URI');
  return {
    scheme,
    user,
    password,
    host,
    port,
    params: hostEnd < query ? parseUriParams(text, hostEnd + 1, query) : NO_PARAMS,
    headers: query < text.length ? parseUriHeaders(text, query + 1) : NO_HEADERS,
    opaque: undefined,
  };
}

/** The URI in canonical spelling; what it was parsed from may have differed in case and needless escapes. */
export function uriToString(uri: SipUri): string {
  if (uri.opaque !== undefined) return `${uri.scheme}:${uri.opaque}`;
  let text = `${uri.scheme}:`;
  if (uri.user !== undefined) {
    text += uri.password === undefined ? `${uri.user}@` : `${uri.user}:${uri.password}@`;
  }
  text += hostPortToString(uri.host, uri.port);
  for (const [name, value] of uri.params) text += value === undefined ? `;${name}` : `;${name}=${value}`;
  let separator = '?';
  for (const { name, value } of uri.headers) {
    text += `${separator}${name}=${value}`;
    separator = '&';
  }
  return text;
}

/**
 * Whether two URIs are equivalent by RFC 3261 19.1.4 (so `sip:h` and `sip:h:5060` are not); IPv6 hosts by their
 * binary value (RFC 5954). Opaque URIs must be spelt alike.
 */
export function uriEquals(a: SipUri, b: SipUri): boolean {
  if (a.scheme !== b.scheme || a.opaque !== b.opaque) return false;
  if (a.user !== b.user || a.password !== b.password || a.port !== b.port) return false;
  if (!hostEquals(a.host, b.host)) return false;
  for (const name of MATCH_BOTH) if (a.params.has(name) !== b.params.has(name)) return false;
  for (const [name, value] of a.params) {
    if (b.params.has(name) && value?.toLowerCase() !== b.params.get(name)?.toLowerCase()) return false;
  }
  return headersEqual(a.headers, b.headers);
}

/**
 * Plain text of an escaped part of a URI. May hold any character, NUL and line ends included: never put it
 * into a message unescaped. Octets that are no UTF-8 become U+FFFD.
 */
export function unescapeUri(part: string): string {
  if (!part.includes('%')) return part;
  const bytes: number[] = [];
  const source = Buffer.from(part, 'utf8');
  for (let i = 0; i < source.length; i++) {
    const isEscape = source[i] === 0x25 && isOf(source[i + 1] ?? 0, HEX) && isOf(source[i + 2] ?? 0, HEX);
    if (isEscape) bytes.push(Number.parseInt(source.toString('latin1', i + 1, i + 3), 16));
    else bytes.push(source[i]!);
    if (isEscape) i += 2;
  }
  return Buffer.from(bytes).toString('utf8');
}

/** `text` as the user part of a URI: what the grammar of `user` does not allow is escaped, as UTF-8. */
export function escapeUser(text: string): string {
  return escapeFor(text, USER, '#');
}

/** `text` as the value of a URI parameter. */
export function escapeUriParam(text: string): string {
  return escapeFor(text, URI_PARAM);
}

/** `text` as name or value of a URI header (behind "?"). */
export function escapeUriHeader(text: string): string {
  return escapeFor(text, URI_HEADER);
}

/**
 *     hostport = host [ ":" port ]      host = hostname / IPv4address / "[" IPv6address "]"
 *
 * @throws SipParseError 400, beginning with `what`
 */
export function parseHostPort(
  text: string,
  what: string,
): { readonly host: string; readonly port: number | undefined } {
  let host: string;
  let portAt: number;
  if (text.charCodeAt(0) === 0x5b /* [ */) {
    const close = text.indexOf(']');
    host = text.slice(1, close);
    if (close < 0 || !isIPv6(host) || host.includes('%'))
      throw new SipParseError(`${what}: bad IPv6 address`);
    portAt = close + 1;
    if (portAt < text.length && text.charCodeAt(portAt) !== 0x3a) {
      throw new SipParseError(`${what}: something behind the IPv6 address`);
    }
  } else {
    portAt = indexOrEnd(text, ':', 0, text.length);
    host = text.slice(0, portAt);
    if (host === '' || !allOf(host, HOST)) throw new SipParseError(`${what}: bad host ${excerpt(host)}`);
  }
  return {
    host: lowerCase(host),
    port: portAt < text.length ? parsePort(text.slice(portAt + 1), what) : undefined,
  };
}

/** Host with brackets when it is IPv6, and the port when there is one. */
export function hostPortToString(host: string, port: number | undefined): string {
  const bracketed = host.includes(':') ? `[${host}]` : host;
  return port === undefined ? bracketed : `${bracketed}:${port}`;
}

function parsePort(text: string, what: string): number {
  const port = text.length > 0 && text.length <= 5 && allOf(text, DIGIT) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new SipParseError(`${what}: bad port ${excerpt(text)}`);
  return port;
}

function parseOpaque(text: string, scheme: string, colon: number): SipUri {
  const opaque = text.slice(colon + 1);
  if (!SCHEME.test(scheme) || opaque === '' || OPAQUE_FORBIDDEN.test(opaque)) {
    throw new SipParseError(`${excerpt(text)} is not a URI`);
  }
  return {
    scheme: scheme.toLowerCase(),
    user: undefined,
    password: undefined,
    host: '',
    port: undefined,
    params: NO_PARAMS,
    headers: NO_HEADERS,
    opaque,
  };
}

/** uri-parameters = *( ";" pname [ "=" pvalue ] ). Of a name that comes twice the first counts. */
function parseUriParams(text: string, start: number, end: number): Params {
  const params = new Map<string, string | undefined>();
  for (let i = start; i <= end; ) {
    const next = indexOrEnd(text, ';', i, end);
    const equals = indexOrEnd(text, '=', i, next);
    const name = lowerCase(part(text, i, equals, URI_PARAM, 'parameter'));
    if (name === '') throw new SipParseError(`URI ${excerpt(text)}: empty parameter`);
    const value = equals < next ? part(text, equals + 1, next, URI_PARAM, 'parameter') : undefined;
    if (!params.has(name)) params.set(name, value);
    i = next + 1;
  }
  return params;
}

/** headers = "?" hname "=" hvalue *( "&" hname "=" hvalue ) */
function parseUriHeaders(text: string, start: number): readonly UriHeader[] {
  const headers: UriHeader[] = [];
  for (let i = start; i <= text.length; ) {
    const next = indexOrEnd(text, '&', i, text.length);
    const equals = indexOrEnd(text, '=', i, next);
    if (equals === i || equals === next)
      throw new SipParseError(`URI ${excerpt(text)}: bad header behind "?"`);
    headers.push({
      name: part(text, i, equals, URI_HEADER, 'header'),
      value: part(text, equals + 1, next, URI_HEADER, 'header'),
    });
    i = next + 1;
  }
  return headers;
}

/**
 * Checks the characters from `start` to `end` against a class and brings the escapes to canonical form. What
 * stands at `end` is a delimiter, so no escape reaches past it.
 */
function part(text: string, start: number, end: number, bits: number, what: string): string {
  let hasEscape = false;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (isOf(code, bits)) continue;
    const isEscape =
      code === 0x25 /* % */ && isOf(text.charCodeAt(i + 1), HEX) && isOf(text.charCodeAt(i + 2), HEX);
    if (!isEscape) throw new SipParseError(`URI ${excerpt(text)}: bad character in its ${what}`);
    hasEscape = true;
    i += 2;
  }
  const raw = text.slice(start, end);
  return hasEscape ? raw.replace(/%[0-9A-Fa-f]{2}/g, canonicalEscape) : raw;
}

function canonicalEscape(escaped: string): string {
  const code = Number.parseInt(escaped.slice(1), 16);
  return isOf(code, UNRESERVED) ? String.fromCharCode(code) : escaped.toUpperCase();
}

function escapeFor(text: string, bits: number, except = ''): string {
  let escaped = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const character = String.fromCharCode(byte);
    if (isOf(byte, bits) && !except.includes(character)) escaped += character;
    else escaped += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return escaped;
}

function hostEquals(a: string, b: string): boolean {
  return a === b || canonicalHost(a) === canonicalHost(b);
}

/** One spelling for each IPv6 address, the short one that the system's sockets tell; other hosts as they are. */
export function canonicalHost(host: string): string {
  if (!host.includes(':') || !isIPv6(host) || host.includes('%')) return host;
  return new URL(`http://[${host}]`).hostname.slice(1, -1);
}

/** Header components must match one to one, in any order (RFC 3261 19.1.4). */
function headersEqual(a: readonly UriHeader[], b: readonly UriHeader[]): boolean {
  if (a.length !== b.length) return false;
  if (a.length === 0) return true;
  const spell = ({ name, value }: UriHeader): string => `${name.toLowerCase()}=${value}`;
  const left = a.map(spell).sort();
  const right = b.map(spell).sort();
  return left.every((header, i) => header === right[i]);
}

function indexOrEnd(text: string, character: string, start: number, end: number): number {
  const index = text.indexOf(character, start);
  return index < 0 || index > end ? end : index;
}
