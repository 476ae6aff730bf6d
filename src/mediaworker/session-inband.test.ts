import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dtmfFrequencies, generateDtmf } from '../media/dtmf-tones.ts';
import { encodePcmu } from '../media/g711.ts';
import { goertzelDbfs } from '../media/goertzel.ts';
import { speechLike } from '../media/test-signals.ts';
import type { RecordSpec } from '../recording/types.ts';
import { decoded } from './peer.test-helper.ts';
import { find, keysOf, openRig, openTalk, type Rig } from './session.test-helper.ts';

/** The party's sample at which its tones are laid; one frame is 160. */
const AT = 16_000;

/** Talk of the party, with these keys in it as tones (100 ms, 100 ms apart) from {@link AT} on. */
function talkWithKeys(rig: Rig, digits: string, talks = true): Uint8Array {
  const samples = talks ? speechLike(64_000, -20) : new Int16Array(64_000);
  const tones = generateDtmf(digits, 8000, { toneMs: 100, gapMs: 100 });
  const keys = new Int16Array(tones.remainingSamples);
  tones.read(keys, 0, keys.length);
  for (let i = 0; i < keys.length; i++) if (i % 1600 < 800) samples[AT + i] = keys[i]!;
  const codes = new Uint8Array(samples.length);
  encodePcmu(samples, 0, samples.length, codes, 0);
  rig.peer.content = (n) => codes[n] ?? 0xff;
  return codes;
}

/** Level of each of a key's tones, dBFS. */
function toneLevels(samples: Int16Array, digit: string): number[] {
  return dtmfFrequencies(digit)!.map((hz) => goertzelDbfs(samples, hz, 8000));
}

test('keys that sound are told when the party has no telephone-event, and not when it has', async (t) => {
  for (const [media, setting, expected] of [
    [{ telephoneEventPayloadType: undefined }, undefined, ['1 inband', '5 inband', '# inband']],
    [{}, undefined, []],
    [{}, 'always', ['1 inband', '5 inband', '# inband']],
    [{ telephoneEventPayloadType: undefined }, 'never', []],
  ] as const) {
    const rig = await openRig(t, { inbandDigits: setting });
    rig.configure(media);
    talkWithKeys(rig, '15#');
    rig.peer.start(rig.port);
    await rig.clock.advance(4000);
    assert.deepEqual(keysOf(rig), expected, `${setting}`);
    await rig.close();
  }
});

test('a terminator that sounds ends the recording, and nothing of it is in the file', async (t) => {
  const rig = await openRig(t);
  rig.configure({ telephoneEventPayloadType: undefined });
  const codes = talkWithKeys(rig, '#');
  rig.peer.start(rig.port);
  await rig.clock.advance(1000);
  rig.record('r', { terminators: '#' });
  await rig.clock.advance(3000);
  const { endedBy, terminator } = rig.outcome('r');
  assert.deepEqual([endedBy, terminator], ['terminator', '#']);
  const file = rig.wav('r')[0]!;
  const said = decoded(codes);
  // The file ends where the tone begins: at most 10 ms are cut with it, and none of it is left.
  const end = find(said, file) + file.length;
  assert.ok(end <= AT && end > AT - 80, `ends ${AT - end} samples before the tone`);
  await rig.close();
});

test('keys that sounded while the thread stood still are told in their order, and the first terminator ends the recording', async (t) => {
  const rig = await openRig(t, { lateThread: 'io_uring' });
  rig.configure({ telephoneEventPayloadType: undefined });
  const codes = talkWithKeys(rig, '12#');
  rig.peer.start(rig.port);
  await rig.clock.advance(1000);
  rig.record('r', { terminators: '2#' });
  await rig.clock.advance(AT / 8 - 1040);
  await rig.standStill(1400);
  await rig.clock.advance(1000);
  assert.deepEqual(keysOf(rig), ['1 inband', '2 inband', '# inband']);
  assert.equal(rig.outcome('r').terminator, '2');
  const file = rig.wav('r')[0]!;
  const second = AT + 1600;
  const end = find(decoded(codes), file.subarray(-160)) + 160;
  assert.ok(end <= second && end > second - 80, `ends ${second - end} samples before the tone`);
  await rig.close();
});

test('a key counts once that comes as a tone and as a telephone-event', async (t) => {
  const rig = await openRig(t, { inbandDigits: 'always' });
  talkWithKeys(rig, '5', false);
  rig.peer.start(rig.port);
  // The event begins 40 ms into the tone, as a gateway's does that lets the beginning of it through.
  await rig.clock.advance(2040);
  while (rig.peer.position < AT + 640) await rig.clock.advance(10);
  rig.peer.press('5', 60);
  await rig.clock.advance(1000);
  assert.equal(keysOf(rig).length, 1);
  await rig.close();
});

test('a masked recording holds no key, all else, and is as long as without', async (t) => {
  for (const spec of [
    { direction: 'speak' },
    { direction: 'both', stereo: true },
    { direction: 'both', stereo: false },
  ] as const) {
    const rig = await openRig(t);
    const codes = talkWithKeys(rig, '19');
    rig.peer.start(rig.port);
    await rig.clock.advance(1000);
    rig.record('masked', { ...spec, maskDtmf: true });
    rig.record('plain', spec);
    await rig.clock.advance(3000);
    for (const recordingId of ['masked', 'plain'])
      rig.send({ type: 'stopRecord', recordingId, cause: 'stop' });
    await rig.clock.advance(100);
    const masked = rig.wav('masked')[0]!;
    const plain = rig.wav('plain')[0]!;
    assert.equal(masked.length, plain.length);
    assert.equal(rig.outcome('masked').durationMs, rig.outcome('plain').durationMs);
    const first = AT - find(decoded(codes), plain.subarray(0, 80));
    for (const [index, digit] of ['1', '9'].entries()) {
      const tone = [first + 1600 * index, first + 1600 * index + 800] as const;
      for (const level of toneLevels(plain.subarray(...tone), digit)) assert.ok(level > -20, `${level}`);
      for (const level of toneLevels(masked.subarray(...tone), digit)) assert.ok(level < -60, `${level}`);
      assert.ok(masked.subarray(...tone).every((sample) => sample === 0));
    }
    // The talk before, between and behind them is untouched, but for 12 ms at each border.
    const guard = 96;
    for (const [from, to] of [
      [0, first - guard],
      [first + 800 + guard, first + 1600 - guard],
      [first + 2400 + guard, plain.length],
    ] as const)
      assert.deepEqual(masked.subarray(from, to), plain.subarray(from, to));
    // The party has telephone-event: its tones are not taken for keys.
    assert.deepEqual(keysOf(rig), []);
    await rig.close();
  }
});

test('a masked recording that ends under a key that has just begun does not hold that beginning', async (t) => {
  /** What a recording from a certain sample on, the same each time, holds. */
  const recorded = async (spec: Partial<RecordSpec>): Promise<{ file: Int16Array; said: Int16Array }> => {
    const rig = await openRig(t);
    const said = decoded(talkWithKeys(rig, '1'));
    rig.peer.start(rig.port);
    await rig.clock.advance(1000);
    rig.record('r', spec);
    await rig.clock.advance(2500);
    await rig.close();
    return { file: rig.wav('r')[0]!, said };
  };
  const { file, said } = await recorded({ maxLengthMs: 100 });
  const start = find(said, file.subarray(0, 80));
  for (const intoMs of [10, 20, 30, 60]) {
    const masked = await recorded({ maskDtmf: true, maxLengthMs: (AT - start) / 8 + intoMs });
    const tone = masked.file.subarray(AT - start);
    assert.equal(tone.length, intoMs * 8);
    const left = tone.findLastIndex((sample) => sample !== 0) + 1;
    assert.ok(left <= 96, `${intoMs} ms: ${left / 8} ms of the tone are left`);
  }
});

test('the tone that leaks before a telephone-event is not in a masked recording', async (t) => {
  const rig = await openRig(t);
  const codes = talkWithKeys(rig, '4', false);
  rig.peer.start(rig.port);
  await rig.clock.advance(1000);
  rig.record('r', { maskDtmf: true });
  while (rig.peer.position < AT + 160) await rig.clock.advance(10);
  rig.peer.press('4', 200);
  await rig.clock.advance(2000);
  rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
  await rig.clock.advance(100);
  assert.ok(decoded(codes).some((sample) => Math.abs(sample) > 1000));
  assert.ok(rig.wav('r')[0]!.every((sample) => sample === 0));
  assert.deepEqual(keysOf(rig), ['4 rfc4733']);
  await rig.close();
});

test('talk behind a key is in a masked recording, though the clock of the keys or of the codec changes during the press', async (t) => {
  for (const media of [
    { telephoneEventPayloadType: 110, telephoneEventClockRate: 48_000 },
    { telephoneEventPayloadType: 110, codec: 'OPUS', payloadType: 111 },
  ] as const) {
    const rig = await openTalk(t, 1000);
    rig.record('r', { maskDtmf: true });
    await rig.clock.advance(500);
    rig.peer.press('4', 200);
    await rig.clock.advance(100);
    rig.configure(media);
    await rig.clock.advance(2000);
    rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
    await rig.clock.advance(100);
    const recorded = rig.wav('r')[0]!;
    assert.ok(recorded.subarray(-8000).some((sample) => sample !== 0));
    assert.deepEqual(keysOf(rig), ['4 rfc4733']);
    await rig.close();
  }
});

test('a key whose timestamp is far from all that was said takes nothing else out of a masked recording', async (t) => {
  for (const off of [-8_000, 8_000]) {
    const rig = await openTalk(t, 1000);
    rig.record('r', { maskDtmf: true });
    const near = rig.peer.position;
    await rig.clock.advance(1000);
    rig.peer.send(101, true, 50_000 + rig.peer.position + off, Uint8Array.of(11, 10, 1, 64));
    await rig.clock.advance(2000);
    rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
    await rig.clock.advance(100);
    assert.deepEqual(keysOf(rig), ['# rfc4733']);
    // At its very end, a tone may have begun.
    const kept = rig.wav('r')[0]!.slice(0, -1600);
    const from = near - 1600 + find(rig.peer.said(near - 1600, 3200), kept.subarray(0, 80));
    assert.deepEqual(kept, rig.peer.said(from, kept.length));
    await rig.close();
  }
});

test('a masked recording goes on behind a key that was down when the clock of keys changed', async (t) => {
  const rig = await openTalk(t, 1000);
  rig.record('r', { maskDtmf: true });
  const near = rig.peer.position;
  await rig.clock.advance(500);
  const up = rig.peer.press('5', 400) + 400 * 8;
  await rig.clock.advance(200);
  rig.configure({ telephoneEventClockRate: 16_000 });
  await rig.clock.advance(2000);
  rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
  await rig.clock.advance(100);
  const file = rig.wav('r')[0]!;
  const from = near - 1600 + find(rig.peer.said(near - 1600, 3200), file.subarray(0, 80));
  const behind = file.slice(up + 800 - from, -1600);
  assert.ok(behind.length > 8000);
  assert.deepEqual(behind, rig.peer.said(up + 800, behind.length));
  await rig.close();
});
