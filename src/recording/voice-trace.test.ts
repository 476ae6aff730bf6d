import assert from 'node:assert/strict';
import { test } from 'node:test';
import { add, concat, speechLike, whiteNoise } from '../media/test-signals.ts';
import { Bench, line, RATE } from './recorder-bench.ts';
import type { RecordOutcome, RecordSpec } from './types.ts';
import { MAX_SEGMENTS, type SideVoice, type VoiceActivity } from './voice-trace.ts';

const talk = (seconds: number, levelDbfs = -20, seed = 1): Int16Array =>
  speechLike(seconds * RATE, levelDbfs, RATE, seed);

/** A line on which there is more than its noise. */
function onLine(...parts: readonly Int16Array[]): Int16Array {
  const sound = concat(...parts);
  return add(sound, whiteNoise(sound.length, -62, 5));
}

const quiet = (seconds: number): Int16Array => new Int16Array(seconds * RATE);

async function outcomeOf(
  spec: Partial<RecordSpec>,
  speak: Int16Array,
  listen?: Int16Array,
): Promise<RecordOutcome> {
  const bench = new Bench(spec);
  bench.recorder.begin();
  bench.feed(speak, listen, speak.length);
  bench.recorder.stop('stop');
  return bench.finish();
}

function voiceOf(outcome: RecordOutcome): VoiceActivity {
  assert.ok(outcome.voice !== undefined);
  return outcome.voice;
}

/** Beginnings and ends, to a tenth of a second. */
const spans = (side: SideVoice | undefined): string[] =>
  (side?.segments ?? []).map(
    ({ startMs, endMs }) => `${Math.round(startMs / 100) / 10}-${Math.round(endMs / 100) / 10}`,
  );

test('a recording tells when somebody spoke, how loud, and against what', async () => {
  const outcome = await outcomeOf(
    { endSilenceTimeoutMs: 2000, initialTimeoutMs: 4000, inputSensitivity: 44 },
    onLine(quiet(1), talk(2), quiet(1), talk(1, -30), quiet(3)),
  );
  assert.equal(outcome.endedBy, 'silence');
  const voice = voiceOf(outcome);
  assert.deepEqual(
    [voice.thresholdDbfs, voice.initialTimeoutMs, voice.endSilenceTimeoutMs],
    [-37, 4000, 2000],
  );
  assert.equal(voice.listen, undefined);
  assert.deepEqual(spans(voice.speak), ['1-3', '4-5']);
  const [loud, soft] = voice.speak!.segments;
  assert.ok(Math.abs(loud!.levelDbfs + 20) < 3, `${loud!.levelDbfs}`);
  assert.ok(Math.abs(soft!.levelDbfs + 30) < 3, `${soft!.levelDbfs}`);
  for (const level of [loud!.noiseDbfs, soft!.noiseDbfs, voice.speak!.noiseDbfs])
    assert.ok(level > -66 && level < -58, `${level}`);
  assert.equal(voice.listenedMs, outcome.durationMs);
});

test('who was too quiet to be heard is found in the loudest that was no speech', async () => {
  const outcome = await outcomeOf({ initialTimeoutMs: 4000 }, onLine(quiet(1), talk(2, -52), quiet(2)));
  assert.equal(outcome.endedBy, 'no_speech');
  const { speak, thresholdDbfs } = voiceOf(outcome);
  assert.deepEqual(speak!.segments, []);
  assert.equal(thresholdDbfs, -37);
  assert.ok(Math.abs((speak!.loudestOtherDbfs ?? 0) + 50) < 4, `${speak!.loudestOtherDbfs}`);
});

test('the loudest that was no speech is not the beginning of speech', async () => {
  const outcome = await outcomeOf({ endSilenceTimeoutMs: 3000 }, onLine(quiet(1), talk(2, -15), quiet(2)));
  const { speak } = voiceOf(outcome);
  assert.ok((speak!.loudestOtherDbfs ?? 0) < -50, `${speak!.loudestOtherDbfs}`);
});

test('both sides are told apart', async () => {
  const outcome = await outcomeOf(
    { direction: 'both', endSilenceTimeoutMs: 3000 },
    onLine(quiet(1), talk(1), quiet(4)),
    onLine(quiet(3), talk(1, -20, 4), quiet(2)),
  );
  const voice = voiceOf(outcome);
  assert.deepEqual([spans(voice.speak), spans(voice.listen)], [['1-2'], ['3-4']]);
});

test('times are those of the file: a pause that is skipped is not in them, one of silence is', async () => {
  for (const [behavior, expected] of [
    ['skip', ['1-2', '3-4']],
    ['silence', ['1-2', '8-9']],
  ] as const) {
    const bench = new Bench({ endSilenceTimeoutMs: 4000 });
    bench.recorder.begin();
    const before = onLine(quiet(1), talk(1), quiet(0.5));
    bench.feed(before, undefined, before.length);
    bench.recorder.pause(behavior);
    bench.feed(line(5 * RATE), undefined, 5 * RATE);
    bench.recorder.resume();
    const behind = onLine(quiet(0.5), talk(1, -20, 4), quiet(1));
    bench.feed(behind, undefined, behind.length);
    bench.recorder.stop('stop');
    assert.deepEqual(spans(voiceOf(await bench.finish()).speak), expected, behavior);
  }
});

test('a pause in the middle of a word does not move its beginning', async () => {
  const bench = new Bench({ endSilenceTimeoutMs: 4000 });
  bench.recorder.begin();
  const call = onLine(quiet(1), talk(2), quiet(2));
  bench.feed(call.subarray(0, 2 * RATE), undefined, 2 * RATE);
  bench.recorder.pause('silence');
  bench.feed(line(3 * RATE), undefined, 3 * RATE);
  bench.recorder.resume();
  bench.feed(call.subarray(2 * RATE), undefined, 3 * RATE);
  bench.recorder.stop('stop');
  assert.deepEqual(spans(voiceOf(await bench.finish()).speak), ['1-6']);
});

test('what is said at the end is told up to the end, what lies in the beep is not', async () => {
  const bench = new Bench({ beep: true, endSilenceTimeoutMs: 2000 });
  const early = onLine(quiet(0.5), talk(1), quiet(0.5));
  bench.feed(early, undefined, early.length);
  bench.recorder.begin();
  const call = onLine(quiet(1), talk(1, -20, 4));
  bench.feed(call, undefined, call.length);
  bench.recorder.stop('hangup');
  const outcome = await bench.finish();
  assert.deepEqual(spans(voiceOf(outcome).speak), ['1-2']);
  assert.ok(voiceOf(outcome).speak!.segments[0]!.endMs <= outcome.durationMs);
});

test('nobody listens when no timer asks, nor behind the first speech when only it was awaited', async () => {
  assert.equal((await outcomeOf({}, onLine(quiet(1), talk(1)))).voice, undefined);
  const outcome = await outcomeOf(
    { initialTimeoutMs: 4000 },
    onLine(quiet(1), talk(1), quiet(1), talk(1), quiet(1)),
  );
  const voice = voiceOf(outcome);
  assert.equal(spans(voice.speak).length, 1);
  assert.ok(voice.listenedMs < 1500 && outcome.durationMs === 5000, `${voice.listenedMs}`);
});

test('stretches beyond the bound are counted, not kept', async () => {
  const word = onLine(talk(0.3, -20, 3), quiet(0.4));
  const bench = new Bench({ endSilenceTimeoutMs: 5000 });
  bench.recorder.begin();
  const lead = onLine(quiet(2));
  bench.feed(lead, undefined, lead.length);
  for (let i = 0; i < MAX_SEGMENTS + 20; i++) bench.feed(word, undefined, word.length);
  bench.recorder.stop('stop');
  const { speak } = voiceOf(await bench.finish());
  assert.equal(speak!.segments.length, MAX_SEGMENTS);
  assert.equal(speak!.segments.length + speak!.omitted, MAX_SEGMENTS + 20);
});
