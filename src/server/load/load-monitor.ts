import { statfs } from 'node:fs/promises';
import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import type { Logger } from '../../log/logger.ts';
import type { WorkerLoad } from '../../mediaworker/worker-host.ts';
import type { Clock, Timer } from '../../time/clock.ts';
import { CALM, type LoadSample, type OverloadState, stepOverload } from './overload.ts';
import { SetupGate } from './setup-gate.ts';

export interface LoadMonitorOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Media threads; each call tells what came since the one before. */
  readonly workers: () => readonly WorkerLoad[];
  /** The disk of the first of these that is there is watched. */
  readonly folders: readonly string[];
  /** Whether frames are those of calls; default: always. */
  readonly counts?: () => boolean;
}

const SAMPLE_MS = 1000;
/** Asking the file system may wait for it; space does not go that fast. */
const DISK_EVERY_SAMPLES = 5;

/** Watches, once a second, whether the threads that calls depend on keep pace, and how much disk is left. */
export class LoadMonitor {
  readonly #options: LoadMonitorOptions;
  /** Lets calls in as fast as the main thread can take them. */
  readonly setups: SetupGate;
  #utilization: EventLoopUtilization = performance.eventLoopUtilization();
  #state: OverloadState = CALM;
  #freeDiskBytes: number | undefined;
  #samples: readonly LoadSample[] = [];
  #lateFrames = 0;
  #frames = 0;
  #ticks = 0;
  #timer: Timer | undefined;
  #asking = false;

  constructor(options: LoadMonitorOptions) {
    this.#options = options;
    this.setups = new SetupGate(options.clock);
  }

  start(): void {
    this.#timer ??= this.#options.clock.every(SAMPLE_MS, () => this.#sample());
    void this.#askDisk();
  }

  close(): void {
    this.#timer?.cancel();
  }

  /** Nobody can be let in: a media thread loses its pace, or the main thread has no time for even one call. */
  get overloaded(): boolean {
    return this.#state.overloaded || this.setups.perSecond === 0;
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

  #sample(): void {
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
    this.#samples = [{ utilization, late: 0 }, ...media];
    const before = this.#state.overloaded;
    this.#state = stepOverload(this.#state, media);
    if (this.#state.overloaded !== before) this.#tell();
    const limited = this.setups.perSecond !== undefined;
    this.setups.step(utilization);
    if ((this.setups.perSecond !== undefined) !== limited) this.#tellLimit();
    if (++this.#ticks % DISK_EVERY_SAMPLES === 0) void this.#askDisk();
  }

  #tell(): void {
    const threads = this.#samples.map(({ utilization, late }) => ({
      utilization: Math.round(utilization * 100) / 100,
      late: Math.round(late * 1000) / 1000,
    }));
    if (this.#state.overloaded) {
      this.#options.log.warn({ threads }, 'the machine cannot keep pace with more calls: they are refused');
    } else {
      this.#options.log.info({ threads }, 'the machine keeps pace again: calls are taken');
    }
  }

  #tellLimit(): void {
    const { perSecond } = this.setups;
    if (perSecond === undefined) {
      this.#options.log.info({}, 'all calls that come can be set up in time again');
    } else {
      const limit = { set_ups_per_second: Math.round(perSecond) };
      this.#options.log.warn(limit, 'more calls come than can be set up in time');
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
