import { isOf, TOKEN } from './chars.ts';
import { SipParseError } from './errors.ts';
import { parseContentLength } from './fields.ts';
import { SIP_LIMITS } from './limits.ts';
import { decodeHead, readableHeaders, refuse } from './parser.ts';

/**
 * What a stream holds next. `malformed` and `too-large` come once and last, for nobody can tell where the next
 * message begins: answer `error.request` if there is one, then close the connection.
 */
export type Frame =
  /** One whole message for `parseMessage`; shares memory with the chunk that it came in, but is not changed. */
  | { readonly kind: 'message'; readonly data: Buffer }
  /** The peer asks whether we are alive (RFC 5626 3.5.1): send one CRLF. */
  | { readonly kind: 'ping' }
  /** The answer to a ping of ours. */
  | { readonly kind: 'pong' }
  /** Nothing whole is there; push more bytes. */
  | { readonly kind: 'more' }
  | { readonly kind: 'malformed'; readonly error: SipParseError }
  | { readonly kind: 'too-large'; readonly error: SipParseError };

const HEAD_END = Buffer.from('\r\n\r\n');
const CR = 0x0d;
const LF = 0x0a;
const MORE: Frame = { kind: 'more' };
const PING: Frame = { kind: 'ping' };
const PONG: Frame = { kind: 'pong' };
const EMPTY = Buffer.alloc(0);
const LEAST_CAPACITY = 4_096;

/**
 * Cuts the bytes of one stream connection into SIP messages by Content-Length, which a stream must have (RFC
 * 3261 18.3). Keeps less than one message beside the chunk pushed last; work is linear in the bytes pushed,
 * however they are cut.
 *
 *     framer.push(chunk);
 *     for (let frame = framer.next(); frame.kind !== 'more'; frame = framer.next()) …
 */
export class StreamFramer {
  /** Unread bytes are `start` to `end`. */
  #buffer: Buffer = EMPTY;
  #start = 0;
  #end = 0;
  /**
   * Whether `#buffer` is ours to write to; else it is a chunk. Frames share it, so bytes are only ever
   * appended, never moved within it.
   */
  #isOwn = false;
  /** Where the search for the end of the head goes on. */
  #searched = 0;
  /** Length of the message at `start`, once its head is there. */
  #messageBytes: number | undefined;
  /** A single CRLF was taken just before `start`; another makes it a ping. */
  #afterCrlf = false;
  #isOver = false;

  /** Bytes that wait for the rest of their message. */
  get pendingBytes(): number {
    return this.#end - this.#start;
  }

  /** @param chunk as the socket gave it; not to be written to afterwards */
  push(chunk: Buffer): void {
    if (this.#isOver || chunk.length === 0) return;
    if (this.#start === this.#end) {
      this.#buffer = chunk;
      this.#isOwn = false;
      this.#start = 0;
      this.#end = chunk.length;
      this.#searched = 0;
      return;
    }
    const pending = this.#end - this.#start;
    if (!this.#isOwn || this.#end + chunk.length > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(LEAST_CAPACITY, 2 * (pending + chunk.length)));
      this.#buffer.copy(grown, 0, this.#start, this.#end);
      this.#searched -= this.#start;
      this.#buffer = grown;
      this.#isOwn = true;
      this.#start = 0;
      this.#end = pending;
    }
    chunk.copy(this.#buffer, this.#end);
    this.#end += chunk.length;
  }

  /** The next thing in the stream; `more` until the next push when nothing is whole. */
  next(): Frame {
    if (this.#isOver) return MORE;
    if (this.#messageBytes === undefined) {
      const keepAlive = this.#takeLineEnds();
      if (keepAlive !== undefined) return keepAlive;
      if (this.#start === this.#end) return MORE;
      const failure = this.#readHead();
      if (failure !== undefined) return failure;
    }
    const length = this.#messageBytes;
    if (length === undefined || this.#end - this.#start < length) return MORE;
    const data = this.#buffer.subarray(this.#start, this.#start + length);
    this.#start += length;
    this.#messageBytes = undefined;
    this.#afterCrlf = false;
    return { kind: 'message', data };
  }

  /** Takes all CRLFs at the start; many in a row are one ping, so that a flood gets one answer. */
  #takeLineEnds(): Frame | undefined {
    let taken = 0;
    while (this.#end - this.#start >= 2 && this.#buffer[this.#start] === CR) {
      if (this.#buffer[this.#start + 1] !== LF) break;
      this.#start += 2;
      taken++;
    }
    this.#searched = Math.max(this.#searched, this.#start);
    if (taken === 0) return undefined;
    if (taken >= 2 || this.#afterCrlf) {
      this.#afterCrlf = false;
      return PING;
    }
    this.#afterCrlf = true;
    return PONG;
  }

  /** Finds the end of the head and sets the length of the message; returns what makes that impossible. */
  #readHead(): Frame | undefined {
    const first = this.#buffer[this.#start]!;
    const isLineEndBegun = first === CR && this.#end - this.#start === 1;
    if (!isOf(first, TOKEN) && !isLineEndBegun) {
      return this.#fail('malformed', this.#start, new SipParseError('the stream is not SIP'));
    }
    const headEnd = this.#buffer.subarray(0, this.#end).indexOf(HEAD_END, this.#searched);
    const headBytes = (headEnd < 0 ? this.#end : headEnd) - this.#start;
    if (headBytes > SIP_LIMITS.headBytes) {
      const error = new SipParseError('start line and headers past the limit', 513);
      return this.#fail('too-large', this.#start + SIP_LIMITS.headBytes, error);
    }
    if (headEnd < 0) {
      this.#searched = Math.max(this.#start, this.#end - HEAD_END.length + 1);
      return undefined;
    }
    const headers = readableHeaders(decodeHead(this.#buffer, this.#start, headEnd));
    let contentLength: number;
    try {
      if (headers.count('Content-Length') !== 1) {
        throw new SipParseError('a stream needs one Content-Length header in each message');
      }
      contentLength = parseContentLength(headers.get('Content-Length')!);
    } catch (error) {
      return this.#fail('malformed', headEnd, error);
    }
    const messageBytes = headBytes + HEAD_END.length + contentLength;
    if (messageBytes > SIP_LIMITS.messageBytes) {
      return this.#fail('too-large', headEnd, new SipParseError('message past the limit', 513));
    }
    this.#messageBytes = messageBytes;
    return undefined;
  }

  #fail(kind: 'malformed' | 'too-large', headEnd: number, error: unknown): Frame {
    const head = decodeHead(this.#buffer, this.#start, headEnd);
    this.#isOver = true;
    this.#buffer = EMPTY;
    this.#start = 0;
    this.#end = 0;
    return { kind, error: refuse(head, error) };
  }
}
