import type { Clock, Timer } from './clock.ts';

/** The clock as it was at a moment shortly before. */
export class MomentClock implements Clock {
  /** NaN: now. */
  momentMs = Number.NaN;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    const { momentMs } = this;
    const now = this.#clock.now();
    return Number.isNaN(momentMs) ? now : now - Math.max(0, this.#clock.monotonic() - momentMs);
  }

  monotonic(): number {
    const { momentMs } = this;
    return Number.isNaN(momentMs) ? this.#clock.monotonic() : momentMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#clock.after(delayMs, callback);
  }

  every(intervalMs: number, callback: () => void): Timer {
    return this.#clock.every(intervalMs, callback);
  }

  holdWhile<T>(work: Promise<T>): Promise<T> {
    return this.#clock.holdWhile(work);
  }
}
