import type { Logger } from '../../log/logger.ts';
import type { Clock } from '../../time/clock.ts';

/** A server that does not know what it is asked: whoever changes that restarts something. */
const UNKNOWN_MS = 600_000;
/** One that failed may be back. */
const FAILED_MS = 60_000;
/** Refusals that say nothing of the way of the answer: no key that is good, too slow, too many at once. */
const PASSING: ReadonlySet<number> = new Set([401, 403, 408, 429]);

/** Whether a server that answers so does not know what it is asked. */
export function isUnknown(status: number): boolean {
  return (status < 500 && !PASSING.has(status)) || status === 501;
}

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
