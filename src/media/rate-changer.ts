import { bessel } from './bessel.ts';

/** Sample rates of calls (8, 16, 24 and 48 kHz) turned into each other: pure, streaming, without allocation. */

/** Length of the prototype filter on either side of its centre, in samples of the lower rate. */
const HALF_WIDTH = 24;
/** Share of the lower rate's band that passes; what is left is the slope down to its Nyquist frequency. */
const PASS = 0.93;
/** Kaiser window: 80 dB of rejection (Oppenheim and Schafer, Discrete-Time Signal Processing 7.5.3). */
const BETA = 7.857;

/** Filters are the same for every stream between two rates; by factor, negative for the way down. */
const filters = new Map<number, readonly Float64Array[]>();

/**
 * Changes the rate of a stream by a whole factor, up or down: a windowed-sinc low pass at the lower of the two
 * Nyquist frequencies, applied in polyphase form. Delays by {@link HALF_WIDTH} samples of the lower rate.
 */
export class RateChanger {
  readonly #factor: number;
  readonly #up: boolean;
  /** Of the filter, those that meet inputs for each output between two of them, for the oldest input first. */
  readonly #phases: readonly Float64Array[];
  /** The last inputs, twice in a row so that a window never wraps. */
  readonly #history: Float64Array;
  readonly #length: number;
  #at = 0;
  /** Inputs since the last output, when going down. */
  #skipped = 0;

  /**
   * @param fromRate Hz
   * @param toRate Hz; one of the two is a whole multiple of the other
   * @throws RangeError when neither is
   */
  constructor(fromRate: number, toRate: number) {
    this.#up = toRate >= fromRate;
    const [low, high] = this.#up ? [fromRate, toRate] : [toRate, fromRate];
    this.#factor = high / low;
    if (!Number.isInteger(this.#factor)) {
      throw new RangeError(
        `${fromRate} Hz cannot be turned into ${toRate} Hz: neither is a multiple of the other`,
      );
    }
    this.#phases = phasesOf(this.#factor, this.#up);
    this.#length = this.#phases[0]!.length;
    this.#history = new Float64Array(2 * this.#length);
  }

  /** By how much the output is late, in samples of the higher rate. */
  get delay(): number {
    // Going down, an output is known when the last of its inputs has come, and stands for the first.
    return (2 * HALF_WIDTH * this.#factor - 1) / 2 - (this.#up ? 0 : this.#factor - 1);
  }

  /** Most samples that {@link process} makes of `count`. */
  outputOf(count: number): number {
    return this.#up ? count * this.#factor : Math.ceil(count / this.#factor);
  }

  /**
   * Takes `count` samples of `source` from `from` on; `dest` has room for {@link outputOf} of them at `offset`.
   * @returns samples written
   */
  process(source: Int16Array, from: number, count: number, dest: Int16Array, offset: number): number {
    const history = this.#history;
    const phases = this.#phases;
    const length = this.#length;
    const factor = this.#factor;
    let at = this.#at;
    let written = offset;
    for (let index = from; index < from + count; index++) {
      history[at] = source[index]!;
      history[at + length] = source[index]!;
      if (++at === length) at = 0;
      if (this.#up) {
        for (let phase = 0; phase < factor; phase++) dest[written++] = filtered(history, at, phases[phase]!);
      } else if (++this.#skipped === factor) {
        this.#skipped = 0;
        dest[written++] = filtered(history, at, phases[0]!);
      }
    }
    this.#at = at;
    return written - offset;
  }
}

/** The window of `history` from `at` on, oldest first, through `taps`. Four sums, since one would wait for itself. */
function filtered(history: Float64Array, at: number, taps: Float64Array): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let i = 0; i < taps.length; i += 4) {
    a += history[at + i]! * taps[i]!;
    b += history[at + i + 1]! * taps[i + 1]!;
    c += history[at + i + 2]! * taps[i + 2]!;
    d += history[at + i + 3]! * taps[i + 3]!;
  }
  return clip(a + b + (c + d));
}

/** On the way up each output has its own share of the filter; its gain makes up for the zeros between inputs. */
function phasesOf(factor: number, up: boolean): readonly Float64Array[] {
  const known = filters.get(up ? factor : -factor);
  if (known !== undefined) return known;
  const taps = lowPass(factor);
  const phases = Array.from({ length: up ? factor : 1 }, (_, phase) =>
    up
      ? taps
          .filter((__, n) => n % factor === phase)
          .map((tap) => factor * tap)
          .reverse()
      : taps.reverse(),
  );
  filters.set(up ? factor : -factor, phases);
  return phases;
}

function lowPass(factor: number): Float64Array {
  const count = 2 * HALF_WIDTH * factor;
  const centre = (count - 1) / 2;
  const cutoff = PASS / factor;
  const taps = Float64Array.from({ length: count }, (_, n) => {
    const x = n - centre;
    const angle = Math.PI * cutoff * x;
    const sinc = x === 0 ? cutoff : (cutoff * Math.sin(angle)) / angle;
    return sinc * (bessel(BETA * Math.sqrt(1 - (x / (centre + 0.5)) ** 2)) / bessel(BETA));
  });
  const gain = taps.reduce((sum, tap) => sum + tap, 0);
  return taps.map((tap) => tap / gain);
}

function clip(value: number): number {
  return value > 32767 ? 32767 : value < -32768 ? -32768 : Math.round(value);
}
