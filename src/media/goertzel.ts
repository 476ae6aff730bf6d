import { powerToDbfs } from './level.ts';

/**
 * Power of one frequency in a stretch of samples (Goertzel's algorithm): one multiplication per sample,
 * instead of a whole spectrum.
 *
 * The filter is about `sampleRate / count` Hz wide between its first zeros; frequencies nearer than that to
 * each other are not told apart. The block is taken as it is (rectangular window).
 * @returns mean square of the sine at that frequency in sample units squared: a sine of amplitude A gives
 *   A² / 2 when its period fits the block
 */
export function goertzelPower(
  samples: Int16Array,
  offset: number,
  count: number,
  frequencyHz: number,
  sampleRate: number,
): number {
  if (count <= 0) return 0;
  const coefficient = 2 * Math.cos((2 * Math.PI * frequencyHz) / sampleRate);
  let previous = 0;
  let beforePrevious = 0;
  for (let i = offset; i < offset + count; i++) {
    const current = samples[i]! + coefficient * previous - beforePrevious;
    beforePrevious = previous;
    previous = current;
  }
  const squaredMagnitude =
    previous * previous + beforePrevious * beforePrevious - coefficient * previous * beforePrevious;
  return (2 * squaredMagnitude) / (count * count);
}

/** {@link goertzelPower} as an RMS level, dBFS (level.ts). */
export function goertzelDbfs(samples: Int16Array, frequencyHz: number, sampleRate: number): number {
  return powerToDbfs(goertzelPower(samples, 0, samples.length, frequencyHz, sampleRate));
}
