/** What can be said of samples. */
import { VoiceActivityDetector } from '../media/voice-activity.ts';
import { createToneDetector, TONE_FRAME_MS } from './tone-detector.ts';

/** Where something sounds, ms. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Hears quiet speech, but no line noise. */
const SENSITIVITY = 60;
const BLOCK_MS = 10;

/** The first stretch in which the frequencies sound together for at least `minMs`. */
export function findTone(
  samples: Int16Array,
  sampleRate: number,
  frequenciesHz: readonly number[],
  minMs: number,
): Stretch | undefined {
  const detector = createToneDetector(frequenciesHz, sampleRate);
  const frame = (sampleRate * TONE_FRAME_MS) / 1000;
  let from: number | undefined;
  for (let at = 0; at + frame <= samples.length; at += frame) {
    const sounds = detector.push(samples.subarray(at, at + frame));
    if (sounds) from ??= at;
    const end = sounds ? at + frame : at;
    if (from !== undefined && (!sounds || end + frame > samples.length)) {
      const stretch = { fromMs: (from * 1000) / sampleRate, toMs: (end * 1000) / sampleRate };
      if (stretch.toMs - stretch.fromMs >= minMs) return stretch;
    }
    if (!sounds) from = undefined;
  }
  return undefined;
}

/** How much of it is speech, ms. */
export function speechIn(samples: Int16Array, sampleRate: number): number {
  const detector = new VoiceActivityDetector({ sampleRate, sensitivity: SENSITIVITY });
  const block = (sampleRate * BLOCK_MS) / 1000;
  let start = -1;
  let end = 0;
  let total = 0;
  for (let at = 0; at + block <= samples.length; at += block) {
    detector.process(samples, at, block);
    if (!detector.heard || detector.speechStart === start) {
      end = detector.speechEnd;
      continue;
    }
    if (start >= 0) total += end - start;
    start = detector.speechStart;
    end = detector.speechEnd;
  }
  if (start >= 0) total += end - start;
  return (total * 1000) / sampleRate;
}
