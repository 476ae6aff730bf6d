/** Whether a series of samples rises for good: a straight line through it, and how sure its slope is. */

export interface Sample {
  /** s */
  readonly at: number;
  readonly value: number;
}

export interface Trend {
  /** Mean of all samples. */
  readonly level: number;
  /** Rise from the first sample to the last by the line, with its confidence interval of 95 %. */
  readonly rise: number;
  readonly least: number;
  readonly most: number;
}

export interface TrendOptions {
  /** What stands for the samples of a stretch: `lowest` for heaps, which rise until they are swept. */
  readonly by: 'mean' | 'lowest';
}

/** Stretches that the time is cut into: samples near each other go together, so single ones would feign certainty. */
const STRETCHES = 20;
const MIN_STRETCHES = 5;
const MIN_STRETCH_SECONDS = 30;

/** @returns undefined when there is too little to tell */
export function trendOf(samples: readonly Sample[], { by }: TrendOptions): Trend | undefined {
  const stretches = stretchesOf(samples).map((stretch) => ({
    at: mean(stretch.map(({ at }) => at)),
    value: by === 'mean' ? mean(stretch.map(({ value }) => value)) : Math.min(...stretch.map((s) => s.value)),
  }));
  const count = stretches.length;
  if (count < MIN_STRETCHES) return undefined;
  const at = mean(stretches.map((stretch) => stretch.at));
  const level = mean(stretches.map(({ value }) => value));
  const spread = sum(stretches.map((stretch) => (stretch.at - at) ** 2));
  const slope = sum(stretches.map((stretch) => (stretch.at - at) * (stretch.value - level))) / spread;
  const errors = stretches.map((stretch) => (stretch.value - level - slope * (stretch.at - at)) ** 2);
  const slopeError = Math.sqrt(sum(errors) / (count - 2) / spread);
  const duration = samples.at(-1)!.at - samples[0]!.at;
  const margin = student975(count - 2) * slopeError * duration;
  const rise = slope * duration;
  return { level, rise, least: rise - margin, most: rise + margin };
}

/** Stretches of equal time, with at least one sample in each; none of a single sample, which takes no time. */
function stretchesOf(samples: readonly Sample[]): readonly (readonly Sample[])[] {
  if (samples.length < 2) return [];
  const first = samples[0]!.at;
  const duration = samples.at(-1)!.at - first;
  const length = Math.max(MIN_STRETCH_SECONDS, duration / STRETCHES);
  const count = Math.max(1, Math.floor(duration / length));
  const stretches = Array.from({ length: count }, (): Sample[] => []);
  for (const sample of samples) {
    const index = Math.floor(((sample.at - first) / duration) * count);
    stretches[Math.min(count - 1, index)]!.push(sample);
  }
  return stretches.filter((stretch) => stretch.length > 0);
}

/** What 97.5 % of Student's distribution do not exceed (Abramowitz and Stegun 26.7.5), right to 2 % from 3 on. */
function student975(degrees: number): number {
  const z = 1.959_964;
  const first = (z ** 3 + z) / 4;
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  const third = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384;
  return z + first / degrees + second / degrees ** 2 + third / degrees ** 3;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
