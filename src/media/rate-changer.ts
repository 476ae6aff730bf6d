import { bessel } from './bessel.ts';

/** Sample rates of calls (8, 16, 24 and 48 kHz) turned into each other: pure, streaming, without allocation. */

/** Length of the prototype filter on either side of its centre, in samples of the lower rate. */
const HALF_WIDTH = 24;
/** Share of the lower rate's band that passes; what is left is the slope down to its Nyquist frequency. */
const PASS = 0.93;
/** Kaiser window: 80 dB of rejection (Oppenheim and Schafer, Discrete-Time Signal Processing 7.5.3). */
const BETA = 7.857;

/** Filters are the same for every stream between two rates. */
const filters = new Map<number, Float32Array>();

/**
 * Changes the rate of a stream by a whole factor, up or down: a windowed-sinc low pass at the lower of the two
 * Nyquist frequencies, applied in polyphase form. Delays by {@link HALF_WIDTH} samples of the lower rate.
 */
export class RateChanger {
  readonly #factor: number;
  readonly #up: boolean;
  readonly #taps: Float32Array;
  /** The last inputs, twice in a row so that a window never wraps. */
  readonly #history: Float32Array;
  readonly #length: number;
  #at = 0;
  /** Inputs since the last output, when going down. */
  #phase = 0;

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
    this.#taps = lowPass(this.#factor);
    this.#length = this.#up ? 2 * HALF_WIDTH : 2 * HALF_WIDTH * this.#factor;
    this.#history = new Float32Array(2 * this.#length);
  }

  /** By how much the output is late, in samples of the higher rate. */
  get delay(): number {
    // Going down, an output is known when the last of its inputs has come, and stands for the first.
    return (this.#taps.length - 1) / 2 - (this.#up ? 0 : this.#factor - 1);
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
    const length = this.#length;
    let written = 0;
    for (let index = from; index < from + count; index++) {
      history[this.#at] = source[index]!;
      history[this.#at + length] = source[index]!;
      this.#at = (this.#at + 1) % length;
      if (this.#up) {
        for (let phase = 0; phase < this.#factor; phase++) {
          dest[offset + written++] = clip(this.#factor * this.#filter(phase, this.#factor));
        }
      } else if (++this.#phase === this.#factor) {
        this.#phase = 0;
        dest[offset + written++] = clip(this.#filter(0, 1));
      }
    }
    return written;
  }

  /** Sum of the history, newest first, over every `stride`th tap from `first` on. */
  #filter(first: number, stride: number): number {
    const history = this.#history;
    const taps = this.#taps;
    let sum = 0;
    let tap = first;
    for (let at = this.#at + this.#length - 1; tap < taps.length; at--, tap += stride) {
      sum += history[at]! * taps[tap]!;
    }
    return sum;
  }
}

function lowPass(factor: number): Float32Array {
  const known = filters.get(factor);
  if (known !== undefined) return known;
  const count = 2 * HALF_WIDTH * factor;
  const centre = (count - 1) / 2;
  const cutoff = PASS / factor;
  const taps = Float32Array.from({ length: count }, (_, n) => {
    const x = n - centre;
    const angle = Math.PI * cutoff * x;
    const sinc = x === 0 ? cutoff : (cutoff * Math.sin(angle)) / angle;
    return sinc * (bessel(BETA * Math.sqrt(1 - (x / (centre + 0.5)) ** 2)) / bessel(BETA));
  });
  const gain = taps.reduce((sum, tap) => sum + tap, 0);
  for (let n = 0; n < count; n++) taps[n] = taps[n]! / gain;
  filters.set(factor, taps);
  return taps;
}

function clip(value: number): number {
  return value > 32767 ? 32767 : value < -32768 ? -32768 : Math.round(value);
}
