import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';

import { parseWav, readWav, testFrequencies, toneSamples, writeWav } from './audio-files.ts';
import { decodeWithFfmpeg, probe } from './ffprobe.ts';
import { skipWithout } from './programs.ts';

test('A written stereo WAV reads back sample by sample, by our reader and by ffmpeg', {
  skip: skipWithout('ffprobe', 'ffmpeg'),
}, async (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-wav-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'two.wav');
  const channels = [425, 525].map((frequencyHz) => toneSamples([{ frequencyHz, durationMs: 500 }]));
  writeWav(file, channels);
  assert.deepEqual(readWav(file).channels, channels);
  assert.deepEqual((await decodeWithFfmpeg(file)).channels, channels);
  const probed = await probe(file);
  assert.deepEqual(probed.streams, [{ codec: 'pcm_s16le', sampleRate: 8000, channels: 2 }]);
  assert.equal(probed.durationMs, 500);

  const truncated = readFileSync(file).subarray(0, 1000);
  assert.throws(() => parseWav(truncated), /RIFF size/);
});

test('Tones change without a jump of the wave', () => {
  const samples = toneSamples([
    { frequencyHz: 425, durationMs: 101 },
    { frequencyHz: 525, durationMs: 101 },
  ]);
  const steepest = Math.max(
    ...samples.subarray(1).map((sample, index) => Math.abs(sample - samples[index]!)),
  );
  const limit = 32_768 * 10 ** (-10 / 20) * 2 * Math.PI * (525 / 8000);
  assert.ok(steepest <= limit + 1, `${steepest} > ${limit}`);
});

test('More test tones than the telephone band holds are refused', () => {
  assert.equal(testFrequencies(50).length, 50);
  assert.throws(() => testFrequencies(61), /telephone band/);
});
