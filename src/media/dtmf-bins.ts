import { COLUMNS_HZ, ROWS_HZ } from './dtmf-tones.ts';
import { NARROWBAND_RATE } from './narrowband-frames.ts';

/** Samples between two measurements, at {@link NARROWBAND_RATE}: 5 ms. */
export const DTMF_HOP = NARROWBAND_RATE / 200;
/** Samples that one measurement looks at, with its hop in the middle. */
const WINDOW = 2 * DTMF_HOP;
const TONES = 4;
const PREVIOUS = 2 * TONES;

const WEIGHTS = Float64Array.from(
  { length: WINDOW },
  (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (n + 0.5)) / WINDOW),
);
const WEIGHT_SUM = WEIGHTS.reduce((sum, weight) => sum + weight, 0);
const WEIGHT_ENERGY = WEIGHTS.reduce((sum, weight) => sum + weight * weight, 0);
/** Squared magnitude of a bin to mean square of the sine in it. */
const TO_POWER = 2 / (WEIGHT_SUM * WEIGHT_SUM);
const FREQUENCIES_HZ = [...ROWS_HZ, ...COLUMNS_HZ];
/** Of each frequency, the second half of the windowed cosine and sine around the middle of the window. */
const COSINES = halfWaves(Math.cos);
const SINES = halfWaves(Math.sin);
/** How far the phase of each frequency turns in one hop. */
const TURN_COS = FREQUENCIES_HZ.map((hz) => Math.cos((2 * Math.PI * hz * DTMF_HOP) / NARROWBAND_RATE));
const TURN_SIN = FREQUENCIES_HZ.map((hz) => Math.sin((2 * Math.PI * hz * DTMF_HOP) / NARROWBAND_RATE));

/**
 * The eight frequencies of DTMF, measured every 5 ms on the 10 ms around: the discrete Fourier transform of
 * these frequencies alone, in a Hann window, whose symmetry halves the work. Each bin is about 200 Hz wide,
 * so neighbours overlap; which of them sounds is told by how the phase goes on from hop to hop.
 */
export class DtmfBins {
  /** The stronger bin of each group: 0 to 3, as the keys lie on the pad. */
  row = 0;
  column = 0;
  /** Power of the sine in it, mean square in sample units squared. */
  rowPower = 0;
  columnPower = 0;
  /** Power of all that sounds. */
  power = 0;

  readonly #samples = new Float64Array(WINDOW);
  /** Of the present measurement, then of the one before: rows, columns. */
  readonly #real = new Float64Array(2 * PREVIOUS);
  readonly #imaginary = new Float64Array(2 * PREVIOUS);

  /**
   * Takes the next hop of samples, and measures them with the one before.
   * @returns false, with nothing but {@link power} measured, when all together is fainter than `faintest`
   */
  measure(samples: Int16Array, from: number, faintest: number): boolean {
    this.#shift(samples, from);
    if (this.power < faintest) return false;
    for (let tone = 0; tone < TONES; tone++) this.#transform(tone);
    this.row = this.#strongest(0);
    this.column = this.#strongest(TONES) - TONES;
    this.rowPower = this.#squared(this.row) * TO_POWER;
    this.columnPower = this.#squared(TONES + this.column) * TO_POWER;
    return true;
  }

  /**
   * How far the phase of a tone has gone ahead of its nominal frequency since the hop before, which must have
   * been measured: the real part (and below, the imaginary one) of a vector as long as the tone's power.
   * @param tone 0 to 3 a row, 4 to 7 a column
   */
  turnReal(tone: number): number {
    const turned = this.#productReal(tone) * TURN_COS[tone]! + this.#productImaginary(tone) * TURN_SIN[tone]!;
    return turned * TO_POWER;
  }

  turnImaginary(tone: number): number {
    const turned = this.#productImaginary(tone) * TURN_COS[tone]! - this.#productReal(tone) * TURN_SIN[tone]!;
    return turned * TO_POWER;
  }

  #productReal(tone: number): number {
    const before = tone + PREVIOUS;
    return this.#real[tone]! * this.#real[before]! + this.#imaginary[tone]! * this.#imaginary[before]!;
  }

  #productImaginary(tone: number): number {
    const before = tone + PREVIOUS;
    return this.#imaginary[tone]! * this.#real[before]! - this.#real[tone]! * this.#imaginary[before]!;
  }

  #shift(samples: Int16Array, from: number): void {
    const kept = this.#samples;
    let energy = 0;
    for (let i = 0; i < DTMF_HOP; i++) {
      const older = kept[DTMF_HOP + i]!;
      const newer = samples[from + i]!;
      kept[i] = older;
      kept[DTMF_HOP + i] = newer;
      const weightedOlder = older * WEIGHTS[i]!;
      const weightedNewer = newer * WEIGHTS[DTMF_HOP + i]!;
      energy += weightedOlder * weightedOlder + weightedNewer * weightedNewer;
    }
    this.power = energy / WEIGHT_ENERGY;
  }

  /** A row and a column at a time, so that their sums run side by side. */
  #transform(tone: number): void {
    const kept = this.#samples;
    const real = this.#real;
    const imaginary = this.#imaginary;
    const rowAt = tone * DTMF_HOP;
    const columnAt = (tone + TONES) * DTMF_HOP;
    let rowReal = 0;
    let rowImaginary = 0;
    let columnReal = 0;
    let columnImaginary = 0;
    for (let i = 0; i < DTMF_HOP; i++) {
      const older = kept[DTMF_HOP - 1 - i]!;
      const newer = kept[DTMF_HOP + i]!;
      const even = newer + older;
      const odd = newer - older;
      rowReal += even * COSINES[rowAt + i]!;
      rowImaginary -= odd * SINES[rowAt + i]!;
      columnReal += even * COSINES[columnAt + i]!;
      columnImaginary -= odd * SINES[columnAt + i]!;
    }
    const column = tone + TONES;
    real[tone + PREVIOUS] = real[tone]!;
    imaginary[tone + PREVIOUS] = imaginary[tone]!;
    real[column + PREVIOUS] = real[column]!;
    imaginary[column + PREVIOUS] = imaginary[column]!;
    real[tone] = rowReal;
    imaginary[tone] = rowImaginary;
    real[column] = columnReal;
    imaginary[column] = columnImaginary;
  }

  #strongest(from: number): number {
    let best = from;
    for (let tone = from + 1; tone < from + TONES; tone++)
      if (this.#squared(tone) > this.#squared(best)) best = tone;
    return best;
  }

  #squared(tone: number): number {
    return this.#real[tone]! * this.#real[tone]! + this.#imaginary[tone]! * this.#imaginary[tone]!;
  }
}

function halfWaves(wave: (angle: number) => number): Float64Array {
  return Float64Array.from({ length: FREQUENCIES_HZ.length * DTMF_HOP }, (_, at) => {
    const hz = FREQUENCIES_HZ[Math.floor(at / DTMF_HOP)]!;
    const n = at % DTMF_HOP;
    return WEIGHTS[DTMF_HOP + n]! * wave((2 * Math.PI * hz * (n + 0.5)) / NARROWBAND_RATE);
  });
}
