import type { Clock, Timer } from '../../time/clock.ts';
import { expiryDelayMs, refreshDelayMs, type SessionTimer } from './session-timer.ts';

/** Runs the timer of one session (RFC 4028): calls for a refresh at half of it, and for the end at its end. */
export class SessionRefresh {
  readonly #clock: Clock;
  readonly #refresh: () => void;
  readonly #expired: () => void;
  #current: SessionTimer | undefined;
  #minSe: number | undefined;
  #refreshTimer: Timer | undefined;
  #expiryTimer: Timer | undefined;

  constructor(clock: Clock, refresh: () => void, expired: () => void) {
    this.#clock = clock;
    this.#refresh = refresh;
    this.#expired = expired;
  }

  /** What was negotiated last. */
  get current(): SessionTimer | undefined {
    return this.#current;
  }

  /** What refreshes of ours name as Min-SE: the longest that the dialog has heard of (RFC 4028 7.4), s. */
  get minSe(): number | undefined {
    return this.#minSe;
  }

  /**
   * Takes note of a Min-SE, be it of an INVITE or UPDATE of the peer or of a 422 to one of ours.
   * @returns whether it is longer than those before
   */
  takeMinSe(seconds: number | undefined): boolean {
    if (seconds === undefined || seconds <= (this.#minSe ?? 0)) return false;
    this.#minSe = seconds;
    return true;
  }

  /** Begins anew after each 2xx to INVITE or UPDATE; undefined: no timer from now on. */
  set(timer: SessionTimer | undefined): void {
    this.stop();
    this.#current = timer;
    if (timer === undefined) return;
    this.#expiryTimer = this.#clock.after(expiryDelayMs(timer), this.#expired);
    if (timer.refreshedBy === 'local') {
      this.#refreshTimer = this.#clock.after(refreshDelayMs(timer), this.#refresh);
    }
  }

  /** Tries the refresh again, the last one having failed for a while only; no effect where it is the peer's by now. */
  retryAfter(delayMs: number): void {
    if (this.#current?.refreshedBy !== 'local') return;
    this.#refreshTimer?.cancel();
    this.#refreshTimer = this.#clock.after(delayMs, this.#refresh);
  }

  stop(): void {
    this.#refreshTimer?.cancel();
    this.#expiryTimer?.cancel();
  }
}
