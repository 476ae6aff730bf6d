import { powerToDbfs } from './level.ts';
import { NoiseFloor } from './noise-floor.ts';

export interface VoiceActivityOptions {
  /** Of the samples that will come, Hz: a multiple of 8000. */
  readonly sampleRate: number;
  /** `input_sensitivity` of the language, 0 to 100; see {@link sensitivityToDbfs}. */
  readonly sensitivity: number;
}

/** The detector works at this rate; wider bands are averaged down to it. */
const INTERNAL_RATE = 8000;
/** Decisions are made on frames of this length, on a grid that starts at the first sample. */
const FRAME_MS = 10;
const FRAME_SAMPLES = (INTERNAL_RATE * FRAME_MS) / 1000;
/** Second-order Butterworth high-pass that takes out mains hum and rumble. */
const HIGH_PASS_HZ = 150;

/**
 * The sensitivity's threshold is meant for the level of a talker. Single frames of his speech are weaker than
 * the level of the whole: to begin with, a frame may be this much below; once speech is on, this much.
 */
const ONSET_BELOW_THRESHOLD_DB = 5;
const KEEP_BELOW_THRESHOLD_DB = 12;
/** How far a frame must stand out of the noise to begin with: the more restless the noise, the more. */
const MARGIN_BASE_DB = 2.5;
const MARGIN_PER_UNREST = 1.8;
const MARGIN_MIN_DB = 5;
const MARGIN_MAX_DB = 12;
/** Share of that margin once speech is on. */
const KEEP_MARGIN_SHARE = 0.65;

/**
 * Speech begins when, of the last 120 ms, 70 ms are active, 40 ms of which sound like a voice, and 40 ms of
 * which are no mere continuation of the frame before (as a steady tone is).
 */
const ONSET_WINDOW_FRAMES = 12;
const ONSET_ACTIVE_FRAMES = 7;
const ONSET_VOICED_FRAMES = 4;
const ONSET_CHANGING_FRAMES = 4;
/** Speech goes on while, of the last 60 ms, 30 ms are active: a lone click does not prolong it. */
const KEEP_WINDOW_FRAMES = 6;
const KEEP_ACTIVE_FRAMES = 3;
/** Speech has ended when it has not gone on for so long; the end is dated back to the last active frame. */
const HANGOVER_FRAMES = 20;

/** Correlation of neighbouring samples that a voice has: hiss is near 0 or below, rumble near 1. */
const VOICED_CORRELATION_MIN = 0.25;
const VOICED_CORRELATION_MAX = 0.985;
/** A frame whose level and correlation differ by less from those of the one before continues a tone. */
const CHANGE_DB = 0.7;
const CHANGE_CORRELATION = 0.03;

const ONSET_WINDOW = (1 << ONSET_WINDOW_FRAMES) - 1;
const KEEP_WINDOW = (1 << KEEP_WINDOW_FRAMES) - 1;
const SILENCE = new Int16Array(480);

/**
 * Level, in dBFS (level.ts), of the quietest talker who shall be heard at an `input_sensitivity`: -15 at 0,
 * -65 at 100, linear between; 44 is -37 (spec/record.md 8 #36).
 */
export function sensitivityToDbfs(sensitivity: number): number {
  return -15 - 0.5 * sensitivity;
}

/**
 * Tells speech from silence, noise, hum, clicks and steady tones, sample-accurately dated, by the energy of
 * the speech band against an adaptive noise floor. A pure state machine: its decisions depend on the samples
 * alone, not on the blocks in which they come.
 *
 * Positions count samples from the first one processed, at the rate of the input, and lie on a grid of 10 ms.
 * The first moments of a stream are taken for noise; feed it some 100 ms of line noise before it matters.
 */
export class VoiceActivityDetector {
  readonly #thresholdDbfs: number;
  /** Input samples for one internal sample. */
  readonly #factor: number;
  readonly #frameInputSamples: number;
  readonly #filter: HighPass;
  readonly #noise = new NoiseFloor();

  // The frame that is being filled.
  #filled = 0;
  #energy = 0;
  #lagEnergy = 0;
  #decimationSum = 0;
  #decimationCount = 0;

  #frames = 0;
  #lastLevelDbfs = -127;
  #lastCorrelation = 0;
  /** One bit a frame, the latest lowest. */
  #activeBits = 0;
  #voicedBits = 0;
  #changingBits = 0;
  #heard = false;
  #speaking = false;
  #startFrame = 0;
  #endFrame = 0;

  /** @throws RangeError when the rate is no multiple of 8000 Hz or the sensitivity not 0 to 100 */
  constructor(options: VoiceActivityOptions) {
    const { sampleRate, sensitivity } = options;
    if (!(sampleRate >= INTERNAL_RATE) || sampleRate % INTERNAL_RATE !== 0) {
      throw new RangeError(`voice detection at ${sampleRate} Hz: the rate must be a multiple of 8000`);
    }
    if (!(sensitivity >= 0 && sensitivity <= 100)) {
      throw new RangeError(`input sensitivity ${sensitivity}: must be 0 to 100`);
    }
    this.#thresholdDbfs = sensitivityToDbfs(sensitivity);
    this.#factor = sampleRate / INTERNAL_RATE;
    this.#frameInputSamples = FRAME_SAMPLES * this.#factor;
    this.#filter = highPass(HIGH_PASS_HZ);
  }

  /** Samples up to which decisions exist; up to 10 ms less than were processed. */
  get analysed(): number {
    return this.#frames * this.#frameInputSamples;
  }

  /** Whether there has ever been speech. */
  get heard(): boolean {
    return this.#heard;
  }

  /**
   * Whether speech is on. For 200 ms behind its end, this stays true while {@link speechEnd} stands still:
   * a gap within speech, or its end.
   */
  get speaking(): boolean {
    return this.#speaking;
  }

  /** Where the present or the last speech begins. */
  get speechStart(): number {
    return this.#startFrame * this.#frameInputSamples;
  }

  /** Behind the last sample of speech so far; equals {@link analysed} while somebody is talking. */
  get speechEnd(): number {
    return this.#endFrame * this.#frameInputSamples;
  }

  /**
   * Where speech would begin if what was heard in the last 120 ms turned out to be speech; Infinity when
   * nothing was heard, or speech is on. Moves on, so that a doubt about any position is over 120 ms later.
   */
  get possibleOnset(): number {
    const bits = this.#activeBits & ONSET_WINDOW;
    if (this.#speaking || bits === 0) return Number.POSITIVE_INFINITY;
    return (this.#frames - (32 - Math.clz32(bits))) * this.#frameInputSamples;
  }

  /** Level of the line noise as it is known so far, dBFS. */
  get noiseFloorDbfs(): number {
    return this.#noise.dbfs;
  }

  /** Takes the next `count` samples; `undefined` stands for digital silence. */
  process(samples: Int16Array | undefined, offset: number, count: number): void {
    if (samples === undefined) {
      for (let left = count; left > 0; left -= SILENCE.length) {
        this.#consume(SILENCE, 0, Math.min(left, SILENCE.length));
      }
    } else {
      this.#consume(samples, offset, count);
    }
  }

  #consume(samples: Int16Array, offset: number, count: number): void {
    const end = offset + count;
    let at = offset;
    if (this.#factor > 1) {
      for (; at < end; at++) {
        this.#decimationSum += samples[at]!;
        if (++this.#decimationCount < this.#factor) continue;
        this.#take(this.#decimationSum / this.#factor);
        this.#decimationSum = 0;
        this.#decimationCount = 0;
      }
      return;
    }
    while (at < end) {
      const run = Math.min(end - at, FRAME_SAMPLES - this.#filled);
      this.#accumulate(samples, at, run);
      at += run;
      this.#filled += run;
      if (this.#filled === FRAME_SAMPLES) this.#closeFrame();
    }
  }

  #take(sample: number): void {
    const filter = this.#filter;
    const y =
      filter.b0 * (sample - 2 * filter.x1 + filter.x2) - filter.a1 * filter.y1 - filter.a2 * filter.y2;
    filter.x2 = filter.x1;
    filter.x1 = sample;
    this.#energy += y * y;
    this.#lagEnergy += y * filter.y1;
    filter.y2 = filter.y1;
    filter.y1 = y;
    if (++this.#filled === FRAME_SAMPLES) this.#closeFrame();
  }

  /** {@link #take} for a run within one frame, with everything in registers. */
  #accumulate(samples: Int16Array, offset: number, count: number): void {
    const { b0, a1, a2 } = this.#filter;
    let { x1, x2, y1, y2 } = this.#filter;
    let energy = this.#energy;
    let lagEnergy = this.#lagEnergy;
    for (let i = offset; i < offset + count; i++) {
      const x = samples[i]!;
      const y = b0 * (x - 2 * x1 + x2) - a1 * y1 - a2 * y2;
      x2 = x1;
      x1 = x;
      energy += y * y;
      lagEnergy += y * y1;
      y2 = y1;
      y1 = y;
    }
    this.#energy = energy;
    this.#lagEnergy = lagEnergy;
    const filter = this.#filter;
    filter.x1 = x1;
    filter.x2 = x2;
    filter.y1 = y1;
    filter.y2 = y2;
  }

  #closeFrame(): void {
    const correlation = this.#energy > 0 ? this.#lagEnergy / this.#energy : 0;
    // Power behind a two-tap average of neighbouring samples: halves white noise, leaves voices as they are.
    const power = Math.max(0, this.#energy + this.#lagEnergy) / (2 * FRAME_SAMPLES);
    // A filter that rings out would otherwise creep through denormal numbers, which are slow.
    if (this.#energy < 1e-6) this.#filter.y1 = this.#filter.y2 = 0;
    this.#filled = 0;
    this.#energy = 0;
    this.#lagEnergy = 0;
    this.#frames++;
    this.#noise.update(power);
    this.#judge(powerToDbfs(power), correlation);
  }

  #judge(levelDbfs: number, correlation: number): void {
    const noise = this.#noise;
    if (!this.#speaking) noise.learnUnrest(levelDbfs);
    const margin = Math.min(
      MARGIN_MAX_DB,
      Math.max(MARGIN_MIN_DB, MARGIN_BASE_DB + MARGIN_PER_UNREST * noise.unrestDb),
    );
    const threshold = this.#speaking
      ? Math.max(this.#thresholdDbfs - KEEP_BELOW_THRESHOLD_DB, noise.dbfs + KEEP_MARGIN_SHARE * margin)
      : Math.max(this.#thresholdDbfs - ONSET_BELOW_THRESHOLD_DB, noise.dbfs + margin);
    const active = levelDbfs > threshold;
    const voiced = correlation > VOICED_CORRELATION_MIN && correlation < VOICED_CORRELATION_MAX;
    const changing =
      Math.abs(levelDbfs - this.#lastLevelDbfs) > CHANGE_DB ||
      Math.abs(correlation - this.#lastCorrelation) > CHANGE_CORRELATION;
    this.#lastLevelDbfs = levelDbfs;
    this.#lastCorrelation = correlation;
    this.#activeBits = (this.#activeBits << 1) | (active ? 1 : 0);
    this.#voicedBits = (this.#voicedBits << 1) | (active && voiced ? 1 : 0);
    this.#changingBits = (this.#changingBits << 1) | (active && changing ? 1 : 0);
    if (this.#speaking) this.#maybeEnd(active);
    else if (active) this.#maybeBegin();
  }

  #maybeBegin(): void {
    const active = this.#activeBits & ONSET_WINDOW;
    if (
      countBits(active) < ONSET_ACTIVE_FRAMES ||
      countBits(this.#voicedBits & ONSET_WINDOW) < ONSET_VOICED_FRAMES ||
      countBits(this.#changingBits & ONSET_WINDOW) < ONSET_CHANGING_FRAMES
    ) {
      return;
    }
    this.#startFrame = this.#frames - (32 - Math.clz32(active));
    this.#endFrame = this.#frames;
    this.#speaking = true;
    this.#heard = true;
  }

  #maybeEnd(active: boolean): void {
    if (active && countBits(this.#activeBits & KEEP_WINDOW) >= KEEP_ACTIVE_FRAMES) {
      this.#endFrame = this.#frames;
    } else if (this.#frames - this.#endFrame >= HANGOVER_FRAMES) {
      this.#speaking = false;
      this.#activeBits = this.#voicedBits = this.#changingBits = 0;
    }
  }
}

/** Coefficients and state of a biquad whose zeros lie at 0 Hz: y = b0 (x - 2 x1 + x2) - a1 y1 - a2 y2. */
interface HighPass {
  readonly b0: number;
  readonly a1: number;
  readonly a2: number;
  x1: number;
  x2: number;
  y1: number;
  y2: number;
}

/** Butterworth high-pass by the bilinear transform, at {@link INTERNAL_RATE}. */
function highPass(cutoffHz: number): HighPass {
  const omega = (2 * Math.PI * cutoffHz) / INTERNAL_RATE;
  const alpha = Math.sin(omega) / Math.SQRT2;
  const a0 = 1 + alpha;
  return {
    b0: (1 + Math.cos(omega)) / 2 / a0,
    a1: (-2 * Math.cos(omega)) / a0,
    a2: (1 - alpha) / a0,
    x1: 0,
    x2: 0,
    y1: 0,
    y2: 0,
  };
}

function countBits(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
}
