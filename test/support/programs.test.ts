import assert from 'node:assert/strict';
import test from 'node:test';

import { findProgram, skipWithout } from './programs.ts';

test('A program that is nowhere in PATH is not found; a folder by its name is passed over', () => {
  assert.equal(findProgram('sipp', '/nonexistent:'), undefined);
});

test('A missing program skips a test with its package named, and fails it on a build server', (context) => {
  const { PATH, CI } = process.env;
  context.after(() => {
    process.env['PATH'] = PATH;
    if (CI === undefined) delete process.env['CI'];
    else process.env['CI'] = CI;
  });
  process.env['PATH'] = '/nonexistent';
  delete process.env['CI'];
  assert.equal(skipWithout('sipp'), 'needs sipp: apt-get install sip-tester');
  process.env['CI'] = 'true';
  assert.throws(() => skipWithout('ffprobe', 'ffmpeg'), /needs ffprobe and ffmpeg: apt-get install ffmpeg/);
});
