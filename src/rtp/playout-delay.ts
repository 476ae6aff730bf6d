/** Limits of the playout delay; all values in samples. */
export interface PlayoutDelayLimits {
  /** What the head moves in one tick: the step in which the delay changes. */
  readonly step: number;
  /** Delay of the first packet. */
  readonly start: number;
  readonly minimum: number;
  readonly maximum: number;
}

/** Delay of the first packet of a stream, where nothing else is asked for, ms. */
export const START_DELAY_MS = 40;

/** What the head should do at the next tick; `hurry` is `catchUp` that does not wait for a quiet passage. */
export type PlayoutWish = 'steady' | 'hold' | 'catchUp' | 'hurry';

/** Ticks of one observation window. Two windows must agree before the delay shrinks: 2 to 4 s at 20 ms. */
const WINDOW_TICKS = 100;

/**
 * How far the playout head stays behind the arrivals. The measure is a packet's *margin*: samples from the
 * head to its first sample when it arrives; a negative one came too late to be heard live.
 *
 *   late packet in this tick           → hold one step, unless the delay is at its maximum
 *   two windows without a small margin → catch up one step, in a quiet passage
 *   two windows above the maximum      → catch up at once
 *
 * A hold costs one step for each tick in which packets were late: jitter that lasts is covered within a few
 * packets, while one burst after a stall costs a single step. Clock drift shows as margins that shrink or
 * grow for good, and is settled by the same rules.
 */
export class PlayoutDelay {
  readonly #limits: PlayoutDelayLimits;
  #late = false;
  #ticks = 0;
  /** Smallest and largest margin of the running window and of the one before; empty: +∞ and −∞. */
  #low = Number.POSITIVE_INFINITY;
  #high = Number.NEGATIVE_INFINITY;
  #formerLow = Number.POSITIVE_INFINITY;
  #formerHigh = Number.NEGATIVE_INFINITY;
  /** A full window lies behind us, so that shrinking may be considered. */
  #settled = false;
  #shrink = false;
  /** When the first packet came, and steps that the head has still to stand still for its delay. */
  #openedMs = Number.POSITIVE_INFINITY;
  #opening = 0;
  #opened = 0;

  constructor(limits: PlayoutDelayLimits) {
    this.#limits = limits;
  }

  /**
   * The first packet of all is here, by our clock's reading. It lies where that puts it, so that nothing comes between it and
   * the time before, and the head gets its delay by standing still.
   * @param ahead samples by which it lies ahead of that place, since it came before there was a timeline: so much less delay
   *   is wanted of the head
   */
  open(ms: number, ahead = 0): void {
    const { start, step } = this.#limits;
    this.#openedMs = ms;
    this.#opening = Math.max(0, Math.ceil((start - Math.round(ahead)) / step));
  }

  /** Whether the first packet had come at a reading of the clock. */
  isOpenAt(ms: number): boolean {
    return ms >= this.#openedMs;
  }

  /** Samples by which it has stood still for that so far, but for those that it has made up for since. */
  get opened(): number {
    const high = Math.max(this.#high, this.#formerHigh);
    if (high === Number.NEGATIVE_INFINITY) return this.#opened;
    return Math.min(this.#opened, Math.max(0, Math.ceil(high)));
  }

  /** Margin to give the first packet of a stream: what the network has needed lately; none before it is {@link open}. */
  get current(): number {
    const { start, step, maximum } = this.#limits;
    if (this.#openedMs === Number.POSITIVE_INFINITY) return 0;
    // Where the head has still to stand still, margins grow by that.
    const due = this.#opening * step;
    return Math.min(maximum, Math.max(start, this.#high + due, this.#formerHigh + due)) - due;
  }

  /** A packet arrived with this margin. */
  observe(margin: number): void {
    // The first packet lies where the clock is, to a sample.
    if (margin <= -1) this.#late = true;
    if (margin < this.#low) this.#low = margin;
    if (margin > this.#high) this.#high = margin;
  }

  /** Once per tick; what was decided is told back by {@link moved}. */
  tick(): PlayoutWish {
    const { step, maximum } = this.#limits;
    const late = this.#late;
    this.#late = false;
    if (this.#opening > 0) {
      this.#opening--;
      this.#opened += this.#limits.step;
      return 'hold';
    }
    if (++this.#ticks >= WINDOW_TICKS) this.#roll();
    if (late) {
      this.#shrink = false;
      return Math.max(this.#high, this.#formerHigh) + step <= maximum ? 'hold' : 'steady';
    }
    if (!this.#shrink || !this.#mayShrink()) return 'steady';
    return this.#excessive() ? 'hurry' : 'catchUp';
  }

  /** The head moved `samples` more (positive) or less (negative) than time did: margins change with it. */
  moved(samples: number): void {
    this.#low -= samples;
    this.#high -= samples;
    this.#formerLow -= samples;
    this.#formerHigh -= samples;
    if (samples > 0) this.#shrink = this.#excessive();
  }

  /** The stream has a new place on the timeline: old margins say nothing about it. */
  reset(): void {
    this.#low = this.#formerLow = Number.POSITIVE_INFINITY;
    this.#high = this.#formerHigh = Number.NEGATIVE_INFINITY;
    this.#settled = false;
    this.#shrink = false;
    this.#late = false;
    this.#ticks = 0;
  }

  #roll(): void {
    this.#ticks = 0;
    // A window without packets (a pause of the sender) neither counts nor displaces one with packets.
    if (this.#high === Number.NEGATIVE_INFINITY) return;
    this.#shrink = this.#settled && this.#mayShrink();
    this.#formerLow = this.#low;
    this.#formerHigh = this.#high;
    this.#low = Number.POSITIVE_INFINITY;
    this.#high = Number.NEGATIVE_INFINITY;
    this.#settled = true;
  }

  #excessive(): boolean {
    return Math.min(this.#low, this.#formerLow) > this.#limits.maximum;
  }

  /** After a step less, the tightest packet must still have half a step, the loosest the minimum delay. */
  #mayShrink(): boolean {
    const { step, minimum } = this.#limits;
    const low = Math.min(this.#low, this.#formerLow);
    const high = Math.max(this.#high, this.#formerHigh);
    return low - step >= step / 2 && high - step >= minimum;
  }
}
