import { allOf, DIGIT, isSpace, isToken, skipSpace, sliceTrimmed } from './chars.ts';
import { excerpt, SipParseError } from './errors.ts';
import { paramsToString, parseParams } from './params.ts';
import type { Params } from './params.ts';
import { hostPortToString, parseHostPort } from './uri.ts';

/** One Via value (RFC 3261 20.42, RFC 3581). */
export interface Via {
  /** `SIP/2.0` */
  readonly protocol: string;
  /** Upper case: `UDP`, `TCP`, `TLS`, `WS` … */
  readonly transport: string;
  /** Host of sent-by, lower case, IPv6 without brackets. */
  readonly host: string;
  /** Port of sent-by. */
  readonly port: number | undefined;
  readonly branch: string | undefined;
  /** Address that the next element saw the message come from; IPv6 without brackets. */
  readonly received: string | undefined;
  /** Port that the next element saw; undefined also when the parameter is there without a value. */
  readonly rport: number | undefined;
  /** The sender asks for responses to the port it sent from: `rport` is there, without a value (RFC 3581 3). */
  readonly rportRequested: boolean;
  /** All parameters, the named ones included. */
  readonly params: Params;
}

/** What a branch begins with when it is a transaction identifier (RFC 3261 8.1.1.7). */
export const MAGIC_COOKIE = 'z9hG4bK';

/** As almost all of them begin. */
const USUAL_START = 'SIP/2.0/UDP ';

/**
 *     via-parm      =  sent-protocol LWS sent-by *( SEMI via-params )
 *     sent-protocol =  protocol-name SLASH protocol-version SLASH transport
 *     sent-by       =  host [ COLON port ]
 *
 * White space is allowed around "/", ":", ";" and "=".
 * @param text one value, not a list
 * @throws SipParseError 400
 */
export function parseVia(text: string): Via {
  if (text.startsWith(USUAL_START)) return parseSentBy(text, USUAL_START.length - 1, 'SIP/2.0', 'UDP');
  const slash = text.indexOf('/');
  const secondSlash = slash < 0 ? -1 : text.indexOf('/', slash + 1);
  if (secondSlash < 0) throw new SipParseError(`Via ${excerpt(text)}: no protocol`);
  const name = sliceTrimmed(text, 0, slash);
  const version = sliceTrimmed(text, slash + 1, secondSlash);
  const transportAt = skipSpace(text, secondSlash + 1);
  let i = transportAt;
  while (i < text.length && !isSpace(text.charCodeAt(i))) i++;
  const transport = text.slice(transportAt, i);
  if (!isToken(name) || !isToken(version) || !isToken(transport)) {
    throw new SipParseError(`Via ${excerpt(text)}: bad protocol`);
  }
  return parseSentBy(text, i, `${name}/${version}`, transport.toUpperCase());
}

/** What follows the protocol, from `i` on. */
function parseSentBy(text: string, i: number, protocol: string, transport: string): Via {
  const semicolon = text.indexOf(';', i);
  const sentByEnd = semicolon < 0 ? text.length : semicolon;
  const { host, port } = parseHostPort(sentBy(text, i, sentByEnd), 'Via');
  const params = parseParams(text, sentByEnd, 'Via');
  const rport = params.get('rport');
  return {
    protocol,
    transport,
    host,
    port,
    branch: params.get('branch'),
    received: withoutBrackets(params.get('received')),
    rport: rport === undefined || rport === '' ? undefined : parseRport(rport),
    rportRequested: params.has('rport') && !rport,
    params,
  };
}

export function viaToString(via: Via): string {
  return `${via.protocol}/${via.transport} ${hostPortToString(via.host, via.port)}${paramsToString(via.params)}`;
}

/**
 * The Via with what the server saw: `received` when the source address is not the host of sent-by, and
 * `received` and `rport` when the client asked for the port (RFC 3261 18.2.1, RFC 3581 4).
 */
export function viaWithSource(via: Via, address: string, port: number): Via {
  const params = new Map(via.params);
  const received = via.rportRequested || address !== via.host ? address : undefined;
  // One that the client wrote itself would lead the answer to somebody else.
  if (received === undefined) params.delete('received');
  else params.set('received', received);
  if (via.rportRequested) params.set('rport', String(port));
  return {
    ...via,
    received,
    rport: via.rportRequested ? port : via.rport,
    rportRequested: false,
    params,
  };
}

/**
 * Whether the branch identifies a transaction by itself. A bare magic cookie does not: such a request is
 * matched by the rules for RFC 2543 (RFC 4475 3.2.1).
 */
export function hasTransactionBranch(via: Via): boolean {
  return via.branch !== undefined && via.branch.length > MAGIC_COOKIE.length && startsWithCookie(via.branch);
}

/** Tokens are compared without regard to case unless said otherwise (RFC 3261 7.3.1). */
function startsWithCookie(branch: string): boolean {
  return branch.slice(0, MAGIC_COOKIE.length).toLowerCase() === MAGIC_COOKIE.toLowerCase();
}

/** sent-by with the white space around its colon taken out; none may be anywhere else. */
function sentBy(text: string, start: number, end: number): string {
  const raw = sliceTrimmed(text, start, end);
  if (!raw.includes(' ') && !raw.includes('\t')) return raw;
  const colon = raw.lastIndexOf(':');
  return colon < 0 ? raw : `${sliceTrimmed(raw, 0, colon)}:${sliceTrimmed(raw, colon + 1, raw.length)}`;
}

function withoutBrackets(address: string | undefined): string | undefined {
  return address?.startsWith('[') && address.endsWith(']') ? address.slice(1, -1) : address;
}

function parseRport(text: string): number {
  const port = text.length <= 5 && allOf(text, DIGIT) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new SipParseError(`Via: bad rport ${excerpt(text)}`);
  return port;
}
