import { powerToDbfs } from './level.ts';

/** Below this level nothing counts as a tone, dBFS. */
const MIN_LEVEL_DBFS = -50;
/** What one sine does not explain, as a share of the power. */
const MAX_RESIDUE = 0.02;
/** Where tones are looked for, Hz. */
const LOWEST_HZ = 250;
const HIGHEST_HZ = 3600;
/** The longest lag reaches back over this share of the samples, there and back. */
const LONG_SHARE = 0.5;
/** Lags on either side of the one wanted that may take its place. */
const LAGS_BESIDE = 2;

/** How well samples fit a sine, {@link fit}. */
interface Fit {
  /** Of the angle by which the sine goes on in one lag. */
  readonly cosine: number;
  /** What is left over, as a share of the power. */
  readonly residue: number;
}

/**
 * Frequency of the one sine that the samples are, Hz; 0 when they are something else. A sine obeys
 * x[n] + x[n−2L] = 2 cos Lω · x[n−L] at every lag L: from sample to sample, the best cos ω gives the frequency,
 * nearly. Two sines near each other obey it nearly, too, the better the shorter the lag; so the rule is asked where
 * the sine has gone on by a quarter of its period, by one period more, and by many: there noise counts least, each
 * tells the frequency better than the one before, and what is left over tells the rest.
 */
export function loneTone(samples: Int16Array, sampleRate: number, count = samples.length): number {
  const next = fit(samples, count, 1);
  if (next === undefined || next.residue > maxResidueAt(next.cosine)) return 0;
  let angle = Math.acos(next.cosine);
  const longest = (count * LONG_SHARE) / 2;
  for (const wanted of [Math.PI / 2 / angle, (5 * Math.PI) / 2 / angle, longest]) {
    const lag = squareLag(wanted, angle);
    const far = fit(samples, count, lag);
    if (far === undefined || far.residue > maxResidueAt(far.cosine)) return 0;
    const halfTurns = Math.floor((lag * angle) / Math.PI);
    const within = Math.acos(halfTurns % 2 === 0 ? far.cosine : -far.cosine);
    angle = (halfTurns * Math.PI + within) / lag;
  }
  const frequency = (angle * sampleRate) / (2 * Math.PI);
  return frequency >= LOWEST_HZ && frequency <= HIGHEST_HZ ? frequency : 0;
}

/** Of the lags near `wanted` the one at which the sine stands most nearly a quarter turn behind whole half turns. */
function squareLag(wanted: number, angle: number): number {
  const middle = Math.max(1, Math.round(wanted));
  let best = middle;
  for (let lag = Math.max(1, middle - LAGS_BESIDE); lag <= middle + LAGS_BESIDE; lag++)
    if (Math.abs(Math.cos(lag * angle)) < Math.abs(Math.cos(best * angle))) best = lag;
  return best;
}

/** What noise leaves over at another lag, of which {@link MAX_RESIDUE} is left at a quarter of the period. */
function maxResidueAt(cosine: number): number {
  return (MAX_RESIDUE * (1 + 2 * cosine * cosine)) / (1 - cosine * cosine);
}

/** Undefined when there are too few samples, or they are too faint, or no sine at all. */
function fit(samples: Int16Array, count: number, lag: number): Fit | undefined {
  let square = 0;
  let product = 0;
  let outer = 0;
  for (let n = 2 * lag; n < count; n++) {
    const middle = samples[n - lag]!;
    const sum = samples[n]! + samples[n - 2 * lag]!;
    square += middle * middle;
    product += middle * sum;
    outer += sum * sum;
  }
  const terms = count - 2 * lag;
  if (terms <= 0 || powerToDbfs(square / terms) < MIN_LEVEL_DBFS) return undefined;
  const cosine = product / (2 * square);
  if (Math.abs(cosine) >= 1) return undefined;
  const residue = outer - (product * product) / square;
  return { cosine, residue: residue / (4 * (1 - cosine * cosine) * square) };
}
