import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { readRange } from '../recording/byte-source.ts';
import { StorageError } from './errors.ts';
import type { FileStore } from './file-store.ts';
import { TieredFiles } from './tiered-files.ts';

class MapStore implements FileStore {
  readonly files = new Map<string, string>();
  readonly asked: string[] = [];
  fault: Error | undefined;

  async open(name: string) {
    this.asked.push(name);
    if (this.fault !== undefined) throw this.fault;
    const text = this.files.get(name);
    if (text === undefined) return undefined;
    const read = ({ start, end }: { start: number; end: number }): Readable => {
      const now = this.files.get(name);
      if (now !== undefined) return Readable.from([Buffer.from(now.slice(start, end + 1))]);
      const gone = Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
      return new Readable({
        read() {
          this.destroy(gone);
        },
      });
    };
    return { size: text.length, modifiedMs: 1, read };
  }

  async remove(name: string): Promise<boolean> {
    this.asked.push(name);
    if (this.fault !== undefined) throw this.fault;
    return this.files.delete(name);
  }
}

const ALL = { start: 0, end: 4 };

test('a local file is served without asking the other store; one that has moved, from there', async () => {
  const [local, remote] = [new MapStore(), new MapStore()];
  const files = new TieredFiles(local, remote);
  local.files.set('a', 'local');
  remote.files.set('b', 'there');
  assert.equal((await readRange((await files.open('a'))!, ALL)).toString(), 'local');
  assert.deepEqual(remote.asked, []);
  assert.equal((await readRange((await files.open('b'))!, ALL)).toString(), 'there');
  assert.equal(await files.open('c'), undefined);
});

test('who opened a file that moves before the first byte reads it from where it went', async () => {
  const [local, remote] = [new MapStore(), new MapStore()];
  local.files.set('a', 'audio');
  const file = (await new TieredFiles(local, remote).open('a'))!;
  remote.files.set('a', 'audio');
  local.files.delete('a');
  assert.equal((await readRange(file, ALL)).toString(), 'audio');
  remote.files.delete('a');
  await assert.rejects(readRange(file, ALL), (error: StorageError) => error.code === 'not_found');
});

test('both are removed, the local one first; the spool of a recording is local only', async () => {
  const [local, remote] = [new MapStore(), new MapStore()];
  const files = new TieredFiles(local, remote);
  for (const store of [local, remote]) store.files.set('a', 'audio');
  local.files.set('a.part', 'audio');
  assert.equal(await files.remove('a'), true);
  assert.deepEqual([local.files.has('a'), remote.files.has('a')], [false, false]);
  assert.equal(await files.remove('a.part'), true);
  assert.deepEqual(remote.asked, ['a']);
  local.files.set('b', 'audio');
  remote.fault = new StorageError('unreachable', 'down');
  await assert.rejects(files.remove('b'), remote.fault);
  assert.equal(local.files.has('b'), false);
});
