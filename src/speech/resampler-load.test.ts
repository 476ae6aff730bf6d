import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { Resampler } from './resampler.ts';

test('a filter that could not be loaded, for too many open files say, is loaded for the next sound', async (t) => {
  const tooMany = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
  // The package tells of it on standard error.
  const told = t.mock.method(console, 'error', () => {});
  const reads = [
    t.mock.method(fs, 'readFile', (_file: unknown, _options: unknown, done: (error: Error) => void) =>
      done(tooMany),
    ),
    t.mock.method(fs, 'readFileSync', () => {
      throw tooMany;
    }),
  ];
  await assert.rejects(Resampler.create(16_000, 8000), /EMFILE/);
  for (const { mock } of [...reads, told]) mock.restore();
  const resampler = await Resampler.create(16_000, 8000);
  assert.ok(resampler.process(new Int16Array(1600)).length > 0);
  resampler.close();
});
