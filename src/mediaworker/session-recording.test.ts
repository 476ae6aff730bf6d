import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { rmsDbfs } from '../media/level.ts';
import { find, keysOf, openRig, openTalk, type Rig } from './session.test-helper.ts';

/** Asserts that the file is what the peer said from some sample on, without a gap. @returns that sample */
function assertSaid(rig: Rig, file: Int16Array, near: number): number {
  const around = rig.peer.said(Math.max(0, near - 1600), 3200);
  const at = find(around, file.subarray(0, 80));
  assert.ok(at >= 0, 'the file does not begin with anything said around that time');
  const from = Math.max(0, near - 1600) + at;
  assert.deepEqual(file, rig.peer.said(from, file.length));
  return from;
}

test('a recording holds what was sent, sample by sample', async (t) => {
  const rig = await openTalk(t, 1000);
  rig.record('r');
  const near = rig.peer.position;
  await rig.clock.advance(5000);
  rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
  await rig.clock.settle();
  const { state, endedBy, durationMs, byteSize, missingSamples } = rig.outcome('r');
  assert.deepEqual(
    { state, endedBy, durationMs, byteSize, missingSamples },
    { state: 'finished', endedBy: 'stop', durationMs: 5000, byteSize: 80_044, missingSamples: 0 },
  );
  const from = assertSaid(rig, rig.wav('r')[0]!, near);
  assert.ok(near - from <= 800, `recorded from ${near - from} samples before it was asked for`);
  await rig.close();
});

test('unconcealed loss leaves its gaps and nothing else; reordering and duplicates do not show', async (t) => {
  const rig = await openRig(t, {
    concealLoss: false,
    conditions: { loss: 0.05, jitterMs: 60, duplication: 0.05 },
  });
  rig.peer.start(rig.port);
  await rig.clock.advance(1000);
  rig.record('r');
  const near = rig.peer.position;
  await rig.clock.advance(20_000);
  rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
  await rig.clock.settle();
  const file = rig.wav('r')[0]!;
  const around = rig.peer.said(near - 1600, 4800);
  // The first run of 80 samples in the file that is not a gap.
  let start = 0;
  while (file.subarray(start, start + 80).every((sample) => sample === 0)) start++;
  const from = near - 1600 + find(around, file.subarray(start, start + 80)) - start;
  const said = rig.peer.said(from, file.length);
  let missing = 0;
  for (let i = 0; i < file.length; i++) {
    if (file[i] === said[i]) continue;
    assert.equal(file[i], 0, `sample ${i} is neither what was said nor a gap`);
    missing++;
  }
  const { missingSamples } = rig.outcome('r');
  // Of noise, some samples are 0 themselves.
  assert.ok(missing <= missingSamples && missing > missingSamples * 0.97, `${missing} of ${missingSamples}`);
  assert.equal(missingSamples % 160, 0);
  const share = missingSamples / file.length;
  assert.ok(share > 0.02 && share < 0.08, `${share}`);
  await rig.close();
});

test('comfort noise has its length and its level, and is no loss', async (t) => {
  const rig = await openTalk(t, 1000);
  rig.record('r');
  const near = rig.peer.position;
  await rig.clock.advance(1000);
  const from = rig.peer.position;
  rig.peer.pausing = true;
  await rig.clock.advance(400);
  rig.peer.pausing = false;
  const to = rig.peer.position;
  await rig.clock.advance(1000);
  rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
  await rig.clock.settle();
  assert.equal(rig.outcome('r').missingSamples, 0);
  const file = rig.wav('r')[0]!;
  const start = near - 1600 + find(rig.peer.said(near - 1600, 3200), file.subarray(0, 80));
  const pause = file.slice(from - start, to - start);
  // 70 below the overload point (RFC 3389 3.1), which is full scale.
  assert.ok(Math.abs(rmsDbfs(pause) + 70) < 0.5, `${rmsDbfs(pause)} dBFS`);
  assert.deepEqual(
    file.fill(0, from - start, to - start),
    rig.peer.said(start, file.length).fill(0, from - start, to - start),
  );
  await rig.close();
});

test('padding is no part of a payload: comfort noise sounds with it as without (RFC 3550 5.1)', async (t) => {
  const files: Int16Array[] = [];
  for (const padding of [[], [0, 0, 3]]) {
    const rig = await openRig(t);
    const { socket } = rig.peer;
    const send = socket.send.bind(socket);
    socket.send = (buffer, _offset, _length, port, address) => {
      const bytes = Uint8Array.of(...buffer, ...padding);
      if (padding.length > 0) bytes[0]! |= 0x20;
      send(bytes, 0, bytes.length, port, address);
    };
    rig.peer.start(rig.port);
    await rig.clock.advance(1000);
    rig.record('r');
    rig.peer.pausing = true;
    await rig.clock.advance(400);
    rig.peer.pausing = false;
    await rig.clock.advance(600);
    rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
    await rig.clock.settle();
    files.push(rig.wav('r')[0]!);
    await rig.close();
  }
  assert.deepEqual(files[1], files[0]);
});

test('a terminator ends the recording at its timestamp, to the sample', async (t) => {
  const rig = await openTalk(t, 1000);
  rig.record('r', { terminators: '#' });
  const near = rig.peer.position;
  await rig.clock.advance(2000);
  rig.peer.press('5');
  await rig.clock.advance(1000);
  assert.equal(rig.hasEnded('r'), false);
  const down = rig.peer.press('#');
  await rig.clock.advance(1000);
  const { endedBy, terminator } = rig.outcome('r');
  assert.deepEqual([endedBy, terminator], ['terminator', '#']);
  const file = rig.wav('r')[0]!;
  const from = near - 1600 + find(rig.peer.said(near - 1600, 3200), file.subarray(0, 80));
  assert.equal(from + file.length, down);
  assert.deepEqual(keysOf(rig), ['5 rfc4733', '# rfc4733']);
  await rig.close();
});

test('a terminator whose packets are late ends the recording at the same sample', async (t) => {
  const rig = await openTalk(t, 1000);
  rig.record('r', { terminators: '#' });
  const near = rig.peer.position;
  await rig.clock.advance(2000);
  const down = rig.peer.press('#');
  rig.peer.fate = () => [150];
  await rig.clock.advance(1000);
  const file = rig.wav('r')[0]!;
  const from = near - 1600 + find(rig.peer.said(near - 1600, 3200), file.subarray(0, 80));
  assert.equal(from + file.length, down);
  await rig.close();
});

test('a key that came by INFO ends the recording where it is a terminator', async (t) => {
  const rig = await openTalk(t, 1000);
  rig.record('r', { terminators: '*A' });
  await rig.clock.advance(1000);
  rig.send({ type: 'digit', digit: '1', durationMs: 100 });
  await rig.clock.advance(100);
  assert.equal(rig.hasEnded('r'), false);
  rig.send({ type: 'digit', digit: 'A', durationMs: 100 });
  await rig.clock.advance(100);
  assert.equal(rig.outcome('r').terminator, 'A');
  assert.deepEqual(keysOf(rig), ['1 info', 'A info']);
  await rig.close();
});

test('a key by INFO of a party that sends nothing while it is silent cuts nothing off the end', async (t) => {
  const rig = await openTalk(t, 1000);
  rig.record('r', { terminators: '#', direction: 'both', stereo: true });
  await rig.clock.advance(1000);
  // As with silence suppression (RFC 3551 4.1).
  rig.peer.stop();
  await rig.clock.advance(2000);
  rig.send({ type: 'digit', digit: '#', durationMs: 100 });
  await rig.clock.advance(500);
  const { endedBy, durationMs } = rig.outcome('r');
  assert.equal(endedBy, 'terminator');
  assert.ok(Math.abs(durationMs - 3000) <= 60, `${durationMs} ms`);
  await rig.close();
});

test('a key behind silence that was not sent counts once that comes as an event and by INFO', async (t) => {
  const rig = await openTalk(t, 1000);
  rig.peer.stop();
  await rig.clock.advance(3000);
  rig.peer.skip(150);
  rig.peer.press('5');
  rig.peer.start(rig.port);
  await rig.clock.advance(60);
  rig.send({ type: 'digit', digit: '5', durationMs: 100 });
  await rig.clock.advance(500);
  assert.deepEqual(keysOf(rig), ['5 rfc4733']);
  await rig.close();
});

test('max_length is exact', async (t) => {
  const rig = await openTalk(t, 500);
  rig.record('r', { maxLengthMs: 1234.5 });
  await rig.clock.advance(3000);
  const { endedBy, durationMs } = rig.outcome('r');
  assert.deepEqual([endedBy, durationMs], ['max_length', 1234.5]);
  assert.equal(rig.wav('r')[0]!.length, 9876);
  await rig.close();
});

test('a hang-up takes everything that was received', async (t) => {
  const rig = await openTalk(t, 1000);
  rig.record('r');
  const near = rig.peer.position;
  await rig.clock.advance(2000);
  rig.peer.stop();
  // The last packet is on its way for 5 ms; the playout delay of 40 ms has not passed it by.
  await rig.clock.advance(6);
  rig.send({ type: 'close', cause: 'hangup' });
  await rig.clock.advance(100);
  assert.equal(rig.outcome('r').endedBy, 'hangup');
  const file = rig.wav('r')[0]!;
  assert.equal(assertSaid(rig, file, near) + file.length, rig.peer.position);
  await rig.close();
});

test('recordings of one call end each by its own rule', async (t) => {
  const rig = await openTalk(t, 500);
  rig.record('star', { terminators: '*' });
  rig.record('hash', { terminators: '#' });
  rig.record('short', { maxLengthMs: 400 });
  rig.record('all');
  await rig.clock.advance(1000);
  rig.peer.press('#');
  await rig.clock.advance(1000);
  rig.peer.press('*');
  await rig.clock.advance(1000);
  rig.send({ type: 'close', cause: 'hangup' });
  await rig.clock.advance(100);
  const ends = ['star', 'hash', 'short', 'all'].map((id) => rig.outcome(id).endedBy);
  assert.deepEqual(ends, ['terminator', 'terminator', 'max_length', 'hangup']);
  const files = ['star', 'hash', 'short', 'all'].map((id) => rig.wav(id)[0]!);
  const all = files[3]!;
  assert.deepEqual(
    files.map((file) => file.length),
    [files[0]!.length, files[0]!.length - 8000, 3200, all.length],
  );
  for (const file of files) assert.deepEqual(file, all.slice(0, file.length));
  await rig.close();
});

test('a key ends no recording that was asked for behind it, as by the script that it led there', async (t) => {
  const rig = await openTalk(t, 1003, { batches: false });
  rig.record('whole');
  await rig.clock.advance(1000);
  rig.peer.press('#');
  await rig.clock.advance(25);
  // It is known, and the live head comes to it a playout delay later.
  assert.ok(rig.events.some(({ type }) => type === 'digit'));
  const askedMs = rig.clock.monotonic();
  rig.send({ type: 'expectRecord', controlId: 'expected', direction: 'speak', askedMs });
  rig.record('ordered', { terminators: '#' });
  rig.record('beep', { terminators: '#', beep: true });
  await rig.clock.advance(1000);
  rig.record('expected', { terminators: '#' }, askedMs);
  await rig.clock.advance(1000);
  for (const id of ['expected', 'ordered', 'beep']) assert.equal(rig.hasEnded(id), false, id);
  rig.peer.press('#');
  await rig.clock.advance(500);
  for (const id of ['expected', 'ordered', 'beep']) assert.equal(rig.outcome(id).endedBy, 'terminator', id);
  await rig.close();
});

test('a pause leaves out what is said in it, or puts silence in its place', async (t) => {
  const rig = await openTalk(t, 500);
  rig.record('skip');
  rig.record('silence');
  rig.record('whole');
  await rig.clock.advance(1000);
  rig.send({ type: 'pauseRecord', recordingId: 'skip', behavior: 'skip' });
  rig.send({ type: 'pauseRecord', recordingId: 'silence', behavior: 'silence' });
  await rig.clock.advance(600);
  rig.send({ type: 'resumeRecord', recordingId: 'skip' });
  rig.send({ type: 'resumeRecord', recordingId: 'silence' });
  await rig.clock.advance(1000);
  rig.send({ type: 'close', cause: 'hangup' });
  await rig.clock.advance(100);
  const [skip, silence, whole] = ['skip', 'silence', 'whole'].map((id) => rig.wav(id)[0]!);
  assert.deepEqual(skip, Int16Array.of(...whole!.subarray(0, 8000), ...whole!.subarray(12_800)));
  assert.deepEqual(silence, whole!.slice().fill(0, 8000, 12_800));
  await rig.close();
});

test('a hang-up while the beep sounds leaves no file', async (t) => {
  const rig = await openTalk(t, 500);
  rig.record('r', { beep: true });
  await rig.clock.advance(200);
  rig.send({ type: 'close', cause: 'hangup' });
  await rig.clock.advance(100);
  const { endedBy, durationMs, byteSize } = rig.outcome('r');
  assert.deepEqual([endedBy, durationMs, byteSize], ['hangup', 0, 0]);
  assert.equal(existsSync(path.join(rig.folder, 'r.wav')), false);
  assert.equal(existsSync(path.join(rig.folder, 'r.wav.part')), false);
  await rig.close();
});

test('a recording whose file cannot be written ends with an error, and the others go on', async (t) => {
  const rig = await openTalk(t, 500);
  writeFileSync(path.join(rig.folder, 'occupied'), 'a file where a folder is wanted');
  rig.record('bad', { path: path.join(rig.folder, 'occupied', 'bad.wav') });
  rig.record('good');
  await rig.clock.advance(1000);
  assert.equal(rig.outcome('bad').state, 'error');
  assert.match(rig.outcome('bad').error ?? '', /occupied/);
  assert.equal(rig.hasEnded('good'), false);
  await rig.close();
  assert.equal(rig.outcome('good').state, 'finished');
});
