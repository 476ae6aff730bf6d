import { Worker } from 'node:worker_threads';
import type { Clock } from '../../../time/clock.ts';
import { RealClock } from '../../../time/real-clock.ts';
import { StallWatch } from '../../../time/stall-watch.ts';
import { type AudioDecoder, AudioError } from '../audio-decoder.ts';
import type { CompressedCodec, FromDecoder, ToDecoder } from './messages.ts';

type Samples = Extract<FromDecoder, { readonly type: 'samples' }>;

type AskStream = (
  message: { readonly type: 'write'; readonly bytes: Uint8Array } | { readonly type: 'end' },
) => Promise<Samples>;

interface Waiting {
  readonly resolve: (answer: Samples) => void;
  readonly reject: (error: AudioError) => void;
}

/** A thread that is asked and says nothing for so long is taken for dead, ms of real time. */
const STALL_MS = 15_000;

/** Where compressed sounds are decoded. */
export interface Decoders {
  /** @throws AudioError when the decoder cannot be had */
  open(codec: CompressedCodec): Promise<AudioDecoder>;
}

/**
 * A thread that decodes, so that no call waits for the sound of another. It starts with the first sound that
 * needs it, lets the process end when it has nothing to do, and starts anew after it died.
 */
export class DecoderThread implements Decoders {
  readonly #entry: URL;
  readonly #watch: StallWatch;
  /** What each file waits for: one thing at a time. */
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #nextStream = 1;

  /** @param options for tests: another program of the thread, another clock for the watch on it */
  constructor(options: { readonly entry?: URL; readonly clock?: Clock } = {}) {
    this.#entry = options.entry ?? new URL('./thread-main.ts', import.meta.url);
    // A thread takes real time, whatever clock the calls run on.
    this.#watch = new StallWatch(options.clock ?? new RealClock(), STALL_MS, () => this.#stalled());
  }

  async open(codec: CompressedCodec): Promise<AudioDecoder> {
    const stream = this.#nextStream++;
    await this.#ask({ type: 'open', stream, codec });
    return new ThreadDecoder(
      codec,
      (message) => this.#ask({ ...message, stream }),
      () => this.#worker?.postMessage({ type: 'close', stream } satisfies ToDecoder),
    );
  }

  /** Ends the thread; files in its hands fail. */
  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #ask(message: ToDecoder): Promise<Samples> {
    this.#worker ??= this.#start();
    const worker = this.#worker;
    const { promise, resolve, reject } = Promise.withResolvers<Samples>();
    this.#waiting.set(message.stream, { resolve, reject });
    worker.ref();
    worker.postMessage(message);
    this.#watch.begin();
    return promise;
  }

  #start(): Worker {
    const worker = new Worker(this.#entry);
    let reason = 'the decoder thread ended';
    worker.on('message', (message: FromDecoder) => this.#receive(message));
    worker.on('error', (cause: unknown) => {
      reason = `the decoder failed: ${cause instanceof Error ? cause.message : String(cause)}`;
    });
    worker.on('exit', () => {
      if (this.#worker === worker) this.#gone(reason);
    });
    return worker;
  }

  #receive(message: FromDecoder): void {
    const waiting = this.#waiting.get(message.stream);
    this.#waiting.delete(message.stream);
    this.#watch.heard();
    if (this.#waiting.size === 0) {
      this.#worker?.unref();
      this.#watch.end();
    }
    if (message.type === 'failed') waiting?.reject(new AudioError(message.error));
    else waiting?.resolve(message);
  }

  #stalled(): void {
    const worker = this.#worker;
    this.#gone(`the decoder has not answered for ${STALL_MS / 1000} s`);
    void worker?.terminate();
  }

  #gone(reason: string): void {
    const waiting = [...this.#waiting.values()];
    this.#worker = undefined;
    this.#waiting.clear();
    this.#watch.end();
    for (const { reject } of waiting) reject(new AudioError(reason));
  }
}

const NAMES: Readonly<Record<CompressedCodec, string>> = {
  mp3: 'MP3',
  opus: 'Opus',
  vorbis: 'Vorbis',
  flac: 'FLAC',
};

/** One file, seen from those who read it. */
class ThreadDecoder implements AudioDecoder {
  readonly complete = false;
  pending = false;
  readonly #codec: CompressedCodec;
  readonly #ask: AskStream;
  readonly #close: () => void;
  #sampleRate: number | undefined;

  constructor(codec: CompressedCodec, ask: AskStream, close: () => void) {
    this.#codec = codec;
    this.#ask = ask;
    this.#close = close;
  }

  get sampleRate(): number | undefined {
    return this.#sampleRate;
  }

  async write(bytes: Uint8Array): Promise<Int16Array> {
    // A view takes all of the memory along that it lies in: the whole of a file that was read in one piece.
    return this.#take(await this.#ask({ type: 'write', bytes: new Uint8Array(bytes) }));
  }

  async end(): Promise<Int16Array> {
    const rest = this.#take(await this.#ask({ type: 'end' }));
    if (this.#sampleRate === undefined)
      throw new AudioError(`there is no ${NAMES[this.#codec]} audio in the file`);
    return rest;
  }

  close(): void {
    this.#close();
  }

  #take({ samples, sampleRate, pending }: Samples): Int16Array {
    this.#sampleRate = sampleRate;
    this.pending = pending;
    return samples;
  }
}

let shared: DecoderThread | undefined;

/** The decoder thread of all calls. */
export function sharedDecoders(): Decoders {
  shared ??= new DecoderThread();
  return shared;
}
