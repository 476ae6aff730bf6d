import type { SocketHandlers, StreamSocket } from '../call/streams/network.ts';
import { ENCODINGS } from '../call/streams/codec-notation.ts';
import { joinSamples } from '../media/copy-samples.ts';
import type { StreamCodec } from '../mediaworker/protocol.ts';
import { createStreamDecoder, createStreamEncoder } from '../mediaworker/stream-codecs.ts';
import { isObject, type JsonObject, type JsonValue, member } from '../swml/json.ts';
import type { Clock } from '../time/clock.ts';
import { matches } from './partial.ts';

/** Lets time pass until the work is done, at most for so many seconds. */
export type Waiting = <T>(what: string, within: number, work: Promise<T>) => Promise<T>;

export interface WebSocketPeerOptions {
  /** The connection fails in this way; `timeout` after five seconds. */
  readonly fails?: 'refused' | 'tls' | 'timeout' | undefined;
  /** It hangs up so long after the connection, seconds; default: never. */
  readonly lasts?: number | undefined;
}

interface Waiter {
  readonly pattern: unknown;
  readonly resolve: (message: JsonObject) => void;
}

/** Octets that wait in a connection which the peer does not read, at the most: what a real one would hold. */
const HELD_BYTES = 64 * 1024;
const DEFAULT_WITHIN = 60;
const PIECE_MS = 20;

/** The other side of a WebSocket that the call opens, in memory: for taps and streams. */
export class WebSocketPeer {
  readonly url: string;
  readonly options: WebSocketPeerOptions;
  /** Of the handshake; names in lower case. */
  headers: Readonly<Record<string, string>> = {};
  readonly #clock: Clock;
  readonly #wait: Waiting;
  readonly #messages: JsonObject[] = [];
  readonly #taken = new Set<JsonObject>();
  readonly #waiters = new Set<Waiter>();
  readonly #binary: Uint8Array[] = [];
  readonly #connected = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  #handlers: SocketHandlers | undefined;
  #reads = true;
  #held: (string | Uint8Array)[] = [];
  #heldBytes = 0;

  constructor(url: string, options: WebSocketPeerOptions, clock: Clock, wait: Waiting) {
    this.url = url;
    this.options = options;
    this.#clock = clock;
    this.#wait = wait;
  }

  get connected(): boolean {
    return this.#handlers !== undefined;
  }

  /** All JSON messages so far. */
  get messages(): readonly JsonObject[] {
    return this.#messages;
  }

  /** All binary messages so far: the audio of a `tap`. */
  get binary(): readonly Uint8Array[] {
    return this.#binary;
  }

  /** Of the audio, Hz: as the start message has it. */
  get sampleRate(): number {
    return Number(member(this.#format, 'sampleRate') ?? member(this.#tap, 'rate') ?? 8000);
  }

  /**
   * What came so far, decoded: of a stream's track, or of a tap.
   * @throws Error for Opus, which is not decoded here
   */
  audio(track: 'inbound' | 'outbound' = 'inbound'): Int16Array {
    const payloads = this.#messages.flatMap((message) => {
      const media = member(message, 'media');
      return message['event'] === 'media' && member(media, 'track') === track
        ? [Buffer.from(String(member(media, 'payload')), 'base64')]
        : [];
    });
    const decoder = createStreamDecoder(this.#codec);
    const piece = new Int16Array(1 << 16);
    const pieces = [...payloads, ...this.#binary].map((bytes) =>
      piece.slice(0, decoder.decode(bytes, 0, bytes.length, piece)),
    );
    return joinSamples(pieces);
  }

  /** Waits until the call has connected. @throws VirtualCallError */
  async connects(options: { readonly within?: number } = {}): Promise<void> {
    await this.#wait(`connection to ${this.url}`, options.within ?? DEFAULT_WITHIN, this.#connected.promise);
  }

  /** Waits until the connection is over. @throws VirtualCallError */
  async closes(options: { readonly within?: number } = {}): Promise<void> {
    await this.#wait(`end of ${this.url}`, options.within ?? DEFAULT_WITHIN, this.#closed.promise);
  }

  /**
   * Waits for a JSON message that holds what the pattern says; each is given out once.
   * @param options `within`: seconds of the call, default 60
   * @throws VirtualCallError
   */
  async receives(pattern: unknown, options: { readonly within?: number } = {}): Promise<JsonObject> {
    const there = this.#messages.find((message) => !this.#taken.has(message) && matches(message, pattern));
    const { promise, resolve } = Promise.withResolvers<JsonObject>();
    const waiter = { pattern, resolve };
    if (there === undefined) {
      this.#waiters.add(waiter);
    } else {
      this.#taken.add(there);
      resolve(there);
    }
    try {
      const what = `message to ${this.url} with ${JSON.stringify(pattern)}`;
      return await this.#wait(what, options.within ?? DEFAULT_WITHIN, promise);
    } finally {
      this.#waiters.delete(waiter);
    }
  }

  /** Sends a JSON message to the call. */
  sends(message: JsonObject): void {
    const text = JSON.stringify(message);
    // It arrives though the connection is ended right behind it.
    const handlers = this.#handlers;
    queueMicrotask(() => handlers?.onText(text));
  }

  /** Sends audio to the call, in the codec and at the rate of its stream, in pieces of 20 ms at once. */
  says(samples: Int16Array): void {
    const encoder = createStreamEncoder(this.#codec);
    const size = (this.sampleRate * PIECE_MS) / 1000;
    const encoded = new Uint8Array(2 * size);
    for (let at = 0; at < samples.length; at += size) {
      const part = samples.subarray(at, at + size);
      const length = encoder.encode(part, part.length, encoded, 0);
      const payload = Buffer.from(encoded.subarray(0, length)).toString('base64');
      this.sends({ event: 'media', media: { payload } });
    }
    encoder.close();
  }

  /** Reads nothing more, as a peer does that hangs. */
  stalls(): void {
    this.#reads = false;
  }

  /** Reads what waits, and goes on. */
  resumes(): void {
    this.#reads = true;
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    for (const data of held) this.#take(data);
    this.#handlers?.onDrain();
  }

  /** Ends the connection. */
  hangsUp(reason = 'it closed with code 1000'): void {
    this.#end(reason);
  }

  /** The call has dialled. */
  accept(headers: Readonly<Record<string, string>>, handlers: SocketHandlers): StreamSocket {
    this.headers = headers;
    this.#handlers = handlers;
    this.#connected.resolve();
    if (this.options.lasts !== undefined) this.#clock.after(this.options.lasts * 1000, () => this.hangsUp());
    const waiting = (): number => this.#heldBytes;
    return {
      get waitingBytes() {
        return waiting();
      },
      send: (data) => {
        if (this.#handlers !== undefined) this.#deliver(data);
      },
      close: () => this.#end('it was closed'),
    };
  }

  get #format(): JsonValue | undefined {
    return member(member(this.#first('start'), 'start'), 'mediaFormat');
  }

  get #tap(): JsonValue | undefined {
    return member(this.#first('start'), 'tap');
  }

  get #codec(): StreamCodec {
    const encoding = member(this.#format, 'encoding');
    const known = Object.entries(ENCODINGS).find(([, name]) => name === encoding)?.[0];
    return (known ?? member(this.#tap, 'codec') ?? 'PCMU') as StreamCodec;
  }

  #first(event: string): JsonObject | undefined {
    return this.#messages.find((message) => message['event'] === event);
  }

  #deliver(data: string | Uint8Array): void {
    if (this.#reads) {
      this.#take(data);
    } else if (this.#heldBytes < HELD_BYTES) {
      this.#held.push(data);
      this.#heldBytes += data.length;
    }
  }

  #take(data: string | Uint8Array): void {
    if (typeof data !== 'string') {
      this.#binary.push(data);
      return;
    }
    const message = JSON.parse(data) as JsonValue;
    if (!isObject(message)) return;
    this.#messages.push(message);
    for (const waiter of this.#waiters) {
      if (!matches(message, waiter.pattern)) continue;
      this.#waiters.delete(waiter);
      this.#taken.add(message);
      waiter.resolve(message);
      return;
    }
  }

  #end(reason: string): void {
    const handlers = this.#handlers;
    this.#handlers = undefined;
    this.#closed.resolve();
    // As across a network: not within the call that ends it.
    if (handlers !== undefined) this.#clock.after(0, () => handlers.onClosed(reason));
  }
}
