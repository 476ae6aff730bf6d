/** One talker in one noise, and whether the detector found where he begins and ends. */
import { decodePcmu, encodePcmu } from '../../src/media/g711.ts';
import { VoiceActivityDetector } from '../../src/media/voice-activity.ts';
import type { Signal } from './noises.ts';
import { RATE } from './speakers.ts';

/** Noise behind the talker, s. */
const TRAIL_S = 3;
/** How far a found beginning or end may lie from the real one to be right, ms. */
export const TOLERANCE_MS = 200;
/** A gap of this length ends a stretch of speech, as an `end_silence_timeout` of one second does. */
const SILENCE_S = 1;
/** A frame of a clean voice this much below its loudest ones is no speech, dB. */
const SOFTEST_DB = 35;
const FRAME = RATE / 100;

export interface Segment {
  readonly start: number;
  readonly end: number;
  /** Where the detector was when it knew that speech had begun. */
  readonly knownAt: number;
}

/** A decision lies where it should, or before or behind that; `late` is also what never came. */
export type Verdict = 'right' | 'early' | 'late';

/** What a trial came to. Delays are ms; undefined where the decision was wrong. */
export interface TrialResult {
  readonly start: Verdict;
  readonly end: Verdict;
  /** From the real beginning to the sample at which it was known. */
  readonly startDelayMs: number | undefined;
  /** From the real end to the one that was found. */
  readonly endDelayMs: number | undefined;
}

/** A talker in noise. */
export interface Trial {
  readonly samples: Int16Array;
  /** First and behind the last sample of speech. */
  readonly from: number;
  readonly to: number;
}

/** A voice with its level and limits taken. */
export interface Utterance {
  readonly samples: Int16Array;
  /** RMS of the frames in which it speaks, sample units. */
  readonly level: number;
  /** First and behind the last sample of speech. */
  readonly from: number;
  readonly to: number;
}

/** Finds speech in a clean recording, which is simple: there is nothing else in it. */
export function measureUtterance(samples: Int16Array): Utterance {
  const powers = Array.from({ length: Math.floor(samples.length / FRAME) }, (_, frame) => {
    let sum = 0;
    for (let i = 0; i < FRAME; i++) sum += samples[frame * FRAME + i]! ** 2;
    return sum / FRAME;
  });
  const loudest = [...powers].sort((a, b) => a - b)[Math.floor(powers.length * 0.95)] ?? 0;
  const active = (power: number): boolean => power > loudest * 10 ** (-SOFTEST_DB / 10);
  const spoken = powers.filter(active);
  return {
    samples,
    level: Math.sqrt(spoken.reduce((sum, power) => sum + power, 0) / spoken.length),
    from: powers.findIndex(active) * FRAME,
    to: (powers.findLastIndex(active) + 1) * FRAME,
  };
}

/**
 * The utterance at `levelDbfs` (of its active frames) in noise that is `snrDb` weaker, on a line with G.711.
 * @param noise RMS 1; read from a random place on, over and over
 * @param random also says how much noise comes first: half a second (a beep) to three seconds
 */
export function mixTrial(
  utterance: Utterance,
  levelDbfs: number,
  noise: Signal,
  snrDb: number,
  random: () => number,
): Trial {
  const lead = Math.round((0.5 + 2.5 * random()) * RATE);
  const noiseAt = Math.floor(random() * noise.length);
  const mixed = new Int16Array(lead + utterance.samples.length + TRAIL_S * RATE);
  const level = 32768 * 10 ** (levelDbfs / 20);
  const gain = level / utterance.level;
  const noiseGain = level * 10 ** (-snrDb / 20);
  for (let n = 0; n < mixed.length; n++) {
    const said = (utterance.samples[n - lead] ?? 0) * gain;
    mixed[n] = clip(said + noiseGain * noise[(noiseAt + n) % noise.length]!);
  }
  return { samples: throughLine(mixed), from: lead + utterance.from, to: lead + utterance.to };
}

/** @param levelDbfs of a signal with an RMS (or a peak) of 1 */
export function scale(signal: Signal, levelDbfs: number): Int16Array {
  const gain = 32768 * 10 ** (levelDbfs / 20);
  return throughLine(Int16Array.from(signal, (sample) => clip(sample * gain)));
}

export function judge({ samples, from, to }: Trial, sensitivity: number): TrialResult {
  const segments = segmentsOf(samples, sensitivity);
  const first = segments[0];
  let found = first?.end ?? Number.POSITIVE_INFINITY;
  for (const segment of segments) if (segment.start - found < SILENCE_S * RATE) found = segment.end;
  const start = verdictOf((first?.start ?? Number.POSITIVE_INFINITY) - from);
  const end = verdictOf(found - to);
  return {
    start,
    end,
    startDelayMs: start === 'right' ? (((first?.knownAt ?? 0) - from) * 1000) / RATE : undefined,
    endDelayMs: end === 'right' ? ((found - to) * 1000) / RATE : undefined,
  };
}

function verdictOf(error: number): Verdict {
  if (Math.abs(error) <= (TOLERANCE_MS * RATE) / 1000) return 'right';
  return error < 0 ? 'early' : 'late';
}

/** Stretches of speech that the detector finds. */
export function segmentsOf(samples: Int16Array, sensitivity: number): readonly Segment[] {
  const detector = new VoiceActivityDetector({ sampleRate: RATE, sensitivity });
  const segments: Segment[] = [];
  let knownAt = -1;
  for (let at = 0; at + FRAME <= samples.length; at += FRAME) {
    detector.process(samples, at, FRAME);
    if (detector.speaking && knownAt < 0) knownAt = at + FRAME;
    if (!detector.speaking && knownAt >= 0) {
      segments.push({ start: detector.speechStart, end: detector.speechEnd, knownAt });
      knownAt = -1;
    }
  }
  if (knownAt >= 0) segments.push({ start: detector.speechStart, end: detector.speechEnd, knownAt });
  return segments;
}

/** What G.711 makes of it. */
export function throughLine(samples: Int16Array): Int16Array {
  const coded = new Uint8Array(samples.length);
  encodePcmu(samples, 0, samples.length, coded, 0);
  decodePcmu(coded, 0, coded.length, samples, 0);
  return samples;
}

function clip(value: number): number {
  return Math.max(-32768, Math.min(32767, Math.round(value)));
}
