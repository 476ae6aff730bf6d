import type { Clock } from '../../time/clock.ts';

/** Lets so many through in a second, and a second's worth at once. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #perSecond: number;
  #tokens: number;
  #at: number;

  /** @param perSecond > 0 */
  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#tokens = Math.max(1, perSecond);
    this.#at = clock.monotonic();
  }

  /** @returns whether there was a token left */
  take(): boolean {
    const now = this.#clock.monotonic();
    const filled = this.#tokens + ((now - this.#at) * this.#perSecond) / 1000;
    this.#tokens = Math.min(filled, Math.max(1, this.#perSecond));
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
