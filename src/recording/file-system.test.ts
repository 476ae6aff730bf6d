import assert from 'node:assert/strict';
import fs, { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { nodeFileSystem } from './file-system.ts';

/** Folders cannot be synced, for this reason. @returns names in one that is there */
function withoutSync(t: TestContext, code: string): { readonly from: string; readonly to: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-sync-'));
  const from = path.join(folder, 'a.wav.part');
  writeFileSync(from, '');
  const error = Object.assign(new Error(`${code}: fsync`), { code });
  const sync = t.mock.method(fs, 'fsync', (_fd: number, done: (error: Error) => void) => done(error));
  syncBuiltinESMExports();
  t.after(() => {
    sync.mock.restore();
    syncBuiltinESMExports();
    rmSync(folder, { recursive: true });
  });
  return { from, to: path.join(folder, 'a.wav') };
}

test('a file gets its name also where the file system cannot force folders to the disk', async (t) => {
  const { from, to } = withoutSync(t, 'EINVAL');
  await nodeFileSystem.rename(from, to);
  assert.ok(existsSync(to) && !existsSync(from));
});

test('a disk that fails to make the name durable is told of', async (t) => {
  const { from, to } = withoutSync(t, 'EIO');
  await assert.rejects(nodeFileSystem.rename(from, to), { code: 'EIO' });
});
