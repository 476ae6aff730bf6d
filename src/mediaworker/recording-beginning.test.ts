import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noise } from './peer.test-helper.ts';
import { find, openRig } from './session.test-helper.ts';

/** The peer's first packet leaves when its 20 ms are said, and is 5 ms on the way. */
const FIRST_PACKET_MS = 25;

for (const askedMs of [0, 3, 11, 19, 200, 1003]) {
  for (const waitMs of [0, 4, 18, 33, 700]) {
    test(`what is said ${waitMs} ms after a recording began at ${askedMs} ms is there in the file`, async (t) => {
      const rig = await openRig(t);
      await rig.clock.advance(askedMs);
      rig.record('mono');
      rig.record('both', { direction: 'both', stereo: true });
      await rig.clock.advance(waitMs);
      rig.peer.start(rig.port);
      await rig.clock.advance(2000);
      rig.peer.stop();
      await rig.clock.advance(7);
      rig.send({ type: 'close', cause: 'hangup' });
      await rig.clock.advance(100);
      const said = rig.peer.said(0, rig.peer.position);
      for (const id of ['mono', 'both']) {
        const file = rig.wav(id)[0]!;
        const at = find(file, said.subarray(0, 160));
        assert.equal(at / 8, waitMs + FIRST_PACKET_MS, id);
        assert.deepEqual(file.subarray(at), said, id);
      }
      await rig.close();
    });
  }
}

test('a recording in which nothing is said is as long as it lasted', async (t) => {
  const rig = await openRig(t);
  await rig.clock.advance(209);
  rig.record('hung up');
  rig.record('stopped');
  await rig.clock.advance(1500);
  rig.send({ type: 'stopRecord', recordingId: 'stopped', cause: 'stop' });
  await rig.clock.advance(500);
  rig.send({ type: 'close', cause: 'hangup' });
  await rig.clock.advance(100);
  for (const [id, ms] of [
    ['stopped', 1500],
    ['hung up', 2000],
  ] as const) {
    const { durationMs } = rig.outcome(id);
    assert.ok(Math.abs(durationMs - ms) <= 20, `${id}: ${durationMs} ms`);
  }
  await rig.close();
});

for (const hold of [0, 500]) {
  test(`a recording that began before anything came is as long as it lasted, ${hold} ms behind the last packet`, async (t) => {
    const rig = await openRig(t);
    await rig.clock.advance(209);
    rig.record('stopped', { direction: 'both', stereo: true });
    rig.record('hung up', { direction: 'both', stereo: true });
    await rig.clock.advance(33);
    rig.peer.start(rig.port);
    const sound = noise(4 * 8000);
    rig.send({ type: 'play', playId: 'p', sounds: [{ kind: 'stream', streamId: 1 }], gainDb: 0 });
    rig.send({ type: 'feed', streamId: 1, samples: sound, end: true });
    await rig.clock.advance(1467 - hold);
    if (hold > 0) rig.peer.stop();
    await rig.clock.advance(hold);
    rig.send({ type: 'stopRecord', recordingId: 'stopped', cause: 'stop' });
    await rig.clock.advance(500);
    rig.send({ type: 'close', cause: 'hangup' });
    await rig.clock.advance(100);
    const whole = rig.wav('hung up');
    for (const [id, ms] of [
      ['stopped', 1500],
      ['hung up', 2000],
    ] as const) {
      const { durationMs } = rig.outcome(id);
      assert.ok(Math.abs(durationMs - ms) <= 20, `${id}: ${durationMs} ms`);
      const [said, heard] = rig.wav(id);
      assert.deepEqual(said, whole[0]!.subarray(0, said!.length), `${id}: what was said`);
      assert.deepEqual(heard, whole[1]!.subarray(0, heard!.length), `${id}: what was heard`);
      assert.ok(
        heard!.subarray(-160).some((sample) => sample !== 0),
        `${id}: it heard nothing at the end`,
      );
    }
    const at = find(whole[1]!, sound.subarray(0, 160));
    assert.deepEqual(whole[1]!.subarray(at), sound.subarray(0, whole[1]!.length - at));
    await rig.close();
  });
}

test('a key that has come ends a recording before it is stopped', async (t) => {
  const rig = await openRig(t);
  rig.record('r', { terminators: '#' });
  await rig.clock.advance(33);
  rig.peer.start(rig.port);
  await rig.clock.advance(1000);
  rig.peer.press('#', 100);
  await rig.clock.advance(30);
  rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
  await rig.clock.advance(100);
  assert.equal(rig.outcome('r').endedBy, 'terminator');
  await rig.close();
});
