import { copySamples } from './copy-samples.ts';

/** Rate at which voices and keys are detected, Hz. */
export const NARROWBAND_RATE = 8000;

const NO_SAMPLES = new Int16Array(0);

/**
 * Cuts a stream into frames of a fixed length at 8 kHz, on a grid that starts at its first sample, whatever
 * the blocks in which it comes. Wider bands are averaged down: what lies above 4 kHz is not kept out well, but
 * it is faint in speech, and no detector relies on its absence.
 *
 * A frame that lies in the input as it is is not copied.
 */
export class NarrowbandFrames {
  /** Where the frame that {@link take} has completed lies. */
  samples: Int16Array = NO_SAMPLES;
  offset = 0;
  readonly #length: number;
  /** What does not lie in the input as it is; made for the first of it. */
  #made: Int16Array | undefined;
  #filled = 0;
  /** Input samples for one of the frame, those that are being averaged, and their sum. */
  readonly #factor: number;
  #averaged = 0;
  #sum = 0;

  /**
   * @param length of a frame, samples at 8 kHz
   * @throws RangeError when the rate is no multiple of 8000 Hz
   */
  constructor(sampleRate: number, length: number) {
    if (!(sampleRate >= NARROWBAND_RATE) || sampleRate % NARROWBAND_RATE !== 0) {
      throw new RangeError(
        `detection at ${sampleRate} Hz: the rate must be a multiple of ${NARROWBAND_RATE}`,
      );
    }
    this.#factor = sampleRate / NARROWBAND_RATE;
    this.#length = length;
  }

  get #frame(): Int16Array {
    this.#made ??= new Int16Array(this.#length);
    return this.#made;
  }

  /** Input samples of one frame. */
  get inputLength(): number {
    return this.#length * this.#factor;
  }

  /** The last call of {@link take} has completed a frame; it is valid until the next one. */
  get complete(): boolean {
    return this.#filled === 0 && this.#averaged === 0;
  }

  /**
   * Takes input from `from` on, until a frame is complete or `end` (> `from`) is reached.
   * @returns the first position that was not taken
   */
  take(input: Int16Array, from: number, end: number): number {
    const length = this.#length;
    if (this.#factor === 1 && this.#filled === 0 && end - from >= length) {
      this.samples = input;
      this.offset = from;
      return from + length;
    }
    const next = this.#factor === 1 ? this.#copy(input, from, end) : this.#average(input, from, end);
    if (this.#filled === length) {
      this.#filled = 0;
      this.samples = this.#frame;
      this.offset = 0;
    }
    return next;
  }

  #copy(input: Int16Array, from: number, end: number): number {
    const run = Math.min(end - from, this.#length - this.#filled);
    copySamples(input, from, this.#frame, this.#filled, run);
    this.#filled += run;
    return from + run;
  }

  #average(input: Int16Array, from: number, end: number): number {
    const factor = this.#factor;
    const frame = this.#frame;
    let at = from;
    while (at < end && this.#filled < this.#length) {
      this.#sum += input[at++]!;
      if (++this.#averaged < factor) continue;
      frame[this.#filled++] = Math.round(this.#sum / factor);
      this.#sum = 0;
      this.#averaged = 0;
    }
    return at;
  }
}
