import type { Clock, Timer } from './clock.ts';

/**
 * Work that is asked for more often than it is to be done: at the end of the turn of the event loop that asks first,
 * but not within `everyMs` of the last time. So it comes at once where it is rare, and serves many who ask where they
 * are many: what wakes another thread costs more than what it brings.
 */
export class PacedWork {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #work: () => void;
  #lastMs = Number.NEGATIVE_INFINITY;
  #asked = false;
  #timer: Timer | undefined;
  readonly #due = (): void => {
    if (this.#asked) this.run();
  };

  constructor(clock: Clock, everyMs: number, work: () => void) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#work = work;
  }

  ask(): void {
    if (this.#asked) return;
    this.#asked = true;
    const waitMs = this.#lastMs + this.#everyMs - this.#clock.monotonic();
    if (waitMs <= 0) setImmediate(this.#due);
    else this.#timer = this.#clock.after(waitMs, this.#due);
  }

  /** Does it now, whether asked for or not; who has asked is served. */
  run(): void {
    this.#asked = false;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#lastMs = this.#clock.monotonic();
    this.#work();
  }
}
