import type { Clock } from '../../time/clock.ts';

/** Lets so many through in a second, and some of them at once. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #burstSeconds: number;
  #perSecond: number;
  #tokens: number;
  #at: number;

  /**
   * @param perSecond ≥ 0
   * @param burstSeconds so many seconds' worth may come at once, one at least; default 1
   */
  constructor(clock: Clock, perSecond: number, burstSeconds = 1) {
    this.#clock = clock;
    this.#burstSeconds = burstSeconds;
    this.#perSecond = perSecond;
    this.#tokens = this.#room;
    this.#at = clock.monotonic();
  }

  /** From now on; what is in it stays, as far as it has room. */
  set perSecond(perSecond: number) {
    this.#fill();
    this.#perSecond = perSecond;
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
    return Math.max(1, this.#perSecond * this.#burstSeconds);
  }

  #fill(): void {
    const now = this.#clock.monotonic();
    const filled = this.#tokens + ((now - this.#at) * this.#perSecond) / 1000;
    this.#tokens = Math.min(filled, this.#room);
    this.#at = now;
  }
}
