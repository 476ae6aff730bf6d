/** Our G.722 against the one of ffmpeg, octet by octet and sample by sample. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';

import { G722Decoder, G722Encoder } from '../../src/media/g722.ts';
import { seededRandom, sine, speechLike, whiteNoise } from '../../src/media/test-signals.ts';
import { programPath, skipWithout } from '../support/programs.ts';

const RATE = 16_000;
const SKIP = { skip: skipWithout('ffmpeg') };

/** Runs ffmpeg from standard input to standard output. */
function ffmpeg(input: Uint8Array, ...args: readonly string[]): Buffer {
  return execFileSync(programPath('ffmpeg'), ['-v', 'error', ...args, '-'], { input });
}

function bytesOf(samples: Int16Array): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}

function samplesOf(bytes: Buffer): Int16Array {
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

const SIGNALS: Readonly<Record<string, () => Int16Array>> = {
  'a loud tone in the lower sub-band': () => sine(RATE, 440, -3, RATE),
  'a tone in the higher sub-band': () => sine(RATE, 6100, -12, RATE),
  'white noise that clips': () => whiteNoise(RATE, 0),
  'quiet noise': () => whiteNoise(RATE, -60),
  speech: () => speechLike(2 * RATE, -20, RATE),
  'the extremes by turns': () => Int16Array.from({ length: RATE }, (_, n) => (n % 7 < 3 ? 32767 : -32768)),
  silence: () => new Int16Array(RATE / 2),
};

for (const [name, make] of Object.entries(SIGNALS)) {
  test(`Encodes and decodes ${name} as ffmpeg does, bit by bit`, SKIP, () => {
    const samples = make();
    const octets = new Uint8Array(samples.length / 2);
    new G722Encoder().encode(samples, 0, samples.length, octets, 0);
    const pcm = ['-f', 's16le', '-ar', String(RATE), '-ac', '1'];
    const theirs = ffmpeg(bytesOf(samples), ...pcm, '-i', '-', '-c:a', 'g722', '-trellis', '0', '-f', 'g722');
    assert.deepEqual(Buffer.from(octets), theirs);
    assertDecodedAlike(octets);
  });
}

test('Decodes octets that no encoder makes as ffmpeg does', SKIP, () => {
  const random = seededRandom(7);
  assertDecodedAlike(Uint8Array.from({ length: 20_000 }, () => Math.floor(256 * random())));
});

function assertDecodedAlike(octets: Uint8Array): void {
  const samples = new Int16Array(2 * octets.length);
  assert.equal(new G722Decoder().decode(octets, 0, octets.length, samples, 0), samples.length);
  assert.deepEqual(samples, samplesOf(ffmpeg(octets, '-f', 'g722', '-i', '-', '-f', 's16le')));
}
