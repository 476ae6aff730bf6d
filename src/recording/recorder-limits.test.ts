import assert from 'node:assert/strict';
import { test } from 'node:test';
import { horizon, type RecordingLimits, reachedLimit, type VoiceFacts } from './recorder-limits.ts';

const OFF = Number.POSITIVE_INFINITY;
const LIMITS: RecordingLimits = { initialTimeout: 4000, endSilenceTimeout: 1000, maxLength: 20_000 };

function voice(facts: Partial<VoiceFacts> = {}): VoiceFacts {
  return { analysed: 0, begun: false, speaking: false, speechEnd: 0, possibleOnset: OFF, ...facts };
}

test('before speech, initial_timeout is the horizon; it holds once everything before it was judged', () => {
  assert.equal(horizon(LIMITS, voice()), 4000);
  assert.equal(reachedLimit(LIMITS, voice({ analysed: 3999 }), 3999), undefined);
  assert.equal(reachedLimit(LIMITS, voice({ analysed: 3960 }), 4010), undefined);
  assert.equal(reachedLimit(LIMITS, voice({ analysed: 4000 }), 4010), 'initial_timeout');
});

test('speech that may have begun before initial_timeout puts it in doubt, later speech does not', () => {
  assert.equal(reachedLimit(LIMITS, voice({ analysed: 4100, possibleOnset: 3999 }), 4100), undefined);
  assert.equal(reachedLimit(LIMITS, voice({ analysed: 4100, possibleOnset: 4000 }), 4100), 'initial_timeout');
});

test('once speech has begun, initial_timeout is dead', () => {
  const talking = voice({ begun: true, speaking: true, analysed: 9000, speechEnd: 9000 });
  assert.equal(horizon(LIMITS, talking), 10_000);
  assert.equal(reachedLimit(LIMITS, talking, 9000), undefined);
});

test('end_silence_timeout counts from the end of speech, and only when that is certain', () => {
  const pausing = { begun: true, speechEnd: 5000, analysed: 6000 };
  assert.equal(horizon(LIMITS, voice(pausing)), 6000);
  assert.equal(reachedLimit(LIMITS, voice({ ...pausing, speaking: true }), 6000), undefined);
  assert.equal(reachedLimit(LIMITS, voice({ ...pausing, possibleOnset: 5900 }), 6000), undefined);
  assert.equal(reachedLimit(LIMITS, voice(pausing), 6000), 'end_silence_timeout');
});

test('without end_silence_timeout, silence never ends it', () => {
  const limits = { ...LIMITS, endSilenceTimeout: OFF };
  assert.equal(horizon(limits, voice({ begun: true, speechEnd: 100 })), 20_000);
});

test('without initial_timeout, silence counts only behind speech', () => {
  const limits = { ...LIMITS, initialTimeout: OFF };
  assert.equal(horizon(limits, voice({ analysed: 15_000 })), 20_000);
});

test('max_length holds at once, even in the middle of speech', () => {
  const talking = voice({ begun: true, speaking: true, analysed: 19_980, speechEnd: 19_980 });
  assert.equal(reachedLimit(LIMITS, talking, 20_000), 'max_length');
});

test('max_length wins over a longer initial_timeout, but waits for a doubt whether anybody spoke', () => {
  const limits = { ...LIMITS, maxLength: 3000 };
  assert.equal(horizon(limits, voice()), 3000);
  assert.equal(reachedLimit(limits, voice({ analysed: 3000 }), 3000), 'max_length');
  assert.equal(reachedLimit(limits, voice({ analysed: 3000, possibleOnset: 2900 }), 3000), undefined);
});

test('of two equal limits, the one about speech is named', () => {
  assert.equal(
    reachedLimit({ ...LIMITS, maxLength: 4000 }, voice({ analysed: 4000 }), 4000),
    'initial_timeout',
  );
});

test('max_length beats a silence that would end later', () => {
  const limits = { ...LIMITS, maxLength: 5500 };
  const silent = voice({ begun: true, speechEnd: 5000, analysed: 5500 });
  assert.equal(reachedLimit(limits, silent, 5500), 'max_length');
});
