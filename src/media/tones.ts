import { type Sine, SineBank } from './sine-bank.ts';

/** A tone with a cadence: what rings, beeps and keys are made of. */
export interface Tone {
  /** One or more frequencies that sound together, Hz. */
  readonly frequenciesHz: readonly number[];
  /** RMS level of each of them, dBFS (level.ts). */
  readonly levelDbfs: number;
  /** On, off, on, off … in ms, repeated from the start for ever; empty: without a pause. */
  readonly onOffMs: readonly number[];
  /** Length of the whole, ms; may be Infinity. */
  readonly durationMs: number;
}

/** A stretch of one sound or of silence. */
export interface ToneStep {
  /** Sounds together; empty for silence. */
  readonly sines: readonly Sine[];
  readonly durationMs: number;
}

/** The beep before a recording (spec/record.md 3.2). */
export const RECORD_BEEP: Tone = {
  frequenciesHz: [1000],
  levelDbfs: -18,
  onOffMs: [],
  durationMs: 400,
};

/** Rise and fall of every stretch of sound: short to the ear, long enough that no click is heard. */
const RAMP_MS = 5;

interface Step {
  readonly bank: SineBank | undefined;
  readonly samples: number;
}

/**
 * Produces a sequence of tones and pauses as 16-bit PCM, to the sample and without clicks: each stretch of
 * sound starts at phase 0 and is faded in and out over 5 ms, also where the end of the whole cuts it short.
 */
export class ToneGenerator {
  readonly #steps: readonly Step[];
  readonly #repeat: boolean;
  readonly #rampSamples: number;
  #remaining: number;
  #stepIndex = 0;
  #positionInStep = 0;

  /**
   * @param sampleRate Hz
   * @param options `repeat`: start again behind the last step; `durationMs`: end of the whole (default: one pass)
   * @throws RangeError when a frequency or level cannot be produced, a duration is negative, or steps that
   *   last no time shall repeat
   */
  constructor(
    steps: readonly ToneStep[],
    sampleRate: number,
    options: { readonly repeat?: boolean; readonly durationMs?: number } = {},
  ) {
    // Boundaries are rounded from the sum, not step by step, so that a long cadence does not drift.
    let elapsedMs = 0;
    let elapsedSamples = 0;
    this.#steps = steps.map((step) => {
      if (!(step.durationMs >= 0) || elapsedMs === Number.POSITIVE_INFINITY) {
        throw new RangeError(`tone step of ${step.durationMs} ms behind ${elapsedMs} ms`);
      }
      elapsedMs += step.durationMs;
      const end = toSamples(elapsedMs, sampleRate);
      const samples = end - elapsedSamples;
      elapsedSamples = end;
      return {
        bank: step.sines.length > 0 ? new SineBank(step.sines, sampleRate) : undefined,
        samples,
      };
    });
    this.#repeat = options.repeat ?? false;
    if (this.#repeat && !(elapsedSamples > 0)) throw new RangeError('tone cadence lasts no time');
    const durationMs = options.durationMs ?? Number.POSITIVE_INFINITY;
    if (!(durationMs >= 0)) throw new RangeError(`tone of ${durationMs} ms`);
    const duration = toSamples(durationMs, sampleRate);
    this.#remaining = this.#repeat ? duration : Math.min(duration, elapsedSamples);
    this.#rampSamples = toSamples(RAMP_MS, sampleRate);
    this.#skipEmptySteps();
  }

  /** Samples until the end; may be Infinity. */
  get remainingSamples(): number {
    return this.#remaining;
  }

  /**
   * Writes the next samples over `dest[offset…]`.
   * @returns how many: `count`, or fewer when the end came; 0 behind the end
   */
  read(dest: Int16Array, offset: number, count: number): number {
    const produced = Math.min(count, this.#remaining);
    let written = 0;
    while (written < produced) {
      const step = this.#steps[this.#stepIndex]!;
      const run = Math.min(produced - written, step.samples - this.#positionInStep);
      if (step.bank === undefined) dest.fill(0, offset + written, offset + written + run);
      else this.#sound(step.bank, step.samples, dest, offset + written, run);
      written += run;
      this.#remaining -= run;
      this.#positionInStep += run;
      this.#skipEmptySteps();
    }
    return produced;
  }

  #sound(bank: SineBank, stepSamples: number, dest: Int16Array, offset: number, count: number): void {
    const start = this.#positionInStep;
    const end = Math.min(stepSamples, start + this.#remaining);
    // A sound shorter than two ramps is all ramp.
    const ramp = Math.max(1, Math.min(this.#rampSamples, Math.floor(end / 2)));
    if (start === 0) bank.restart();
    for (let i = 0; i < count; i++) {
      const edge = Math.min(start + i, end - 1 - (start + i));
      const gain = edge >= ramp ? 1 : 0.5 - 0.5 * Math.cos((Math.PI * edge) / ramp);
      dest[offset + i] = Math.round(gain * bank.next());
    }
  }

  #skipEmptySteps(): void {
    if (this.#remaining === 0) return;
    while (this.#positionInStep >= this.#steps[this.#stepIndex]!.samples) {
      this.#positionInStep = 0;
      this.#stepIndex++;
      if (this.#repeat && this.#stepIndex === this.#steps.length) this.#stepIndex = 0;
      if (this.#stepIndex === this.#steps.length) return;
    }
  }
}

/**
 * A generator for `tone`.
 * @param sampleRate Hz
 * @throws RangeError as {@link ToneGenerator}
 */
export function generateTone(tone: Tone, sampleRate: number): ToneGenerator {
  const sines = tone.frequenciesHz.map((frequencyHz) => ({ frequencyHz, levelDbfs: tone.levelDbfs }));
  if (tone.onOffMs.length === 0) {
    return new ToneGenerator([{ sines, durationMs: tone.durationMs }], sampleRate);
  }
  const steps = tone.onOffMs.map((durationMs, index) => ({
    sines: index % 2 === 0 ? sines : [],
    durationMs,
  }));
  return new ToneGenerator(steps, sampleRate, { repeat: true, durationMs: tone.durationMs });
}

function toSamples(ms: number, sampleRate: number): number {
  return Math.round((ms * sampleRate) / 1000);
}
