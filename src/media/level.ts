/**
 * Levels in dBFS. 0 dBFS here is the power of a full-scale square wave (dBov, RFC 6464 section 3), so a
 * full-scale sine reads -3.01 dBFS. For G.711, 0 dBm0 is about -6.2 dBFS on this scale.
 */

const FULL_SCALE = 32768;

/** What {@link rmsDbfs} and {@link peakDbfs} say of digital silence: the lowest level of RFC 6464. */
export const SILENCE_DBFS = -127;

/** Mean of the squared samples (full scale: 2^30); 0 when `count` is 0. */
export function meanSquare(samples: Int16Array, offset: number, count: number): number {
  let sum = 0;
  for (let i = offset; i < offset + count; i++) sum += samples[i]! * samples[i]!;
  return count > 0 ? sum / count : 0;
}

/** Root mean square level of `count` samples, {@link SILENCE_DBFS} to 0 dBFS. */
export function rmsDbfs(samples: Int16Array, offset = 0, count = samples.length - offset): number {
  return powerToDbfs(meanSquare(samples, offset, count));
}

/** Level of the largest sample, {@link SILENCE_DBFS} to 0 dBFS. */
export function peakDbfs(samples: Int16Array, offset = 0, count = samples.length - offset): number {
  let peak = 0;
  for (let i = offset; i < offset + count; i++) peak = Math.max(peak, Math.abs(samples[i]!));
  return powerToDbfs(peak * peak);
}

/** Level of a mean square in sample units squared. */
export function powerToDbfs(power: number): number {
  return power > 0 ? Math.max(SILENCE_DBFS, 10 * Math.log10(power / FULL_SCALE ** 2)) : SILENCE_DBFS;
}

/** Mean square, in sample units squared, of a level in dBFS. */
export function dbfsToPower(dbfs: number): number {
  return FULL_SCALE ** 2 * 10 ** (dbfs / 10);
}

/** Factor on samples for a gain in dB; 0 dB is 1. */
export function dbToGain(db: number): number {
  return 10 ** (db / 20);
}

/** Amplitude, in sample units, of a sine whose RMS level is `dbfs` (-3.01 dBFS is full scale). */
export function sineAmplitude(dbfs: number): number {
  return FULL_SCALE * Math.SQRT2 * dbToGain(dbfs);
}
