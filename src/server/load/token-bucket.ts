import type { Clock } from '../../time/clock.ts';

/** Lets so many through in a second, and some of them at once. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #perSecond: number;
  #tokens: number;
  #at: number;

  /** @param perSecond > 0; a second's worth may come at once, one at least */
  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#tokens = this.#room;
    this.#at = clock.monotonic();
  }

  /** @returns whether there was a token left */
  take(): boolean {
    if (this.empty) return false;
    this.#tokens -= 1;
    return true;
  }

  /** {@link take} would find nothing. */
  get empty(): boolean {
    this.#fill();
    return this.#tokens < 1;
  }

  get #room(): number {
    return Math.max(1, this.#perSecond);
  }

  #fill(): void {
    const now = this.#clock.monotonic();
    const filled = this.#tokens + ((now - this.#at) * this.#perSecond) / 1000;
    this.#tokens = Math.min(filled, this.#room);
    this.#at = now;
  }
}
