import type { Clock, Timer } from '../time/clock.ts';

/** The time after which a call is ended: of several limits the earliest counts. */
export class DurationLimit {
  readonly #clock: Clock;
  readonly #onReached: () => void;
  #timer: Timer | undefined;
  /** When it is reached, on the clock's monotonic scale, ms. */
  #endMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, onReached: () => void) {
    this.#clock = clock;
    this.#onReached = onReached;
  }

  /** @param seconds from now */
  limit(seconds: number): void {
    const endMs = this.#clock.monotonic() + seconds * 1000;
    if (endMs >= this.#endMs) return;
    this.#endMs = endMs;
    this.#timer?.cancel();
    this.#timer = this.#clock.after(seconds * 1000, this.#onReached);
  }

  cancel(): void {
    this.#timer?.cancel();
  }
}
