import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { test } from 'node:test';
import { openAacEncoder } from './aac-encoder.ts';
import { openMp3Encoder } from './mp3-encoder.ts';

const SHAPE = { sampleRate: 8000, channels: 1, kbps: 32, skipFrames: 0 } as const;

test('LAME that could not be read, for too many open files say, is read for the next recording', async (t) => {
  const read = t.mock.method(fs.promises, 'readFile', () =>
    Promise.reject(new Error('EMFILE: too many open files')),
  );
  syncBuiltinESMExports();
  await assert.rejects(openMp3Encoder({ ...SHAPE, format: 'mp3' }), /EMFILE/);
  read.mock.restore();
  syncBuiltinESMExports();
  (await openMp3Encoder({ ...SHAPE, format: 'mp3' })).close();
});

test('the AAC encoder that could not be loaded is loaded for the next recording', async () => {
  const scope = globalThis as { exports?: unknown };
  // The module writes to it while it is loaded.
  scope.exports = Object.freeze({});
  await assert.rejects(openAacEncoder({ ...SHAPE, format: 'mp4' }), TypeError);
  delete scope.exports;
  (await openAacEncoder({ ...SHAPE, format: 'mp4' })).close();
});
