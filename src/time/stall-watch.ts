import type { Clock, Timer } from './clock.ts';

/** The silence may be that of this thread: before it counts, what waits to be heard, or is nearly done, gets so long, ms. */
const GRACE_MS = 1000;

/**
 * Watches another thread that owes an answer. One that says nothing for too long is told as stalled, but not for a
 * silence in which this thread stood still, so that its answers wait behind the timer, or the whole process, so that it
 * goes on with its work only now.
 */
export class StallWatch {
  readonly #clock: Clock;
  readonly #stallMs: number;
  readonly #onStall: () => void;
  #timer: Timer | undefined;
  #silentSince = 0;
  #suspect = false;

  /** @param onStall the watch is over then */
  constructor(clock: Clock, stallMs: number, onStall: () => void) {
    this.#clock = clock;
    this.#stallMs = stallMs;
    this.#onStall = onStall;
  }

  /** An answer is due from now on, if none was. */
  begin(): void {
    if (this.#timer !== undefined) return;
    this.#silentSince = this.#clock.monotonic();
    this.#lookAfter(this.#stallMs);
  }

  /** Something was heard; what else is due has all of the time again. */
  heard(): void {
    this.#silentSince = this.#clock.monotonic();
    this.#suspect = false;
  }

  /** Nothing is due. */
  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#suspect = false;
  }

  #lookAfter(delayMs: number): void {
    this.#timer = this.#clock.after(delayMs, () => this.#look());
  }

  #look(): void {
    const leftMs = this.#stallMs - (this.#clock.monotonic() - this.#silentSince);
    if (leftMs <= 0 && this.#suspect) {
      this.end();
      this.#onStall();
      return;
    }
    this.#suspect = leftMs <= 0;
    this.#lookAfter(this.#suspect ? GRACE_MS : leftMs);
  }
}
