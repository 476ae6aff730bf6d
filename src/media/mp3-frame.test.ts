import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mainDataBegin, mp3HeaderFor, mp3Kbps, muteMp3Frame, parseMp3Header } from './mp3-frame.ts';
import { LAME_DELAY, mp3InfoFrame, parseMp3Info } from './mp3-info.ts';

function hex(text: string): Uint8Array {
  return Buffer.from(text, 'hex');
}

test('a header tells the length of its frame (ISO/IEC 11172-3 2.4.3.1, 13818-3)', () => {
  const cases: readonly [header: string, bytes: number, rate: number, channels: number, samples: number][] = [
    // MPEG 1, 128 kb/s, 44.1 kHz: 144 × 128000 / 44100, and one byte more with padding.
    ['fffb9064', 417, 44_100, 2, 1152],
    ['fffb9264', 418, 44_100, 2, 1152],
    ['fffb14c4', 96, 48_000, 1, 1152],
    ['fff348c4', 144, 16_000, 1, 576],
    // "MPEG 2.5".
    ['ffe348c4', 288, 8000, 1, 576],
    ['ffe38864', 576, 8000, 2, 576],
  ];
  for (const [header, frameBytes, sampleRate, channels, samples] of cases) {
    const found = parseMp3Header(hex(header));
    assert.deepEqual(
      found && [found.frameBytes, found.sampleRate, found.channels, found.samples],
      [frameBytes, sampleRate, channels, samples],
      header,
    );
  }
});

test('what is no header of a layer III frame without CRC is none', () => {
  for (const bytes of [
    '', // nothing
    'ff',
    '00000000',
    '49443303', // ID3
    'fffa9064', // with CRC
    'fffd9064', // layer II
    'fff19064', // AAC in ADTS
    'ffeb9064', // reserved version
    'fffb0064', // free format
    'fffbf064', // no bit rate
    'fffb9c64', // no sample rate
  ]) {
    assert.equal(parseMp3Header(hex(bytes)), undefined, bytes);
  }
});

test('a header can be had for a frame that is long enough, and is no longer than it must be', () => {
  for (const sampleRate of [8000, 16_000, 48_000]) {
    for (const channels of [1, 2] as const) {
      const found = parseMp3Header(mp3HeaderFor(sampleRate, channels, 190));
      assert.ok(found !== undefined && found.frameBytes >= 190 && found.frameBytes < 290);
      assert.deepEqual([found.sampleRate, found.channels], [sampleRate, channels]);
    }
  }
  assert.throws(() => mp3HeaderFor(8000, 1, 10_000), RangeError);
  assert.throws(() => mp3HeaderFor(9000, 1, 100), RangeError);
});

test('the bit rate is the nearest that MP3 has at the sample rate', () => {
  assert.equal(mp3Kbps(32, 8000), 32);
  assert.equal(mp3Kbps(320, 8000), 64);
  assert.equal(mp3Kbps(320, 16_000), 160);
  assert.equal(mp3Kbps(8, 48_000), 32);
  assert.equal(mp3Kbps(61, 48_000), 64);
});

test('a muted frame keeps its length, its header and how far it reaches back', () => {
  for (const header of ['ffe348c4', 'fffb14c4']) {
    const frame = new Uint8Array(parseMp3Header(hex(header))!.frameBytes).fill(0xaa);
    frame.set(hex(header));
    frame[4] = 0x12;
    frame[5] = 0xff;
    const before = frame.slice();
    const reach = mainDataBegin(frame);
    const { sideInfoBytes } = parseMp3Header(frame)!;
    muteMp3Frame(frame);
    assert.equal(mainDataBegin(frame), reach);
    assert.deepEqual(frame.subarray(0, 4), before.subarray(0, 4));
    assert.deepEqual(frame.subarray(4 + sideInfoBytes), before.subarray(4 + sideInfoBytes));
    assert.ok(frame.subarray(6, 4 + sideInfoBytes).every((byte) => byte === 0));
  }
});

test('a tag reads back as it was written, at every rate, known or not yet', () => {
  for (const sampleRate of [8000, 16_000, 24_000, 48_000]) {
    for (const channels of [1, 2] as const) {
      const known = { frames: 1_000_000, bytes: 280_000_000, padding: 1106, kbps: 32 };
      const unknown = { frames: undefined, bytes: 0, padding: 0, kbps: 64 };
      for (const info of [known, unknown]) {
        const frame = mp3InfoFrame(sampleRate, channels, info);
        assert.deepEqual(parseMp3Info(frame), info);
        assert.equal(parseMp3Header(frame)?.frameBytes, frame.length);
      }
      assert.equal(
        mp3InfoFrame(sampleRate, channels, known).length,
        mp3InfoFrame(sampleRate, channels, unknown).length,
      );
    }
  }
});

test('a tag that is not whole, or not ours to the last bit, is none', () => {
  const frame = mp3InfoFrame(8000, 1, { frames: 10, bytes: 3000, padding: 600, kbps: 32 });
  assert.equal(parseMp3Info(frame.subarray(0, frame.length - 1)), undefined);
  for (let at = 0; at < frame.length; at++) {
    const broken = frame.slice();
    broken[at]! ^= 1;
    const found = parseMp3Info(broken);
    assert.ok(found === undefined, `byte ${at}`);
  }
  assert.equal(LAME_DELAY, 576);
});
