/** What the callers say, and how each of them is told from the others in its recording. */
import { decodePcmu, encodePcmu, PCMU_SILENCE } from '../src/media/g711.ts';
import { speechLike } from '../src/media/test-signals.ts';

export const PACKET_MS = 20;
export const PACKET_SAMPLES = 160;
export const SAMPLES_PER_MS = 8;

const SPEECH_PACKETS = 500;
/** The last of them: who never draws breath passes for noise in the end (docs/voice-detection.md). */
const BREATH_PACKETS = 15;
/** Of so many packets, the first ones are speech. */
const PAUSE_CYCLE = 150;
const SPOKEN_PACKETS = 100;
/** Loudest µ-law words, negative and positive: a mark that the speech never begins with. */
const ZERO_BIT = 0x00;
const ONE_BIT = 0x80;
/** The mark of a call: one sample to find it by, then its number, 16 bits. */
const MARK_SAMPLES = 17;
/** Different ones: of higher numbers, a mark bears the remainder. */
export const MARKS = 65_536;

const SPEECH = encoded(speechLike(SPEECH_PACKETS * PACKET_SAMPLES, -20)).fill(
  PCMU_SILENCE,
  (SPEECH_PACKETS - BREATH_PACKETS) * PACKET_SAMPLES,
);

/** Puts packet `index` of caller `number` into `target`, `at` its first sample. */
export type PutPacket = (number: number, index: number, target: Uint8Array, at: number) => void;

/** Puts packet `index` of caller `number` into `target`: first its mark, then speech, over and over. */
export function putPacket(number: number, index: number, target: Uint8Array, at: number): void {
  if (index > 0) {
    const from = (index % SPEECH_PACKETS) * PACKET_SAMPLES;
    target.set(SPEECH.subarray(from, from + PACKET_SAMPLES), at);
    return;
  }
  target.fill(PCMU_SILENCE, at, at + PACKET_SAMPLES);
  target[at] = ZERO_BIT;
  for (let bit = 0; bit < 16; bit++) target[at + 1 + bit] = (number >> bit) & 1 ? ONE_BIT : ZERO_BIT;
}

/** As {@link putPacket}, but with a second of silence after each two seconds of speech. */
export function putPacketWithPauses(number: number, index: number, target: Uint8Array, at: number): void {
  if (index % PAUSE_CYCLE < SPOKEN_PACKETS) putPacket(number, index, target, at);
  else target.fill(PCMU_SILENCE, at, at + PACKET_SAMPLES);
}

/** Where the mark of a call lies in a recording, and whose it is; undefined when there is none. */
export function findMark(samples: Int16Array): { readonly number: number; readonly at: number } | undefined {
  const at = samples.findIndex((sample) => sample !== 0);
  if (at < 0 || at + MARK_SAMPLES > samples.length) return undefined;
  let number = 0;
  for (let bit = 0; bit < 16; bit++) if (samples[at + 1 + bit]! > 0) number |= 1 << bit;
  return { number, at };
}

/**
 * Which of the `packets` that caller `number` sent are not, sample for sample, where they belong behind `at`.
 * @param put what it said
 */
export function differingPackets(
  samples: Int16Array,
  at: number,
  number: number,
  packets: number,
  put: PutPacket = putPacket,
): readonly number[] {
  const said = new Uint8Array(PACKET_SAMPLES);
  const expected = new Int16Array(PACKET_SAMPLES);
  const differing: number[] = [];
  for (let index = 0; index < packets; index++) {
    put(number, index, said, 0);
    decodePcmu(said, 0, PACKET_SAMPLES, expected, 0);
    const from = at + index * PACKET_SAMPLES;
    if (expected.some((sample, i) => sample !== samples[from + i])) differing.push(index);
  }
  return differing;
}

function encoded(samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(samples.length);
  encodePcmu(samples, 0, samples.length, bytes, 0);
  return bytes;
}
