import { sineAmplitude } from './level.ts';

/** One partial of a tone. */
export interface Sine {
  readonly frequencyHz: number;
  /** RMS level of this sine alone, dBFS (level.ts); -3.01 is full scale. */
  readonly levelDbfs: number;
}

/** Samples after which the rotating vectors are brought back to unit length, so that rounding cannot add up. */
const RENORMALISE_EVERY = 4096;

/**
 * A sum of sines that runs on without a phase jump over any number of calls. Each sine is a vector that is
 * turned by a constant angle for each sample: four multiplications, no trigonometry.
 */
export class SineBank {
  readonly #amplitudes: Float64Array;
  readonly #turnCos: Float64Array;
  readonly #turnSin: Float64Array;
  readonly #real: Float64Array;
  readonly #imaginary: Float64Array;
  #untilRenormalise = RENORMALISE_EVERY;

  /**
   * @param sampleRate Hz
   * @throws RangeError when a frequency is not between 0 and half the sample rate, or the sum could pass
   *   full scale
   */
  constructor(sines: readonly Sine[], sampleRate: number) {
    for (const { frequencyHz } of sines) {
      if (!(frequencyHz > 0 && frequencyHz < sampleRate / 2)) {
        throw new RangeError(`tone of ${frequencyHz} Hz: must lie between 0 and ${sampleRate / 2} Hz`);
      }
    }
    this.#amplitudes = Float64Array.from(sines, (sine) => sineAmplitude(sine.levelDbfs));
    const peak = this.#amplitudes.reduce((sum, amplitude) => sum + amplitude, 0);
    // Half a step of tolerance, so that -3.01 dBFS written with two digits is still full scale.
    if (!(peak < 32768 * 1.001)) {
      throw new RangeError(`tone of ${sines.length} sines passes full scale: lower its level`);
    }
    const angles = sines.map((sine) => (2 * Math.PI * sine.frequencyHz) / sampleRate);
    this.#turnCos = Float64Array.from(angles, Math.cos);
    this.#turnSin = Float64Array.from(angles, Math.sin);
    this.#real = new Float64Array(sines.length).fill(1);
    this.#imaginary = new Float64Array(sines.length);
  }

  /** Back to phase 0, where every sine rises through zero. */
  restart(): void {
    this.#real.fill(1);
    this.#imaginary.fill(0);
  }

  /** The next sample, -32768 to 32767 before rounding. */
  next(): number {
    let sum = 0;
    for (let i = 0; i < this.#amplitudes.length; i++) {
      const real = this.#real[i]!;
      const imaginary = this.#imaginary[i]!;
      sum += this.#amplitudes[i]! * imaginary;
      this.#real[i] = real * this.#turnCos[i]! - imaginary * this.#turnSin[i]!;
      this.#imaginary[i] = real * this.#turnSin[i]! + imaginary * this.#turnCos[i]!;
    }
    if (--this.#untilRenormalise === 0) this.#renormalise();
    return Math.max(-32768, Math.min(32767, sum));
  }

  #renormalise(): void {
    this.#untilRenormalise = RENORMALISE_EVERY;
    for (let i = 0; i < this.#real.length; i++) {
      const length = Math.hypot(this.#real[i]!, this.#imaginary[i]!);
      this.#real[i]! /= length;
      this.#imaginary[i]! /= length;
    }
  }
}
