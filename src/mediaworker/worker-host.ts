import { url as inspectorUrl } from 'node:inspector';
import type { EventLoopUtilization } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { Holdings } from '../io-uring/holdings.ts';
import { loadLibc } from '../io-uring/libc.ts';
import type { Logger } from '../log/logger.ts';
import { type Clock, type Timer, within } from '../time/clock.ts';
import { PacedWork } from '../time/paced-work.ts';
import { TurnQueue } from '../time/turn-queue.ts';
import { MESSAGE_PACE_MS } from './event-poster.ts';
import { type MediaCommand, type MediaEvent, type MediaHost, NO_STATISTICS } from './protocol.ts';
import { LOOK_MS, PULSE, PulseWatch } from './pulse-watch.ts';
import type {
  FrameCounts,
  FromWorker,
  MediaWorkerData,
  MediaWorkerStart,
  ToWorker,
} from './worker-messages.ts';

export interface WorkerMediaHostOptions {
  readonly data: MediaWorkerData;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called when the thread is no more, whatever ended it. */
  readonly onExit?: () => void;
  /** For tests: another program of the thread. */
  readonly entry?: URL;
}

/** What a thread did since it was last asked. */
export interface WorkerLoad extends FrameCounts {
  /** Share of the time in which it was at work, 0 to 1. */
  readonly utilization: number;
  /** Sessions that are open or opening now. */
  readonly sessions: number;
}

/** Memory in use, bytes. */
export interface ThreadMemory {
  readonly heap: number;
  /** Buffers and the like, outside the heap. */
  readonly external: number;
}

/**
 * Of a thread's heap, room for what is just made. Packets are that, and are forgotten at once: with more room, they
 * lie about longer before they are collected, and that takes 25 MB more, but no less time.
 */
const YOUNG_GENERATION_MB = 12;
/** Time for events of the thread in one turn of the main thread, ms. */
const EVENTS_TURN_MS = 0.5;
/** Who asks for its memory does not wait longer for a thread, ms. */
const MEMORY_WAIT_MS = 1000;
const NO_FRAMES: FrameCounts = { frames: 0, lateFrames: 0 };

/**
 * Media sessions in a worker thread. When the thread dies, each of its sessions ends with `closed`, so that
 * only its own calls are lost, and the next session starts a new thread. A thread that hangs is ended, with the same
 * outcome.
 */
export class WorkerMediaHost implements MediaHost {
  readonly #options: WorkerMediaHostOptions;
  readonly #listeners = new Map<string, (event: MediaEvent) => void>();
  /** RTP ports that the thread has bound ahead. */
  #spares: number[] = [];
  /** On their way to the thread. */
  #commands: MediaCommand[] = [];
  readonly #messages: PacedWork;
  readonly #events: TurnQueue<MediaEvent>;
  #worker: Worker | undefined;
  #watch: Timer | undefined;
  #memory: ThreadMemory = { heap: 0, external: 0 };
  /** {@link PULSE} of the thread. */
  #pulse: Int32Array | undefined;
  /** What it had counted when last asked, modulo 2^32. */
  #askedFrames = NO_FRAMES;
  #askedUtilization: EventLoopUtilization | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: WorkerMediaHostOptions) {
    this.#options = options;
    this.#messages = new PacedWork(options.clock, MESSAGE_PACE_MS, () => this.#flush());
    this.#events = new TurnQueue(options.clock, EVENTS_TURN_MS, (event) => this.#deliver(event));
  }

  /** Starts the thread ahead of the first session, which would otherwise wait for it. @throws Error when it cannot */
  warmUp(): void {
    this.#worker ??= this.#start();
  }

  /** Sessions that are open or opening here. */
  get load(): number {
    return this.#listeners.size;
  }

  /** More has happened in the thread than there was time for here. */
  get isBehind(): boolean {
    return this.#events.size > 0;
  }

  /** RTP ports that the next sessions here will have, whatever others take. */
  get sparePorts(): number {
    return this.#spares.length;
  }

  /** What the thread did since the last call; nothing while there is none. */
  takeLoad(): WorkerLoad {
    const performance = this.#worker?.performance;
    const utilization = performance?.eventLoopUtilization(this.#askedUtilization).utilization ?? 0;
    this.#askedUtilization = performance?.eventLoopUtilization();
    const asked = this.#askedFrames;
    this.#askedFrames = countedBy(this.#pulse);
    const { frames, lateFrames } = this.#askedFrames;
    return {
      sessions: this.load,
      utilization,
      frames: (frames - asked.frames) >>> 0,
      lateFrames: (lateFrames - asked.lateFrames) >>> 0,
    };
  }

  /** What the thread has in use; nothing while there is none. One that does not answer: what it had when last asked. */
  async memory(): Promise<ThreadMemory> {
    if (this.#worker === undefined) return { heap: 0, external: 0 };
    const answer = this.#worker.getHeapStatistics().then((statistics) => {
      this.#memory = { heap: statistics.used_heap_size, external: statistics.external_memory };
    });
    // It may end just now.
    await within(this.#options.clock, answer, MEMORY_WAIT_MS);
    return this.#memory;
  }

  send(command: MediaCommand, urgent = false): void {
    if (this.#closing !== undefined && command.type === 'open') throw new Error('the media host is closed');
    if (this.#worker === undefined && command.type !== 'open') return;
    if (!this.#hasThread(command.sessionId)) return;
    this.#commands.push(command.type === 'open' ? this.#openAhead(command) : command);
    if (urgent) this.#messages.run();
    else this.#messages.ask();
  }

  subscribe(sessionId: string, listener: (event: MediaEvent) => void): void {
    this.#listeners.set(sessionId, listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  /** Gives a session a port that is bound already, so that nobody waits for the thread. */
  #openAhead(command: Extract<MediaCommand, { readonly type: 'open' }>): MediaCommand {
    const { sessionId, bindAddress } = command;
    const rtpPort = bindAddress === this.#options.data.spare?.bindAddress ? this.#spares.shift() : undefined;
    if (rtpPort === undefined) return command;
    queueMicrotask(() => this.#deliver({ type: 'opened', sessionId, rtpPort }));
    return { ...command, rtpPort };
  }

  /** @returns whether there is one, be it a new one; else the session is told that it cannot be opened */
  #hasThread(sessionId: string): boolean {
    try {
      this.#worker ??= this.#start();
      return true;
    } catch (cause) {
      this.#options.log.error({ err: cause }, 'a media thread cannot be started');
      const error = `its media thread cannot be started: ${messageOf(cause)}`;
      queueMicrotask(() => this.#deliver({ type: 'openFailed', sessionId, error }));
      return false;
    }
  }

  #flush(): void {
    if (this.#commands.length === 0) return;
    const commands = this.#commands;
    this.#commands = [];
    this.#worker?.postMessage({ kind: 'commands', commands } satisfies ToWorker);
  }

  #start(): Worker {
    const holdings = Holdings.memory();
    const pulse = new SharedArrayBuffer(PULSE.words * Int32Array.BYTES_PER_ELEMENT);
    const { data, entry = new URL('./worker-main.ts', import.meta.url) } = this.#options;
    const worker = new Worker(entry, {
      workerData: { ...data, holdings, pulse } satisfies MediaWorkerStart,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'events') this.#events.put(message.events);
      else if (message.kind === 'spare') this.#spares.push(...message.rtpPorts);
      else if (message.kind === 'log') this.#options.log[message.level](message.fields, message.message);
    });
    worker.on('error', (cause) => this.#options.log.error({ err: cause }, 'media worker failed'));
    this.#pulse = new Int32Array(pulse);
    this.#watch = this.#watchPulse(worker, this.#pulse);
    worker.on('exit', () => {
      release(new Holdings(holdings), this.#options.log);
      if (this.#worker === worker) {
        this.#watch?.cancel();
        this.#memory = { heap: 0, external: 0 };
        this.#worker = undefined;
        this.#spares = [];
        this.#commands = [];
        this.#pulse = undefined;
        this.#askedFrames = NO_FRAMES;
        this.#askedUtilization = undefined;
      }
      this.#options.onExit?.();
      const lost = [...this.#listeners.keys()];
      this.#events.flush();
      this.#loseAll(lost);
    });
    return worker;
  }

  /** Ends a thread that hangs: nothing else would free its calls, nor let the process leave. */
  #watchPulse(worker: Worker, pulse: Int32Array): Timer {
    const { clock, log } = this.#options;
    const watch = new PulseWatch();
    const timer = clock.every(LOOK_MS, () => {
      const beats = Atomics.load(pulse, PULSE.beats);
      // Somebody who debugs may hold it for as long as he likes.
      if (!watch.look(beats, clock.monotonic()) || inspectorUrl() !== undefined) return;
      timer.cancel();
      log.error({ sessions: this.load }, 'media worker hangs: it is ended, and its calls with it');
      void worker.terminate();
    });
    return timer;
  }

  async #stop(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    await new Promise<void>((resolve) => {
      worker.once('exit', () => resolve());
      this.#messages.run();
      worker.postMessage({ kind: 'close' } satisfies ToWorker);
    });
  }

  #loseAll(sessionIds: readonly string[]): void {
    for (const sessionId of sessionIds) {
      this.#deliver({ type: 'closed', sessionId, statistics: NO_STATISTICS, lost: true });
    }
  }

  #deliver(event: MediaEvent): void {
    const listener = this.#listeners.get(event.sessionId);
    if (event.type === 'closed' || event.type === 'openFailed') this.#listeners.delete(event.sessionId);
    listener?.(event);
  }
}

export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** By its last beat, modulo 2^32; nothing where there is no thread. */
function countedBy(pulse: Int32Array | undefined): FrameCounts {
  if (pulse === undefined) return NO_FRAMES;
  return { frames: Atomics.load(pulse, PULSE.frames), lateFrames: Atomics.load(pulse, PULSE.lateFrames) };
}

/** Frees what a thread had no time to: its ports would stay bound to the end of the process. */
function release(holdings: Holdings, log: Logger): void {
  const mappings = holdings.takeMappings();
  const descriptors = holdings.takeDescriptors();
  if (mappings.length + descriptors.length === 0) return;
  try {
    const libc = loadLibc();
    for (const mapping of mappings) libc.unmap(mapping);
    for (const fd of descriptors) libc.close(fd);
  } catch (cause) {
    // Its calls are to be told of its end in any case.
    log.error(
      { err: cause },
      'what a media worker left open could not all be closed: some RTP ports stay in use',
    );
  }
}
