import type { Clock } from '../time/clock.ts';
import { RealClock } from '../time/real-clock.ts';
import { ShiftedClock } from '../time/shifted-clock.ts';
import { VirtualClock } from '../time/virtual-clock.ts';

/** The time in which a virtual call takes place. */
export interface CallTime {
  readonly clock: Clock;
  /**
   * Waits for `work`, which comes about in the time of the call. Virtual time passes only while something is
   * waited for here; between two waits it stands still, whatever the test does meanwhile.
   * @throws the error of `work`; StandstillError when it cannot come about any more
   */
  wait<T>(work: Promise<T>): Promise<T>;
}

/** Nothing is left that could happen, or too much has, or something has failed on the way. */
export class StandstillError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StandstillError';
  }
}

/** Time of the machine: for those who want to listen along. */
export class RealTime implements CallTime {
  readonly clock: Clock;

  /** @param startMs wall-clock time of the first instant, Unix ms; undefined: that of the machine */
  constructor(startMs: number | undefined) {
    const clock = new RealClock();
    this.clock = startMs === undefined ? clock : new ShiftedClock(clock, startMs - clock.now());
  }

  wait<T>(work: Promise<T>): Promise<T> {
    return work;
  }
}

/** Time that runs as fast as the machine can, and only while somebody waits. */
export class VirtualTime implements CallTime {
  readonly clock: VirtualClock;
  readonly #limitMs: number;
  readonly #waiting = new Set<(reason: Error) => void>();
  #running = false;

  /**
   * @param startMs wall-clock time of the first instant, Unix ms
   * @param limitMs how long the whole may take, ms of virtual time
   */
  constructor(startMs: number, limitMs: number) {
    this.clock = new VirtualClock(startMs);
    this.#limitMs = limitMs;
  }

  wait<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.add(reject);
      work.then(
        (value) => {
          this.#waiting.delete(reject);
          resolve(value);
        },
        (reason: unknown) => {
          this.#waiting.delete(reject);
          reject(reason);
        },
      );
      if (!this.#running) void this.#run();
    });
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    this.#running = true;
    try {
      await this.clock.settle();
      while (this.#waiting.size > 0) {
        if (this.clock.monotonic() > this.#limitMs) {
          this.#giveUp(`the call is not over after ${this.#limitMs / 1000} s of virtual time`);
        } else if (!(await this.clock.step())) {
          this.#giveUp('nothing is left to happen in virtual time');
        }
      }
    } catch (cause) {
      // Of a timer: a listener of the test, say. Time would stand still for whoever waits, now and later.
      const reason = cause instanceof Error ? cause.message : String(cause);
      this.#giveUp(`what happened in virtual time failed: ${reason}`, { cause });
    }
    this.#running = false;
  }

  #giveUp(message: string, options?: ErrorOptions): void {
    for (const reject of this.#waiting) reject(new StandstillError(message, options));
    this.#waiting.clear();
  }
}
