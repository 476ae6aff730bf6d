import type { LookupFunction } from 'node:net';
import { type ClientOptions, WebSocket } from 'ws';
import { redactUrl } from '../log/redact.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { type AddressGuard, refusalText } from './address-guard.ts';
import { ATTEMPTS, guardedLookup, refusalOf, type Resolver, systemResolver } from './guarded-connector.ts';
import { HttpError, toHttpError } from './http-errors.ts';
import { parseHttpUrl } from './http-url.ts';

export interface WebSocketsOptions {
  readonly clock: Clock;
  readonly guard: AddressGuard;
  readonly resolve?: Resolver;
  /** Refuse plain `ws`. */
  readonly httpsOnly?: boolean;
  readonly userAgent?: string;
  /** Certificates that are trusted beside those of the system, PEM; for tests. */
  readonly ca?: string;
}

export interface OpenWebSocket {
  /** Sent as `Authorization: Bearer`. */
  readonly bearerToken?: string | undefined;
  readonly signal: AbortSignal;
  readonly onText: (text: string) => void;
  /** A binary message has come, of which nothing more is told. */
  readonly onBinary?: (() => void) | undefined;
  readonly onDrain: () => void;
  readonly onClosed: (reason: string) => void;
}

/** A WebSocket that is open, or was. */
export interface OutgoingWebSocket {
  /** Octets that have not left the process yet. */
  readonly waitingBytes: number;
  send(data: string | Uint8Array): void;
  close(): void;
}

/** Until the handshake is done, ms (spec/callbacks.md 4: the deadline of an answer). */
const HANDSHAKE_MS = 5_000;
/** Distance of pings, ms; a peer that gives no sign of life from one to the next is dead. */
const PING_MS = 20_000;
/** A ping that is later than this comes behind a standstill of ours: what the peer has sent may lie unread, ms. */
const LATE_MS = 500;
/** For what waits to leave, and the peer's answer to our closing frame, ms. */
const CLOSE_MS = 2_000;
/** Longest message of the other side, bytes: half a minute of linear audio in base64. */
const MAX_MESSAGE_BYTES = 2 * 1024 * 1024;
/**
 * What the other side may send in a second: more is read later. A message, a ping or pong as well, counts as this many
 * bytes more than it has.
 */
const BYTES_PER_SECOND = 8 * 1024 * 1024;
const BYTES_OF_MESSAGE = 1024;

/** WebSockets (RFC 6455) to the outside: guarded like all requests, bounded in time and in the size of messages. */
export class WebSockets {
  readonly #options: WebSocketsOptions;
  readonly #open = new Set<Connection>();

  constructor(options: WebSocketsOptions) {
    this.#options = options;
  }

  /**
   * @param url `ws` or `wss`; its user and password become Basic authorization, unless there is a token
   * @throws HttpError
   */
  async dial(url: string, open: OpenWebSocket): Promise<OutgoingWebSocket> {
    const { clock } = this.#options;
    const connection = new Connection(this.#target(url), this.#options, open, () =>
      this.#open.delete(connection),
    );
    this.#open.add(connection);
    return await clock.holdWhile(connection.opened);
  }

  /** Why RTP may not be sent there; undefined when it may. */
  rtpRefusal(address: string, port: number): string | undefined {
    const range = this.#options.guard.refusal(address, port);
    if (range === undefined) return undefined;
    return refusalText(address, range, 'outgoing audio', `${address}:${port}`);
  }

  /** Breaks off what is open. */
  close(): void {
    for (const connection of [...this.#open]) connection.abort('the server stops');
  }

  /** @throws HttpError */
  #target(url: string): Target {
    const text = url.trim();
    if (!/^wss?:\/\//i.test(text)) {
      throw new HttpError('invalid_url', `"${redactUrl(url)}" is no WebSocket URL; expected ws:// or wss://`);
    }
    const { url: target, authorization } = parseHttpUrl(text.replace(/^ws/i, 'http'));
    const isSecure = target.protocol === 'https:';
    const href = target.href.replace(/^http/, 'ws');
    if (this.#options.httpsOnly === true && !isSecure) {
      throw new HttpError('https_required', `${href}: plain ws is switched off; use wss`);
    }
    const refusal = refusalOf(target, this.#options.guard);
    if (refusal !== undefined) throw refusal;
    return { href, port: Number(target.port) || (isSecure ? 443 : 80), authorization };
  }
}

interface Target {
  /** Without userinfo and fragment. */
  readonly href: string;
  readonly port: number;
  readonly authorization: string | undefined;
}

/** One WebSocket from its handshake to its end. */
class Connection implements OutgoingWebSocket {
  readonly opened: Promise<this>;
  readonly #clock: Clock;
  readonly #socket: WebSocket;
  readonly #open: OpenWebSocket;
  readonly #timers: Timer[] = [];
  #pinging: Timer | undefined;
  readonly #onOver: () => void;
  #reason: string | undefined;
  #over = false;
  #alive = true;
  /** Bytes received since the allowance was renewed, and the timer that renews it. */
  #spent = 0;
  #refill: Timer | undefined;

  constructor(target: Target, options: WebSocketsOptions, open: OpenWebSocket, onOver: () => void) {
    const { clock, guard, resolve = systemResolver, userAgent = 'OpenSWML', ca } = options;
    this.#clock = clock;
    this.#open = open;
    this.#onOver = onOver;
    const { promise, resolve: ready, reject } = Promise.withResolvers<this>();
    this.opened = promise;
    const authorization =
      open.bearerToken === undefined ? target.authorization : `Bearer ${open.bearerToken}`;
    // `lookup` reaches net.connect through ws, whose types leave it out.
    const settings: ClientOptions & typeof ATTEMPTS & { readonly lookup: LookupFunction } = {
      headers: { 'user-agent': userAgent, ...(authorization !== undefined && { authorization }) },
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE_BYTES,
      followRedirects: false,
      lookup: guardedLookup(guard, resolve, target.port),
      ...ATTEMPTS,
      ...(ca !== undefined && { ca }),
    };
    this.#socket = new WebSocket(target.href, settings);
    let isOpen = false;
    const deadline = clock.after(HANDSHAKE_MS, () => {
      reject(new HttpError('timeout_connect', `${target.href}: no WebSocket within ${HANDSHAKE_MS} ms`));
      this.#socket.terminate();
    });
    const giveUp = (): void => {
      deadline.cancel();
      reject(new HttpError('aborted', `${target.href}: no longer wanted`));
      this.#socket.terminate();
    };
    open.signal.addEventListener('abort', giveUp, { once: true });
    const settled = (): void => {
      deadline.cancel();
      open.signal.removeEventListener('abort', giveUp);
    };
    this.#socket.on('open', () => {
      settled();
      isOpen = true;
      this.#pingLater();
      ready(this);
    });
    this.#socket.on('unexpected-response', (request, { statusCode: status }) => {
      const message = `${target.href} answered ${status} instead of opening a WebSocket`;
      reject(new HttpError('protocol', message, { status }));
      request.destroy();
    });
    this.#socket.on('error', (error) => {
      this.#reason ??= error.message;
      if (!isOpen) reject(toHttpError(error, target.href, false));
    });
    this.#socket.on('close', (code, reason) => {
      settled();
      reject(new HttpError('connection_lost', `${target.href}: closed before it was open`));
      this.#ended(isOpen, this.#reason ?? describeClose(code, reason.toString('utf8')));
    });
    this.#socket.on('message', (data: Buffer, isBinary) => {
      this.#alive = true;
      this.#spend(data.length + BYTES_OF_MESSAGE);
      if (isBinary) open.onBinary?.();
      else open.onText(String(data));
    });
    this.#socket.on('ping', (data) => this.#spend(data.length + BYTES_OF_MESSAGE));
    this.#socket.on('pong', (data) => {
      this.#alive = true;
      this.#spend(data.length + BYTES_OF_MESSAGE);
    });
    if (open.signal.aborted) giveUp();
  }

  get waitingBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(data: string | Uint8Array): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(data, () => {
      if (!this.#over) this.#open.onDrain();
    });
  }

  close(): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.close(1000);
    this.#timers.push(this.#clock.after(CLOSE_MS, () => this.#socket.terminate()));
  }

  abort(reason: string): void {
    this.#reason ??= reason;
    this.#socket.terminate();
  }

  /** A flood waits in the other side's own buffers. */
  #spend(bytes: number): void {
    this.#spent += bytes;
    if (this.#refill === undefined) {
      this.#refill = this.#clock.after(1_000, () => {
        this.#refill = undefined;
        this.#spent = 0;
        this.#alive = true;
        this.#socket.resume();
      });
    }
    if (this.#spent > BYTES_PER_SECOND) this.#socket.pause();
  }

  #pingLater(): void {
    const dueMs = this.#clock.monotonic() + PING_MS;
    this.#pinging = this.#clock.after(PING_MS, () => this.#ping(this.#clock.monotonic() - dueMs));
  }

  #ping(lateMs: number): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    if (!this.#alive && lateMs <= LATE_MS) {
      this.abort(`no sign of life for ${PING_MS / 1000} s`);
      return;
    }
    this.#alive = false;
    this.#socket.ping();
    this.#pingLater();
  }

  #ended(wasOpen: boolean, reason: string): void {
    if (this.#over) return;
    this.#over = true;
    for (const timer of this.#timers) timer.cancel();
    this.#pinging?.cancel();
    this.#refill?.cancel();
    this.#onOver();
    if (wasOpen) this.#open.onClosed(reason);
  }
}

function describeClose(code: number, reason: string): string {
  // RFC 6455 7.4.1: 1006 stands for the absence of a closing frame.
  if (code === 1006) return 'the connection was lost';
  return `it closed with code ${code}${reason === '' ? '' : ` (${reason.slice(0, 120)})`}`;
}
