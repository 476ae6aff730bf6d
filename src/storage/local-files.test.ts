import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { StorageError } from './errors.ts';
import { LocalFiles } from './local-files.ts';

describe('local files', () => {
  let root: string;
  let files: LocalFiles;

  before(() => {
    root = mkdtempSync(path.join(os.tmpdir(), 'openswml-files-'));
    mkdirSync(path.join(root, 'data', 'recordings'), { recursive: true });
    writeFileSync(path.join(root, 'secret'), 'secret');
    writeFileSync(path.join(root, 'data', 'recordings', 'a.wav'), '0123456789');
    files = new LocalFiles(path.join(root, 'data'));
  });

  after(() => rmSync(root, { recursive: true, force: true }));

  test('give size and bytes of a range, both ends included', async () => {
    assert.equal((await files.stat('recordings/a.wav'))?.size, 10);
    const chunks = await files.read('recordings/a.wav', { start: 2, end: 5 }).toArray();
    assert.equal(Buffer.concat(chunks).toString(), '2345');
  });

  test('are absent when there is no such file, or when it is a folder', async () => {
    assert.equal(await files.stat('recordings/b.wav'), undefined);
    assert.equal(await files.stat('recordings'), undefined);
    assert.equal(await files.remove('recordings/b.wav'), false);
  });

  test('never lead out of their folder', async () => {
    for (const name of [
      '../secret',
      'recordings/../../secret',
      path.join(root, 'secret'),
      '.',
      '../data2/x',
    ]) {
      await assert.rejects(files.stat(name), StorageError, name);
      assert.throws(() => files.read(name, { start: 0, end: 0 }), StorageError, name);
      await assert.rejects(files.remove(name), StorageError, name);
    }
  });

  test('are gone after removal', async () => {
    assert.equal(await files.remove('recordings/a.wav'), true);
    assert.equal(await files.stat('recordings/a.wav'), undefined);
  });
});
