import { isAscii, isUtf8 } from 'node:buffer';
import { callId, cseq, from, to, via } from './accessors.ts';
import { isSpace, isToken, sliceTrimmed } from './chars.ts';
import { excerpt, SipParseError } from './errors.ts';
import { parseContentLength } from './fields.ts';
import { usualKey } from './header-names.ts';
import { Headers } from './headers.ts';
import { SIP_LIMITS } from './limits.ts';
import { createRequest, NO_BODY } from './message.ts';
import type { SipMessage, SipRequest, SipResponse } from './message.ts';
import { parseUri } from './uri.ts';
import { hasBareNul } from './values.ts';

/** What keeps a line from being a header field. */
type HeaderProblem = 'colon' | 'name' | 'fold' | 'length' | 'line end' | 'NUL';

const HEAD_END = Buffer.from('\r\n\r\n');
const CR = 0x0d;
const LF = 0x0a;

/** Header fields whose number is checked, each a bit of the sets below. */
const CHECKED: ReadonlyMap<string, number> = new Map([
  ['via', 1],
  ['from', 2],
  ['to', 4],
  ['call-id', 8],
  ['cseq', 16],
  ['max-forwards', 32],
  ['content-length', 64],
  ['content-type', 128],
]);
/** Present in every message (RFC 3261 8.1.1; Max-Forwards is not, for RFC 2543 did not have it). */
const MANDATORY = 1 | 2 | 4 | 8 | 16;
/** May be there once: two of them would be read differently by two readers (RFC 4475 3.3.8, 3.3.9). */
const SINGLE = 2 | 4 | 8 | 16 | 32 | 64 | 128;

const STATUS_LINE = /^SIP\/(\d+)\.(\d+) (\d{3})(?: (.*))?$/is;
const RESPONSE = /^SIP\//i;
const OUR_VERSION = /^SIP\/2\.0$/i;
const VERSION = /^SIP\/\d+\.\d+$/i;
const STRAY = /[\r\n\0]/;

/** Whether a datagram holds nothing but line ends, as sent to keep a NAT binding open (RFC 5626 3.5.1). */
export function isKeepAlive(datagram: Buffer): boolean {
  return startOfMessage(datagram) === datagram.length;
}

/**
 * One message from a whole datagram, or from a frame of `StreamFramer`. Line ends before it are skipped; the
 * body is cut to Content-Length and shares memory with `datagram`. Start line, header fields and the headers
 * of each transaction (top Via, From, To, Call-ID, CSeq) are checked at once, everything else when asked for.
 * Text that is not UTF-8 is read as Latin-1.
 *
 * @throws SipParseError with the status to answer (400, 414, 505, 513) and what can be answered
 */
export function parseMessage(datagram: Buffer): SipMessage {
  const start = startOfMessage(datagram);
  if (datagram.length - start > SIP_LIMITS.messageBytes) {
    throw refuse(decodeHead(datagram, start, start + SIP_LIMITS.headBytes), tooLarge('message'));
  }
  const headEnd = datagram.indexOf(HEAD_END, start);
  if (headEnd < 0 || headEnd - start > SIP_LIMITS.headBytes) {
    const head = decodeHead(datagram, start, Math.min(datagram.length, start + SIP_LIMITS.headBytes));
    const error =
      headEnd < 0 ? new SipParseError('no empty line after the headers') : tooLarge('start line and headers');
    throw refuse(head, error);
  }
  const head = decodeHead(datagram, start, headEnd);
  try {
    return parseWhole(head, datagram, headEnd + HEAD_END.length);
  } catch (error) {
    throw refuse(head, error);
  }
}

/**
 * The error with what `head` says about the message: which kind it is and what can be answered.
 * @param head start line and headers, maybe cut off or malformed
 */
export function refuse(head: string, error: unknown): SipParseError {
  if (!(error instanceof SipParseError)) throw error;
  const kind = RESPONSE.test(head) ? 'response' : 'request';
  const request = kind === 'request' ? salvage(head) : undefined;
  return new SipParseError(error.message, error.status, { kind, request });
}

/** The header fields of `head` that can be read at all, for one that is malformed or not yet checked. */
export function readableHeaders(head: string): Headers {
  const headers = new Headers();
  const lineEnd = head.indexOf('\r\n');
  if (lineEnd >= 0) parseHeaders(head, lineEnd + 2, headers, false);
  return headers;
}

/** Start line and headers as text, from `start` to `end` in bytes. */
export function decodeHead(bytes: Buffer, start: number, end: number): string {
  if (isAscii(bytes)) return bytes.toString('latin1', start, end);
  const head = bytes.subarray(start, end);
  return head.toString(isUtf8(head) ? 'utf8' : 'latin1');
}

function parseWhole(head: string, datagram: Buffer, bodyAt: number): SipMessage {
  const lineEnd = head.indexOf('\r\n');
  const message = parseStartLine(lineEnd < 0 ? head : head.slice(0, lineEnd));
  if (lineEnd >= 0) parseHeaders(head, lineEnd + 2, message.headers, true);
  const { headers } = message;
  checkPresence(headers);
  via(message);
  from(message);
  to(message);
  callId(message);
  cseq(message);
  message.body = bodyOf(headers, datagram, bodyAt);
  return message;
}

/**
 *     Request-Line  =  Method SP Request-URI SP SIP-Version CRLF
 *     Status-Line   =  SIP-Version SP Status-Code SP Reason-Phrase CRLF
 */
function parseStartLine(line: string): SipMessage {
  if (STRAY.test(line)) throw new SipParseError('line end or NUL within the start line');
  if (line.charCodeAt(3) === 0x2f /* / */ && RESPONSE.test(line)) {
    const status = STATUS_LINE.exec(line);
    if (status === null) throw new SipParseError(`status line ${excerpt(line)} is malformed`);
    if (status[1] !== '2' || status[2] !== '0') throw new SipParseError(`version of ${excerpt(line)}`, 505);
    return createBareResponse(Number(status[3]), status[4] ?? '');
  }
  const methodEnd = line.indexOf(' ');
  const uriEnd = line.indexOf(' ', methodEnd + 1);
  const method = line.slice(0, Math.max(0, methodEnd));
  if (!isToken(method) || method.length > SIP_LIMITS.methodLength) {
    throw new SipParseError(`start line ${excerpt(line)} begins with no method`);
  }
  const version = uriEnd < 0 ? '' : line.slice(uriEnd + 1);
  if (version !== 'SIP/2.0' && !OUR_VERSION.test(version)) {
    if (VERSION.test(version)) throw new SipParseError(`version ${excerpt(version)}`, 505);
    throw new SipParseError(`start line ${excerpt(line)} is not "method URI SIP/2.0" with single spaces`);
  }
  const uri = line.slice(methodEnd + 1, uriEnd);
  if (uri.length > SIP_LIMITS.uriLength) throw new SipParseError('Request-URI past the limit', 414);
  // A Request-URI has no headers (RFC 3261 19.1.1, table 1).
  if (parseUri(uri).headers.length > 0) throw new SipParseError(`Request-URI ${excerpt(uri)} has headers`);
  return createRequest(method, uri);
}

function createBareResponse(status: number, reason: string): SipResponse {
  if (status < 100 || status > 699) throw new SipParseError(`status ${status} is none`);
  return { kind: 'response', status, reason, headers: new Headers(), body: NO_BODY };
}

/**
 * Header fields of `head` from `start` on. When not `strict`, it passes over what it cannot read.
 *
 *     message-header  =  field-name HCOLON field-value CRLF      ; CRLF followed by white space folds
 */
function parseHeaders(head: string, start: number, headers: Headers, strict: boolean): void {
  let lines = 0;
  for (let i = start; i < head.length; ) {
    if (++lines > SIP_LIMITS.headerFields) {
      if (strict) throw tooLarge('number of header fields');
      return;
    }
    const cr = head.indexOf('\r', i);
    const isOneLine = cr >= 0 && head.indexOf('\n', i) === cr + 1 && !isSpace(head.charCodeAt(cr + 2));
    const end = isOneLine ? cr : lineEndAt(head, i);
    const problem = parseHeaderLine(head, i, end, isOneLine, headers);
    if (problem !== undefined && strict) throw headerError(problem, head.slice(i, end));
    i = end + 2;
  }
}

/** Index of the CRLF that ends the field at `start`, behind all its folded lines. */
function lineEndAt(head: string, start: number): number {
  for (let lf = head.indexOf('\n', start); lf >= 0; lf = head.indexOf('\n', lf + 1)) {
    const next = head.charCodeAt(lf + 1);
    if (head.charCodeAt(lf - 1) === CR && next !== 0x20 && next !== 0x09) return lf - 1;
  }
  return head.length;
}

/**
 * Adds the field that stands from `start` to `end`, or says why it is none.
 * @param isOneLine no CR or LF stands in it
 */
function parseHeaderLine(
  head: string,
  start: number,
  end: number,
  isOneLine: boolean,
  headers: Headers,
): HeaderProblem | undefined {
  const colon = head.indexOf(':', start);
  if (colon < 0 || colon >= end) return 'colon';
  const name = sliceTrimmed(head, start, colon);
  let key = usualKey(name);
  if (key === undefined) {
    if (!isToken(name) || name.length > SIP_LIMITS.headerNameLength) return 'name';
    key = name.toLowerCase();
  }
  if (isSpace(head.charCodeAt(start))) return 'fold';
  const raw = sliceTrimmed(head, colon + 1, end);
  const value = isOneLine || !raw.includes('\n') ? raw : unfold(raw);
  if (value.length > SIP_LIMITS.headerValueLength) return 'length';
  if (!isOneLine && (value.includes('\r') || value.includes('\n'))) return 'line end';
  if (value.includes('\0') && hasBareNul(value)) return 'NUL';
  headers.addKeyed(name, key, value);
  return undefined;
}

/** Made only when it is thrown: a head of which we read what we can may have many such lines. */
function headerError(problem: HeaderProblem, line: string): SipParseError {
  const name = excerpt(sliceTrimmed(line, 0, Math.max(0, line.indexOf(':'))));
  switch (problem) {
    case 'colon':
      return new SipParseError(`header line ${excerpt(line)} has no colon`);
    case 'name':
      return new SipParseError(`${name} is no header name`);
    case 'fold':
      return new SipParseError('the first header line is folded');
    case 'length':
      return tooLarge(`header ${name}`);
    case 'line end':
      return new SipParseError(`header ${name}: CR or LF that ends no line`);
    case 'NUL':
      return new SipParseError(`header ${name}: NUL`);
  }
}

/** Line folding is one space (RFC 3261 7.3.1). */
function unfold(raw: string): string {
  let value = '';
  for (let i = 0; i < raw.length; ) {
    const lineEnd = raw.indexOf('\r\n', i);
    const end = lineEnd < 0 ? raw.length : lineEnd;
    const piece = sliceTrimmed(raw, i, end);
    if (piece !== '') value += value === '' ? piece : ` ${piece}`;
    i = end + 2;
  }
  return value;
}

function checkPresence(headers: Headers): void {
  let seen = 0;
  for (let i = 0; i < headers.size; i++) {
    const bit = CHECKED.get(headers.keyAt(i));
    if (bit === undefined) continue;
    if ((seen & bit & SINGLE) !== 0) throw new SipParseError(`more than one ${headers.nameAt(i)} header`);
    seen |= bit;
  }
  if ((seen & MANDATORY) === MANDATORY) return;
  for (const name of ['Via', 'From', 'To', 'Call-ID', 'CSeq']) {
    if (!headers.has(name)) throw new SipParseError(`no ${name} header`);
  }
}

/** RFC 3261 18.3: a datagram may be longer than Content-Length says, not shorter; without it, the rest is body. */
function bodyOf(headers: Headers, datagram: Buffer, bodyAt: number): Buffer {
  const value = headers.get('Content-Length');
  const available = datagram.length - bodyAt;
  const length = value === undefined ? available : parseContentLength(value);
  if (length > available) throw new SipParseError(`Content-Length ${length}, but ${available} bytes came`);
  return length === 0 ? NO_BODY : datagram.subarray(bodyAt, bodyAt + length);
}

/** What an answer to a refused request needs, as far as it can be found; see `SipParseError.request`. */
function salvage(head: string): SipRequest | undefined {
  const lineEnd = head.indexOf('\r\n');
  const line = head.slice(0, Math.max(0, lineEnd));
  const method = line.slice(0, Math.max(0, line.indexOf(' ')));
  if (!isToken(method) || method === 'ACK') return undefined;
  const all = readableHeaders(head);
  const fields = new Headers();
  for (let i = 0; i < all.size; i++) if (all.keyAt(i) === 'via') fields.add('Via', all.valueAt(i));
  if (fields.size === 0) return undefined;
  for (const name of ['From', 'To', 'Call-ID', 'CSeq']) {
    const value = all.get(name);
    if (value !== undefined) fields.add(name, value);
  }
  return createRequest(method, '', fields);
}

function tooLarge(what: string): SipParseError {
  return new SipParseError(`${what} past the limit`, 513);
}

/** Index of the first byte that is no line end. */
function startOfMessage(datagram: Buffer): number {
  let i = 0;
  while (i < datagram.length && (datagram[i] === CR || datagram[i] === LF)) i++;
  return i;
}
