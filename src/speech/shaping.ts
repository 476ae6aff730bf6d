/** What counts as silence: -45 dBFS, above the noise of synthetic voices and below their softest sounds. */
const SILENCE_LEVEL = 180;
const MARGIN_MS = 25;
const FADE_MS = 4;

/** The part of `samples` that sounds, with 25 ms around it; empty when all of it is silent. A view, no copy. */
export function trimSilence(samples: Int16Array, sampleRate: number): Int16Array {
  const sounds = (sample: number): boolean => Math.abs(sample) > SILENCE_LEVEL;
  const first = samples.findIndex(sounds);
  if (first < 0) return samples.subarray(0, 0);
  const last = samples.findLastIndex(sounds);
  const margin = Math.round((MARGIN_MS * sampleRate) / 1000);
  return samples.subarray(Math.max(0, first - margin), Math.min(samples.length, last + 1 + margin));
}

/** Changes the level in place; what would pass full scale stays at full scale. */
export function applyGain(samples: Int16Array, gainDb: number): void {
  const factor = 10 ** (gainDb / 20);
  for (let index = 0; index < samples.length; index++) {
    const scaled = Math.round((samples[index] ?? 0) * factor);
    samples[index] = Math.max(-32_768, Math.min(32_767, scaled));
  }
}

/** Lets the first and the last 4 ms rise from and fall to zero, so that nothing clicks at the seams. In place. */
export function fadeEdges(samples: Int16Array, sampleRate: number): void {
  const length = Math.min(Math.round((FADE_MS * sampleRate) / 1000), samples.length >> 1);
  for (let index = 0; index < length; index++) {
    const factor = index / length;
    const mirrored = samples.length - 1 - index;
    samples[index] = Math.round((samples[index] ?? 0) * factor);
    samples[mirrored] = Math.round((samples[mirrored] ?? 0) * factor);
  }
}
