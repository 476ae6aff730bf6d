import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { readRange } from '../byte-source.ts';
import { DecryptedSource } from './decrypted-source.ts';
import {
  decrypt,
  encrypt,
  KEY,
  KEYS,
  memorySource,
  RECORDING_ID,
  sampleBytes,
} from './encryption.test-helper.ts';
import { EncryptionError, type EncryptionErrorCode } from './errors.ts';
import { CHUNK_BYTES, FIRST_PAGE_BYTES, HEAD_BYTES, RECORD_BYTES, recordPosition } from './format.ts';
import { KeyRing } from './keys.ts';

/** Four chunks, the last one short. */
const PLAIN = sampleBytes(HEAD_BYTES + 2 * CHUNK_BYTES + 1234);
const FILE = await encrypt(PLAIN);
const OPTIONS = { keys: KEYS, name: 'r.wav.enc', recordingId: RECORDING_ID };

function failsWith(code: EncryptionErrorCode): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof EncryptionError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  };
}

/** A copy in which bits of one byte are turned over. */
function flipped(at: number, bits: number): Buffer {
  const copy = Buffer.from(FILE);
  copy.writeUInt8(copy.readUInt8(at) ^ bits, at);
  return copy;
}

function records(...order: number[]): Buffer {
  const parts = order.map((index) =>
    FILE.subarray(recordPosition(index), recordPosition(index) + RECORD_BYTES),
  );
  return Buffer.concat([FILE.subarray(0, FIRST_PAGE_BYTES), ...parts]);
}

test('every range is what the same range of the recording is', async () => {
  const source = await DecryptedSource.open(memorySource(FILE), OPTIONS);
  assert.equal(source.size, PLAIN.length);
  assert.equal(source.recordingId, RECORDING_ID);
  const position = fc.nat({ max: PLAIN.length - 1 });
  await fc.assert(
    fc.asyncProperty(position, position, async (a, b) => {
      const range = { start: Math.min(a, b), end: Math.max(a, b) };
      assert.deepEqual(await readRange(source, range), PLAIN.subarray(range.start, range.end + 1));
    }),
    { numRuns: 100 },
  );
});

test('a range reads no more of the file than the chunks that it lies in', async () => {
  const asked: { start: number; end: number }[] = [];
  const inner = memorySource(FILE);
  const source = await DecryptedSource.open(
    {
      size: inner.size,
      read: (range) => {
        asked.push(range);
        return inner.read(range);
      },
    },
    OPTIONS,
  );
  asked.length = 0;
  const start = HEAD_BYTES + CHUNK_BYTES + 10;
  await readRange(source, { start, end: start + 5 });
  assert.deepEqual(asked, [{ start: recordPosition(2), end: recordPosition(3) - 1 }]);
});

test('a byte changed anywhere is found, or changes nothing that is read', async () => {
  const regions = {
    magic: [0, 7],
    version: [7, 8],
    recordingId: [8, 24],
    keySlot: [24, 92],
    chunk0: [256, 256 + 20 + HEAD_BYTES + 16],
    chunk1: [FIRST_PAGE_BYTES, FIRST_PAGE_BYTES + RECORD_BYTES],
    lastHead: [recordPosition(3), recordPosition(3) + 20],
    lastBody: [recordPosition(3) + 20, FILE.length - 16],
    lastTag: [FILE.length - 16, FILE.length],
  } as const;
  for (const [name, [from, to]] of Object.entries(regions)) {
    const step = Math.max(1, Math.floor((to - from) / 24));
    for (let at = from; at < to; at += step) {
      const file = flipped(at, 1 << (at % 8));
      await assert.rejects(decrypt(file), EncryptionError, `${name}: byte ${at}`);
    }
  }
  // The other key slot, the rest of the header, the rest of the page.
  for (const at of [92, 150, 200, 255, 256 + 20 + HEAD_BYTES + 16, FIRST_PAGE_BYTES - 1]) {
    assert.deepEqual(await decrypt(flipped(at, 0x55)), PLAIN, `byte ${at}`);
  }
});

test('a file cut off anywhere, or with more behind it, is refused', async () => {
  for (let length = 0; length < FILE.length; length += 499) {
    await assert.rejects(decrypt(FILE.subarray(0, length)), EncryptionError, `${length} bytes`);
  }
  for (const length of [recordPosition(1), recordPosition(2), recordPosition(3), FILE.length - 1]) {
    await assert.rejects(decrypt(FILE.subarray(0, length)), failsWith('damaged'), `${length} bytes`);
  }
  await assert.rejects(decrypt(Buffer.concat([FILE, Buffer.alloc(1)])), failsWith('damaged'));
  await assert.rejects(
    decrypt(Buffer.concat([FILE, FILE.subarray(recordPosition(1))])),
    failsWith('damaged'),
  );
});

test('chunks that change places, are missing or stand there twice are refused', async () => {
  assert.deepEqual(await decrypt(records(1, 2, 3)), PLAIN);
  for (const order of [
    [2, 1, 3],
    [1, 1, 3],
    [1, 3],
    [2, 3],
    [1, 2, 2, 3],
    [1, 2],
  ]) {
    await assert.rejects(decrypt(records(...order)), failsWith('damaged'), order.join());
  }
});

test('what was handed out before a changed chunk was right, and then the reading fails', async () => {
  const file = flipped(recordPosition(2) + 500, 1);
  const source = await DecryptedSource.open(memorySource(file), OPTIONS);
  const got: Buffer[] = [];
  await assert.rejects(async () => {
    for await (const piece of source.read({ start: 0, end: source.size - 1 })) got.push(piece as Buffer);
  }, failsWith('damaged'));
  const before = Buffer.concat(got);
  assert.deepEqual(before, PLAIN.subarray(0, before.length));
  assert.ok(before.length <= HEAD_BYTES + CHUNK_BYTES);
  // A range that does not touch it is served.
  assert.deepEqual(await readRange(source, { start: 10, end: 99 }), PLAIN.subarray(10, 100));
});

test('without its key a file is refused with the key that is wanted; the message holds no key', async () => {
  const wanted = KEYS.current!.id;
  const others = new KeyRing(randomBytes(32), [randomBytes(32)]);
  await assert.rejects(decrypt(FILE, others), (error: Error) => {
    failsWith('unknown_key')(error);
    assert.match(error.message, new RegExp(`${wanted}.*previous_key_files`));
    assert.doesNotMatch(error.message, new RegExp(KEY.toString('base64').slice(0, 10).replace(/[+/]/g, '.')));
    return true;
  });
  await assert.rejects(decrypt(FILE, new KeyRing(undefined)), /no key is set.*key_file/);
  assert.deepEqual(await decrypt(FILE, new KeyRing(randomBytes(32), [KEY])), PLAIN);
  assert.deepEqual(await decrypt(FILE, new KeyRing(undefined, [KEY])), PLAIN);
});

test('another recording under this name is refused; so is what is not encrypted, or in a later format', async () => {
  const other = 'c0ff0000-0000-4000-8000-000000000002';
  await assert.rejects(decrypt(FILE, KEYS, other), failsWith('wrong_recording'));
  await assert.rejects(decrypt(Buffer.from('RIFF....WAVEfmt ')), failsWith('not_encrypted'));
  await assert.rejects(decrypt(Buffer.alloc(0)), failsWith('not_encrypted'));
  await assert.rejects(decrypt(flipped(7, 3)), failsWith('newer_version'));
});
