import { goertzelPower } from '../media/goertzel.ts';
import { meanSquare, powerToDbfs } from '../media/level.ts';
import { loneTone } from '../media/lone-tone.ts';

/** Judged at a time, ms. */
export const TONE_FRAME_MS = 20;

/** Below this level nothing counts as a tone, dBFS. */
const MIN_LEVEL_DBFS = -50;
/** Frames that frequencies are looked for in together: long enough to tell 440 from 480 Hz. */
const WINDOW_FRAMES = 3;
/** Share of the power that the frequencies have together, and each of them at least. */
const MIN_SHARE = 0.7;
const MIN_SHARE_OF_ONE = 0.08;
/** Parts of a frame, of which none may be weaker than this share of the strongest: two tones near each other beat. */
const PARTS = 4;
const MIN_EVENNESS = 0.5;
/** How far a lone tone may wander from one frame to the next. */
const MAX_WANDER = 0.02;

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
      const lone = loneTone(samples, sampleRate);
      const frequency = lone > 0 && evenness(samples) >= MIN_EVENNESS ? lone : 0;
      const steady = frequency > 0 && Math.abs(frequency - last) <= MAX_WANDER * frequency;
      last = frequency;
      return steady;
    },
  };
}

/** Level of the weakest part of the samples as a share of that of the strongest. */
function evenness(samples: Int16Array): number {
  const part = Math.floor(samples.length / PARTS);
  const powers = Array.from({ length: PARTS }, (_, index) => meanSquare(samples, index * part, part));
  return Math.sqrt(Math.min(...powers) / Math.max(...powers));
}
