import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../time/virtual-clock.ts';
import { StorageError } from '../errors.ts';
import type { S3Client } from './s3-client.ts';
import { S3Files } from './s3-files.ts';

const DOWN = new StorageError('unreachable', 'the object store cannot be reached', {
  cause: new Error('timeout'),
});

test('a store that cannot be reached is asked for one removal, not for each that waits, until half a minute has passed', async () => {
  const clock = new VirtualClock();
  const asked: string[] = [];
  let fault: StorageError | undefined = DOWN;
  const remove = async (name: string): Promise<void> => {
    asked.push(name);
    if (fault !== undefined) throw fault;
  };
  const files = new S3Files({ remove } as unknown as S3Client, { links: false, clock });
  for (const name of ['a', 'b', 'c']) await assert.rejects(files.remove(name), DOWN);
  assert.deepEqual(asked, ['a']);
  fault = undefined;
  await clock.advance(29_000);
  await assert.rejects(files.remove('b'), DOWN);
  await clock.advance(1_000);
  for (const name of ['b', 'c']) assert.equal(await files.remove(name), true);
  assert.deepEqual(asked, ['a', 'b', 'c']);
  // What it refuses is about one object, and a removal that is broken off says nothing of the store.
  for (const code of ['refused', 'unreachable'] as const) {
    fault = new StorageError(code, 'not this one');
    await assert.rejects(files.remove('d'), fault);
  }
  const over = new AbortController();
  over.abort();
  fault = DOWN;
  await assert.rejects(files.remove('e', over.signal), DOWN);
  fault = undefined;
  assert.equal(await files.remove('f'), true);
});
