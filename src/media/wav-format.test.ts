import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maxWavDataBytes, parseWavFormat, WAV_HEADER_BYTES, WavError, wavHeader } from './wav-format.ts';

function formatChunk(
  tag: number,
  channels: number,
  rate: number,
  frameBytes: number,
  bits: number,
): Uint8Array {
  const chunk = new Uint8Array(16);
  const view = new DataView(chunk.buffer);
  view.setUint16(0, tag, true);
  view.setUint16(2, channels, true);
  view.setUint32(4, rate, true);
  view.setUint32(8, rate * frameBytes, true);
  view.setUint16(12, frameBytes, true);
  view.setUint16(14, bits, true);
  return chunk;
}

test('the header of a mono recording is the 44 bytes that every reader knows', () => {
  const header = Buffer.from(wavHeader({ sampleRate: 8000, channels: 1 }, 320));
  assert.equal(header.length, WAV_HEADER_BYTES);
  assert.equal(
    header.toString('hex'),
    [
      '52494646', // RIFF
      '64010000', // 356 = 36 + 320
      '57415645666d7420', // WAVEfmt
      '10000000', // 16
      '01000100', // PCM, 1 channel
      '401f0000', // 8000 Hz
      '803e0000', // 16000 bytes a second
      '02001000', // 2 bytes a frame, 16 bits
      '64617461', // data
      '40010000', // 320
    ].join(''),
  );
});

test('a stereo header counts both channels', () => {
  const view = new DataView(wavHeader({ sampleRate: 48000, channels: 2 }, 4).buffer);
  assert.equal(view.getUint16(22, true), 2);
  assert.equal(view.getUint32(28, true), 192000);
  assert.equal(view.getUint16(32, true), 4);
});

test('a file that still grows says that its sizes are unknown', () => {
  const view = new DataView(wavHeader({ sampleRate: 8000, channels: 1 }).buffer);
  assert.equal(view.getUint32(4, true), 0xffffffff);
  assert.equal(view.getUint32(40, true), 0xffffffff);
});

test('a file past 4 GiB is refused with the cure, the largest one is not', () => {
  for (const channels of [1, 2]) {
    const most = maxWavDataBytes(channels);
    assert.equal(most % (2 * channels), 0);
    const view = new DataView(wavHeader({ sampleRate: 8000, channels }, most).buffer);
    assert.equal(view.getUint32(4, true), 36 + most);
    assert.throws(() => wavHeader({ sampleRate: 8000, channels }, most + 2 * channels), /4 GiB.*mp3/);
  }
});

test('our own header is read back', () => {
  const header = wavHeader({ sampleRate: 16000, channels: 2 }, 0);
  assert.deepEqual(parseWavFormat(header.subarray(20, 36)), {
    encoding: 'pcm',
    sampleRate: 16000,
    channels: 2,
    sampleBytes: 2,
  });
});

test('a frame size that cannot be is replaced by what the bits need; a wider container is believed', () => {
  assert.equal(parseWavFormat(formatChunk(1, 1, 8000, 0, 16)).sampleBytes, 2);
  assert.equal(parseWavFormat(formatChunk(1, 2, 8000, 3, 16)).sampleBytes, 2);
  assert.equal(parseWavFormat(formatChunk(1, 1, 8000, 1, 16)).sampleBytes, 2);
  assert.equal(parseWavFormat(formatChunk(1, 1, 8000, 400, 24)).sampleBytes, 3);
  assert.equal(parseWavFormat(formatChunk(1, 2, 48000, 8, 24)).sampleBytes, 4);
  assert.equal(parseWavFormat(formatChunk(1, 1, 8000, 2, 12)).sampleBytes, 2);
});

test('what cannot be decoded is named', () => {
  assert.throws(() => parseWavFormat(formatChunk(0x31, 1, 8000, 65, 0)), /GSM 6\.10 \(format 0x0031\).*PCM/);
  assert.throws(
    () => parseWavFormat(formatChunk(0x4321, 1, 8000, 2, 16)),
    /unknown encoding \(format 0x4321\)/,
  );
  assert.throws(() => parseWavFormat(formatChunk(1, 0, 8000, 2, 16)), /0 channels/);
  assert.throws(() => parseWavFormat(formatChunk(1, 4000, 8000, 2, 16)), /4000 channels/);
  assert.throws(() => parseWavFormat(formatChunk(1, 1, 0, 2, 16)), /0 Hz/);
  assert.throws(() => parseWavFormat(formatChunk(1, 1, 0xffffffff, 2, 16)), /4294967295 Hz/);
  assert.throws(() => parseWavFormat(formatChunk(1, 1, 8000, 5, 40)), /40 bits/);
  assert.throws(() => parseWavFormat(formatChunk(3, 1, 8000, 2, 16)), /16 bits/);
  assert.throws(
    () => parseWavFormat(new Uint8Array(14)),
    (error) => error instanceof WavError,
  );
});
