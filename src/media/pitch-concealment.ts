import { PitchPeriod } from './pitch-period.ts';

/**
 * What is heard in the place of audio that was lost (ITU-T G.711 Appendix I): the last pitch period again and
 * again, of growing variety, faded out. Where the audio behind the gap is there, too, the gap is closed from
 * both sides. Received samples are never touched, so there is no delay, and no sample moves.
 */

/** Shortest and longest pitch period that is looked for, ms (200 and 66 Hz). */
const MIN_PERIOD_MS = 5;
const MAX_PERIOD_MS = 15;
/** Stretch of the audio beside the gap that is held against itself one period away, ms. */
const MATCH_MS = 20;
/** The same where there is little audio, such as one packet behind the gap. */
const MIN_MATCH_MS = 5;
/** The first samples of a gap repeat at full level for so long, ms; each further 10 ms takes a fifth away. */
const FULL_MS = 10;
/** Nothing is made up beyond this, ms. */
export const FADE_MS = 60;
/** Longest stretch in which the two sides of a gap are faded into each other, ms. */
export const JOIN_MS = 20;
/** A repetition grows by one period each this many ms, up to three, so that it does not buzz. */
const GROW_MS = 10;
const MAX_PERIODS = 3;
/** Rate at which the period is looked for first, Hz. */
const SEARCH_RATE = 8000;

/** Audio on either side of a gap that {@link PitchConcealer} makes use of, ms. */
export const CONTEXT_MS = MAX_PERIOD_MS * MAX_PERIODS + MAX_PERIOD_MS / 4;

/** Closes gaps in audio of one sample rate. Keeps nothing from one gap to the next. */
export class PitchConcealer {
  /** Samples of context on either side: more is not looked at. */
  readonly context: number;
  readonly #perMs: number;
  readonly #fade: number;
  readonly #join: number;
  readonly #side: Int16Array;
  readonly #repeated: Float32Array;
  readonly #forward: Float32Array;
  readonly #backward: Float32Array;
  readonly #pitch: PitchPeriod;
  /** Gains of what is made up. */
  readonly #fading: Float64Array;

  /** @param sampleRate Hz, a multiple of 8000 */
  constructor(sampleRate: number) {
    this.#perMs = sampleRate / 1000;
    this.context = Math.ceil(CONTEXT_MS * this.#perMs);
    this.#fade = FADE_MS * this.#perMs;
    this.#join = JOIN_MS * this.#perMs;
    this.#side = new Int16Array(this.context);
    this.#repeated = new Float32Array(this.context);
    this.#forward = new Float32Array(this.#fade);
    this.#backward = new Float32Array(this.#join);
    this.#fading = Float64Array.from({ length: this.#fade }, (_, n) => fading(n / this.#perMs));
    this.#pitch = new PitchPeriod((MAX_PERIOD_MS + MATCH_MS) * this.#perMs);
  }

  /** The lag at which the end of `side` looks most like itself, samples; 0: there is too little of it. */
  periodOf(side: Int16Array, length: number): number {
    const coarse = this.#perMs / (SEARCH_RATE / 1000);
    const shortest = MIN_PERIOD_MS * this.#perMs;
    const longest = Math.min(MAX_PERIOD_MS * this.#perMs, length - MIN_MATCH_MS * this.#perMs - 1);
    if (longest < shortest) return 0;
    const start = Math.max(longest, length - MATCH_MS * this.#perMs);
    const near = this.#pitch.best(side, start, length, shortest, longest, coarse);
    if (coarse === 1) return near;
    const from = Math.max(shortest, near - coarse + 1);
    return this.#pitch.best(side, start, length, from, Math.min(longest, near + coarse - 1), 1);
  }

  /**
   * Makes up a gap.
   * @param past what lies before it, its last `pastLength` samples counting (≤ {@link context} of them)
   * @param gap samples of it, as far as it is known
   * @param future what lies behind it, `futureLength` samples; none while its end is not known
   * @param openFrom first sample of the gap that nobody has heard yet: joins stay behind it
   * @param dest gets the gap from its first sample on
   * @param period of `past`, if it is known: that of a gap that grows need not be looked for again
   */
  conceal(
    past: Int16Array,
    pastLength: number,
    gap: number,
    future: Int16Array,
    futureLength: number,
    openFrom: number,
    dest: Int16Array,
    period = this.periodOf(past, pastLength),
  ): void {
    const made = Math.min(gap, this.#fade);
    this.#extend(past, pastLength, period, made, this.#forward);
    for (let n = 0; n < made; n++) dest[n] = clip(this.#forward[n]! * this.#fading[n]!);
    dest.fill(0, made, gap);
    if (futureLength === 0) return;
    const join = Math.min(this.#join, gap - openFrom);
    if (join <= 0) return;
    this.#reverse(future, futureLength);
    const known = Math.min(futureLength, this.context);
    this.#extend(this.#side, known, this.periodOf(this.#side, known), join, this.#backward);
    const from = gap - join;
    for (let n = 0; n < join; n++) {
      const rising = (n + 0.5) / join;
      dest[from + n] = clip((1 - rising) * dest[from + n]! + rising * this.#backward[join - 1 - n]!);
    }
  }

  #reverse(samples: Int16Array, length: number): void {
    const count = Math.min(length, this.context);
    for (let n = 0; n < count; n++) this.#side[n] = samples[count - 1 - n]!;
  }

  /** Goes on with the first `length` samples of `side` for `count` samples, as if they were periodic. */
  #extend(side: Int16Array, length: number, period: number, count: number, dest: Float32Array): void {
    if (period === 0) {
      dest.fill(0, 0, count);
      return;
    }
    const quarter = Math.max(1, period >> 2);
    // The first repetition follows another sample than that which it followed once; the step is spread.
    const step = side[length - 1]! - side[length - period - 1]!;
    const grow = GROW_MS * this.#perMs;
    const most = Math.min(MAX_PERIODS, Math.floor((length - quarter) / period));
    this.#repeat(side, length, period, 1);
    let periods = 1;
    for (let n = 0; n < count; ) {
      if (periods < most && n >= periods * grow)
        n = this.#change(side, length, period, periods, ++periods, n, count, dest);
      const until = periods < most ? Math.min(count, periods * grow) : count;
      const span = periods * period;
      for (let phase = n % span; n < until; n++) {
        dest[n] = this.#repeated[phase]!;
        if (++phase === span) phase = 0;
      }
    }
    for (let n = Math.min(quarter, count) - 1; n >= 0; n--) dest[n] = dest[n]! + step * (1 - n / quarter);
  }

  /** Fades from one repetition into a longer one. @returns the sample behind */
  #change(
    side: Int16Array,
    length: number,
    period: number,
    former: number,
    periods: number,
    from: number,
    count: number,
    dest: Float32Array,
  ): number {
    const quarter = Math.max(1, period >> 2);
    const end = Math.min(from + quarter, count);
    for (let n = from; n < end; n++) dest[n] = this.#repeated[n % (former * period)]!;
    this.#repeat(side, length, period, periods);
    for (let n = from; n < end; n++) {
      const rising = (n - from + 0.5) / quarter;
      dest[n] = (1 - rising) * dest[n]! + rising * this.#repeated[n % (periods * period)]!;
    }
    return end;
  }

  /** The last periods, their end faded into what came before their beginning, so that they can follow themselves. */
  #repeat(side: Int16Array, length: number, period: number, periods: number): void {
    const span = periods * period;
    const quarter = Math.max(1, period >> 2);
    const from = length - span;
    for (let n = 0; n < span; n++) this.#repeated[n] = side[from + n]!;
    for (let n = 0; n < quarter; n++) {
      const at = span - quarter + n;
      const rising = (n + 0.5) / quarter;
      this.#repeated[at] = (1 - rising) * this.#repeated[at]! + rising * side[from - quarter + n]!;
    }
  }
}

/** Gain of what is made up `ms` behind the last sample that is known. */
function fading(ms: number): number {
  return ms < FULL_MS ? 1 : Math.max(0, 1 - (ms - FULL_MS) / (FADE_MS - FULL_MS));
}

function clip(value: number): number {
  return value > 32767 ? 32767 : value < -32768 ? -32768 : Math.round(value);
}
