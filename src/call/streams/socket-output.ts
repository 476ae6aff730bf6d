import type { Logger } from '../../log/logger.ts';
import type { CopySpec } from '../../mediaworker/protocol.ts';
import type { MediaClient } from '../media-client.ts';
import { type AudioCopy, copyAudio } from './audio-copy.ts';
import type { StreamNetwork } from './network.ts';
import { OutgoingQueue } from './outgoing-queue.ts';
import type { StreamEnd } from './types.ts';

/** Audio that may wait for a slow peer, ms. */
const MAX_WAITING_MS = 3_000;

export interface SocketOutputOptions {
  readonly media: MediaClient;
  readonly copyId: string;
  readonly spec: CopySpec;
  readonly network: StreamNetwork;
  readonly url: string;
  readonly bearerToken?: string | undefined;
  readonly log: Logger;
  /** Aborts when the call is over. */
  readonly signal: AbortSignal;
  /** A packet in the form in which it is sent. */
  readonly packet: (track: 'said' | 'heard', payload: Uint8Array) => string | Uint8Array;
  readonly onText?: ((text: string) => void) | undefined;
  readonly onBinary?: (() => void) | undefined;
  /** The last word, when it ends by us or with the call. */
  readonly farewell?: (() => string) | undefined;
}

/** A copy of the audio on its way over a WebSocket. It ends once: by us, with the call, or by the other side. */
export class SocketOutput {
  /** Never rejects. */
  readonly done: Promise<StreamEnd>;
  readonly #options: SocketOutputOptions;
  readonly #resolve: (end: StreamEnd) => void;
  #queue: OutgoingQueue | undefined;
  #closeSocket: () => void = () => {};
  #copy: AudioCopy | undefined;
  #over = false;
  #closedReason: string | undefined;

  constructor(options: SocketOutputOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<StreamEnd>();
    this.done = promise;
    this.#resolve = resolve;
  }

  /**
   * Connects, says `greeting`, and has the audio copied.
   * @throws Error when there is no connection, or the call ends before there is
   */
  async start(greeting: readonly string[]): Promise<void> {
    const { network, url, bearerToken, signal, onText, onBinary, media, copyId, spec } = this.#options;
    const socket = await network.dial(url, {
      bearerToken,
      signal,
      onText: (text) => {
        if (!this.#over) onText?.(text);
      },
      onBinary: () => {
        if (!this.#over) onBinary?.();
      },
      onDrain: () => this.#queue?.drained(),
      onClosed: (reason) => this.#closed(reason),
    });
    this.#closeSocket = () => socket.close();
    if (signal.aborted || this.#closedReason !== undefined) {
      socket.close();
      throw new Error(this.#closedReason ?? 'the call is over');
    }
    const sides = spec.take === 'apart' ? 2 : 1;
    const queue = new OutgoingQueue(socket, (sides * MAX_WAITING_MS) / spec.ptimeMs, (dropped) =>
      this.#options.log.warn({ dropped }, 'the other side takes audio too slowly: some of it is left out'),
    );
    this.#queue = queue;
    for (const text of greeting) queue.control(text);
    this.#copy = copyAudio(media, copyId, spec, {
      onPacket: (track, payload) => {
        if (!this.#over) queue.audio(this.#options.packet(track, payload));
      },
      onEnd: (asked) => this.#end(asked ? 'stopped' : 'call'),
    });
    try {
      await this.#copy.started;
    } catch (cause) {
      socket.close();
      // It was stopped because the other side had gone.
      throw this.#closedReason === undefined ? cause : new Error(this.#closedReason, { cause });
    }
  }

  /** Messages reach the other side. */
  get open(): boolean {
    return this.#queue !== undefined && !this.#over;
  }

  /** A message beside the audio. */
  send(text: string): void {
    if (!this.#over) this.#queue?.control(text);
  }

  stop(): void {
    this.#copy?.stop();
  }

  #closed(reason: string): void {
    // By us.
    if (this.#over) return;
    this.#closedReason = reason;
    this.#end('peer', reason);
    this.#copy?.stop();
  }

  #end(by: StreamEnd['by'], reason?: string): void {
    if (this.#over) return;
    const { farewell } = this.#options;
    if (by !== 'peer' && farewell !== undefined) this.#queue?.control(farewell());
    this.#over = true;
    this.#queue?.finish();
    this.#closeSocket();
    const dropped = this.#queue?.dropped ?? 0;
    if (this.#copy !== undefined) this.#resolve({ by, reason, dropped });
  }
}
