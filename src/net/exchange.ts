import type { Dispatcher } from 'undici';
import type { Clock, Timer } from '../time/clock.ts';
import { deadlineAfter } from '../time/deadline.ts';
import { HttpError, toHttpError } from './http-errors.ts';
import type { HttpTimeouts } from './http-url.ts';

export type HttpHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface ResponseHead {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: HttpHeaders;
}

/** Bytes that may wait for the reader before the socket is told to pause. */
const HIGH_WATER_BYTES = 64 * 1024;
/** What a piece of a body costs beside its bytes: a server may send each byte as a piece of its own. */
const BYTES_OF_PIECE = 128;
/** Small pieces are handed on together up to this length: whoever keeps a body counts its bytes alone. */
const JOINED_BYTES = 8 * 1024;

/** Whether an answer ends with its headers, whatever these tell of the body that is left out (RFC 9110 8.6). */
export function hasNoBody(status: number): boolean {
  return status === 204 || status === 304;
}

/**
 * One request and its response, without redirects: keeps the connect and read deadlines on our own clock, and
 * hands the body out piece by piece, so that a slow reader slows the server down instead of filling memory.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  /** Resolves with status and headers. @throws HttpError */
  readonly head: Promise<ResponseHead>;

  readonly #clock: Clock;
  readonly #timeouts: HttpTimeouts;
  readonly #where: string;
  readonly #head = Promise.withResolvers<ResponseHead>();
  #chunks: Buffer[] = [];
  /** With {@link BYTES_OF_PIECE} of each. */
  #queuedBytes = 0;
  #controller: Dispatcher.DispatchController | undefined;
  #timer: Timer | undefined;
  #answered = false;
  #ended = false;
  #error: HttpError | undefined;
  #wakeReader: (() => void) | undefined;

  /** @param where URL without credentials, for messages */
  constructor(clock: Clock, timeouts: HttpTimeouts, where: string) {
    this.#clock = clock;
    this.#timeouts = timeouts;
    this.#where = where;
    this.head = this.#head.promise;
    // Whoever cancels an exchange may never have looked at its head.
    this.head.catch(() => {});
    this.#deadline(timeouts.connectMs, 'timeout_connect', 'no connection');
  }

  /**
   * The next piece of the body, or undefined at its end.
   * @throws HttpError
   */
  async read(): Promise<Buffer | undefined> {
    if (this.#chunks.length === 0 && !this.#ended && this.#error === undefined) {
      this.#deadline(this.#timeouts.readMs, 'timeout_read', 'nothing more of the body');
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
    const chunk = this.#take();
    if (chunk === undefined && this.#error !== undefined) throw this.#error;
    if (this.#queuedBytes < HIGH_WATER_BYTES && this.#controller?.paused === true) this.#controller.resume();
    return chunk;
  }

  /** Ends the exchange with this error, dropping what was not read. Harmless when it is over. */
  cancel(error: HttpError): void {
    if (this.#ended || this.#error !== undefined) return;
    this.#chunks = [];
    this.#queuedBytes = 0;
    this.#fail(error);
    this.#controller?.abort(error);
  }

  /** A piece of the request's body is on its way: the server need not answer yet. */
  sending(): void {
    if (this.#ended || this.#error !== undefined || this.#answered) return;
    this.#deadline(
      this.#timeouts.readMs,
      'timeout_read',
      'no more of the body was taken, and no answer came',
    );
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#error !== undefined) {
      controller.abort(this.#error);
      return;
    }
    this.#deadline(this.#timeouts.readMs, 'timeout_read', 'no answer');
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: HttpHeaders): void {
    // Informational responses (RFC 9110 15.2) come before the real one.
    if (status < 200) return;
    this.#timer?.cancel();
    this.#answered = true;
    // The transport would miss the body whose length a 304 may tell.
    this.#ended = hasNoBody(status);
    this.#head.resolve({ status, headers });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#error !== undefined) return;
    this.#timer?.cancel();
    this.#chunks.push(chunk);
    this.#queuedBytes += chunk.length + BYTES_OF_PIECE;
    if (this.#queuedBytes >= HIGH_WATER_BYTES) controller.pause();
    this.#wake();
  }

  onResponseEnd(): void {
    this.#ended = true;
    this.#timer?.cancel();
    this.#wake();
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#ended) return;
    this.#fail(toHttpError(error, this.#where, this.#controller !== undefined));
  }

  /** The first piece of those that wait, and the next ones with it where they are small. */
  #take(): Buffer | undefined {
    let count = 0;
    let bytes = 0;
    for (const { length } of this.#chunks) {
      if (count > 0 && bytes + length > JOINED_BYTES) break;
      count++;
      bytes += length;
    }
    const pieces = this.#chunks.splice(0, count);
    this.#queuedBytes -= bytes + count * BYTES_OF_PIECE;
    return pieces.length > 1 ? Buffer.concat(pieces, bytes) : pieces[0];
  }

  #fail(error: HttpError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#timer?.cancel();
    this.#head.reject(error);
    this.#wake();
  }

  #wake(): void {
    this.#wakeReader?.();
    this.#wakeReader = undefined;
  }

  #deadline(ms: number, code: 'timeout_connect' | 'timeout_read', missing: string): void {
    this.#timer?.cancel();
    this.#timer = deadlineAfter(this.#clock, ms, () =>
      this.cancel(new HttpError(code, `${this.#where}: ${missing} within ${ms} ms`)),
    );
  }
}
