import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { MemoryFiles } from '../memory-files.test-helper.ts';
import { decrypt, encrypt, KEY, PATH, sampleBytes } from './encryption.test-helper.ts';
import { KeyRing } from './keys.ts';
import { rewrapFile } from './rewrap.ts';

const PLAIN = sampleBytes(30_000);
const FILE = await encrypt(PLAIN);
const NEW_KEY = randomBytes(32);
const BOTH = new KeyRing(NEW_KEY, [KEY]);
const OLD_ONLY = new KeyRing(KEY);
const NEW_ONLY = new KeyRing(NEW_KEY);

function disk(content: Uint8Array = FILE): MemoryFiles {
  const files = new MemoryFiles();
  files.put(PATH, content);
  return files;
}

test('a rotated file opens with the new key, no longer with the old one, and nothing but its header changed', async () => {
  const files = disk();
  assert.equal(await rewrapFile(PATH, BOTH, files), true);
  const file = files.content(PATH);
  assert.ok(file.subarray(256).equals(FILE.subarray(256)));
  assert.deepEqual(await decrypt(file, NEW_ONLY), PLAIN);
  await assert.rejects(decrypt(file, OLD_ONLY), { code: 'unknown_key' });
  assert.equal(await rewrapFile(PATH, BOTH, files), false);
  assert.equal(await rewrapFile(PATH, NEW_ONLY, files), false);
});

test('and so again and again', async () => {
  const files = disk();
  let last = KEY;
  for (let n = 0; n < 5; n++) {
    const next = randomBytes(32);
    assert.equal(await rewrapFile(PATH, new KeyRing(next, [last]), files), true);
    assert.deepEqual(await decrypt(files.content(PATH), new KeyRing(next)), PLAIN);
    last = next;
  }
});

test('a crash at any write, or within it, leaves a file that opens; doing it again finishes it', async () => {
  const whole = disk();
  await rewrapFile(PATH, BOTH, whole);
  assert.equal(whole.changes.length, 2);
  for (let kept = 0; kept < whole.changes.length; kept++) {
    for (const share of [0, 0.1, 0.5, 0.9]) {
      const files = disk();
      const fd = await files.open(PATH);
      for (const [index, change] of whole.changes.entries()) {
        if (change.type !== 'write' || index > kept) continue;
        const length = index < kept ? change.bytes.length : Math.floor(change.bytes.length * share);
        await files.write(fd, change.bytes.subarray(0, length), change.position);
      }
      assert.deepEqual(await decrypt(files.content(PATH), BOTH), PLAIN, `${kept}, ${share}`);
      assert.equal(await rewrapFile(PATH, BOTH, files), true);
      assert.deepEqual(await decrypt(files.content(PATH), NEW_ONLY), PLAIN);
      await assert.rejects(decrypt(files.content(PATH), OLD_ONLY), { code: 'unknown_key' });
    }
  }
});

test('a rotation that a crash broke off can be finished after the old key was taken away', async () => {
  const whole = disk();
  await rewrapFile(PATH, BOTH, whole);
  const [first] = whole.changes;
  assert.ok(first?.type === 'write');
  const files = disk();
  await files.write(await files.open(PATH), first.bytes, first.position);
  assert.equal(await rewrapFile(PATH, NEW_ONLY, files), true);
  await assert.rejects(decrypt(files.content(PATH), OLD_ONLY), { code: 'unknown_key' });
  assert.deepEqual(await decrypt(files.content(PATH), NEW_ONLY), PLAIN);
});

test('without the old key, or without a new one, nothing is touched', async () => {
  const files = disk();
  await assert.rejects(rewrapFile(PATH, NEW_ONLY, files), { code: 'unknown_key' });
  await assert.rejects(rewrapFile(PATH, new KeyRing(undefined, [KEY]), files), TypeError);
  assert.ok(files.content(PATH).equals(FILE));
});
