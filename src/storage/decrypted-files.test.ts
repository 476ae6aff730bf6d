import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { readRange } from '../recording/byte-source.ts';
import { encryptOnDisk, KEY, KEYS, sampleBytes } from '../recording/encryption/encryption.test-helper.ts';
import { KeyRing } from '../recording/encryption/keys.ts';
import { DecryptedFiles } from './decrypted-files.ts';
import { LocalFiles } from './local-files.ts';

const ID = 'c0ff0000-0000-4000-8000-000000000001';
const OTHER = 'c0ff0000-0000-4000-8000-000000000002';
const PLAIN = sampleBytes(50_000);
const folder = mkdtempSync(path.join(tmpdir(), 'openswml-decrypted-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const local = new LocalFiles(folder);
const files = new DecryptedFiles(local, KEYS);

test('an encrypted recording has the size and the bytes of what is inside it', async () => {
  await encryptOnDisk(path.join(folder, `${ID}.wav.enc`), ID, PLAIN);
  const file = await files.open(`${ID}.wav.enc`);
  assert.ok(file !== undefined);
  assert.equal(file.size, PLAIN.length);
  assert.ok(file.modifiedMs > 0);
  assert.deepEqual(await readRange(file, { start: 20_000, end: 45_000 }), PLAIN.subarray(20_000, 45_001));
  // After rotation the old key still opens what has not been moved yet.
  const later = new DecryptedFiles(local, new KeyRing(randomBytes(32), [KEY]));
  assert.equal((await later.open(`${ID}.wav.enc`))?.size, PLAIN.length);
});

test('one that is not encrypted is as it is, beside it', async () => {
  writeFileSync(path.join(folder, `${ID}.wav`), PLAIN);
  const file = await files.open(`${ID}.wav`);
  assert.ok(file !== undefined);
  assert.deepEqual(await readRange(file, { start: 0, end: file.size - 1 }), PLAIN);
});

test('nothing is opened without the key, or of another recording, or that is none', async () => {
  const keyless = new DecryptedFiles(local, new KeyRing(undefined));
  await assert.rejects(keyless.open(`${ID}.wav.enc`), { code: 'unknown_key' });
  renameSync(path.join(folder, `${ID}.wav.enc`), path.join(folder, `${OTHER}.wav.enc`));
  await assert.rejects(files.open(`${OTHER}.wav.enc`), { code: 'wrong_recording' });
  writeFileSync(path.join(folder, `${ID}.wav.enc`), PLAIN);
  await assert.rejects(files.open(`${ID}.wav.enc`), { code: 'not_encrypted' });
});

test('one that is removed while it is being opened is absent', async () => {
  const id = 'c0ff0000-0000-4000-8000-000000000003';
  const name = `${id}.wav.enc`;
  await encryptOnDisk(path.join(folder, name), id, PLAIN);
  const removing = new DecryptedFiles(
    {
      async open(asked) {
        const found = await local.open(asked);
        rmSync(path.join(folder, asked));
        return found;
      },
      remove: (asked) => local.remove(asked),
    },
    KEYS,
  );
  assert.equal(await removing.open(name), undefined);
});

test('is absent, and removed, like any other', async () => {
  assert.equal(await files.remove(`${OTHER}.wav.enc`), true);
  assert.equal(await files.remove(`${OTHER}.wav.enc`), false);
  assert.equal(await files.open(`${OTHER}.wav.enc`), undefined);
});
