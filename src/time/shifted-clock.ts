import type { Clock, Timer } from './clock.ts';

/** Another clock, whose wall-clock time differs from it by as much throughout. */
export class ShiftedClock implements Clock {
  readonly #clock: Clock;
  readonly #shiftMs: number;

  constructor(clock: Clock, shiftMs: number) {
    this.#clock = clock;
    this.#shiftMs = shiftMs;
  }

  now(): number {
    return this.#clock.now() + this.#shiftMs;
  }

  monotonic(): number {
    return this.#clock.monotonic();
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
