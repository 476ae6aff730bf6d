/**
 * ITU-T G.711: 8-bit companded speech at 8000 Hz, µ-law (RTP name `PCMU`) and A-law (`PCMA`).
 *
 * All conversions are table look-ups. Samples are 16-bit linear PCM with the codec's 14-bit (µ-law) or 13-bit
 * (A-law) value left-justified, as in ITU-T G.191, so that the loudest code words decode to ±32124 and ±32256.
 */

/** The code word that stands for silence: what an idle PCMU stream carries (G.711 table 2a, +0). */
export const PCMU_SILENCE = 0xff;
/** The code word that stands for silence in A-law: the smallest positive value (G.711 table 1a). */
export const PCMA_SILENCE = 0xd5;

/** G.711 3.1: µ-law segments are counted from this bias, in 14-bit units. */
const MU_BIAS = 33;
const MU_MAX = 0x1fff;
/** G.711 table 1a, note 2: even bits of an A-law word are inverted on the line. */
const ALAW_INVERSION = 0x55;

const PCMU_TO_LINEAR = Int16Array.from({ length: 256 }, (_, code) => expandPcmu(code));
const PCMA_TO_LINEAR = Int16Array.from({ length: 256 }, (_, code) => expandPcma(code));
/** Indexed by the upper 14 bits of a sample, offset by 2^13. */
const LINEAR_TO_PCMU = Uint8Array.from({ length: 1 << 14 }, (_, index) => compressPcmu(index - (1 << 13)));
/** Indexed by the upper 12 bits of a sample, offset by 2^11: A-law does not see the 13th bit of small values. */
const LINEAR_TO_PCMA = Uint8Array.from({ length: 1 << 12 }, (_, index) => compressPcma(index - (1 << 11)));

/**
 * Decodes `length` µ-law bytes from `src[srcOffset]` on into samples from `dest[destOffset]` on. The caller
 * vouches that both ranges exist: what lies outside of `dest` is dropped silently, as typed arrays do.
 */
export function decodePcmu(
  src: Uint8Array,
  srcOffset: number,
  length: number,
  dest: Int16Array,
  destOffset: number,
): void {
  for (let i = 0; i < length; i++) dest[destOffset + i] = PCMU_TO_LINEAR[src[srcOffset + i]!]!;
}

/** As {@link decodePcmu}, for A-law. */
export function decodePcma(
  src: Uint8Array,
  srcOffset: number,
  length: number,
  dest: Int16Array,
  destOffset: number,
): void {
  for (let i = 0; i < length; i++) dest[destOffset + i] = PCMA_TO_LINEAR[src[srcOffset + i]!]!;
}

/** Encodes `length` samples from `src[srcOffset]` on into µ-law bytes from `dest[destOffset]` on. */
export function encodePcmu(
  src: Int16Array,
  srcOffset: number,
  length: number,
  dest: Uint8Array,
  destOffset: number,
): void {
  for (let i = 0; i < length; i++) {
    dest[destOffset + i] = LINEAR_TO_PCMU[(src[srcOffset + i]! >> 2) + (1 << 13)]!;
  }
}

/** As {@link encodePcmu}, for A-law. */
export function encodePcma(
  src: Int16Array,
  srcOffset: number,
  length: number,
  dest: Uint8Array,
  destOffset: number,
): void {
  for (let i = 0; i < length; i++) {
    dest[destOffset + i] = LINEAR_TO_PCMA[(src[srcOffset + i]! >> 4) + (1 << 11)]!;
  }
}

//  µ-law word, all bits inverted on the line (G.711 table 2a, note 2):
//   7   6 5 4     3 2 1 0
//  +---+---------+---------+
//  | S | segment |  step   |   S = 1 for positive
//  +---+---------+---------+
function expandPcmu(code: number): number {
  const word = ~code & 0xff;
  const segment = (word >> 4) & 7;
  const magnitude = ((((word & 15) << 1) + MU_BIAS) << segment) - MU_BIAS;
  return (word & 0x80 ? -magnitude : magnitude) << 2;
}

/** @param value 14-bit two's complement; negative ones are mirrored as one's complement (G.191) */
function compressPcmu(value: number): number {
  const magnitude = Math.min((value < 0 ? ~value : value) + MU_BIAS, MU_MAX);
  const segment = 26 - Math.clz32(magnitude);
  const word = (segment << 4) | ((magnitude >> (segment + 1)) & 15);
  return ~(word | (value < 0 ? 0x80 : 0)) & 0xff;
}

//  A-law word, even bits inverted on the line: as above, but segments 0 and 1 have the same step size.
function expandPcma(code: number): number {
  const word = code ^ ALAW_INVERSION;
  const segment = (word >> 4) & 7;
  const step = ((word & 15) << 4) + 8;
  const magnitude = segment === 0 ? step : (step + 0x100) << (segment - 1);
  return word & 0x80 ? magnitude : -magnitude;
}

/** @param value 12-bit two's complement */
function compressPcma(value: number): number {
  const magnitude = value < 0 ? ~value : value;
  const segment = magnitude < 16 ? 0 : 28 - Math.clz32(magnitude);
  const step = segment === 0 ? magnitude : (magnitude >> (segment - 1)) & 15;
  return ((segment << 4) | step | (value < 0 ? 0 : 0x80)) ^ ALAW_INVERSION;
}
