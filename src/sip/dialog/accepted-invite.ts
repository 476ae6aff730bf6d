import type { Clock, Timer } from '../../time/clock.ts';
import type { SipRequest } from '../message/message.ts';
import type { SipTimers } from '../timers.ts';

export interface AcceptedInviteOptions {
  readonly clock: Clock;
  readonly timers: SipTimers;
  /** CSeq number of the INVITE. */
  readonly sequence: number;
  /** Sends the 2xx again. */
  readonly repeat: () => void;
  /** `ack` is undefined when a later request of the peer shows that it got the 2xx. */
  readonly acknowledged: (ack: SipRequest | undefined) => void;
  /** No ACK came in 64 × T1. */
  readonly gaveUp: () => void;
}

/**
 * A 2xx to an INVITE that is sent until its ACK comes, on every transport (RFC 3261 13.3.1.4): a proxy between
 * may lose it.
 */
export class AcceptedInvite {
  readonly #options: AcceptedInviteOptions;
  readonly #again = (): void => this.#repeatOrGiveUp();
  #interval: number;
  /** For which it is still waited, behind the next repetition as well, ms. */
  #leftMs: number;
  #timer: Timer;
  #settled = false;

  constructor(options: AcceptedInviteOptions) {
    const { clock, timers } = options;
    this.#options = options;
    this.#interval = timers.t1;
    this.#leftMs = 64 * timers.t1 - this.#interval;
    this.#timer = clock.after(this.#interval, this.#again);
  }

  get sequence(): number {
    return this.#options.sequence;
  }

  /** The ACK came, or `undefined`: the peer has gone on without one. */
  acknowledge(ack: SipRequest | undefined): void {
    if (this.#settled) return;
    this.stop();
    this.#options.acknowledged(ack);
  }

  /** Nobody waits any more. */
  stop(): void {
    this.#settled = true;
    this.#timer.cancel();
  }

  #repeatOrGiveUp(): void {
    const { clock, timers, repeat, gaveUp } = this.#options;
    if (this.#leftMs <= 0) {
      this.stop();
      gaveUp();
      return;
    }
    repeat();
    this.#interval = Math.min(2 * this.#interval, timers.t2);
    const waitMs = Math.min(this.#interval, this.#leftMs);
    this.#leftMs -= waitMs;
    this.#timer = clock.after(waitMs, this.#again);
  }
}
