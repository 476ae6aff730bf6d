import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readRange } from '../recording/byte-source.ts';
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
    const file = await files.open('recordings/a.wav');
    assert.ok(file !== undefined);
    assert.equal(file.size, 10);
    assert.equal((await readRange(file, { start: 2, end: 5 })).toString(), '2345');
  });

  test('are absent when there is no such file, or when it is a folder', async () => {
    assert.equal(await files.open('recordings/b.wav'), undefined);
    assert.equal(await files.open('recordings'), undefined);
    assert.equal(await files.remove('recordings/b.wav'), false);
  });

  test('are removed also where the file system cannot force folders to the disk', async (t) => {
    writeFileSync(path.join(root, 'data', 'recordings', 'gone.wav'), '');
    const handle = await open(root);
    const error = Object.assign(new Error('EINVAL: invalid argument, fsync'), { code: 'EINVAL' });
    const sync = t.mock.method(Object.getPrototypeOf(handle) as FileHandle, 'sync', () =>
      Promise.reject(error),
    );
    await handle.close();
    assert.equal(await files.remove('recordings/gone.wav'), true);
    assert.equal(sync.mock.callCount(), 1);
  });

  test('never lead out of their folder', async () => {
    for (const name of [
      '../secret',
      'recordings/../../secret',
      path.join(root, 'secret'),
      '.',
      '../data2/x',
    ]) {
      await assert.rejects(files.open(name), StorageError, name);
      await assert.rejects(files.remove(name), StorageError, name);
    }
  });

  test('are listed with the folders they lie in', async () => {
    writeFileSync(path.join(root, 'data', 'other'), '');
    mkdirSync(path.join(root, 'data', 'recordings', 'deep'));
    writeFileSync(path.join(root, 'data', 'recordings', 'deep', 'b.wav.part'), '');
    const listed = [];
    for await (const name of files.list('recordings')) listed.push(name);
    assert.deepEqual(listed.toSorted(), ['recordings/a.wav', 'recordings/deep/b.wav.part']);
    for await (const name of files.list('nothing')) assert.fail(name);
    await assert.rejects(files.list('..').next(), StorageError);
  });

  test('are gone after removal', async () => {
    assert.equal(await files.remove('recordings/a.wav'), true);
    assert.equal(await files.open('recordings/a.wav'), undefined);
  });
});
