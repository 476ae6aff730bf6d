import { statfs } from 'node:fs/promises';
import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import type { Logger } from '../../log/logger.ts';
import type { WorkerLoad } from '../../mediaworker/worker-host.ts';
import type { Clock, Timer } from '../../time/clock.ts';
import type { RefusalReason } from './admission.ts';
import { CALM, type LoadSample, type OverloadState, stepOverload } from './overload.ts';

export interface LoadMonitorOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Media threads; each call tells what came since the one before. */
  readonly workers: () => readonly WorkerLoad[];
  /** The disk of the first of these that is there is watched. */
  readonly folders: readonly string[];
  /** Whether frames are those of calls, and what threads do is for them; default: always. */
  readonly counts?: () => boolean;
  /** Whether calls are refused while the machine cannot keep pace; default: they are. */
  readonly refuses?: boolean;
}

const SAMPLE_MS = 1000;
/** Asking the file system may wait for it; space does not go that fast. */
const DISK_EVERY_SAMPLES = 5;

/** Watches, once a second, whether the threads that calls depend on keep pace, and how much disk is left. */
export class LoadMonitor {
  readonly #options: LoadMonitorOptions;
  #utilization: EventLoopUtilization = performance.eventLoopUtilization();
  #state: OverloadState = CALM;
  #sampledMs: number;
  #freeDiskBytes: number | undefined;
  #samples: readonly LoadSample[] = [];
  /** In this second and the last one, by reason. */
  #turnedAway = new Map<RefusalReason, number>();
  #turnedAwayBefore: ReadonlyMap<RefusalReason, number> = new Map();
  #lateFrames = 0;
  #frames = 0;
  #ticks = 0;
  #timer: Timer | undefined;
  #asking = false;

  constructor(options: LoadMonitorOptions) {
    this.#options = options;
    this.#sampledMs = options.clock.monotonic();
  }

  start(): void {
    this.#timer ??= this.#options.clock.every(SAMPLE_MS, () => this.#sample());
    void this.#askDisk();
  }

  close(): void {
    this.#timer?.cancel();
  }

  /** Nobody should be let in: a media thread loses its pace. A busy main thread takes as many calls as it can. */
  get overloaded(): boolean {
    return this.#state.overloaded;
  }

  /** Calls may be refused for `overload`, or were for want of time, in this second or the last one. */
  get mayRefuse(): boolean {
    const turnsAway = this.#turnedAway.has('overload') || this.#turnedAwayBefore.has('overload');
    return turnsAway || (this.#refuses && this.overloaded);
  }

  /** One more call was turned away, without a line of the log of its own. */
  noteTurnedAway(reason: RefusalReason): void {
    this.#turnedAway.set(reason, (this.#turnedAway.get(reason) ?? 0) + 1);
  }

  get freeDiskBytes(): number | undefined {
    return this.#freeDiskBytes;
  }

  /** The last second: the main thread first, then the media threads. */
  get samples(): readonly LoadSample[] {
    return this.#samples;
  }

  /** Frames of all media threads that left more than a frame late, since the start. */
  get lateFrames(): number {
    return this.#lateFrames;
  }

  /** Frames of all media threads since the start. */
  get frames(): number {
    return this.#frames;
  }

  get #refuses(): boolean {
    return this.#options.refuses !== false;
  }

  #sample(): void {
    const now = this.#options.clock.monotonic();
    const elapsedMs = now - this.#sampledMs;
    // After a stall the clock makes up for ticks that were missed: a moment that was all work is no second of it.
    if (elapsedMs < SAMPLE_MS / 2) return;
    this.#sampledMs = now;
    const { utilization } = performance.eventLoopUtilization(this.#utilization);
    this.#utilization = performance.eventLoopUtilization();
    const workers = this.#options.workers();
    const counts = this.#options.counts?.() ?? true;
    for (const { frames, lateFrames } of counts ? workers : []) {
      this.#frames += frames;
      this.#lateFrames += lateFrames;
    }
    const media = workers.map((worker) => ({
      utilization: worker.utilization,
      late: worker.frames === 0 ? 0 : worker.lateFrames / worker.frames,
    }));
    const main = { utilization, late: 0 };
    this.#samples = [main, ...media];
    const before = this.overloaded;
    // What the server does with itself gives way to the first call: it is no reason to refuse that.
    this.#state = stepOverload(this.#state, counts ? media : []);
    if (this.overloaded !== before) this.#tell();
    if (this.#turnedAway.size > 0) {
      const told = { calls: Object.fromEntries(this.#turnedAway) };
      this.#options.log.warn(told, 'more calls come than can be taken: some are refused');
    }
    this.#turnedAwayBefore = this.#turnedAway;
    this.#turnedAway = new Map();
    if (++this.#ticks % DISK_EVERY_SAMPLES === 0) void this.#askDisk();
  }

  #tell(): void {
    const threads = this.#samples.map(({ utilization, late }) => ({
      utilization: Math.round(utilization * 100) / 100,
      late: Math.round(late * 1000) / 1000,
    }));
    const { log } = this.#options;
    if (!this.overloaded) {
      log.info({ threads }, 'the machine keeps pace again: calls are taken');
    } else if (this.#refuses) {
      log.warn({ threads }, 'the machine cannot keep pace with more calls: they are refused');
    } else {
      const why = 'they are taken all the same (limits.refuse_when_overloaded)';
      log.warn({ threads }, `the machine cannot keep pace with more calls: ${why}`);
    }
  }

  async #askDisk(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    let free: number | undefined;
    for (const folder of this.#options.folders) free ??= await freeBytes(folder);
    this.#freeDiskBytes = free;
    this.#asking = false;
  }
}

/** Space that this user may still fill, bytes; undefined when it cannot be told. */
async function freeBytes(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
