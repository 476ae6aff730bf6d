import assert from 'node:assert/strict';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { test } from 'node:test';
import { sharedVoice } from './speech.ts';

test('a user without a home has the voice, too: what it speaks is kept in memory alone', (t) => {
  const { XDG_CACHE_HOME: given } = process.env;
  delete process.env['XDG_CACHE_HOME'];
  const home = t.mock.method(os, 'homedir', () => {
    throw new Error('A system error occurred: uv_os_homedir returned ENOENT (no such file or directory)');
  });
  syncBuiltinESMExports();
  t.after(() => {
    home.mock.restore();
    syncBuiltinESMExports();
    if (given !== undefined) process.env['XDG_CACHE_HOME'] = given;
  });
  assert.equal(sharedVoice(), sharedVoice());
  assert.equal(home.mock.callCount(), 1);
});
