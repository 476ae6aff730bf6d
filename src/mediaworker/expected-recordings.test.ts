/** Recordings whose order comes late, because the disk is slow or the thread that gives it stood still. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePcmu, PCMU_SILENCE } from '../media/g711.ts';
import { generateDtmf } from '../media/dtmf-tones.ts';
import { rmsDbfs } from '../media/level.ts';
import { speechLike, whiteNoise } from '../media/test-signals.ts';
import { beginning, hangUp, recordLate } from './late-orders.test-helper.ts';
import { noise, throughMulaw } from './peer.test-helper.ts';
import { find, openRig, openTalk } from './session.test-helper.ts';

for (const lateMs of [700, 3000, 4900]) {
  test(`an expected recording whose order is ${lateMs} ms late has what was said since it was asked for`, async (t) => {
    const rig = await openTalk(t, 2003);
    const asked = { position: rig.peer.position, ms: rig.clock.now() };
    await recordLate(rig, 'r', lateMs);
    await rig.clock.advance(3000);
    await hangUp(rig);
    // What is said is heard a playout delay later, so the file begins a little before.
    const before = asked.position - beginning(rig, rig.wav('r')[0]!);
    assert.ok(before >= 0 && before <= 100 * 8, `${before} samples before it was asked for`);
    const { startTimeMs, durationMs } = rig.outcome('r');
    assert.ok(Math.abs(startTimeMs - asked.ms) <= 40, `begins ${startTimeMs - asked.ms} ms later`);
    assert.ok(Math.abs(durationMs - lateMs - 3000) <= 60, `${durationMs} ms`);
    await rig.close();
  });
}

test('of a recording that is expected for longer than five seconds, the last five are kept', async (t) => {
  const rig = await openTalk(t, 1003);
  await recordLate(rig, 'r', 8000);
  await rig.clock.advance(1000);
  await hangUp(rig);
  beginning(rig, rig.wav('r')[0]!);
  const { durationMs } = rig.outcome('r');
  assert.ok(durationMs >= 6000 && durationMs <= 6200, `${durationMs} ms`);
  await rig.close();
});

test('an order that nobody announced, 1.2 s behind the answer, has what was said since', async (t) => {
  const rig = await openRig(t);
  const answeredMs = rig.clock.monotonic();
  rig.peer.start(rig.port);
  await rig.clock.advance(1200);
  rig.record('r', {}, answeredMs);
  await rig.clock.advance(1000);
  await hangUp(rig);
  assert.ok(find(rig.wav('r')[0]!, rig.peer.said(0, 8000)) >= 0, 'its beginning is missing');
  const { durationMs } = rig.outcome('r');
  assert.ok(Math.abs(durationMs - 2200) <= 60, `${durationMs} ms`);
  await rig.close();
});

test('nothing is held for a recording that will not come, nor behind other commands', async (t) => {
  const rig = await openTalk(t, 100);
  rig.send({ type: 'expectRecord', controlId: 'r', direction: 'speak', askedMs: rig.clock.monotonic() });
  await rig.clock.advance(2000);
  rig.send({ type: 'unexpectRecord', controlId: 'r' });
  await rig.clock.advance(100);
  rig.record('old', {}, rig.clock.monotonic() - 2000);
  await rig.clock.advance(1000);
  await hangUp(rig);
  const { durationMs } = rig.outcome('old');
  assert.ok(durationMs >= 1300 && durationMs <= 1600, `${durationMs} ms`);
  await rig.close();
});

test('one of two expected recordings does not take the beginning of the other', async (t) => {
  const rig = await openTalk(t, 1003);
  const first = recordLate(rig, 'first', 3000);
  const askedFirst = rig.peer.position;
  await rig.clock.advance(800);
  const askedSecond = rig.peer.position;
  const askedMs = rig.clock.monotonic();
  rig.send({ type: 'expectRecord', controlId: 'second', direction: 'speak', askedMs });
  await rig.clock.advance(4000);
  await first;
  rig.record('second', {}, askedMs);
  await rig.clock.advance(1000);
  await hangUp(rig);
  for (const [id, asked] of [
    ['first', askedFirst],
    ['second', askedSecond],
  ] as const) {
    const before = asked - beginning(rig, rig.wav(id)[0]!);
    assert.ok(before >= 0 && before <= 800, `${id}: ${before} samples before it was asked for`);
  }
  await rig.close();
});

test('both sides of an expected recording begin where it was asked for, and stay together', async (t) => {
  const rig = await openRig(t);
  const sound = throughMulaw(noise(20 * 8000));
  rig.peer.start(rig.port);
  rig.send({ type: 'play', playId: 'p', sounds: [{ kind: 'stream', streamId: 1 }], gainDb: 0 });
  rig.send({ type: 'feed', streamId: 1, samples: sound, end: true });
  await rig.clock.advance(2003);
  const asked = rig.peer.position;
  await recordLate(rig, 'late', 4000, { direction: 'both', stereo: true });
  rig.record('now', { direction: 'both', stereo: true });
  await rig.clock.advance(4000);
  await hangUp(rig);
  const [said, heard] = rig.wav('late');
  const before = asked - beginning(rig, said!);
  assert.ok(before >= 0 && before <= 800, `${before} samples before it was asked for`);
  // As in a recording that is ordered in time: the first frame that is heard may be on its way.
  const first = find(sound, heard!.subarray(800, 1600));
  assert.ok(first >= 0, 'what is heard is not the sound');
  assert.deepEqual(heard!.subarray(800), sound.subarray(first, first + heard!.length - 800));
  const behind = first - 800 - beginning(rig, said!);
  const [saidNow, heardNow] = rig.wav('now');
  const behindNow = find(sound, heardNow!.subarray(800, 1600)) - 800 - beginning(rig, saidNow!);
  assert.ok(Math.abs(behind - behindNow) <= 160, `${behind} in the place of ${behindNow} samples`);
  await rig.close();
});

for (const maskDtmf of [false, true]) {
  test(`a key that is pressed before the order comes ends ${maskDtmf ? 'a masked' : 'the'} recording at its place`, async (t) => {
    const rig = await openTalk(t, 1003);
    const asked = rig.peer.position;
    let down = 0;
    rig.clock.after(1500, () => {
      down = rig.peer.press('#');
    });
    await recordLate(rig, 'r', 3000, { terminators: '#', maskDtmf });
    await rig.clock.advance(500);
    assert.equal(rig.outcome('r').endedBy, 'terminator');
    const file = rig.wav('r')[0]!;
    const from = find(rig.peer.said(0, asked + 800), file.subarray(0, 800));
    assert.ok(from >= asked - 800 && from <= asked, `begins at ${from}, was asked for at ${asked}`);
    // What a masked one leaves out before an event may have leaked into the audio.
    const leaked = maskDtmf ? 60 * 8 : 0;
    const said = rig.peer.said(from, down - from - leaked);
    assert.deepEqual(file.subarray(0, said.length), said);
    assert.equal(file.length, said.length + leaked);
    await rig.close();
  });
}

test('what a filter of noise has made of a long wait is in the recording', async (t) => {
  const rig = await openRig(t);
  rig.peer.content = (n) => 0x80 | (n % 40 < 20 ? 0x10 : 0x30);
  rig.peer.start(rig.port);
  rig.send({ type: 'denoise', on: true });
  await rig.clock.advance(1003);
  await recordLate(rig, 'late', 4000);
  await rig.clock.advance(1000);
  rig.record('now');
  await rig.clock.advance(1000);
  await hangUp(rig);
  const late = rig.wav('late')[0]!;
  // The filter's own output, and nothing that was written over or left out.
  const again = await openRig(t);
  again.peer.content = rig.peer.content;
  again.peer.start(again.port);
  again.send({ type: 'denoise', on: true });
  await again.clock.advance(1003);
  again.record('r', {}, again.clock.monotonic());
  await again.clock.advance(6000);
  await hangUp(again);
  const inTime = again.wav('r')[0]!;
  assert.deepEqual(late.subarray(0, 5 * 8000), inTime.subarray(0, 5 * 8000));
  await rig.close();
  await again.close();
});

test('a recording whose order is late ends by silence where it would have in time', async (t) => {
  const length = async (lateMs: number): Promise<number> => {
    const rig = await openRig(t);
    // A voice of a second, a pause that is a little longer than the limit, and the voice again.
    const codes = new Uint8Array(8 * 8000).fill(PCMU_SILENCE);
    const voice = speechLike(8000, -15);
    for (const at of [0, 8000 + 1040 * 8, 2 * (8000 + 1040 * 8)]) encodePcmu(voice, 0, 8000, codes, at);
    rig.peer.content = (n) => codes[n]!;
    rig.peer.start(rig.port);
    await recordLate(rig, 'r', lateMs, { initialTimeoutMs: 4000, endSilenceTimeoutMs: 1000 });
    await rig.clock.advance(6000 - lateMs);
    await hangUp(rig);
    await rig.close();
    assert.equal(rig.outcome('r').endedBy, 'silence', `${lateMs} ms late`);
    return rig.outcome('r').durationMs;
  };
  const inTime = await length(0);
  for (const lateMs of [1900, 3000, 4500]) assert.equal(await length(lateMs), inTime, `${lateMs} ms late`);
});

for (const lateMs of [15, 60, 250]) {
  test(`an order to record that is ${lateMs} ms late has what was said since it was given`, async (t) => {
    const rig = await openRig(t);
    await rig.clock.advance(1003);
    const askedMs = rig.clock.monotonic();
    const asked = rig.clock.now();
    rig.peer.start(rig.port);
    await rig.clock.advance(lateMs);
    rig.record('r', {}, askedMs);
    await rig.clock.advance(1000);
    rig.send({ type: 'close', cause: 'hangup' });
    await rig.clock.advance(100);
    const file = rig.wav('r')[0]!;
    assert.ok(find(file, rig.peer.said(0, 4800)) >= 0, 'its beginning is missing');
    const { startTimeMs, durationMs } = rig.outcome('r');
    assert.ok(startTimeMs >= asked && startTimeMs - asked <= 40, `begins ${startTimeMs - asked} ms later`);
    assert.ok(Math.abs(durationMs - 1000 - lateMs) <= 60, `${durationMs} ms`);
    await rig.close();
  });
}

test('a late order to record with a beep begins behind the beep, and what is no longer kept is left out', async (t) => {
  const rig = await openRig(t);
  rig.peer.start(rig.port);
  rig.send({ type: 'stopPlay', playId: 'none' });
  await rig.clock.advance(3000);
  const now = rig.clock.monotonic();
  rig.record('beep', { beep: true }, now - 300);
  rig.record('old', {}, now - 2000);
  await rig.clock.advance(2000);
  rig.send({ type: 'close', cause: 'hangup' });
  await rig.clock.advance(100);
  assert.ok(rig.outcome('beep').durationMs < 2000, `${rig.outcome('beep').durationMs} ms`);
  const { durationMs } = rig.outcome('old');
  // Half a second is kept, and up to three ticks; at the end, what has come and was not heard yet is added.
  assert.ok(durationMs >= 2500 && durationMs <= 2620, `${durationMs} ms`);
  const file = rig.wav('old')[0]!;
  const end = find(rig.peer.said(0, rig.peer.position), file.subarray(0, 800));
  assert.ok(end >= 0, 'it does not begin with what was said');
  await rig.close();
});

test('a late order for a recording without keys leaves out what nobody has searched for them', async (t) => {
  const rig = await openTalk(t, 3000);
  rig.record('masked', { maskDtmf: true }, rig.clock.monotonic() - 300);
  await rig.clock.advance(1000);
  rig.send({ type: 'close', cause: 'hangup' });
  await rig.clock.advance(100);
  const { durationMs } = rig.outcome('masked');
  assert.ok(Math.abs(durationMs - 1000) <= 60, `${durationMs} ms`);
  await rig.close();
});

test('what was lost in a long outage before the order is counted as missing', async (t) => {
  const missing = async (lateMs: number): Promise<number> => {
    const rig = await openRig(t);
    rig.peer.start(rig.port);
    rig.peer.fate = (index) => (index >= 75 && index < 175 ? [] : [0]);
    await rig.clock.advance(1003);
    await recordLate(rig, 'r', lateMs);
    await rig.clock.advance(5000 - lateMs);
    await hangUp(rig);
    await rig.close();
    return rig.outcome('r').missingSamples;
  };
  assert.equal(await missing(4500), await missing(0));
  assert.equal(await missing(0), 100 * 160);
});

for (const [when, atMs] of [
  ['while its recording is expected', 4800],
  ['behind the order', 5500],
] as const) {
  test(`a sender whose time jumps ahead ${when} leaves no gap`, async (t) => {
    const rig = await openRig(t);
    rig.peer.start(rig.port);
    // Two seconds, in no time.
    rig.clock.after(atMs, () => rig.peer.skip(100));
    await rig.clock.advance(1003);
    await recordLate(rig, 'r', 4000);
    await rig.clock.advance(2000);
    await hangUp(rig);
    const { durationMs } = rig.outcome('r');
    assert.ok(Math.abs(durationMs - 6000) <= 200, `${durationMs} ms`);
    await rig.close();
  });
}

test('no number of keys leaks into a masked recording that begins late', async (t) => {
  const rig = await openRig(t);
  const KEY = 2 * 800;
  const tones = new Uint8Array(KEY).fill(PCMU_SILENCE);
  const tone = new Int16Array(KEY / 2);
  generateDtmf('5', 8000, { toneMs: 100, gapMs: 0 }).read(tone, 0, tone.length);
  encodePcmu(tone, 0, tone.length, tones, 0);
  rig.peer.content = (n) => tones[n % KEY]!;
  rig.peer.start(rig.port);
  await rig.clock.advance(203);
  await recordLate(rig, 'r', 4900, { maskDtmf: true });
  await rig.clock.advance(500);
  await hangUp(rig);
  const file = rig.wav('r')[0]!;
  assert.ok(file.length > 5 * 8000);
  // The key in which it begins may not have been known for one.
  const loud = file.subarray(KEY).findIndex((sample) => Math.abs(sample) > 1000);
  assert.equal(loud, -1, `a key sounds ${loud / 8} ms into the recording`);
  await rig.close();
});

test('noise is taken out of all of it, also where the filter was off for a moment before the order', async (t) => {
  const rig = await openRig(t);
  const codes = new Uint8Array(12 * 8000);
  encodePcmu(whiteNoise(codes.length, -40), 0, codes.length, codes, 0);
  rig.peer.content = (n) => codes[n]!;
  rig.peer.start(rig.port);
  rig.send({ type: 'denoise', on: true });
  await rig.clock.advance(6003);
  rig.clock.after(2000, () => {
    rig.send({ type: 'denoise', on: false });
    rig.send({ type: 'denoise', on: true });
  });
  await recordLate(rig, 'r', 4000);
  await rig.clock.advance(500);
  await hangUp(rig);
  const level = rmsDbfs(rig.wav('r')[0]!.subarray(800, 1.8 * 8000));
  assert.ok(level <= -55, `${level} dBFS of noise before it was off`);
  await rig.close();
});

test('the beginning of a call that is traced is held as well', async (t) => {
  const rig = await openRig(t);
  const answeredMs = rig.clock.monotonic();
  rig.send({ type: 'meter', stretchMs: 100 });
  rig.record('trace', { controlId: 'trace' });
  rig.peer.start(rig.port);
  await rig.clock.advance(1500);
  rig.record('r', {}, answeredMs);
  await rig.clock.advance(500);
  await hangUp(rig);
  assert.ok(find(rig.wav('r')[0]!, rig.peer.said(0, 8000)) >= 0, 'its beginning is missing');
  await rig.close();
});
