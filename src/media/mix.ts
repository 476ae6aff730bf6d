/** Mixing 16-bit PCM: nothing here ever wraps round. */

const MAX = 32767;
/** Sums up to this level (-2.5 dBFS) are exact; louder ones are bent towards full scale. */
const KNEE = 24576;
/**
 * One sample of a two-party mix: the plain sum, so that each party keeps its level, with a soft limit where
 * both shout at once. The limit bends only what passes both {@link KNEE} and the louder of the two, so a party
 * that speaks alone goes through unchanged at any level, and the result is steady in both inputs.
 */
export function mixSamples(a: number, b: number): number {
  const sum = a + b;
  const size = sum < 0 ? -sum : sum;
  if (size <= KNEE) return sum;
  const loudA = a < 0 ? -a : a;
  const loudB = b < 0 ? -b : b;
  const knee = Math.min(MAX, Math.max(KNEE, loudA, loudB));
  if (size <= knee) return Math.max(-MAX, Math.min(MAX, sum));
  const room = MAX - knee;
  const excess = size - knee;
  const limited = room === 0 ? MAX : knee + (room * excess) / (room + excess);
  return Math.round(sum < 0 ? -limited : limited);
}

/** Adds `count` samples of `src` to `dest`, saturating at full scale. */
export function addInto(
  dest: Int16Array,
  destOffset: number,
  src: Int16Array,
  srcOffset: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    dest[destOffset + i] = saturate(dest[destOffset + i]! + src[srcOffset + i]!);
  }
}

function saturate(value: number): number {
  return value > 32767 ? 32767 : Math.max(value, -32768);
}
