import { Worker } from 'node:worker_threads';
import type { Logger } from '../../log/logger.ts';
import type { Clock } from '../../time/clock.ts';
import { StallWatch } from '../../time/stall-watch.ts';
import { speakableShare, toSpokenEnglish } from '../english-text.ts';
import { SpeechError } from '../errors.ts';
import { plainText, type SpeechSegment, segmentsOf } from '../segments.ts';
import type { SpeechChunk, SpeechRequest, Synthesizer } from '../synthesizer.ts';
import type { FliteVoice } from './flite-engine.ts';
import type { FliteReply, FliteRequest } from './flite-worker.ts';

/** The part of a worker thread that is used. */
export interface FliteWorker {
  postMessage(request: FliteRequest): void;
  on(event: 'message', listener: (reply: FliteReply) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  /** An idle voice does not keep the process alive, a working one does. */
  ref(): void;
  unref(): void;
  terminate(): Promise<unknown>;
}

export interface FliteOptions {
  readonly log: Logger;
  readonly clock: Clock;
  readonly startWorker?: () => FliteWorker;
}

/** One segment that waits for the worker or is being made. */
interface Task {
  readonly id: number;
  readonly segment: SpeechSegment;
  readonly voice: FliteVoice;
  readonly sampleRate: number;
  /** When what its call has in hand will have been heard, ms of the monotonic clock. */
  readonly due: number;
  readonly done: PromiseWithResolvers<Int16Array>;
}

/** Segments of all calls together that may wait; one is made in about 50 ms. */
const MAX_WAITING = 500;
/** A segment takes a tenth of a second; a worker that needs this long hangs. */
const SEGMENT_TIMEOUT_MS = 20_000;
/** Below this share of speakable letters the result would be a riddle, not speech. */
const MIN_SPEAKABLE = 0.5;

/**
 * The embedded English voices, `slt` (female) and `rms` (male), in one worker thread. Utterances are made
 * segment by segment, always for the call that would fall silent first, so a long text delays nobody's first
 * word.
 */
export class FliteSynthesizer implements Synthesizer {
  readonly name = 'flite';
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #startWorker: () => FliteWorker;
  readonly #waiting: Task[] = [];
  readonly #watch: StallWatch;
  #worker: FliteWorker | undefined;
  #ready = Promise.withResolvers<void>();
  #running: Task | undefined;
  #nextId = 1;
  #closed = false;

  constructor(options: FliteOptions) {
    this.#log = options.log;
    this.#clock = options.clock;
    this.#watch = new StallWatch(options.clock, SEGMENT_TIMEOUT_MS, () => this.#stalled());
    this.#startWorker = options.startWorker ?? startFliteWorker;
    this.#ready.promise.catch(() => {});
  }

  /** Starts the worker ahead of the first call; resolves when it speaks at full speed. @throws SpeechError */
  async warmUp(): Promise<void> {
    const worker = this.#ensureWorker();
    worker.ref();
    try {
      await this.#ready.promise;
    } finally {
      this.#refWhileBusy();
    }
  }

  async *speak(
    request: SpeechRequest,
    sampleRate: number,
    signal?: AbortSignal,
  ): AsyncGenerator<SpeechChunk> {
    const segments = segmentsOf(request.text, toSpokenEnglish);
    if (speakableShare(plainText(request.text)) < MIN_SPEAKABLE) {
      throw new SpeechError(
        'unspeakable',
        `the embedded voice speaks English only and cannot read "${plainText(request.text).slice(0, 40)}"; ` +
          'configure a speech provider for this language',
      );
    }
    const voice = voiceOf(request);
    let due = this.#clock.monotonic();
    for (const segment of segments) {
      signal?.throwIfAborted();
      const samples =
        segment.text === ''
          ? new Int16Array(0)
          : await this.#make({ segment, voice, sampleRate, due }, signal);
      const chunk = withPause(samples, Math.round((segment.pauseMs * sampleRate) / 1000));
      due += (chunk.length * 1000) / sampleRate;
      if (chunk.length > 0) yield chunk;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watch.end();
    const error = new SpeechError('closed', 'the embedded voice is closed');
    for (const task of [...this.#waiting.splice(0), ...(this.#running ? [this.#running] : [])]) {
      task.done.reject(error);
    }
    this.#ready.reject(error);
    this.#running = undefined;
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  async #make(order: Omit<Task, 'id' | 'done'>, signal: AbortSignal | undefined): Promise<Int16Array> {
    if (this.#closed) throw new SpeechError('closed', 'the embedded voice is closed');
    if (this.#waiting.length >= MAX_WAITING) {
      throw new SpeechError(
        'overloaded',
        `${MAX_WAITING} sentences already wait for the embedded voice; use a speech provider, or fewer calls at once`,
      );
    }
    const task: Task = { ...order, id: this.#nextId++, done: Promise.withResolvers() };
    const onAbort = (): void => {
      // A segment that is being made is finished and thrown away: it takes a tenth of a second at most.
      const index = this.#waiting.indexOf(task);
      if (index >= 0) this.#waiting.splice(index, 1);
      task.done.reject(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#waiting.push(task);
    this.#next();
    try {
      // Held also for one who makes speech ahead of its hearing, or virtual time would run into the deadline.
      return await this.#clock.holdWhile(task.done.promise);
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  #next(): void {
    if (this.#running !== undefined) return;
    const task = this.#takeMostUrgent();
    if (task === undefined) {
      this.#refWhileBusy();
      return;
    }
    let worker: FliteWorker;
    try {
      worker = this.#ensureWorker();
    } catch (cause) {
      // The system has no thread left, say: nobody waits for one.
      const why = cause instanceof Error ? cause.message : String(cause);
      const error = new SpeechError('engine_failed', `the embedded voice cannot be started: ${why}`, {
        cause,
      });
      for (const { done } of [task, ...this.#waiting.splice(0)]) done.reject(error);
      return;
    }
    this.#running = task;
    this.#refWhileBusy();
    this.#watch.begin();
    worker.postMessage({
      id: task.id,
      text: task.segment.text,
      voice: task.voice,
      sampleRate: task.sampleRate,
    });
  }

  #takeMostUrgent(): Task | undefined {
    let chosen = 0;
    for (const [index, task] of this.#waiting.entries()) {
      if (task.due < this.#waiting[chosen]!.due) chosen = index;
    }
    return this.#waiting.splice(chosen, 1)[0];
  }

  #ensureWorker(): FliteWorker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = this.#startWorker();
    this.#worker = worker;
    worker.unref();
    worker.on('message', (reply) => {
      if (worker === this.#worker) this.#onReply(reply);
    });
    worker.on('error', (error) => {
      this.#lose(
        worker,
        new SpeechError('engine_failed', `the embedded voice crashed: ${error.message}`, { cause: error }),
      );
    });
    worker.on('exit', (code) => {
      this.#lose(worker, new SpeechError('engine_failed', `the embedded voice ended with code ${code}`));
    });
    return worker;
  }

  #onReply(reply: FliteReply): void {
    if (reply.kind === 'ready') {
      this.#ready.resolve();
      return;
    }
    const task = this.#running;
    if (task?.id !== reply.id) return;
    this.#running = undefined;
    this.#watch.end();
    if (reply.kind === 'speech') task.done.resolve(reply.samples);
    else task.done.reject(new SpeechError('engine_failed', reply.reason));
    this.#next();
  }

  #stalled(): void {
    const worker = this.#worker;
    if (worker === undefined) return;
    const text = this.#running?.segment.text ?? '';
    this.#lose(worker, new SpeechError('timeout', `the embedded voice hangs on "${text.slice(0, 60)}"`));
    void worker.terminate();
  }

  /** The worker is gone: what it was making fails, what waits goes to a new one. */
  #lose(worker: FliteWorker, error: SpeechError): void {
    if (worker !== this.#worker) return;
    this.#log.error({ err: error, text: this.#running?.segment.text }, 'the embedded voice is restarted');
    this.#worker = undefined;
    this.#watch.end();
    this.#ready.reject(error);
    this.#ready = Promise.withResolvers();
    this.#ready.promise.catch(() => {});
    const task = this.#running;
    this.#running = undefined;
    task?.done.reject(error);
    this.#next();
  }

  #refWhileBusy(): void {
    if (this.#running !== undefined || this.#waiting.length > 0) this.#worker?.ref();
    else this.#worker?.unref();
  }
}

function startFliteWorker(): FliteWorker {
  return new Worker(new URL('./flite-worker.ts', import.meta.url), { name: 'flite' });
}

function voiceOf(request: SpeechRequest): FliteVoice {
  const [, voice = ''] = (request.voice ?? '').toLowerCase().split('.');
  if (voice === 'slt' || voice === 'rms') return voice;
  return request.gender === 'male' ? 'rms' : 'slt';
}

function withPause(samples: Int16Array, pauseSamples: number): Int16Array {
  if (pauseSamples === 0) return samples;
  const chunk = new Int16Array(samples.length + pauseSamples);
  chunk.set(samples);
  return chunk;
}
