import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodePcma } from '../media/g711.ts';
import { goertzelPower } from '../media/goertzel.ts';
import { mixSamples } from '../media/mix.ts';
import { noise, noiseCode, throughMulaw } from './peer.test-helper.ts';
import { find, openRig, openTalk } from './session.test-helper.ts';

test('a beep is heard by the party, and the recording begins behind it', async (t) => {
  const rig = await openTalk(t, 1000);
  rig.record('r', { beep: true });
  assert.equal(rig.events.filter(({ type }) => type === 'recordStarted').length, 0);
  await rig.clock.advance(3400);
  rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
  await rig.clock.advance(100);
  const heard = rig.peer.audio();
  const first = heard.findIndex((sample) => sample !== 0);
  const last = heard.findLastIndex((sample) => sample !== 0);
  assert.ok(Math.abs(last - first + 1 - 3200) <= 8, `the beep lasts ${last - first + 1} samples`);
  const total = heard.subarray(first, last + 1).reduce((sum, sample) => sum + sample ** 2, 0) / 3200;
  const tone = goertzelPower(heard, first, 3200, 1000, 8000);
  assert.ok(tone > 0.95 * total, 'what is heard is not 1000 Hz');
  const [file] = rig.wav('r');
  assert.equal(rig.outcome('r').durationMs, 3000);
  const from = find(rig.peer.said(0, 16_000), file!.subarray(0, 80));
  assert.deepEqual(file, rig.peer.said(from, file!.length));
  // It began when the beep was over, which is 400 ms after it was asked for.
  assert.ok(from >= 8000 + 3200 - 800 && from <= 8000 + 3200, `${from}`);
  await rig.close();
});

test('recordings that beep at the same time beep one after the other', async (t) => {
  const rig = await openTalk(t, 500);
  rig.record('a', { beep: true });
  rig.record('b', { beep: true });
  await rig.clock.advance(2000);
  rig.send({ type: 'close', cause: 'hangup' });
  await rig.clock.advance(100);
  const [a, b] = [rig.outcome('a'), rig.outcome('b')];
  assert.equal(a.durationMs - b.durationMs, 400);
  await rig.close();
});

test('the party hears a played stream sample by sample, and its end is told with the time played', async (t) => {
  const rig = await openRig(t);
  const sound = noise(10_000);
  rig.send({ type: 'play', playId: 'p', sounds: [{ kind: 'stream', streamId: 1 }], gainDb: 0 });
  rig.send({ type: 'feed', streamId: 1, samples: sound.subarray(0, 6000) });
  rig.send({ type: 'feed', streamId: 1, samples: sound.subarray(6000), end: true });
  await rig.clock.advance(2000);
  assert.notEqual(find(rig.peer.audio(), sound), -1);
  assert.deepEqual(
    rig.events.slice(1).map(({ type }) => type),
    ['soundStarted', 'streamProgress', 'streamProgress', 'playEnded'],
  );
  const end = rig.events.at(-1);
  assert.ok(end?.type === 'playEnded');
  assert.deepEqual([end.state, end.playedMs], ['finished', 1250]);
  await rig.close();
});

test('a stopped play is silent from the next packet on', async (t) => {
  const rig = await openRig(t);
  rig.send({ type: 'play', playId: 'p', sounds: [{ kind: 'stream', streamId: 1 }], gainDb: 0 });
  rig.send({ type: 'feed', streamId: 1, samples: noise(16_000) });
  await rig.clock.advance(500);
  rig.send({ type: 'stopPlay', playId: 'p' });
  await rig.clock.advance(500);
  const end = rig.events.at(-1);
  assert.ok(end?.type === 'playEnded');
  assert.equal(end.state, 'stopped');
  const heard = rig.peer.audio();
  const last = heard.findLastIndex((sample) => sample !== 0);
  assert.equal(Math.ceil((last + 1) / 160) * 20, end.playedMs);
  await rig.close();
});

test('a stereo recording has the party left and what it hears right, side by side throughout', async (t) => {
  const rig = await openTalk(t, 1000);
  rig.record('r', { direction: 'both', stereo: true });
  await rig.clock.advance(1000);
  const offsets: number[] = [];
  // Two of them behind the first ten seconds, in which the place of what is heard is found out.
  for (const streamId of [1, 2, 3, 4, 5]) {
    rig.send({
      type: 'play',
      playId: `p${streamId}`,
      sounds: [{ kind: 'stream', streamId }],
      gainDb: 0,
    });
    rig.send({ type: 'feed', streamId, samples: noise(1600, streamId * 100_000), end: true });
    offsets.push(rig.peer.position);
    await rig.clock.advance(3000);
  }
  rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
  await rig.clock.advance(100);
  const [left, right] = rig.wav('r');
  const from = find(rig.peer.said(0, 16_000), left!.subarray(0, 80));
  assert.deepEqual(left, rig.peer.said(from, left!.length));
  const apart = offsets.map((position, i) => {
    const at = find(throughMulaw(right!), noise(1600, (i + 1) * 100_000));
    assert.notEqual(at, -1, `sound ${i + 1} is not in the right channel`);
    return from + at - position;
  });
  // A sound lies beside what the party said when it began, less the playout delay and the way through the net.
  assert.ok(
    apart.every((samples) => samples === apart[0] && Math.abs(samples) <= 800),
    `${apart}`,
  );
  await rig.close();
});

test('what the party hears lies beside what it says from the start, where it is recorded before its first packet', async (t) => {
  const rig = await openRig(t);
  rig.peer.content = () => 0xff;
  rig.record('r', { direction: 'both', stereo: true });
  await rig.clock.advance(47);
  rig.peer.start(rig.port);
  await rig.clock.advance(353);
  // Long enough for the playout delay to shrink, and for the place of what is heard to be watched.
  const sound = noise(12 * 8000);
  rig.send({ type: 'play', playId: 'p', sounds: [{ kind: 'stream', streamId: 1 }], gainDb: 0 });
  rig.send({ type: 'feed', streamId: 1, samples: sound, end: true });
  const begun = rig.peer.position;
  rig.peer.content = (n) => (n === begun ? 0x00 : 0xff);
  await rig.clock.advance(13_000);
  await rig.close();
  const [left, right] = rig.wav('r');
  const said = left!.findIndex((sample) => Math.abs(sample) > 20_000);
  const heard = find(right!, sound.subarray(0, 160));
  assert.ok(said > 0 && Math.abs(heard - said) <= 160, `said at ${said}, heard at ${heard}`);
  assert.deepEqual(right!.subarray(heard, heard + sound.length), sound);
});

for (const io of ['node', 'io_uring'] as const) {
  test(`${io}: a recording of both sides that is asked for in a standstill has what is heard in its place`, async (t) => {
    const apart: number[] = [];
    for (const ms of [0, 60, 200, 500]) {
      const rig = await openTalk(t, 1003, { lateThread: io });
      await rig.standStill(ms, async () => {
        await rig.clock.advance(Math.max(0, ms - 10));
        rig.record('r', { direction: 'both', stereo: true });
      });
      await rig.clock.advance(3000 - ms);
      const sound = throughMulaw(noise(8000));
      rig.send({ type: 'play', playId: 'p', sounds: [{ kind: 'stream', streamId: 1 }], gainDb: 0 });
      rig.send({ type: 'feed', streamId: 1, samples: sound, end: true });
      const saidThen = rig.peer.said(rig.peer.position, 160);
      await rig.clock.advance(3000);
      rig.send({ type: 'close', cause: 'hangup' });
      await rig.clock.advance(100);
      const [said, heard] = rig.wav('r');
      const at = find(heard!, sound);
      assert.ok(at >= 0, 'the sound is not whole');
      apart.push(at - find(said!, saidThen));
      await rig.close();
    }
    // Packets without a time of arrival count as late by the standstill, so the playout delay grows.
    const tolerance = io === 'node' ? 480 : 160;
    assert.ok(
      apart.every((samples) => Math.abs(samples - apart[0]!) <= tolerance),
      `${apart}`,
    );
  });

  test(`${io}: what is sent from an answer on that its thread notices late does not leave in one burst`, async (t) => {
    const rig = await openRig(t, { lateThread: io, agreed: false });
    await rig.clock.advance(103);
    await rig.standStill(400, async () => rig.configure());
    await rig.clock.advance(15);
    const { length } = rig.peer.heard;
    assert.ok(length >= 1 && length <= 2, `${length} packets`);
    await rig.close();
  });
}

test('what is heard from an answer on that its thread notices late is recorded in one piece', async (t) => {
  const rig = await openRig(t, { lateThread: 'io_uring', agreed: false });
  await rig.clock.advance(103);
  // It sounds for longer than its place is watched before that is corrected.
  const sound = throughMulaw(noise(13 * 8000));
  await rig.standStill(900, async () => {
    rig.configure();
    rig.record('r', { direction: 'both', stereo: true });
    rig.send({ type: 'play', playId: 'p', sounds: [{ kind: 'stream', streamId: 1 }], gainDb: 0 });
    rig.send({ type: 'feed', streamId: 1, samples: sound, end: true });
    rig.peer.start(rig.port);
    await rig.clock.advance(895);
  });
  await rig.clock.advance(14_000);
  rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
  await rig.clock.advance(100);
  assert.ok(find(rig.wav('r')[1]!, sound) >= 0, 'the sound is not whole');
  await rig.close();
});

test('a mono recording of both sides is the mix of the two channels, without a sample wrapped round', async (t) => {
  const rig = await openTalk(t, 1000);
  rig.record('two', { direction: 'both', stereo: true });
  rig.record('one', { direction: 'both' });
  // Both are as loud as they can be: the party is noise over the whole range already.
  const sound = Int16Array.from({ length: 24_000 }, (_, n) => (n % 7 < 3 ? 32_000 : -32_000));
  rig.send({ type: 'play', playId: 'p', sounds: [{ kind: 'stream', streamId: 1 }], gainDb: 0 });
  rig.send({ type: 'feed', streamId: 1, samples: sound, end: true });
  await rig.clock.advance(4000);
  for (const recordingId of ['two', 'one']) rig.send({ type: 'stopRecord', recordingId, cause: 'stop' });
  await rig.clock.advance(100);
  const [left, right] = rig.wav('two');
  const [mixed] = rig.wav('one');
  assert.equal(mixed!.length, left!.length);
  let both = 0;
  for (const [n, sample] of mixed!.entries()) {
    const [said, heard] = [left![n]!, right![n]!];
    assert.equal(sample, mixSamples(said, heard));
    if (Math.abs(said + heard) <= 32_767) continue;
    both++;
    assert.equal(Math.sign(sample), Math.sign(said + heard), `sample ${n} of ${said} and ${heard}`);
  }
  assert.ok(both > 5000, `${both} samples pass full scale`);
  await rig.close();
});

test('on hold nothing is sent, the party is recorded all the same, and it hears us again afterwards', async (t) => {
  const rig = await openTalk(t, 500);
  rig.record('r', { direction: 'both', stereo: true });
  await rig.clock.advance(500);
  rig.configure({ direction: 'recvonly' });
  await rig.clock.advance(100);
  const before = rig.peer.heard.length;
  rig.send({ type: 'play', playId: 'p', sounds: [{ kind: 'stream', streamId: 1 }], gainDb: 0 });
  rig.send({ type: 'feed', streamId: 1, samples: noise(1600), end: true });
  await rig.clock.advance(1000);
  assert.equal(rig.peer.heard.length, before);
  rig.configure();
  await rig.clock.advance(1000);
  const resumed = rig.peer.heard[before];
  const last = rig.peer.heard[before - 1];
  assert.ok(resumed !== undefined && last !== undefined);
  assert.equal(resumed.marker, true);
  assert.equal(resumed.sequence, (last.sequence + 1) & 0xffff);
  assert.equal((resumed.timestamp - last.timestamp) >>> 0, (resumed.atMs - last.atMs) * 8);
  rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
  await rig.clock.advance(100);
  const [left, right] = rig.wav('r');
  const from = find(rig.peer.said(0, 16_000), left!.subarray(0, 80));
  assert.deepEqual(left, rig.peer.said(from, left!.length));
  assert.ok(
    right!.every((sample) => sample === 0),
    'what was played on hold was not heard by the party',
  );
  await rig.close();
});

test('a change of codec takes hold in both directions', async (t) => {
  const rig = await openTalk(t, 500);
  rig.configure({ codec: 'PCMA', payloadType: 8 });
  rig.peer.payloadType = 8;
  await rig.clock.advance(500);
  const since = rig.peer.position;
  rig.record('r');
  await rig.clock.advance(1000);
  const codes = Uint8Array.from({ length: 160 }, (_, i) => noiseCode(i));
  const sound = new Int16Array(160);
  decodePcma(codes, 0, 160, sound, 0);
  rig.send({ type: 'play', playId: 'p', sounds: [{ kind: 'stream', streamId: 1 }], gainDb: 0 });
  rig.send({ type: 'feed', streamId: 1, samples: sound, end: true });
  rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
  await rig.clock.advance(500);
  const [file] = rig.wav('r');
  const said = new Int16Array(16_000);
  const saidCodes = Uint8Array.from({ length: 16_000 }, (_, i) => noiseCode(since - 1600 + i));
  decodePcma(saidCodes, 0, 16_000, said, 0);
  assert.notEqual(find(said, file!), -1);
  const heard = rig.peer.heard.find(
    ({ payloadType, payload }) => payloadType === 8 && payload.some((code) => code !== 0xd5),
  );
  assert.deepEqual(Buffer.from(heard!.payload), Buffer.from(codes));
  await rig.close();
});

test('at a change of codec, what is on its way in the former one is not lost', async (t) => {
  const rig = await openTalk(t, 500);
  rig.record('r');
  await rig.clock.advance(500);
  rig.configure({ codec: 'PCMA', payloadType: 8 });
  await rig.clock.advance(200);
  rig.peer.payloadType = 8;
  const changed = rig.peer.position;
  await rig.clock.advance(500);
  rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
  await rig.clock.settle();
  const file = rig.wav('r')[0]!;
  const from = find(rig.peer.said(0, 8000), file.subarray(0, 80));
  const expected = rig.peer.said(from, file.length);
  const alaw = Uint8Array.from({ length: from + file.length - changed }, (_, i) => noiseCode(changed + i));
  decodePcma(alaw, 0, alaw.length, expected, changed - from);
  assert.deepEqual(file, expected);
  assert.equal(rig.outcome('r').missingSamples, 0);
  await rig.close();
});

test('what the party hears is recorded whole, also while the playout delay adapts to jitter', async (t) => {
  const rig = await openTalk(t, 200, { conditions: { jitterMs: 90 } });
  rig.record('r', { direction: 'both', stereo: true });
  const sound = noise(40_000);
  rig.send({ type: 'play', playId: 'p', sounds: [{ kind: 'stream', streamId: 1 }], gainDb: 0 });
  rig.send({ type: 'feed', streamId: 1, samples: sound, end: true });
  await rig.clock.advance(6000);
  rig.send({ type: 'close', cause: 'hangup' });
  await rig.clock.advance(100);
  const [, right] = rig.wav('r');
  assert.notEqual(find(rig.peer.audio(), sound), -1);
  assert.notEqual(find(right!, sound), -1, 'the prompt is not whole in the recording');
  await rig.close();
});

test('the beep before a recording of both sides is not in it, nor cut from one that runs already', async (t) => {
  const rig = await openTalk(t, 200, { conditions: { jitterMs: 90 } });
  rig.record('runs', { direction: 'listen' });
  await rig.clock.advance(1000);
  rig.record('beeps', { direction: 'listen', beep: true });
  await rig.clock.advance(2000);
  rig.send({ type: 'close', cause: 'hangup' });
  await rig.clock.advance(100);
  const [running] = rig.wav('runs');
  const first = running!.findIndex((sample) => sample !== 0);
  const length = running!.findLastIndex((sample) => sample !== 0) + 1 - first;
  assert.ok(Math.abs(length - 3200) <= 8, `the beep lasts ${length} samples`);
  assert.ok(rig.wav('beeps')[0]!.every((sample) => sample === 0));
  await rig.close();
});
