/** Some have to have waited for so long: a server may stand still for a moment. */
const KNOWN_AFTER_MS = 500;
/** By what was begun in the last so many ms, or twice as many. */
const KNOWN_BY_MS = 1000;
const WINDOW_MS = 500;

/**
 * How fast calls are begun while some wait: all in all, or in the last half second where that is faster, for a server
 * that was held up for a moment (by code that is compiled, or collecting garbage) makes up for it. Times are readings of
 * the monotonic clock, ms.
 */
export class RushPace {
  #sinceMs = 0;
  #begun = 0;
  #windowSinceMs = 0;
  #windowBegun = 0;
  /** Of the last window that is over, calls in one ms. */
  #windowPerMs = 0;

  /** Somebody waits, and nobody did before. */
  start(now: number): void {
    this.#sinceMs = now;
    this.#begun = 0;
    this.#windowSinceMs = now;
    this.#windowBegun = 0;
    this.#windowPerMs = 0;
  }

  /** One was begun. */
  note(): void {
    this.#begun++;
    this.#windowBegun++;
  }

  /** Forgets what is long ago; to be called again and again. */
  pass(now: number): void {
    const windowMs = now - this.#windowSinceMs;
    if (windowMs >= WINDOW_MS) {
      this.#windowPerMs = this.#windowBegun / windowMs;
      this.#windowSinceMs = now;
      this.#windowBegun = 0;
    }
    const rushMs = now - this.#sinceMs;
    if (rushMs <= 2 * KNOWN_BY_MS) return;
    this.#begun *= KNOWN_BY_MS / rushMs;
    this.#sinceMs = now - KNOWN_BY_MS;
  }

  /** How long one waits behind `waiting` others, ms; 0 where that is not known yet. */
  foreseeMs(now: number, waiting: number): number {
    const rushMs = now - this.#sinceMs;
    if (rushMs < KNOWN_AFTER_MS) return 0;
    return waiting / Math.max(this.#begun / rushMs, this.#windowPerMs, 1 / rushMs);
  }
}
