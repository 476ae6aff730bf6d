import type { Logger } from '../../log/logger.ts';
import type { Clock } from '../../time/clock.ts';

/** A server that does not know what it is asked: whoever changes that restarts something. */
const UNKNOWN_MS = 600_000;
/** One that failed may be back. */
const FAILED_MS = 60_000;

/** A better way that failed: left alone for a time, with one warning, so that its failure costs one utterance at most. */
export class Outage {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #way: string;
  #untilMs = Number.NEGATIVE_INFINITY;

  /** @param way what goes on instead, for the warning */
  constructor(clock: Clock, log: Logger, way: string) {
    this.#clock = clock;
    this.#log = log;
    this.#way = way;
  }

  get lasts(): boolean {
    return this.#clock.monotonic() < this.#untilMs;
  }

  /** @param unknown the server does not speak the protocol at all */
  begin(reason: string, unknown: boolean): void {
    if (this.lasts) return;
    const ms = unknown ? UNKNOWN_MS : FAILED_MS;
    this.#untilMs = this.#clock.monotonic() + ms;
    this.#log.warn({}, `${reason}; ${this.#way}, and this is tried again in ${ms / 60_000} min`);
  }
}
