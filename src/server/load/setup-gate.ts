import type { Clock } from '../../time/clock.ts';
import { NO_SETUP_LIMIT, type SetupLimit, stepSetupLimit } from './setup-limit.ts';
import { TokenBucket } from './token-bucket.ts';

/** So long may calls come at once that are let in one by one otherwise, s. */
const BURST_SECONDS = 0.25;

/** Lets calls in as fast as the main thread can take them ({@link stepSetupLimit}). */
export class SetupGate {
  readonly #bucket: TokenBucket;
  #limit: SetupLimit = NO_SETUP_LIMIT;
  #taken = 0;
  #refused = 0;
  #turnedAway = 0;

  constructor(clock: Clock) {
    this.#bucket = new TokenBucket(clock, 0, BURST_SECONDS);
  }

  /** Calls a second that are let in; undefined when all are. */
  get perSecond(): number | undefined {
    return this.#limit.perSecond;
  }

  /** Whether {@link ask} would let nobody in now. */
  get closed(): boolean {
    return this.#limit.perSecond !== undefined && this.#bucket.empty;
  }

  /** Calls that were turned away without asking since the last step. */
  get turnedAway(): number {
    return this.#turnedAway;
  }

  /** One more was turned away without asking. */
  turnAway(): void {
    this.#turnedAway++;
  }

  /** Asks for one more call. @returns whether it is let in */
  ask(): boolean {
    const open = this.#limit.perSecond === undefined || this.#bucket.take();
    if (open) this.#taken++;
    else this.#refused++;
    return open;
  }

  /**
   * So many seconds are over, in which the main thread was at work for this share of the time.
   * @param seconds > 0
   * @param utilization 0 to 1
   */
  step(seconds: number, utilization: number): void {
    const refused = this.#refused + this.#turnedAway;
    const second = { utilization, taken: this.#taken / seconds, refused: refused / seconds };
    this.#limit = stepSetupLimit(this.#limit, second);
    this.#taken = 0;
    this.#refused = 0;
    this.#turnedAway = 0;
    this.#bucket.perSecond = this.#limit.perSecond ?? 0;
  }
}
