/** What the demo says of sound: how loud it is, and whether one sound is heard again in another. */
import { readFileSync } from 'node:fs';

import { rmsDbfs } from '../../src/media/level.ts';
import { WavStreamDecoder } from '../../src/media/wav-stream-decoder.ts';

const RATE = 8000;
/** Loudness is compared in steps of 20 ms. */
const STEP = 160;
/** Nothing below counts as sound, dBFS. */
const FLOOR_DBFS = -60;

/** Samples of a mono WAV file at 8 kHz. @throws WavError */
export function readSamples(path: string): Int16Array {
  const decoder = new WavStreamDecoder();
  const samples = decoder.write(readFileSync(path));
  if (decoder.format?.sampleRate !== RATE) throw new Error(`${path} is not at ${RATE} Hz`);
  return samples;
}

/**
 * How well the rise and fall of `words` is found again somewhere in `heard`.
 * @returns correlation of the best place, up to 1, and that place in ms
 */
export function findAgain(
  words: Int16Array,
  heard: Int16Array,
): { readonly likeness: number; readonly atMs: number } {
  const pattern = loudness(words);
  const course = loudness(heard);
  let likeness = 0;
  let place = 0;
  for (let at = 0; at + pattern.length <= course.length; at += 1) {
    const found = correlation(pattern, course.subarray(at, at + pattern.length));
    if (found > likeness) [likeness, place] = [found, at];
  }
  return { likeness, atMs: (place * STEP * 1000) / RATE };
}

function loudness(samples: Int16Array): Float64Array {
  return Float64Array.from({ length: Math.floor(samples.length / STEP) }, (_, step) =>
    Math.max(FLOOR_DBFS, rmsDbfs(samples, step * STEP, STEP)),
  );
}

/** Pearson's; 0 when one of them does not change. */
function correlation(one: Float64Array, other: Float64Array): number {
  const mean = (values: Float64Array): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [oneMean, otherMean] = [mean(one), mean(other)];
  let product = 0;
  let oneSquares = 0;
  let otherSquares = 0;
  for (const [index, value] of one.entries()) {
    const [a, b] = [value - oneMean, other[index]! - otherMean];
    product += a * b;
    oneSquares += a * a;
    otherSquares += b * b;
  }
  return oneSquares * otherSquares === 0 ? 0 : product / Math.sqrt(oneSquares * otherSquares);
}
