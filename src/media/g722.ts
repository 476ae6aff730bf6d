/**
 * G.722 at 64 kbit/s (mode 1 of ITU-T G.722): 16 kHz audio in two sub-bands of ADPCM, one octet for each pair of
 * samples. Its RTP clock runs at 8000 Hz all the same (RFC 3551 4.5.2).
 *
 *      7   6   5   4   3   2   1   0
 *    +---+---+---+---+---+---+---+---+
 *    | higher|  lower sub-band       |
 *    +---+---+---+---+---+---+---+---+
 *
 * Names in brackets are those of the Recommendation, so that each step can be found in it.
 */

/** Quadrature mirror filter (Table 11), symmetric: the first half of its 24 coefficients. */
const QMF = Int16Array.of(3, -11, -11, 53, 12, -156, 32, 362, -210, -805, 951, 3876);
const TAPS = 24;
/** What is decoded lies so far behind what is encoded, samples: the delay of the two filters, a pair less. */
export const FOLLOW_AHEAD = 22;

/** Decision levels of the lower quantizer (Q6), by the number of the interval. */
const LOW_LEVELS = Int16Array.of(
  ...[0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714],
  ...[786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919],
);
/** Outputs of the inverse quantizers with 6, 4 and 2 bits (QM6, QM4, QM2), by code word. */
const LOW_INVERSE_6 = Int16Array.of(
  ...[-136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232],
  ...[-9360, -8576, -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400],
  ...[-2032, -1688, -1360, -1040, -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232],
  ...[9360, 8576, 7856, 7192, 6576, 6000, 5456, 4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688],
  ...[1360, 1040, 728, 432, 136, -432, -136],
);
const LOW_INVERSE_4 = Int16Array.of(
  ...[0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0],
);
const HIGH_INVERSE_2 = Int16Array.of(-7408, -1616, 7408, 1616);
/** Steps of the logarithmic scale factors (WL by way of RL4, WH by way of RH2), by code word. */
const LOW_SCALE_STEP = Int16Array.of(
  ...[-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60],
);
const HIGH_SCALE_STEP = Int16Array.of(798, -214, 798, -214);
/** Mantissas of the logarithmic to linear conversion (ILB). */
const LINEAR = Int16Array.of(
  ...[2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834],
  ...[2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008],
);
const MAX_LOW_LOG = 18_432;
const MAX_HIGH_LOG = 22_528;
/** Decision level of the higher quantizer (Q2). */
const HIGH_LEVEL = 564;

/** Predictor and adaptive quantizer of one sub-band: the same in encoder and decoder (blocks 3 and 4). */
class SubBand {
  /** Quantizer step (DET). */
  step: number;
  /** Predicted signal (S). */
  predicted = 0;
  #logScale = 0;
  readonly #maxLog: number;
  /** The scale of the linear step differs by 2 binary places between the bands. */
  readonly #shift: number;
  readonly #scaleSteps: Int16Array;
  /** Pole section: coefficients (AL), last reconstructed signals (RLT), last partial signals (PLT). */
  #a1 = 0;
  #a2 = 0;
  #r1 = 0;
  #r2 = 0;
  #p1 = 0;
  #p2 = 0;
  /** Zero section: coefficients (BL) and last quantized differences (DLT). */
  readonly #b = new Int32Array(6);
  readonly #d = new Int32Array(6);
  /** Output of the zero section (SZ). */
  #zeros = 0;

  constructor(band: 'low' | 'high') {
    const low = band === 'low';
    this.step = low ? 32 : 8;
    this.#maxLog = low ? MAX_LOW_LOG : MAX_HIGH_LOG;
    this.#shift = low ? 8 : 10;
    this.#scaleSteps = low ? LOW_SCALE_STEP : HIGH_SCALE_STEP;
  }

  /** Adapts to the quantized difference `difference`, which `code` (4 bits below, 2 above) stands for. */
  adapt(code: number, difference: number): void {
    this.#scale(code);
    // Block 4: RECONS, PARREC.
    const reconstructed = saturate(this.predicted + difference);
    const partial = saturate(difference + this.#zeros);
    this.#adaptPoles(partial);
    this.#adaptZeros(difference);
    // DELAY, FILTEP, FILTEZ, PREDIC.
    this.#r2 = this.#r1;
    this.#r1 = reconstructed;
    this.#p2 = this.#p1;
    this.#p1 = partial;
    const poles = saturate(
      ((this.#a1 * saturate(2 * this.#r1)) >> 15) + ((this.#a2 * saturate(2 * this.#r2)) >> 15),
    );
    let zeros = 0;
    for (let i = 0; i < 6; i++) zeros += (this.#b[i]! * saturate(2 * this.#d[i]!)) >> 15;
    this.#zeros = saturate(zeros);
    this.predicted = saturate(poles + this.#zeros);
  }

  /** LOGSCL or LOGSCH, then SCALEL or SCALEH. */
  #scale(code: number): void {
    const log = ((this.#logScale * 127) >> 7) + this.#scaleSteps[code]!;
    this.#logScale = log < 0 ? 0 : Math.min(log, this.#maxLog);
    const mantissa = LINEAR[(this.#logScale >> 6) & 31]!;
    const shift = this.#shift - (this.#logScale >> 11);
    this.step = (shift < 0 ? mantissa << -shift : mantissa >> shift) << 2;
  }

  /** UPPOL2, then UPPOL1. */
  #adaptPoles(partial: number): void {
    const same1 = (partial ^ this.#p1) >= 0;
    const same2 = (partial ^ this.#p2) >= 0;
    const pull = saturate(this.#a1 << 2);
    let a2 = (same1 ? Math.max(-pull, -32768) : pull) | 0;
    a2 = Math.min(a2, 32767) >> 7;
    a2 = clamp((same2 ? 128 : -128) + a2 + ((this.#a2 * 32512) >> 15), 12288);
    const a1 = saturate((same1 ? 192 : -192) + ((this.#a1 * 32640) >> 15));
    this.#a2 = a2;
    this.#a1 = clamp(a1, saturate(15360 - a2));
  }

  /** UPZERO, and the delay of the differences. */
  #adaptZeros(difference: number): void {
    const gain = difference === 0 ? 0 : 128;
    for (let i = 5; i >= 0; i--) {
      const same = (difference ^ this.#d[i]!) >= 0;
      this.#b[i] = saturate((same ? gain : -gain) + ((this.#b[i]! * 32640) >> 15));
      this.#d[i] = i === 0 ? difference : this.#d[i - 1]!;
    }
  }
}

/** One direction of a stream, from octets to samples. Keeps its state from call to call. */
export class G722Decoder {
  readonly #low = new SubBand('low');
  readonly #high = new SubBand('high');
  /** Sums and differences of the sub-bands, newest last, each value twice so that a window never wraps. */
  readonly #history = new Int32Array(TAPS);

  /**
   * Decodes octets `from` to `to` of `payload`; writes `2 * (to - from)` samples at 16 kHz to `dest`.
   * @returns the number of samples
   */
  decode(payload: Uint8Array, from: number, to: number, dest: Int16Array, offset: number): number {
    const x = this.#history;
    let at = offset;
    for (let index = from; index < to; index++) {
      this.#take(payload[index]!);
      let even = 0;
      let odd = 0;
      for (let i = 0; i < 12; i++) {
        odd += x[2 * i]! * QMF[i < 6 ? 2 * i : 23 - 2 * i]!;
        even += x[2 * i + 1]! * QMF[i < 6 ? 2 * i + 1 : 22 - 2 * i]!;
      }
      dest[at++] = saturate(even >> 11);
      dest[at++] = saturate(odd >> 11);
    }
    return at - offset;
  }

  /**
   * Brings predictors and quantizers to where they would be if samples had been sent that nobody sent (as G.722
   * Appendix IV does behind a loss): these are encoded, and the octets taken as if they had come.
   * @param samples at 16 kHz that follow on what was decoded, {@link FOLLOW_AHEAD} more than counted
   * @param count even
   */
  follow(samples: Int16Array, count: number): void {
    const bands = new SubBandFilter();
    for (let index = 0; index < FOLLOW_AHEAD; index += 2) bands.take(samples[index]!, samples[index + 1]!);
    for (let index = FOLLOW_AHEAD; index < FOLLOW_AHEAD + count; index += 2) {
      bands.take(samples[index]!, samples[index + 1]!);
      this.#take((highCode(this.#high, bands.high) << 6) | lowCode(this.#low, bands.low));
    }
  }

  #take(octet: number): void {
    const x = this.#history;
    const low = this.#decodeLow(octet & 0x3f);
    const high = this.#decodeHigh(octet >> 6);
    x.copyWithin(0, 2);
    x[TAPS - 2] = low + high;
    x[TAPS - 1] = low - high;
  }

  #decodeLow(code: number): number {
    const band = this.#low;
    const word = code >> 2;
    const signal = limit15(band.predicted + ((band.step * LOW_INVERSE_6[code]!) >> 15));
    band.adapt(word, (band.step * LOW_INVERSE_4[word]!) >> 15);
    return signal;
  }

  #decodeHigh(code: number): number {
    const band = this.#high;
    const difference = (band.step * HIGH_INVERSE_2[code]!) >> 15;
    const signal = limit15(band.predicted + difference);
    band.adapt(code, difference);
    return signal;
  }
}

/** One direction of a stream, from samples to octets. Keeps its state from call to call. */
export class G722Encoder {
  readonly #low = new SubBand('low');
  readonly #high = new SubBand('high');
  readonly #bands = new SubBandFilter();

  /**
   * Encodes `count` samples at 16 kHz of `samples` from `from` on; `count` is even.
   * @returns the number of octets, `count / 2`, written to `dest` from `offset` on
   * @throws RangeError when `count` is odd
   */
  encode(samples: Int16Array, from: number, count: number, dest: Uint8Array, offset: number): number {
    if (count % 2 !== 0) throw new RangeError(`G.722 takes samples in pairs, not ${count} of them`);
    const bands = this.#bands;
    let at = offset;
    for (let index = from; index < from + count; index += 2) {
      bands.take(samples[index]!, samples[index + 1]!);
      dest[at++] = (this.#encodeHigh(bands.high) << 6) | this.#encodeLow(bands.low);
    }
    return at - offset;
  }

  #encodeLow(signal: number): number {
    const band = this.#low;
    const code = lowCode(band, signal);
    const word = code >> 2;
    band.adapt(word, (band.step * LOW_INVERSE_4[word]!) >> 15);
    return code;
  }

  #encodeHigh(signal: number): number {
    const band = this.#high;
    const code = highCode(band, signal);
    band.adapt(code, (band.step * HIGH_INVERSE_2[code]!) >> 15);
    return code;
  }
}

/** The transmit quadrature mirror filter: parts a signal into its two sub-bands, a pair of samples at a time. */
class SubBandFilter {
  low = 0;
  high = 0;
  readonly #history = new Int32Array(TAPS);

  take(first: number, second: number): void {
    const x = this.#history;
    x.copyWithin(0, 2);
    x[TAPS - 2] = first;
    x[TAPS - 1] = second;
    let even = 0;
    let odd = 0;
    for (let i = 0; i < 12; i++) {
      odd += x[2 * i]! * QMF[i < 6 ? 2 * i : 23 - 2 * i]!;
      even += x[2 * i + 1]! * QMF[i < 6 ? 2 * i + 1 : 22 - 2 * i]!;
    }
    this.low = (even + odd) >> 14;
    this.high = (even - odd) >> 14;
  }
}

/** QUANTL: the interval in which the difference lies, as a code word. */
function lowCode(band: SubBand, signal: number): number {
  const difference = saturate(signal - band.predicted);
  const magnitude = difference >= 0 ? difference : ~difference;
  let interval = 1;
  while (interval < 30 && magnitude >= (LOW_LEVELS[interval]! * band.step) >> 12) interval++;
  // Intervals of negative differences count down from 63, those of positive ones from 61.
  return difference >= 0 ? 62 - interval : interval < 3 ? 64 - interval : 34 - interval;
}

/** QUANTH. */
function highCode(band: SubBand, signal: number): number {
  const difference = saturate(signal - band.predicted);
  const magnitude = difference >= 0 ? difference : ~difference;
  const outer = magnitude >= (HIGH_LEVEL * band.step) >> 12;
  return difference >= 0 ? (outer ? 2 : 3) : outer ? 0 : 1;
}

function saturate(value: number): number {
  return value > 32767 ? 32767 : value < -32768 ? -32768 : value;
}

/** Signals of a sub-band have 15 bits (LIMIT). */
function limit15(value: number): number {
  return value > 16383 ? 16383 : value < -16384 ? -16384 : value;
}

function clamp(value: number, bound: number): number {
  return value > bound ? bound : value < -bound ? -bound : value;
}
