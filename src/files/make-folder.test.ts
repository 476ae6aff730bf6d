import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { makeFolder, makeFolderSync } from './make-folder.ts';

const making = [
  ['makeFolder', makeFolder],
  ['makeFolderSync', async (folder: string, mode?: number) => makeFolderSync(folder, mode)],
] as const;

for (const [name, make] of making) {
  describe(name, () => {
    test('makes what is missing, with its mode, and takes what is there', async (t) => {
      const top = mkdtempSync(path.join(tmpdir(), 'openswml-folder-'));
      t.after(() => rmSync(top, { recursive: true }));
      const folder = path.join(top, 'a', 'b', 'c');
      for (let times = 0; times < 2; times++) await make(folder, 0o700);
      await make(path.join(top, 'a'));
      await make(`${top}/a/../d/`);
      assert.equal(statSync(folder).mode & 0o777, 0o700);
      assert.equal(statSync(path.join(top, 'a')).mode & 0o777, 0o700);
      assert.ok(existsSync(path.join(top, 'd')));
      writeFileSync(path.join(top, 'file'), '');
      await assert.rejects(make(path.join(top, 'file')), { code: 'EEXIST' });
      await assert.rejects(make(path.join(top, 'file', 'x')), { code: 'ENOTDIR' });
      await Promise.all(Array.from({ length: 8 }, () => make(path.join(top, 'e', 'f'))));
      await make('/');
    });

    test('says at once that nothing can be made below /proc', {
      skip: !existsSync('/proc/self'),
    }, async () => {
      await assert.rejects(make('/proc/nowhere/a/b'), { code: 'ENOENT' });
    });
  });
}
