/** Missed ticks are made up at once by the clock; those that are still missing a tick later are not. */
const MISSED_TICKS = 2;
/** Ticks that were missed before the first one come within this time behind it, ms. */
const BURST_MS = 500;
/** After a standstill of the process this long, the head goes to the present in one step, ms. */
const STANDSTILL_MS = 1000;

/**
 * Counts the ticks that are due. Each call is one tick, early or late, as the clock's schedule has it; the
 * readings of the clock only show ticks that were dropped for good, or made up twice.
 */
export class TickCounter {
  /** From one tick to the next, ms. */
  readonly tickMs: number;
  /** Our clock's reading that belongs to the ticks counted so far. */
  #countedMs: number;
  #lastMs = Number.NEGATIVE_INFINITY;
  /** Our clock's reading at the first tick; NaN before it. */
  #firstMs = Number.NaN;
  /** Time that the last call left uncounted. */
  #arrearsMs = 0;

  constructor(tickMs: number, startMs: number) {
    this.tickMs = tickMs;
    this.#countedMs = startMs;
  }

  /** Time since the ticks counted so far, ms; negative for a time before them. */
  since(ms: number): number {
    return ms - this.#countedMs;
  }

  /** Whether ticks are missing that are not just being made up. */
  isLate(nowMs: number): boolean {
    return this.isRunning && nowMs - this.#countedMs >= MISSED_TICKS * this.tickMs;
  }

  /** The first tick has been. */
  get isRunning(): boolean {
    return this.#lastMs !== Number.NEGATIVE_INFINITY;
  }

  /** Whether a tick at this time comes in one burst with the first, and makes up for time before that. */
  isBeforeFirst(nowMs: number): boolean {
    return nowMs - this.#firstMs < BURST_MS && this.#isAhead(nowMs);
  }

  /** When the tick behind those counted so far is due, ms; NaN before the first. */
  get nextMs(): number {
    return this.isRunning ? this.#countedMs + this.tickMs : Number.NaN;
  }

  /** Ticks that the first one stands for if it comes now; undefined behind it. */
  firstAt(nowMs: number): number | undefined {
    if (this.isRunning) return undefined;
    return Math.min(MISSED_TICKS, Math.max(0, this.since(nowMs) / this.tickMs));
  }

  /** Before the first tick, which is due within one of the start: counts what was missed. @returns ticks to advance */
  makeUpStart(nowMs: number): number {
    if (this.isRunning) return 0;
    const missed = Math.max(0, Math.round((nowMs - this.#countedMs) / this.tickMs) - 1);
    this.#countedMs += missed * this.tickMs;
    return missed;
  }

  /** @returns ticks to advance: 1, or 0 when ahead of time, or more when some are missing */
  tick(nowMs: number): number {
    if (!this.isRunning) {
      this.#countedMs = nowMs - this.tickMs;
      this.#firstMs = nowMs;
    }
    const madeUp = nowMs - this.#lastMs < this.tickMs / 2;
    this.#lastMs = nowMs;
    if (this.#isAhead(nowMs)) return 0;
    let ticks = 1;
    if (!madeUp && this.#arrearsMs > STANDSTILL_MS) ticks += Math.floor(this.#arrearsMs / this.tickMs);
    else if (!madeUp && this.#arrearsMs >= MISSED_TICKS * this.tickMs) ticks = 2;
    this.#countedMs += ticks * this.tickMs;
    this.#arrearsMs = nowMs - this.#countedMs;
    return ticks;
  }

  #isAhead(nowMs: number): boolean {
    return nowMs - this.#countedMs < this.tickMs / 2;
  }
}
