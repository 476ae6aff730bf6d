import assert from 'node:assert/strict';
import { test } from 'node:test';
import { add, concat, sine, speechLike } from '../media/test-signals.ts';
import { VoiceActivityDetector } from '../media/voice-activity.ts';
import { decodeWav } from '../media/wav-stream-decoder.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { MemoryTarget } from './memory-target.ts';
import { Recorder } from './recorder.ts';
import { Bench, line, RATE, ramp, SPEC } from './recorder-bench.ts';
import { SampleBuffers } from './sample-buffers.ts';
import { WavWriter } from './wav-writer.ts';

test('max_length cuts within a block, to the sample', async () => {
  for (const block of [1, 160, 777]) {
    const bench = new Bench({ maxLengthMs: 123.5 });
    bench.recorder.begin();
    bench.feed(ramp(2000), undefined, 2000, block);
    assert.equal(bench.recorder.pendingSamples, 0);
    const outcome = await bench.finish();
    assert.equal(outcome.endedBy, 'max_length');
    assert.equal(outcome.state, 'finished');
    assert.deepEqual(bench.samples, [...ramp(988)]);
  }
});

test('initial_timeout without speech is no_input, and the file is that long to the sample', async () => {
  for (const block of [80, 160, 163, 1000]) {
    const bench = new Bench({ initialTimeoutMs: 4000, endSilenceTimeoutMs: 1000 });
    bench.recorder.begin();
    const silence = line(6 * RATE);
    bench.feed(silence, undefined, silence.length, block);
    const outcome = await bench.finish();
    assert.equal(outcome.state, 'no_input');
    assert.equal(outcome.endedBy, 'no_speech');
    assert.deepEqual(bench.samples, [...silence.subarray(0, 4 * RATE)]);
  }
});

test('max_length shorter than initial_timeout wins: no_input without speech, finished with it', async () => {
  const silent = new Bench({ initialTimeoutMs: 4000, maxLengthMs: 1000 });
  silent.recorder.begin();
  silent.feed(line(2 * RATE), undefined, 2 * RATE);
  const silentOutcome = await silent.finish();
  assert.deepEqual([silentOutcome.state, silentOutcome.endedBy], ['no_input', 'max_length']);
  const talking = new Bench({ initialTimeoutMs: 4000, maxLengthMs: 1000 });
  talking.recorder.begin();
  talking.feed(concat(line(2400), speechLike(2 * RATE, -20)), undefined, 2 * RATE);
  const outcome = await talking.finish();
  assert.deepEqual([outcome.state, outcome.endedBy, outcome.durationMs], ['finished', 'max_length', 1000]);
});

test('end_silence_timeout ends it exactly that long behind the end of speech, in blocks of any size', async () => {
  const call = concat(line(RATE), add(speechLike(2 * RATE, -20), line(2 * RATE)), line(4 * RATE, 9));
  const detector = new VoiceActivityDetector({ sampleRate: RATE, sensitivity: 44 });
  detector.process(call, 0, 4 * RATE);
  const speechEnd = detector.speechEnd;
  assert.ok(Math.abs(speechEnd - 3 * RATE) < 400);
  for (const block of [80, 160, 161, 999]) {
    const bench = new Bench({ initialTimeoutMs: 4000, endSilenceTimeoutMs: 1500 });
    bench.recorder.begin();
    bench.feed(call, undefined, call.length, block);
    const outcome = await bench.finish();
    assert.deepEqual([outcome.state, outcome.endedBy], ['finished', 'silence']);
    assert.deepEqual(bench.samples, [...call.subarray(0, speechEnd + 1.5 * RATE)], `blocks of ${block}`);
  }
});

test('end_silence_timeout shorter than the detector needs still cuts at the exact sample', async () => {
  const call = concat(line(RATE), add(speechLike(RATE, -20), line(RATE)), line(2 * RATE, 9));
  const detector = new VoiceActivityDetector({ sampleRate: RATE, sensitivity: 44 });
  detector.process(call, 0, 3 * RATE);
  const bench = new Bench({ endSilenceTimeoutMs: 100 });
  bench.recorder.begin();
  bench.feed(call, undefined, call.length);
  const outcome = await bench.finish();
  assert.equal(outcome.endedBy, 'silence');
  assert.equal(bench.samples.length, detector.speechEnd + 800);
});

test('without initial_timeout, silence before speech never ends it', async () => {
  const bench = new Bench({ endSilenceTimeoutMs: 1000 });
  bench.recorder.begin();
  bench.feed(line(20 * RATE), undefined, 20 * RATE);
  assert.equal(bench.recorder.phase, 'waiting');
});

test('speech that begins just before initial_timeout keeps the recording alive', async () => {
  const bench = new Bench({ initialTimeoutMs: 2000 });
  bench.recorder.begin();
  const call = concat(line(2 * RATE - 320), add(speechLike(RATE, -20), line(RATE)), line(RATE));
  bench.feed(call, undefined, call.length);
  assert.equal(bench.recorder.phase, 'recording');
  bench.recorder.stop('hangup');
  await bench.finish();
  assert.deepEqual(bench.samples, [...call]);
});

test('a noise just before initial_timeout delays the decision, not the end; nothing behind it is appended', async () => {
  const bench = new Bench({ initialTimeoutMs: 2000 });
  bench.recorder.begin();
  const call = line(3 * RATE);
  call.set(sine(240, 1000, -10), 2 * RATE - 240);
  let undecidedAt = 0;
  for (let at = 0; at < call.length; at += 160) {
    bench.recorder.observe(call, undefined, at, 160);
    assert.ok(bench.recorder.decidedSamples <= 2 * RATE);
    if (bench.recorder.phase === 'waiting') undecidedAt = at + 160;
    bench.recorder.append(call, undefined, at, 160);
  }
  assert.ok(undecidedAt > 2 * RATE && undecidedAt <= 2 * RATE + 1920, `${undecidedAt}`);
  const outcome = await bench.finish();
  assert.equal(outcome.endedBy, 'no_speech');
  assert.deepEqual(bench.samples, [...call.subarray(0, 2 * RATE)]);
});

test('a stop while an end is in doubt keeps all that was heard', async () => {
  const bench = new Bench({ initialTimeoutMs: 1000 });
  bench.recorder.begin();
  const call = line(RATE + 320);
  call.set(sine(240, 1000, -10), RATE - 80);
  bench.feed(call, undefined, call.length);
  assert.equal(bench.recorder.decidedSamples, RATE);
  bench.recorder.stop('hangup');
  assert.equal(bench.recorder.decidedSamples, RATE + 320);
});

test('max_length holds also where it is stopped or paused while it is in doubt whether anybody spoke', async () => {
  const call = line(RATE + 320);
  call.set(sine(240, 1000, -10), RATE - 80);
  for (const [end, ...expected] of [
    [(recorder: Recorder) => recorder.stop('hangup'), 'finished', 'hangup', RATE],
    // The tone of the key lies before what was heard.
    [(recorder: Recorder) => recorder.digit('#', 400), 'finished', 'terminator', RATE - 80],
    [(recorder: Recorder) => recorder.pause('silence'), 'no_input', 'max_length', RATE],
  ] as const) {
    const bench = new Bench({ initialTimeoutMs: 4000, maxLengthMs: 1000 });
    bench.recorder.begin();
    bench.recorder.observe(call, undefined, 0, call.length);
    assert.equal(bench.recorder.phase, 'waiting');
    end(bench.recorder);
    bench.recorder.append(call, undefined, 0, call.length);
    const { state, endedBy } = await bench.finish();
    assert.deepEqual([state, endedBy, bench.samples.length], expected);
  }
});

test('for both directions, silence means that both sides are silent', async () => {
  const party = concat(line(RATE), add(speechLike(RATE, -20), line(RATE)), line(8 * RATE));
  const other = concat(line(3 * RATE, 6), add(speechLike(RATE, -20, RATE, 4), line(RATE)), line(6 * RATE, 3));
  const spec = {
    direction: 'both',
    stereo: true,
    initialTimeoutMs: 2500,
    endSilenceTimeoutMs: 2000,
  } as const;
  for (const [speak, listen] of [
    [party, other],
    [other, party],
  ]) {
    const bench = new Bench(spec);
    bench.recorder.begin();
    bench.feed(speak, listen, party.length);
    const outcome = await bench.finish();
    assert.equal(outcome.endedBy, 'silence');
    assert.ok(Math.abs(outcome.durationMs - 6000) < 60, `${outcome.durationMs} ms`);
  }
});

test('for both directions, one side that goes on talking is enough', () => {
  const talking = add(speechLike(4 * RATE, -20), line(4 * RATE));
  const brief = concat(add(speechLike(RATE, -20, RATE, 4), line(RATE)), line(3 * RATE));
  for (const [speak, listen] of [
    [talking, brief],
    [brief, talking],
  ]) {
    const bench = new Bench({ direction: 'both', endSilenceTimeoutMs: 100 });
    bench.feed(line(RATE), line(RATE), RATE);
    bench.recorder.begin();
    bench.feed(speak, listen, 4 * RATE);
    assert.equal(bench.recorder.phase, 'recording');
  }
});

test('only the recorded side is listened to', async () => {
  const bench = new Bench({ direction: 'speak', initialTimeoutMs: 1000 });
  bench.recorder.begin();
  bench.feed(line(2 * RATE), speechLike(2 * RATE, -20), 2 * RATE);
  assert.equal((await bench.finish()).state, 'no_input');
});

test('words spoken over the beep are no answer, words that go on behind it are', async () => {
  const word = concat(line(RATE), add(speechLike(2400, -20), line(2400)), line(800));
  const early = new Bench({ beep: true, initialTimeoutMs: 1000 });
  early.feed(word, undefined, word.length);
  early.recorder.begin();
  early.feed(line(2 * RATE), undefined, 2 * RATE);
  assert.equal((await early.finish()).state, 'no_input');

  const onGoing = new Bench({ beep: true, initialTimeoutMs: 1000, endSilenceTimeoutMs: 3000 });
  const call = concat(line(RATE), add(speechLike(4800, -20), line(4800)), line(2 * RATE));
  onGoing.feed(call, undefined, RATE + 2400);
  onGoing.recorder.begin();
  onGoing.feed(call.subarray(RATE + 2400), undefined, call.length - RATE - 2400);
  assert.equal(onGoing.recorder.phase, 'recording');
});

test('timers stand still while paused, and max_length counts recorded time only', async () => {
  for (const behavior of ['skip', 'silence'] as const) {
    const timer = new Bench({ initialTimeoutMs: 2000 });
    timer.recorder.begin();
    timer.feed(line(RATE), undefined, RATE);
    timer.recorder.pause(behavior);
    timer.feed(speechLike(5 * RATE, -20), undefined, 5 * RATE);
    timer.recorder.resume();
    timer.feed(line(RATE - 160, 8), undefined, RATE - 160);
    assert.equal(timer.recorder.phase, 'waiting');
    timer.feed(line(160), undefined, 160);
    assert.equal((await timer.finish()).state, 'no_input');

    const length = new Bench({ maxLengthMs: 1000 });
    length.recorder.begin();
    length.feed(ramp(5000), undefined, 5000);
    length.recorder.pause(behavior);
    length.feed(ramp(20_000), undefined, 20_000);
    length.recorder.resume();
    length.feed(ramp(5000, 5001), undefined, 5000);
    await length.finish();
    const gap = behavior === 'skip' ? [] : new Array(20_000).fill(0);
    assert.deepEqual(length.samples, [...ramp(5000), ...gap, ...ramp(3000, 5001)]);
  }
});

test('a pause while an end is in doubt keeps what was heard, and the end still comes', async () => {
  const bench = new Bench({ initialTimeoutMs: 1000 });
  bench.recorder.begin();
  const call = line(RATE + 320);
  call.set(sine(240, 1000, -10), RATE - 80);
  bench.feed(call, undefined, call.length);
  assert.equal(bench.recorder.decidedSamples, RATE);
  bench.recorder.pause('skip');
  assert.equal(bench.recorder.decidedSamples, RATE + 320);
  assert.equal(bench.recorder.pendingSamples, 320);
  bench.recorder.append(call, undefined, RATE, 320);
  bench.recorder.resume();
  bench.feed(line(80, 8), undefined, 80);
  assert.equal(bench.recorder.decidedSamples, RATE + 320);
  assert.equal(bench.recorder.pendingSamples >= 0, true);
  bench.feed(line(RATE, 8), undefined, RATE);
  const outcome = await bench.finish();
  assert.equal(outcome.state, 'no_input');
  assert.equal(bench.samples.length, RATE + 320);
});

test('the end time is that of the last sample, also when the decision came later', async () => {
  const bench = new Bench({ maxLengthMs: 1000 });
  bench.recorder.begin();
  await bench.clock.advance(1010);
  bench.feed(ramp(RATE + 80), undefined, RATE + 80, RATE + 80);
  const outcome = await bench.finish();
  assert.equal(outcome.endTimeMs - outcome.startTimeMs, 1000);
});

/** A writer whose format holds 1000 sample instants. */
function smallWriter(target: MemoryTarget): WavWriter {
  const writer = new WavWriter(target, { sampleRate: RATE, channels: 1 }, new SampleBuffers(), 300);
  return Object.assign(writer, { maxFrames: 1000 });
}

test('a file that is full by its format ends the recording like max_length, also within a silent pause', async () => {
  for (const pause of [false, true]) {
    for (const endSilenceTimeoutMs of [0, 60_000]) {
      const target = new MemoryTarget();
      const recorder = new Recorder(
        { ...SPEC, endSilenceTimeoutMs },
        { sampleRate: RATE, clock: new VirtualClock(), writer: smallWriter(target), onEvent: () => {} },
      );
      recorder.begin();
      const said = ramp(1500);
      recorder.observe(said, undefined, 0, 700);
      if (pause) recorder.pause('silence');
      recorder.observe(said, undefined, 700, 200);
      recorder.observe(said, undefined, 900, 200);
      assert.equal(recorder.phase, 'finalising');
      assert.equal(recorder.append(said, undefined, 0, 1500), 1000);
      const outcome = await recorder.finish();
      assert.deepEqual([outcome.state, outcome.endedBy, outcome.durationMs], ['finished', 'max_length', 125]);
      const tail = pause ? new Array(300).fill(0) : [...said.subarray(700, 1000)];
      assert.deepEqual([...decodeWav(target.bytes).samples], [...said.subarray(0, 700), ...tail]);
    }
  }
});

test('silence from an earlier pause counts towards the size of the file', async () => {
  const target = new MemoryTarget();
  const options = {
    sampleRate: RATE,
    clock: new VirtualClock(),
    writer: smallWriter(target),
    onEvent: () => {},
  };
  const recorder = new Recorder(SPEC, options);
  recorder.begin();
  recorder.pause('silence');
  recorder.observe(ramp(600), undefined, 0, 600);
  recorder.resume();
  recorder.observe(ramp(600), undefined, 0, 600);
  assert.equal(recorder.phase, 'finalising');
  assert.equal(recorder.decidedSamples, 1000);
});
