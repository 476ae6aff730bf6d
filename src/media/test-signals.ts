/** Signals with known properties for tests: the same seed gives the same samples on every machine. */
import { joinSamples } from './copy-samples.ts';
import { sineAmplitude } from './level.ts';

/** A generator of reproducible random numbers, 0 ≤ x < 1 (a linear congruential one: for tests only). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** White noise of an RMS level in dBFS (level.ts). */
export function whiteNoise(count: number, levelDbfs: number, seed = 1): Int16Array {
  const random = seededRandom(seed);
  const sigma = sineAmplitude(levelDbfs) / Math.SQRT2;
  return Int16Array.from({ length: count }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return clip(sigma * normal);
  });
}

/** A sine of an RMS level in dBFS. */
export function sine(count: number, frequencyHz: number, levelDbfs: number, sampleRate = 8000): Int16Array {
  const amplitude = sineAmplitude(levelDbfs);
  return Int16Array.from({ length: count }, (_, n) =>
    clip(amplitude * Math.sin((2 * Math.PI * frequencyHz * n) / sampleRate)),
  );
}

/**
 * Something like speech: a buzzing source (90 to 160 Hz, gliding) through two resonances that wander like
 * vowels, in syllables of about 200 ms with short dips between them. Loud from the first sample to the last.
 * @param levelDbfs RMS level of the whole
 */
export function speechLike(count: number, levelDbfs: number, sampleRate = 8000, seed = 1): Int16Array {
  const random = seededRandom(seed);
  const raw = new Float64Array(count);
  const first = new Resonance();
  const second = new Resonance();
  const syllable = Math.round(0.2 * sampleRate);
  let phase = 0;
  let pitch = 120;
  for (let n = 0; n < count; n++) {
    if (n % syllable === 0) {
      pitch = 90 + 70 * random();
      first.tune(350 + 450 * random(), 90, sampleRate);
      second.tune(1000 + 1300 * random(), 140, sampleRate);
    }
    phase += (pitch * (1 - (0.15 * (n % syllable)) / syllable)) / sampleRate;
    const pulse = phase >= 1 ? 1 : 0;
    phase -= pulse;
    const inSyllable = (n % syllable) / syllable;
    // Dips of 12 dB between syllables, none at the very start and end.
    const dip =
      n < syllable / 2 || n > count - syllable / 2 ? 1 : 0.25 + 0.75 * Math.sin(Math.PI * inSyllable);
    raw[n] = dip * (first.filter(pulse) + 0.5 * second.filter(pulse) + 0.002 * (random() - 0.5));
  }
  const power = raw.reduce((sum, value) => sum + value * value, 0) / Math.max(1, count);
  const gain = sineAmplitude(levelDbfs) / Math.SQRT2 / Math.sqrt(power);
  return Int16Array.from(raw, (value) => clip(value * gain));
}

/** `parts` one behind the other. */
export function concat(...parts: readonly Int16Array[]): Int16Array {
  return joinSamples(parts);
}

/** The sum of two signals; the longer one gives the length. */
export function add(a: Int16Array, b: Int16Array): Int16Array {
  return Int16Array.from({ length: Math.max(a.length, b.length) }, (_, n) => clip((a[n] ?? 0) + (b[n] ?? 0)));
}

class Resonance {
  #a1 = 0;
  #a2 = 0;
  #y1 = 0;
  #y2 = 0;

  tune(frequencyHz: number, bandwidthHz: number, sampleRate: number): void {
    const radius = Math.exp((-Math.PI * bandwidthHz) / sampleRate);
    this.#a1 = 2 * radius * Math.cos((2 * Math.PI * frequencyHz) / sampleRate);
    this.#a2 = -radius * radius;
  }

  filter(x: number): number {
    const y = x + this.#a1 * this.#y1 + this.#a2 * this.#y2;
    this.#y2 = this.#y1;
    this.#y1 = y;
    return y;
  }
}

function clip(value: number): number {
  return Math.max(-32768, Math.min(32767, Math.round(value)));
}
