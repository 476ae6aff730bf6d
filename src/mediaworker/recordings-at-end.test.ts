/** Recordings whose order comes behind the end of their call, or right before it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beginning, hangUp, recordLate } from './late-orders.test-helper.ts';
import { openRig, openTalk, type Rig } from './session.test-helper.ts';

test('what was said before a hang-up is in a recording whose order comes behind it', async (t) => {
  const rig = await openTalk(t, 2003);
  const asked = rig.peer.position;
  const askedMs = rig.clock.monotonic();
  rig.send({ type: 'expectRecord', controlId: 'r', direction: 'speak', askedMs });
  rig.send({ type: 'expectRecord', controlId: 'refused', direction: 'speak', askedMs });
  await rig.clock.advance(800);
  rig.peer.stop();
  await rig.clock.advance(10);
  const said = rig.peer.position;
  rig.send({ type: 'close', cause: 'hangup' });
  await rig.clock.advance(3000);
  rig.record('unknown');
  rig.send({ type: 'unexpectRecord', controlId: 'refused' });
  rig.record('r', {}, askedMs);
  await rig.clock.advance(100);
  const file = rig.wav('r')[0]!;
  const from = beginning(rig, file);
  assert.ok(asked - from >= 0 && asked - from <= 800, `${asked - from} samples before it was asked for`);
  assert.equal(file.length, said - from);
  assert.equal(rig.outcome('r').endedBy, 'hangup');
  assert.equal(rig.hasEnded('unknown'), false);
  assert.equal(rig.events.at(-1)?.type, 'closed');
  await rig.close();
});

test('a key right before the hang-up ends a recording whose order comes behind it', async (t) => {
  const rig = await openTalk(t, 1003);
  const askedMs = rig.clock.monotonic();
  rig.send({ type: 'expectRecord', controlId: 'r', direction: 'speak', askedMs });
  await rig.clock.advance(1000);
  rig.peer.pausing = true;
  await rig.clock.advance(500);
  rig.peer.pausing = false;
  rig.peer.press('#');
  await rig.clock.advance(27);
  rig.peer.stop();
  await hangUp(rig);
  await rig.clock.advance(1000);
  rig.record('r', { terminators: '#' }, askedMs);
  await rig.clock.advance(100);
  assert.equal(rig.outcome('r').endedBy, 'terminator');
  await rig.close();
});

test('a recording that is stopped right before the hang-up has ended by that', async (t) => {
  const rig = await openRig(t);
  rig.peer.start(rig.port);
  rig.record('r');
  await rig.clock.advance(1000);
  rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
  await hangUp(rig);
  assert.equal(rig.outcome('r').endedBy, 'stop');
  await rig.close();
});

test('a session whose expected recording never comes is closed after five seconds', async (t) => {
  const rig = await openRig(t);
  await rig.clock.advance(1000);
  rig.send({ type: 'expectRecord', controlId: 'r', direction: 'speak', askedMs: rig.clock.monotonic() });
  rig.send({ type: 'close', cause: 'hangup' });
  await rig.clock.advance(4990);
  assert.notEqual(rig.events.at(-1)?.type, 'closed');
  await rig.clock.advance(20);
  assert.equal(rig.events.at(-1)?.type, 'closed');
  await rig.close();
});

/** Asks for a recording, hangs up 800 ms later, and orders it after `lateMs` more. */
async function recordBehindHangUp(rig: Rig, lateMs: number): Promise<{ readonly askedMs: number }> {
  const asked = { askedMs: rig.clock.monotonic(), now: rig.clock.now() };
  rig.send({ type: 'expectRecord', controlId: 'r', direction: 'speak', askedMs: asked.askedMs });
  await rig.clock.advance(800);
  rig.peer.stop();
  await rig.clock.advance(10);
  await hangUp(rig);
  await rig.clock.advance(lateMs);
  rig.record('r', {}, asked.askedMs);
  await rig.clock.advance(100);
  return { askedMs: asked.now };
}

test('the times of a recording are those at which it was asked for and ended, whenever its order came', async (t) => {
  const rig = await openRig(t);
  rig.peer.start(rig.port);
  rig.record('running');
  await rig.clock.advance(2003);
  const { askedMs } = await recordBehindHangUp(rig, 3000);
  const late = rig.outcome('r');
  assert.ok(Math.abs(late.startTimeMs - askedMs) <= 20, `begins ${late.startTimeMs - askedMs} ms later`);
  assert.ok(Math.abs(late.endTimeMs - askedMs - 810) <= 60, `ends after ${late.endTimeMs - askedMs} ms`);
  const running = rig.outcome('running');
  assert.ok(Math.abs(running.endTimeMs - askedMs - 810) <= 60, 'the one that ran waited for it');
  await rig.close();

  const keyed = await openTalk(t, 1003);
  const since = keyed.clock.now();
  keyed.clock.after(1000, () => keyed.peer.press('#'));
  await recordLate(keyed, 'key', 4000, { terminators: '#' });
  keyed.record('long', { maxLengthMs: 1000 }, keyed.clock.monotonic());
  await keyed.clock.advance(2000);
  const { startTimeMs, endTimeMs } = keyed.outcome('key');
  assert.ok(Math.abs(startTimeMs - since) <= 20, `begins ${startTimeMs - since} ms later`);
  assert.ok(Math.abs(endTimeMs - since - 1040) <= 60, `ends after ${endTimeMs - since} ms`);
  await keyed.close();
});

test('a call that is hung up before its first frame is no seconds of silence, however late the order', async (t) => {
  const rig = await openRig(t, { agreed: false });
  rig.configure();
  const askedMs = rig.clock.monotonic();
  rig.send({ type: 'expectRecord', controlId: 'r', direction: 'speak', askedMs });
  rig.send({ type: 'close', cause: 'hangup' });
  await rig.clock.advance(3000);
  rig.record('r', {}, askedMs);
  await rig.clock.advance(100);
  assert.ok(rig.outcome('r').durationMs <= 40, `${rig.outcome('r').durationMs} ms`);
  await rig.close();
});

test('a call that is hung up before it is agreed on gets the end of its recording at once', async (t) => {
  const rig = await openRig(t, { agreed: false });
  const askedMs = rig.clock.monotonic();
  rig.send({ type: 'expectRecord', controlId: 'r', direction: 'speak', askedMs });
  rig.send({ type: 'close', cause: 'hangup' });
  rig.record('r', {}, askedMs);
  await rig.clock.advance(100);
  assert.deepEqual([rig.outcome('r').endedBy, rig.outcome('r').durationMs], ['hangup', 0]);
  assert.equal(rig.events.at(-1)?.type, 'closed');
  await rig.close();
});

test('who listens to a call is told of its end at once, though a recording is still expected', async (t) => {
  const rig = await openRig(t);
  rig.peer.start(rig.port);
  const spec = { take: 'said', codec: 'L16', sampleRate: 8000, ptimeMs: 20 } as const;
  rig.send({ type: 'copy', copyId: 'c', spec });
  await rig.clock.advance(1000);
  rig.send({ type: 'expectRecord', controlId: 'r', direction: 'speak', askedMs: rig.clock.monotonic() });
  await hangUp(rig);
  assert.ok(rig.events.some(({ type }) => type === 'copyEnded'));
  assert.notEqual(rig.events.at(-1)?.type, 'closed');
  await rig.clock.advance(5000);
  assert.equal(rig.events.at(-1)?.type, 'closed');
  await rig.close();
});
