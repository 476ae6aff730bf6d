import { copySamples } from './copy-samples.ts';

/** The length of a ring that holds at least so many samples, ≥ 1. */
export function ringLength(minimum: number): number {
  return 2 ** Math.ceil(Math.log2(minimum));
}

/**
 * Copies the samples of the positions from `from` to `until` out of one ring into another; a position lies at its
 * remainder by the length, which is a power of two. Each ring holds all of them.
 */
export function copyBetweenRings(source: Int16Array, dest: Int16Array, from: number, until: number): void {
  for (let position = from; position < until; ) {
    const at = position & (source.length - 1);
    const to = position & (dest.length - 1);
    const run = Math.min(until - position, source.length - at, dest.length - to);
    copySamples(source, at, dest, to, run);
    position += run;
  }
}
