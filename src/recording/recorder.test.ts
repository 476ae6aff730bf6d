import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mixSamples } from '../media/mix.ts';
import { TargetError } from './byte-target.ts';
import { Bench, ramp } from './recorder-bench.ts';
import type { RecordSpec } from './types.ts';

test('what was said is in the file, sample by sample', async () => {
  const bench = new Bench();
  bench.recorder.begin();
  const said = ramp(10_000);
  bench.feed(said, undefined, said.length);
  bench.recorder.stop('stop');
  const outcome = await bench.finish();
  assert.deepEqual(bench.samples, [...said]);
  assert.equal(outcome.state, 'finished');
  assert.equal(outcome.endedBy, 'stop');
  assert.equal(outcome.durationMs, 1250);
  assert.equal(outcome.byteSize, 44 + 20_000);
  assert.equal(bench.target.bytes.length, outcome.byteSize);
  assert.deepEqual(bench.types, ['started', 'ending', 'ended']);
});

test('direction and stereo decide who is on which channel', async () => {
  const speak = ramp(5, 100);
  const listen = ramp(5, 20_000);
  const expected: readonly [Partial<RecordSpec>, number[]][] = [
    [{ direction: 'speak' }, [100, 101, 102, 103, 104]],
    [{ direction: 'listen' }, [20_000, 20_001, 20_002, 20_003, 20_004]],
    [{ direction: 'both' }, [20_100, 20_102, 20_104, 20_106, 20_108]],
    [{ direction: 'both', stereo: true }, [100, 20_000, 101, 20_001, 102, 20_002, 103, 20_003, 104, 20_004]],
    [{ direction: 'speak', stereo: true }, [100, 0, 101, 0, 102, 0, 103, 0, 104, 0]],
    [{ direction: 'listen', stereo: true }, [0, 20_000, 0, 20_001, 0, 20_002, 0, 20_003, 0, 20_004]],
  ];
  for (const [spec, samples] of expected) {
    const bench = new Bench(spec);
    bench.recorder.begin();
    bench.feed(speak, listen, 5);
    bench.recorder.stop('stop');
    await bench.finish();
    assert.deepEqual(bench.samples, samples, JSON.stringify(spec));
  }
});

test('both sides shouting at once are mixed without wrapping round, and one alone is untouched', async () => {
  const bench = new Bench({ direction: 'both' });
  bench.recorder.begin();
  const loud = Int16Array.of(32767, -32768, 30_000, 30_000);
  const other = Int16Array.of(32767, -32768, -30_000, 0);
  bench.feed(loud, other, 4);
  bench.feed(loud, undefined, 4);
  bench.recorder.stop('stop');
  await bench.finish();
  assert.deepEqual(bench.samples, [
    mixSamples(32767, 32767),
    mixSamples(-32768, -32768),
    0,
    30_000,
    32767,
    -32768,
    30_000,
    30_000,
  ]);
});

test('the beep is not in the file, and time starts behind it', async () => {
  const bench = new Bench({ beep: true, maxLengthMs: 100 });
  bench.feed(ramp(800, -5000), undefined, 800);
  await bench.clock.advance(400);
  const startTimeMs = bench.clock.now();
  bench.recorder.begin();
  bench.feed(ramp(900), undefined, 900);
  const outcome = await bench.finish();
  assert.deepEqual(bench.samples, [...ramp(800)]);
  assert.equal(outcome.startTimeMs, startTimeMs);
  assert.deepEqual(bench.events[0], { type: 'started', startTimeMs });
});

test('a terminator ends it with the last sample observed, other digits do not', async () => {
  const bench = new Bench({ terminators: '#A' });
  bench.recorder.begin();
  bench.feed(ramp(500), undefined, 500);
  bench.recorder.digit('5');
  assert.equal(bench.recorder.phase, 'recording');
  bench.recorder.digit('a');
  bench.feed(ramp(500), undefined, 500);
  const outcome = await bench.finish();
  assert.deepEqual([outcome.state, outcome.endedBy, outcome.terminator], ['finished', 'terminator', 'A']);
  assert.deepEqual(bench.samples, [...ramp(500)]);
});

test('the in-band tone of a terminator is cut off, as far as it was not appended', async () => {
  const bench = new Bench();
  bench.recorder.begin();
  bench.recorder.observe(ramp(1000), undefined, 0, 1000);
  bench.recorder.append(ramp(1000), undefined, 0, 600);
  bench.recorder.digit('#', 300);
  assert.equal(bench.recorder.pendingSamples, 100);
  assert.equal(bench.recorder.append(ramp(1000), undefined, 600, 400), 100);
  await bench.finish();
  assert.deepEqual(bench.samples, [...ramp(700)]);

  const late = new Bench();
  late.recorder.begin();
  late.recorder.observe(ramp(1000), undefined, 0, 1000);
  late.recorder.append(ramp(1000), undefined, 0, 900);
  late.recorder.digit('#', 300);
  await late.finish();
  assert.deepEqual(late.samples, [...ramp(900)]);
});

test('pause with skip leaves the time out, with silence keeps it as silence', async () => {
  for (const behavior of ['skip', 'silence'] as const) {
    const bench = new Bench();
    bench.recorder.begin();
    bench.feed(ramp(100), undefined, 100);
    bench.recorder.pause(behavior);
    bench.recorder.pause('skip');
    bench.feed(ramp(50, 5000), undefined, 50);
    bench.recorder.resume();
    bench.recorder.resume();
    bench.feed(ramp(100, 200), undefined, 100);
    bench.recorder.stop('stop');
    await bench.finish();
    const gap = behavior === 'skip' ? [] : new Array(50).fill(0);
    assert.deepEqual(bench.samples, [...ramp(100), ...gap, ...ramp(100, 200)]);
    assert.deepEqual(bench.types, ['started', 'paused', 'resumed', 'ending', 'ended']);
    assert.deepEqual(bench.events[1], { type: 'paused', behavior });
  }
});

test('a recording can be paused while the beep sounds, and starts all the same', async () => {
  const bench = new Bench({ beep: true });
  bench.recorder.pause('silence');
  bench.feed(ramp(100), undefined, 100);
  bench.recorder.begin();
  bench.feed(ramp(60), undefined, 60);
  bench.recorder.resume();
  bench.feed(ramp(40), undefined, 40);
  bench.recorder.stop('stop');
  await bench.finish();
  assert.deepEqual(bench.samples, [...new Array(60).fill(0), ...ramp(40)]);
});

test('with the heads apart, only what is decided can be appended, and all of it', async () => {
  const bench = new Bench({ maxLengthMs: 100 });
  bench.recorder.begin();
  const said = ramp(1600);
  assert.equal(bench.recorder.append(said, undefined, 0, 160), 0);
  bench.recorder.observe(said, undefined, 0, 500);
  assert.equal(bench.recorder.append(said, undefined, 0, 160), 160);
  assert.equal(bench.recorder.pendingSamples, 340);
  bench.recorder.observe(said, undefined, 500, 1100);
  assert.equal(bench.recorder.phase, 'finalising');
  assert.equal(bench.recorder.pendingSamples, 640);
  assert.equal(bench.recorder.append(said, undefined, 160, 1440), 640);
  assert.equal(bench.recorder.append(said, undefined, 800, 160), 0);
  await bench.finish();
  assert.deepEqual(bench.samples, [...said.subarray(0, 800)]);
});

test('lost samples are counted, those outside the file are not', async () => {
  const bench = new Bench();
  bench.recorder.begin();
  const said = ramp(160);
  bench.recorder.observe(said, undefined, 0, 160);
  bench.recorder.pause('skip');
  bench.recorder.observe(said, undefined, 0, 160);
  bench.recorder.append(said, undefined, 0, 160, 30);
  bench.recorder.append(said, undefined, 0, 160, 160);
  bench.recorder.stop('stop');
  assert.equal((await bench.finish()).missingSamples, 30);
});

test('what was never appended becomes silence and counts as missing, so the length holds', async () => {
  const bench = new Bench();
  bench.recorder.begin();
  bench.recorder.observe(ramp(500), undefined, 0, 500);
  bench.recorder.append(ramp(500), undefined, 0, 300);
  bench.recorder.stop('hangup');
  const outcome = await bench.finish();
  assert.deepEqual(bench.samples, [...ramp(300), ...new Array(200).fill(0)]);
  assert.equal(outcome.missingSamples, 200);
});

test('a recording without a sample leaves no file', async () => {
  const bench = new Bench({ beep: true });
  bench.feed(ramp(1000), undefined, 1000);
  bench.recorder.stop('hangup');
  const outcome = await bench.finish();
  assert.equal(outcome.state, 'finished');
  assert.equal(outcome.endedBy, 'hangup');
  assert.deepEqual([outcome.byteSize, outcome.durationMs], [0, 0]);
  assert.equal(bench.target.state, 'discarded');
  assert.deepEqual(bench.types, ['ending', 'ended']);
});

test('a target that fails ends the recording with an error in words, and is left for repair', async () => {
  const bench = new Bench();
  bench.recorder.begin();
  bench.feed(ramp(500), undefined, 500);
  bench.target.fail(new TargetError('ENOSPC', 'the disk is full'));
  assert.equal(bench.recorder.pendingSamples, 0);
  bench.feed(ramp(500), undefined, 500);
  const outcome = await bench.finish();
  assert.deepEqual([outcome.state, outcome.endedBy, outcome.error], ['error', 'error', 'the disk is full']);
  assert.equal(outcome.byteSize, 0);
  assert.equal(bench.target.state, 'abandoned');
  assert.deepEqual(bench.types, ['started', 'ending', 'ended']);
});

test('the end of a failed recording is told only when its target is closed', async () => {
  const bench = new Bench();
  const closed = Promise.withResolvers<void>();
  bench.target.abandon = () => closed.promise;
  bench.recorder.begin();
  bench.target.fail(new TargetError('EIO', 'the disk reports an error'));
  const outcome = bench.finish();
  await new Promise((turn) => setImmediate(turn));
  assert.deepEqual(bench.types, ['started', 'ending']);
  closed.resolve();
  await outcome;
  assert.deepEqual(bench.types, ['started', 'ending', 'ended']);
});

test('a file that cannot be finished is an error, not a finished recording', async () => {
  const bench = new Bench();
  bench.recorder.begin();
  bench.feed(ramp(500), undefined, 500);
  bench.recorder.stop('stop');
  bench.target.finishError = new TargetError('EIO', 'the disk reports an error');
  const outcome = await bench.finish();
  assert.deepEqual([outcome.state, outcome.error], ['error', 'the disk reports an error']);
  assert.equal(bench.target.state, 'abandoned');
});

test('finishing is refused while the recording runs, and done once', async () => {
  const bench = new Bench();
  assert.throws(() => bench.recorder.finish(), /r1 is armed: stop it before/);
  bench.recorder.begin();
  assert.throws(() => bench.recorder.finish(), /r1 is recording/);
  bench.recorder.stop('stop');
  assert.equal(bench.recorder.finish(), bench.recorder.finish());
  await bench.recorder.finish();
  assert.equal(bench.types.filter((type) => type === 'ended').length, 1);
  bench.recorder.stop('hangup');
  bench.recorder.pause('skip');
  bench.recorder.digit('#');
  bench.feed(ramp(10), undefined, 10);
  assert.equal(bench.recorder.phase, 'ended');
});
