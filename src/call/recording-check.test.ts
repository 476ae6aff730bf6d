import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { wavHeader } from '../media/wav-format.ts';
import { encryptOnDisk, KEYS } from '../recording/encryption/encryption.test-helper.ts';
import { HEADER_BYTES, RECORD_HEAD_BYTES } from '../recording/encryption/format.ts';
import { KeyRing } from '../recording/encryption/keys.ts';
import { DecryptedFiles } from '../storage/decrypted-files.ts';
import { StorageError } from '../storage/errors.ts';
import { LocalFiles } from '../storage/local-files.ts';
import { recordingRow } from '../storage/recordings.test-helper.ts';
import type { RecordingRow } from '../storage/recordings.ts';
import { TieredFiles } from '../storage/tiered-files.ts';
import { checkRecording } from './recording-check.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'openswml-check-'));
after(() => rmSync(folder, { recursive: true }));
const local = new LocalFiles(folder);
const files = new DecryptedFiles(local, KEYS);

/** A second of sound. */
const WAV = Buffer.concat([wavHeader({ sampleRate: 8000, channels: 1 }, 16_000), Buffer.alloc(16_000, 3)]);

let count = 0;
function newRow(change: Partial<RecordingRow> = {}): RecordingRow {
  const id = `c0ff0000-0000-4000-8000-${String(++count).padStart(12, '0')}`;
  const facts = { status: 'completed', durationMs: 1000, byteSize: WAV.length } as const;
  return recordingRow({ ...facts, id, path: `${id}.wav.enc`, ...change });
}

async function kinds(row: RecordingRow, store = files): Promise<string[]> {
  return (await checkRecording(row, { files: store, serverRuns: false })).map(({ kind }) => kind);
}

describe('a check of an encrypted recording', () => {
  test('holds the row to what is inside the file', async () => {
    const row = newRow();
    await encryptOnDisk(path.join(folder, row.path), row.id, WAV);
    assert.deepEqual(await kinds(row), []);
    assert.deepEqual(await kinds({ ...row, byteSize: 17, durationMs: 900 }), [
      'size_differs',
      'duration_differs',
    ]);
  });

  test('finds a file that was changed, or whose key is not there, and says which', async () => {
    const row = newRow();
    const file = path.join(folder, row.path);
    await encryptOnDisk(file, row.id, WAV);
    const keyless = new DecryptedFiles(local, new KeyRing(undefined));
    const [finding, ...others] = await checkRecording(row, { files: keyless, serverRuns: false });
    assert.deepEqual(others, []);
    assert.equal(finding?.kind, 'unreadable');
    assert.match(finding.message, new RegExp(KEYS.current!.id));
    writeFileSync(file, readFileSync(file).subarray(0, -1));
    assert.deepEqual(await kinds(row), ['unreadable']);
  });

  test('finds a change that shows only where its beginning is read', async () => {
    const row = newRow();
    const file = path.join(folder, row.path);
    await encryptOnDisk(file, row.id, WAV);
    const bytes = readFileSync(file);
    bytes[HEADER_BYTES + RECORD_HEAD_BYTES]! ^= 1;
    writeFileSync(file, bytes);
    assert.deepEqual(await kinds({ ...row, byteSize: 17 }), ['size_differs', 'unreadable']);
  });

  test('sees what is left of one that failed, though it breaks off', async () => {
    const row = newRow({ status: 'failed', byteSize: 0 });
    assert.deepEqual(await kinds(row), []);
    await encryptOnDisk(path.join(folder, row.path), row.id, WAV, 'crash');
    assert.deepEqual(await kinds(row), ['repairable']);
    assert.deepEqual(await kinds({ ...row, status: 'absent' }), ['spool_left']);
  });
});

test('what a store says, or does not, of recordings that left no file is no matter: they never go there', async () => {
  for (const code of ['refused', 'unreachable'] as const) {
    const fail = (): Promise<never> => Promise.reject(new StorageError(code, 'the store does not tell'));
    const options = { files: new TieredFiles(local, { open: fail, remove: fail }), serverRuns: false };
    for (const status of ['absent', 'failed'] as const) {
      const row = newRow({ status, byteSize: 0, durationMs: 0 });
      assert.deepEqual(await checkRecording(row, options), [], `${status}, ${code}`);
    }
    const [finding, ...others] = await checkRecording(newRow(), options);
    assert.deepEqual([finding?.kind, others], ['unreadable', []]);
  }
});
