import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { TargetError } from '../byte-target.ts';
import type { FileChange } from '../memory-files.test-helper.ts';
import { EncryptedTarget } from './encrypted-target.ts';
import { decrypt, EncryptedBench, encrypt, KEY, KEYS, PATH, sampleBytes } from './encryption.test-helper.ts';
import { CHUNK_BYTES, FIRST_PAGE_BYTES, HEAD_BYTES, NONCE_BYTES } from './format.ts';

/** Around every border of the format. */
const LENGTHS = [0, 1, 44, HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 1, 10_000, HEAD_BYTES + CHUNK_BYTES - 1];
LENGTHS.push(HEAD_BYTES + CHUNK_BYTES, HEAD_BYTES + CHUNK_BYTES + 1, HEAD_BYTES + 3 * CHUNK_BYTES + 5);

test('what was appended comes out again, whatever its length and the size of the pieces', async () => {
  for (const length of LENGTHS) {
    const plain = sampleBytes(length);
    for (const block of [97, 8000, 50_000]) {
      const file = await encrypt(plain, Math.max(block, length / 40));
      assert.deepEqual(await decrypt(file), plain, `${length} bytes in pieces of ${block}`);
    }
  }
});

test('nothing of the recording is readable in the file, nor the key', async () => {
  const plain = Buffer.from('The quick brown fox jumps over the lazy dog. '.repeat(1000));
  const file = await encrypt(plain);
  assert.equal(file.indexOf('quick'), -1);
  assert.equal(file.indexOf(KEY), -1);
});

test('the end tells the size of the recording, the file is larger by its frame only', async () => {
  const bench = new EncryptedBench();
  await bench.append(sampleBytes(100_000));
  assert.equal(await bench.target.finish(), 100_000);
  assert.ok(bench.content.length < 100_000 + 2048, `${bench.content.length}`);
  assert.deepEqual(bench.files.names, [PATH]);
});

test('a patch of the head holds, before and after its chunk is full', async () => {
  for (const length of [100, HEAD_BYTES, 60_000]) {
    const bench = new EncryptedBench();
    const plain = sampleBytes(length);
    await bench.append(plain.slice());
    bench.target.patch(4, Buffer.from('PATCHED'));
    await bench.target.finish();
    plain.set(Buffer.from('PATCHED'), 4);
    assert.deepEqual(await decrypt(bench.content), plain);
  }
  assert.throws(() => new EncryptedBench().target.patch(HEAD_BYTES - 1, Buffer.alloc(2)), RangeError);
});

test('no nonce is used twice with a key, whatever is written again', async () => {
  const bench = new EncryptedBench();
  for (let n = 0; n < 40; n++) await bench.append(sampleBytes(3000));
  bench.target.patch(0, Buffer.from('head'));
  await bench.target.finish();
  const records = bench.files.changes.filter(
    (change): change is Extract<FileChange, { type: 'write' }> =>
      change.type === 'write' && change.position > 0,
  );
  const nonces = records.map(({ bytes }) => Buffer.from(bytes).toString('hex', 0, NONCE_BYTES));
  assert.ok(nonces.length > 40);
  assert.equal(new Set(nonces).size, nonces.length);
});

test('two files of one recording share neither key nor ciphertext', async () => {
  const plain = sampleBytes(20_000);
  const [first, second] = [await encrypt(plain), await encrypt(plain)];
  assert.equal(first.length, second.length);
  assert.notDeepEqual(first.subarray(FIRST_PAGE_BYTES), second.subarray(FIRST_PAGE_BYTES));
  // The header of one on the body of the other.
  await assert.rejects(decrypt(Buffer.concat([first.subarray(0, 256), second.subarray(256)])), /changed/);
});

test('buffers are given back at once; a disk that fails is told, and ends the writing', async () => {
  const bench = new EncryptedBench();
  let released = 0;
  bench.target.append(sampleBytes(30_000), () => released++);
  assert.equal(released, 1);
  await bench.clock.advance(500);
  bench.files.write = () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' }));
  bench.target.append(sampleBytes(30_000));
  await bench.clock.advance(500);
  const [error] = bench.errors;
  assert.ok(error instanceof TargetError && error.code === 'ENOSPC');
  bench.target.append(sampleBytes(30_000), () => released++);
  assert.equal(released, 2);
  await assert.rejects(bench.target.finish(), { code: 'ENOSPC' });
  assert.deepEqual(bench.files.names, [`${PATH}.part`]);
});

test('a slow disk gets the unfinished chunk once, not each state of it', async () => {
  const bench = new EncryptedBench();
  const { promise, resolve } = Promise.withResolvers<void>();
  const write = bench.files.write.bind(bench.files);
  bench.files.write = async (...args) => {
    await promise;
    return write(...args);
  };
  for (let n = 0; n < 10; n++) bench.target.append(randomBytes(1000));
  resolve();
  await bench.clock.advance(1);
  // The header, chunk 0 when it began and when it was full, and the chunk behind it.
  assert.ok(bench.files.changes.length <= 4, `${bench.files.changes.length}`);
  await bench.target.finish();
  assert.equal((await decrypt(bench.content)).length, 10_000);
});

test('a discarded recording leaves nothing; an id that is no UUID is refused', async () => {
  const bench = new EncryptedBench();
  await bench.append(sampleBytes(5000));
  await bench.target.discard();
  assert.deepEqual(bench.files.names, []);
  const options = { clock: bench.clock, files: bench.files, key: KEYS.current!, recordingId: 'r1' };
  assert.throws(() => new EncryptedTarget(PATH, options), /UUID/);
});
