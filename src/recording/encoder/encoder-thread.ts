import { Worker } from 'node:worker_threads';
import type { Clock } from '../../time/clock.ts';
import { RealClock } from '../../time/real-clock.ts';
import { StallWatch } from '../../time/stall-watch.ts';
import type { EncodedFrames } from '../frame-layout.ts';
import type { EncodingSpec } from './frame-encoder.ts';
import type { FromEncoder, ToEncoder } from './messages.ts';

/** What an encoder tells the recording that it works for. */
export interface EncoderListener {
  /** The frames of what was sent, in order; `samples` of it are no longer needed. */
  frames(frames: EncodedFrames, samples: number): void;
  /** The last frames: the answer to {@link EncoderStream.end}. */
  ended(frames: EncodedFrames): void;
  /** The encoder failed, hangs or died: nothing more comes. */
  lost(reason: string): void;
}

/** The encoder of one recording. Nothing here waits, whatever state the encoder is in. */
export interface EncoderStream {
  /** Encodes `samples`: they lie on shared memory, and stay as they are until the listener has their frames. */
  send(samples: Int16Array): void;
  /** No more samples. */
  end(): void;
  /** Forgets the stream: the listener hears nothing more. */
  drop(): void;
}

/** Where recordings are encoded. */
export interface Encoders {
  open(spec: EncodingSpec, listener: EncoderListener): EncoderStream;
}

interface Stream {
  readonly listener: EncoderListener;
  /** Lengths of what was sent and not answered yet. */
  readonly sent: number[];
}

/** A thread that has work and says nothing for so long is taken for dead, ms of real time. */
const STALL_MS = 10_000;

/**
 * A thread that encodes, so that no call waits for it. It starts with the first recording that needs it, lets the
 * process end when it has nothing to do, and starts anew after it died: then, the recordings in its hands are told.
 */
export class EncoderThread implements Encoders {
  readonly #entry: URL;
  readonly #watch: StallWatch;
  readonly #streams = new Map<number, Stream>();
  #worker: Worker | undefined;
  #nextStream = 1;
  /** Answers that are due. */
  #due = 0;

  /** @param options for tests: another program of the thread, another clock for the watch on it */
  constructor(options: { readonly entry?: URL; readonly clock?: Clock } = {}) {
    this.#entry = options.entry ?? new URL('./thread-main.ts', import.meta.url);
    // A thread takes real time, whatever clock its recordings run on.
    this.#watch = new StallWatch(options.clock ?? new RealClock(), STALL_MS, () => this.#stalled());
  }

  open(spec: EncodingSpec, listener: EncoderListener): EncoderStream {
    const id = this.#nextStream++;
    const stream: Stream = { listener, sent: [] };
    this.#streams.set(id, stream);
    try {
      this.#worker ??= this.#start();
    } catch (cause) {
      // The system has no thread left. Later, as of a thread that dies: who opens it has no stream yet.
      const why = cause instanceof Error ? cause.message : String(cause);
      queueMicrotask(() => this.#lose(id, `the encoder thread cannot be started: ${why}`));
    }
    this.#post({ type: 'open', stream: id, spec });
    const expect = (samples: number): boolean => {
      if (!this.#streams.has(id)) return false;
      stream.sent.push(samples);
      this.#expect();
      return true;
    };
    return {
      send: (samples) => {
        if (expect(samples.length)) this.#post({ type: 'encode', stream: id, samples });
      },
      end: () => {
        if (expect(0)) this.#post({ type: 'end', stream: id });
      },
      drop: () => {
        if (!this.#streams.has(id)) return;
        this.#post({ type: 'drop', stream: id });
        this.#forget(id);
      },
    };
  }

  /** Streams that are open. */
  get load(): number {
    return this.#streams.size;
  }

  /** Ends the thread; recordings in its hands are told that it is lost. */
  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(this.#entry);
    worker.unref();
    let reason = 'the encoder thread ended';
    worker.on('message', (message: FromEncoder) => this.#receive(message));
    worker.on('error', (cause: unknown) => {
      reason = `the encoder thread failed: ${cause instanceof Error ? cause.message : String(cause)}`;
    });
    worker.on('exit', () => {
      if (this.#worker === worker) this.#gone(reason);
    });
    return worker;
  }

  #post(message: ToEncoder): void {
    this.#worker?.postMessage(message);
  }

  #receive(message: FromEncoder): void {
    this.#watch.heard();
    const stream = this.#streams.get(message.stream);
    if (stream === undefined) return;
    switch (message.type) {
      case 'frames':
        this.#due--;
        if (this.#due === 0) this.#rest();
        stream.listener.frames(message.frames, stream.sent.shift() ?? 0);
        return;
      case 'ended':
        this.#forget(message.stream);
        stream.listener.ended(message.frames);
        return;
      case 'failed':
        this.#lose(message.stream, message.error);
        return;
    }
  }

  #lose(id: number, reason: string): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#forget(id);
    stream.listener.lost(reason);
  }

  #forget(id: number): void {
    this.#due -= this.#streams.get(id)?.sent.length ?? 0;
    this.#streams.delete(id);
    if (this.#due === 0) this.#rest();
  }

  #gone(reason: string): void {
    const lost = [...this.#streams.values()];
    this.#worker = undefined;
    this.#streams.clear();
    this.#due = 0;
    this.#rest();
    for (const { listener } of lost) listener.lost(reason);
  }

  /** From now on, an answer is due. */
  #expect(): void {
    if (this.#due++ === 0) this.#worker?.ref();
    this.#watch.begin();
  }

  /** Nothing is due: the process may end. */
  #rest(): void {
    this.#worker?.unref();
    this.#watch.end();
  }

  #stalled(): void {
    const worker = this.#worker;
    this.#gone(`the encoder thread has not answered for ${STALL_MS / 1000} s`);
    void worker?.terminate();
  }
}

let shared: EncoderThread | undefined;

/** The encoder thread of this thread's recordings. */
export function sharedEncoders(): Encoders {
  shared ??= new EncoderThread();
  return shared;
}
