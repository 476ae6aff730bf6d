import { NARROWBAND_RATE } from './narrowband-frames.ts';

/** Samples of a frame, at {@link NARROWBAND_RATE}: 10 ms. */
export const BAND_FRAME = NARROWBAND_RATE / 100;

/** Second-order Butterworth high-pass that takes out mains hum and rumble, in the low band. */
const HIGH_PASS_HZ = 150;
const LOW_BAND_RATE = NARROWBAND_RATE / 4;
const HIGH_PASS = highPass(HIGH_PASS_HZ, LOW_BAND_RATE);

/** Low-band samples kept for {@link VoiceBands.periodicity}; a power of two. */
const KEPT = 128;
const KEPT_MASK = KEPT - 1;
/** Stretch that is compared with what lay one pitch period before it: 30 ms. */
const COMPARED = 60;
/** Pitch periods, low-band samples: 400 to 71 Hz. Higher voices show at a multiple of theirs. */
const SHORTEST_PERIOD = 5;
const LONGEST_PERIOD = 28;

/**
 * Splits sound into three bands and measures their power, frame by frame. Sums and differences of neighbours
 * (the Haar wavelet, twice) make bands of 0 to 1, 1 to 2 and 2 to 4 kHz with hardly more than an addition for
 * each sample. A voice stands out of noise in one band long after it has drowned in the whole.
 */
export class VoiceBands {
  /** Mean square of the last frame in each band, sample units squared; together the power of the frame. */
  low = 0;
  middle = 0;
  high = 0;

  readonly #filter: HighPassState = { x1: 0, x2: 0, y1: 0, y2: 0 };
  /** Made for the first frame that is not digital silence. */
  #kept: Float64Array | undefined;
  #keptAt = 0;

  /**
   * How much the last 30 ms of the low band repeat what lay one pitch period before: 1 for a steady voice
   * alone, about 0.3 for noise. Costs more than ten frames; to be asked only when it matters.
   */
  periodicity(): number {
    const kept = this.#kept;
    if (kept === undefined) return 0;
    const end = this.#keptAt;
    let energy = 0;
    for (let i = 1; i <= COMPARED; i++) {
      const sample = kept[(end - i) & KEPT_MASK]!;
      energy += sample * sample;
    }
    let best = 0;
    for (let period = SHORTEST_PERIOD; period <= LONGEST_PERIOD; period++) {
      let product = 0;
      let before = 0;
      for (let i = 1; i <= COMPARED; i++) {
        const earlier = kept[(end - i - period) & KEPT_MASK]!;
        product += kept[(end - i) & KEPT_MASK]! * earlier;
        before += earlier * earlier;
      }
      if (product > 0) best = Math.max(best, (product * product) / (energy * before));
    }
    return Math.sqrt(best);
  }

  /** Takes the next frame, of {@link BAND_FRAME} samples. This loop is what voice detection costs. */
  measure(samples: Int16Array, from: number): void {
    const filter = this.#filter;
    if (isAtRest(filter) && isSilent(samples, from, from + BAND_FRAME)) {
      this.#rest();
      return;
    }
    const { b0, a1, a2 } = HIGH_PASS;
    this.#kept ??= new Float64Array(KEPT);
    const kept = this.#kept;
    let at = this.#keptAt;
    let { x1, x2, y1, y2 } = filter;
    let low = 0;
    let middle = 0;
    let high = 0;
    for (let i = from; i < from + BAND_FRAME; i += 4) {
      const a = samples[i]!;
      const b = samples[i + 1]!;
      const c = samples[i + 2]!;
      const d = samples[i + 3]!;
      high += (a - b) * (a - b) + (c - d) * (c - d);
      const difference = a + b - (c + d);
      middle += difference * difference;
      const x = a + b + (c + d);
      // In this order only the last product waits for the sample before.
      const y = b0 * (x - 2 * x1 + x2) - a2 * y2 - a1 * y1;
      x2 = x1;
      x1 = x;
      y2 = y1;
      y1 = y;
      low += y * y;
      kept[at] = y;
      at = (at + 1) & KEPT_MASK;
    }
    this.#keptAt = at;
    filter.x1 = x1;
    filter.x2 = x2;
    // A filter that rings out would otherwise creep through denormal numbers, which are slow.
    filter.y1 = low < 1e-6 ? 0 : y1;
    filter.y2 = low < 1e-6 ? 0 : y2;
    this.low = low / (4 * BAND_FRAME);
    this.middle = middle / (4 * BAND_FRAME);
    this.high = high / (2 * BAND_FRAME);
  }

  /** What {@link measure} comes to where there is digital silence behind digital silence. */
  #rest(): void {
    if (this.#kept !== undefined) {
      for (let i = 0; i < BAND_FRAME / 4; i++) this.#kept[(this.#keptAt + i) & KEPT_MASK] = 0;
      this.#keptAt = (this.#keptAt + BAND_FRAME / 4) & KEPT_MASK;
    }
    this.low = this.middle = this.high = 0;
  }
}

function isSilent(samples: Int16Array, from: number, end: number): boolean {
  for (let i = from; i < end; i++) if (samples[i] !== 0) return false;
  return true;
}

function isAtRest({ x1, x2, y1, y2 }: HighPassState): boolean {
  return x1 === 0 && x2 === 0 && y1 === 0 && y2 === 0;
}

/** Coefficients of a biquad whose zeros lie at 0 Hz: y = b0 (x - 2 x1 + x2) - a1 y1 - a2 y2. */
interface HighPass {
  readonly b0: number;
  readonly a1: number;
  readonly a2: number;
}

interface HighPassState {
  x1: number;
  x2: number;
  y1: number;
  y2: number;
}

/** Butterworth high-pass by the bilinear transform. */
function highPass(cutoffHz: number, sampleRate: number): HighPass {
  const omega = (2 * Math.PI * cutoffHz) / sampleRate;
  const alpha = Math.sin(omega) / Math.SQRT2;
  const a0 = 1 + alpha;
  return {
    b0: (1 + Math.cos(omega)) / 2 / a0,
    a1: (-2 * Math.cos(omega)) / a0,
    a2: (1 - alpha) / a0,
  };
}
