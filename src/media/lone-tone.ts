import { powerToDbfs } from './level.ts';

/** Below this level nothing counts as a tone, dBFS. */
const MIN_LEVEL_DBFS = -50;
/** What one sine does not explain, as a share of the power. */
const MAX_RESIDUE = 0.02;
/** Where tones are looked for, Hz. */
const LOWEST_HZ = 250;
const HIGHEST_HZ = 3600;

/**
 * Frequency of the one sine that the samples are, Hz; 0 when they are something else. A sine obeys
 * x[n] + x[n−2] = 2 cos ω · x[n−1]: the best cos ω gives the frequency, what is left over tells the rest.
 */
export function loneTone(samples: Int16Array, sampleRate: number, count = samples.length): number {
  let square = 0;
  let product = 0;
  let outer = 0;
  for (let n = 2; n < count; n++) {
    const middle = samples[n - 1]!;
    const sum = samples[n]! + samples[n - 2]!;
    square += middle * middle;
    product += middle * sum;
    outer += sum * sum;
  }
  const terms = count - 2;
  if (terms <= 0 || powerToDbfs(square / terms) < MIN_LEVEL_DBFS) return 0;
  const cosine = product / (2 * square);
  if (Math.abs(cosine) >= 1) return 0;
  const frequency = (Math.acos(cosine) * sampleRate) / (2 * Math.PI);
  if (frequency < LOWEST_HZ || frequency > HIGHEST_HZ) return 0;
  const residue = outer - (product * product) / square;
  return residue / (4 * (1 - cosine * cosine) * square) <= MAX_RESIDUE ? frequency : 0;
}
