import { goertzelPower } from '../media/goertzel.ts';
import { meanSquare, powerToDbfs } from '../media/level.ts';

/** Judged at a time, ms. */
export const TONE_FRAME_MS = 20;

/** Below this level nothing counts as a tone, dBFS. */
const MIN_LEVEL_DBFS = -50;
/** Frames that frequencies are looked for in together: long enough to tell 440 from 480 Hz. */
const WINDOW_FRAMES = 3;
/** Share of the power that the frequencies have together, and each of them at least. */
const MIN_SHARE = 0.7;
const MIN_SHARE_OF_ONE = 0.08;
/** What one sine does not explain, as a share of the power. */
const MAX_RESIDUE = 0.02;
/** How far a lone tone may wander from one frame to the next. */
const MAX_WANDER = 0.02;
/** Where lone tones are looked for, Hz. */
const LOWEST_HZ = 250;
const HIGHEST_HZ = 3600;

/** Hears a tone, frame by frame. */
export interface ToneDetector {
  /** @param frame {@link TONE_FRAME_MS} of samples @returns whether the tone sounds in it */
  push(frame: Int16Array): boolean;
}

/**
 * Hears one tone or several that sound together.
 * @param frequenciesHz at least one
 */
export function createToneDetector(frequenciesHz: readonly number[], sampleRate: number): ToneDetector {
  const frame = (sampleRate * TONE_FRAME_MS) / 1000;
  const window = new Int16Array(frame * WINDOW_FRAMES);
  let frames = 0;
  return {
    push(samples) {
      window.copyWithin(0, frame);
      window.set(samples.subarray(0, frame), window.length - frame);
      frames++;
      if (frames < WINDOW_FRAMES) return false;
      const total = meanSquare(window, 0, window.length);
      if (powerToDbfs(total) < MIN_LEVEL_DBFS) return false;
      const shares = frequenciesHz.map(
        (frequency) => goertzelPower(window, 0, window.length, frequency, sampleRate) / total,
      );
      const together = shares.reduce((sum, share) => sum + share, 0);
      return together >= MIN_SHARE && shares.every((share) => share >= MIN_SHARE_OF_ONE);
    },
  };
}

/** Hears a lone steady tone of whatever frequency: a beep. */
export function createBeepDetector(sampleRate: number): ToneDetector {
  let last = 0;
  return {
    push(samples) {
      const frequency = loneTone(samples, sampleRate);
      const steady = frequency > 0 && Math.abs(frequency - last) <= MAX_WANDER * frequency;
      last = frequency;
      return steady;
    },
  };
}

/**
 * Frequency of the one sine that the samples are, Hz; 0 when they are something else. A sine obeys
 * x[n] + x[n−2] = 2 cos ω · x[n−1]: the best cos ω gives the frequency, what is left over tells the rest.
 */
export function loneTone(samples: Int16Array, sampleRate: number): number {
  let square = 0;
  let product = 0;
  let outer = 0;
  for (let n = 2; n < samples.length; n++) {
    const middle = samples[n - 1]!;
    const sum = samples[n]! + samples[n - 2]!;
    square += middle * middle;
    product += middle * sum;
    outer += sum * sum;
  }
  const count = samples.length - 2;
  if (count <= 0 || powerToDbfs(square / count) < MIN_LEVEL_DBFS) return 0;
  const cosine = product / (2 * square);
  if (Math.abs(cosine) >= 1) return 0;
  const frequency = (Math.acos(cosine) * sampleRate) / (2 * Math.PI);
  if (frequency < LOWEST_HZ || frequency > HIGHEST_HZ) return 0;
  const residue = outer - (product * product) / square;
  return residue / (4 * (1 - cosine * cosine) * square) <= MAX_RESIDUE ? frequency : 0;
}
