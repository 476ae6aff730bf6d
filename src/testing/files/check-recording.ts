import { findTone, speechIn } from '../audio-facts.ts';
import { rmsDbfs } from '../../media/level.ts';
import { compare, compareKeys, type Difference, readRange } from '../partial.ts';
import type { VirtualRecording } from '../virtual-recording.ts';
import type { AudioExpectation, RecordingExpectation } from './format-expect.ts';

/** What a plain number may be off by. */
const LENGTH_TOLERANCE_S = 0.02;
const LEVEL_TOLERANCE_DB = 1;
const SPEECH_TOLERANCE_S = 0.15;
/** Speech that counts as some, s. */
const SOME_SPEECH_S = 0.1;
const MIN_TONE_MS = 100;

/** How a recording differs from what is expected of it. */
export function checkRecording(
  recording: VirtualRecording,
  expected: RecordingExpectation,
  path: string,
): readonly Difference[] {
  const {
    left,
    right,
    seconds,
    channels,
    sample_rate: rate,
    level,
    tone,
    no_tone: noTone,
    speech,
    terminator,
  } = expected;
  const facts: readonly (readonly [keyof RecordingExpectation, unknown])[] = [
    ['status', recording.status],
    ['format', recording.format],
    ['direction', recording.direction],
    ['ended_by', recording.endedBy],
    ['control_id', recording.controlId],
    ['error', recording.error],
  ];
  return [
    ...facts.flatMap(([name, value]) =>
      expected[name] === undefined ? [] : compare(value, expected[name], `${path}.${name}`),
    ),
    ...(terminator === undefined ? [] : compareKeys(recording.terminator, terminator, `${path}.terminator`)),
    ...checkMeasure(recording.seconds, seconds, LENGTH_TOLERANCE_S, `${path}.seconds`, 's'),
    ...(channels === undefined ? [] : compare(recording.channels, channels, `${path}.channels`)),
    ...(rate === undefined ? [] : compare(recording.sampleRate, rate, `${path}.sample_rate`)),
    ...checkAudio(recording, undefined, audioOf({ level, tone, no_tone: noTone, speech }), path),
    ...(left === undefined ? [] : checkAudio(recording, 0, left, `${path}.left`)),
    ...(right === undefined ? [] : checkAudio(recording, 1, right, `${path}.right`)),
  ];
}

function audioOf(
  parts: { readonly [K in keyof AudioExpectation]: AudioExpectation[K] | undefined },
): AudioExpectation {
  return Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined));
}

function checkAudio(
  recording: VirtualRecording,
  channel: number | undefined,
  expected: AudioExpectation,
  path: string,
): readonly Difference[] {
  if (Object.keys(expected).length === 0) return [];
  // What is not there would pass for silence.
  if (channel !== undefined && channel >= recording.channels) {
    return [{ path, expected: `channel ${channel + 1}`, found: `${recording.channels} in the file` }];
  }
  return checkSamples(recording.samples(channel), recording.sampleRate, expected, path);
}

/** How samples differ from what is expected to be in them. */
export function checkSamples(
  samples: Int16Array,
  sampleRate: number,
  expected: AudioExpectation,
  path: string,
): readonly Difference[] {
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
  const differences: Difference[] = [
    ...checkMeasure(rmsDbfs(samples), expected.level, LEVEL_TOLERANCE_DB, at('level'), 'dBFS'),
  ];
  for (const [name, tone] of [
    ['tone', expected.tone],
    ['no_tone', expected.no_tone],
  ] as const) {
    if (tone === undefined) continue;
    const frequencies = typeof tone === 'number' ? [tone] : tone;
    const isThere = findTone(samples, sampleRate, frequencies, MIN_TONE_MS) !== undefined;
    if (isThere === (name === 'tone')) continue;
    const what = `${frequencies.join('+')} Hz`;
    differences.push({
      path: at(name),
      expected: name === 'tone' ? what : `no ${what}`,
      found: isThere ? what : 'no such tone',
    });
  }
  if (expected.speech !== undefined) {
    differences.push(...checkSpeech(speechIn(samples, sampleRate) / 1000, expected.speech, at('speech')));
  }
  return differences;
}

function checkSpeech(
  seconds: number,
  expected: NonNullable<AudioExpectation['speech']>,
  path: string,
): readonly Difference[] {
  if (typeof expected !== 'boolean') return checkMeasure(seconds, expected, SPEECH_TOLERANCE_S, path, 's');
  if (seconds >= SOME_SPEECH_S === expected) return [];
  return [{ path, expected: expected ? 'speech' : 'no speech', found: `${round(seconds)} s of speech` }];
}

/** A number within a tolerance, or a range. */
export function checkMeasure(
  value: number,
  expected: number | string | undefined,
  tolerance: number,
  path: string,
  unit: string,
): readonly Difference[] {
  if (expected === undefined) return [];
  const isMet =
    typeof expected === 'number'
      ? // Against the noise of binary fractions at the very edge of the tolerance.
        Math.abs(value - expected) <= tolerance + 1e-9
      : (readRange(expected)?.(value) ?? false);
  if (isMet) return [];
  const wanted = typeof expected === 'number' ? `${expected} ± ${tolerance}` : expected;
  return [{ path, expected: `${wanted} ${unit}`, found: `${round(value)} ${unit}` }];
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
