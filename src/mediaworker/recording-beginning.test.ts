import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PCMU_SILENCE } from '../media/g711.ts';
import { hangUp, recordLate } from './late-orders.test-helper.ts';
import { noise } from './peer.test-helper.ts';
import { find, openRig, type Rig } from './session.test-helper.ts';

/** The peer's first packet leaves when its 20 ms are said, and is 5 ms on the way. */
const FIRST_PACKET_MS = 25;

const BOTH_SIDES = { direction: 'both', stereo: true } as const;

function play(rig: Rig, samples: Int16Array): void {
  rig.send({ type: 'play', playId: 'p', sounds: [{ kind: 'stream', streamId: 1 }], gainDb: 0 });
  rig.send({ type: 'feed', streamId: 1, samples, end: true });
}

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

test('a recording is as long as it lasted though the delay has shrunk, and another one leaves out keys', async (t) => {
  const rig = await openRig(t);
  rig.peer.content = () => PCMU_SILENCE;
  rig.record('masked', { maskDtmf: true });
  rig.record('r');
  rig.peer.start(rig.port);
  await rig.clock.advance(6000);
  rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
  await rig.clock.advance(100);
  const { durationMs } = rig.outcome('r');
  assert.ok(Math.abs(durationMs - 6000) <= 5, `${durationMs} ms`);
  await rig.close();
});

test('the end of a recording takes nothing of what was heard from one that is still to be ordered', async (t) => {
  const rig = await openRig(t);
  const sound = noise(8 * 8000);
  rig.record('first', BOTH_SIDES);
  rig.peer.start(rig.port);
  play(rig, sound);
  await rig.clock.advance(2003);
  rig.clock.after(3000, () => rig.send({ type: 'stopRecord', recordingId: 'first', cause: 'stop' }));
  await recordLate(rig, 'late', 4000, BOTH_SIDES);
  await rig.clock.advance(1000);
  await hangUp(rig);
  assert.equal(rig.outcome('first').endedBy, 'stop');
  const heard = rig.wav('late')[1]!;
  const from = find(sound, heard.subarray(0, 160));
  assert.ok(from >= 0, 'it does not begin with what was heard');
  assert.deepEqual(heard, sound.subarray(from, from + heard.length));
  await rig.close();
});

test('what is heard in a recording that begins in a pause of the sender lies in its place, in one piece', async (t) => {
  const rig = await openRig(t);
  // It sounds for longer than its place is watched before that is corrected.
  const sound = noise(16 * 8000);
  rig.peer.start(rig.port);
  await rig.clock.advance(1003);
  rig.peer.stop();
  await rig.clock.advance(1000);
  rig.record('r', BOTH_SIDES);
  play(rig, sound);
  await rig.clock.advance(500);
  rig.peer.start(rig.port);
  await rig.clock.advance(13_000);
  await hangUp(rig);
  const heard = rig.wav('r')[1]!;
  const at = find(heard, sound.subarray(0, 160));
  assert.ok(at >= 0, 'the beginning of the sound is missing');
  assert.deepEqual(heard.subarray(at), sound.subarray(0, heard.length - at));
  await rig.close();
});

for (const ms of [100, 300, 900]) {
  test(`the first packet lies where it came, though the thread stands still for ${ms} ms then`, async (t) => {
    const rig = await openRig(t, { lateThread: 'io_uring' });
    await rig.clock.advance(203);
    rig.record('r');
    await rig.clock.advance(797);
    await rig.standStill(ms, async () => {
      await rig.clock.advance(ms - 40);
      rig.peer.start(rig.port);
    });
    await rig.clock.advance(2000);
    rig.peer.stop();
    await rig.clock.advance(7);
    await hangUp(rig);
    const file = rig.wav('r')[0]!;
    const said = rig.peer.said(0, rig.peer.position);
    const at = find(file, said.subarray(0, 160));
    assert.equal(at / 8, 797 + ms - 40 + FIRST_PACKET_MS);
    assert.deepEqual(file.subarray(at), said);
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
