import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { setImmediate as immediate } from 'node:timers/promises';
import { VirtualClock } from '../time/virtual-clock.ts';
import { AuditLog, type DeletionOrigin } from './audit-log.ts';
import { Database } from './database.ts';
import { StorageError } from './errors.ts';
import type { FileStore } from './file-store.ts';
import { LocalFiles } from './local-files.ts';
import { recordingRow } from './recordings.test-helper.ts';
import type { RecordingRow } from './recordings.ts';
import { finishRemovals, type RemovalTools, removeRecording } from './removal.ts';
import { SqliteRecordings } from './sqlite-recordings.ts';
import { TieredFiles } from './tiered-files.ts';

const ORIGIN: DeletionOrigin = { by: 'command', details: { user: 'ann' } };
let folder: string;
let database: Database;
let tools: RemovalTools;

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'openswml-removal-'));
  mkdirSync(path.join(folder, 'recordings'));
  const clock = new VirtualClock(1_000_000);
  database = Database.inMemory(clock);
  tools = { recordings: new SqliteRecordings(database, clock), files: new LocalFiles(folder) };
});

afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

/** A row with a file, and a spool beside it. */
function add(change: Partial<RecordingRow> = {}): { readonly id: string; readonly file: string } {
  const row = recordingRow({ status: 'completed', path: 'recordings/a.wav', ...change });
  tools.recordings.insert(row);
  const file = path.join(folder, row.path);
  writeFileSync(file, 'audio');
  writeFileSync(`${file}.part`, 'audio');
  return { id: row.id, file };
}

/** The tools after a crash: what `step` does not come to is never done. */
function crashing(step: 'files' | 'row'): RemovalTools {
  const files = tools.files;
  const recordings = Object.create(tools.recordings, {
    delete: { value: () => assert.fail('crash before the row is removed') },
    // A crash mends nothing.
    cancelDelete: { value: () => {} },
    get: { value: (id: string) => tools.recordings.get(id) },
    durable: { value: () => tools.recordings.durable() },
    beginDelete: { value: (id: string) => tools.recordings.beginDelete(id, ORIGIN) },
  }) as RemovalTools['recordings'];
  return {
    recordings,
    files:
      step === 'row'
        ? files
        : {
            open: (name) => files.open(name),
            remove: () => Promise.reject(new Error('crash before the file is removed')),
          },
  };
}

test('a recording is deleted with its file and its spool, once', async () => {
  const { id, file } = add();
  assert.equal(await removeRecording(id, ORIGIN, tools), 'removed');
  assert.equal(tools.recordings.get(id), undefined);
  assert.deepEqual([existsSync(file), existsSync(`${file}.part`)], [false, false]);
  assert.equal(await removeRecording(id, ORIGIN, tools), 'absent');
  assert.equal(database.get('SELECT COUNT(*) AS n FROM recordings')?.['n'], 0);
  const { at, ...entry } = new AuditLog(database).list({ limit: 10 })[0]!;
  assert.equal(at, 1_000_000);
  assert.deepEqual(entry, {
    id: 1,
    event: 'recording_deleted',
    by: 'command',
    recordingId: id,
    callId: 'call-1',
    details: {
      user: 'ann',
      status: 'completed',
      format: 'wav',
      created_at: 1_000_000.25,
      duration_ms: 0,
      byte_size: 0,
    },
  });
  assert.equal(new AuditLog(database).list({ limit: 10 }).length, 1);
});

test('the audit log after the time that is shown of a line begins with the next one', () => {
  const log = new AuditLog(database);
  const line = { event: 'recording_deleted', by: 'rest', callId: 'call-1', details: {} } as const;
  log.append({ ...line, at: 1_000_000.4, recordingId: 'r-1' });
  log.append({ ...line, at: 1_000_001, recordingId: 'r-2' });
  const found = log.list({ after: 1_000_000, limit: 10 });
  assert.deepEqual(
    found.map(({ recordingId }) => recordingId),
    ['r-2'],
  );
});

test('of two deletions at once one does it', async () => {
  const { id } = add();
  const results = await Promise.all([removeRecording(id, ORIGIN, tools), removeRecording(id, ORIGIN, tools)]);
  assert.deepEqual(results.toSorted(), ['absent', 'removed']);
});

test('a recording that runs, or stands still, is left alone', async () => {
  for (const status of ['in-progress', 'paused'] as const) {
    const { id, file } = add({ id: `r-${status}`, status, path: `recordings/${status}.wav` });
    assert.equal(await removeRecording(id, ORIGIN, tools), 'running');
    assert.equal(tools.recordings.get(id)?.status, status);
    assert.equal(existsSync(file), true);
  }
});

test('a recording whose file cannot be removed is there as before', async () => {
  const { id, file } = add();
  const files = { ...crashing('files').files };
  await assert.rejects(removeRecording(id, ORIGIN, { ...tools, files }), /crash/);
  assert.equal(tools.recordings.get(id)?.id, id);
  assert.equal(existsSync(file), true);
  assert.deepEqual(new AuditLog(database).list({ limit: 10 }), []);
});

test('whatever a crash left of a deletion is hidden at once, and gone after the next start', async () => {
  for (const step of ['files', 'row'] as const) {
    const { id, file } = add({ id: `r-${step}`, path: `recordings/${step}.wav` });
    await assert.rejects(removeRecording(id, ORIGIN, crashing(step)), /crash/);
    assert.equal(tools.recordings.get(id), undefined);
    assert.deepEqual(tools.recordings.list({}), []);
    assert.equal(await finishRemovals(tools, assert.fail), 1);
    assert.deepEqual([existsSync(file), existsSync(`${file}.part`)], [false, false], step);
    assert.deepEqual(tools.recordings.inDeletion(), []);
    const entries = new AuditLog(database).list({ recordingId: id, limit: 10 });
    assert.deepEqual(
      entries.map(({ by, details }) => [by, details['user']]),
      [['command', 'ann']],
      'whoever began it stands in the audit log, once',
    );
  }
});

/** The tools on a disk that is slow to keep what the database has committed, or fails to. */
function keeping(durable: () => Promise<void>): RemovalTools {
  const { recordings } = tools;
  const slow = {
    get: (id: string) => recordings.get(id),
    beginDelete: (id: string, origin: DeletionOrigin) => recordings.beginDelete(id, origin),
    cancelDelete: (id: string) => recordings.cancelDelete(id),
    inDeletion: () => recordings.inDeletion(),
    delete: (id: string) => recordings.delete(id),
    durable,
  };
  return { ...tools, recordings: slow as RemovalTools['recordings'] };
}

test('a file goes when the disk has that its row is hidden, which a power cut cannot take then', async () => {
  const { id, file } = add();
  const there: boolean[] = [];
  const slow = keeping(async () => {
    await immediate();
    there.push(tools.recordings.get(id) === undefined && existsSync(file));
  });
  assert.equal(await removeRecording(id, ORIGIN, slow), 'removed');
  assert.equal(existsSync(file), false);
  const other = add({ id: 'r-2', path: 'recordings/other.wav' });
  tools.recordings.beginDelete(other.id, ORIGIN);
  const before = keeping(async () => {
    await immediate();
    there.push(existsSync(other.file));
  });
  assert.equal(await finishRemovals(before, assert.fail), 1);
  assert.deepEqual(there, [true, true]);
});

test('a recording is there as before when the disk cannot keep that it is being deleted', async () => {
  const { id, file } = add();
  const broken = keeping(() => Promise.reject(new Error('EIO: i/o error, fdatasync')));
  await assert.rejects(removeRecording(id, ORIGIN, broken), /EIO/);
  assert.equal(tools.recordings.get(id)?.id, id);
  assert.equal(existsSync(file), true);
});

test('a deletion that cannot be finished is told, stays hidden, and holds up no other one', async () => {
  const stuck = add({ id: 'r-1', path: '../outside.wav', createdAt: 1 });
  const other = add({ id: 'r-2', path: 'recordings/other.wav', createdAt: 2 });
  tools.recordings.beginDelete(stuck.id, ORIGIN);
  tools.recordings.beginDelete(other.id, ORIGIN);
  const failed: [string, unknown][] = [];
  assert.equal(await finishRemovals(tools, (row, cause) => failed.push([row.id, cause])), 1);
  assert.deepEqual(
    failed.map(([id]) => id),
    [stuck.id],
  );
  assert.ok(failed[0]![1] instanceof StorageError);
  assert.equal(tools.recordings.get(stuck.id), undefined);
  assert.equal(existsSync(other.file), false);
  rmSync(stuck.file);
  rmSync(`${stuck.file}.part`);
});

test('an object store that does not answer postpones a deletion; everybody finds the recording gone at once', async () => {
  const { id, file } = add();
  let fault: StorageError | undefined = new StorageError('unreachable', 'down');
  const remote: FileStore = {
    open: async () => undefined,
    remove: () => (fault === undefined ? Promise.resolve(true) : Promise.reject(fault)),
  };
  const files = new TieredFiles(tools.files, remote);
  assert.equal(await removeRecording(id, ORIGIN, { ...tools, files }), 'postponed');
  assert.equal(tools.recordings.get(id), undefined);
  assert.equal(existsSync(file), false);
  assert.deepEqual(new AuditLog(database).list({ limit: 10 }), []);
  const failed: unknown[] = [];
  assert.equal(await finishRemovals({ ...tools, files }, (_row, cause) => failed.push(cause)), 0);
  assert.deepEqual(failed, [fault]);
  fault = undefined;
  assert.equal(await finishRemovals({ ...tools, files }, assert.fail), 1);
  assert.equal(new AuditLog(database).list({ limit: 10 })[0]?.by, 'command');
});

test('what a failed recording has left here is removed also while the object store does not answer', async () => {
  const remote: FileStore = {
    open: async () => undefined,
    remove: () => Promise.reject(new StorageError('unreachable', 'the object store cannot be reached')),
  };
  const { id, file } = add({ status: 'failed' });
  rmSync(file);
  writeFileSync(`${file}.pcm`, 'audio');
  const files = new TieredFiles(tools.files, remote);
  assert.equal(await removeRecording(id, ORIGIN, { ...tools, files }), 'postponed');
  assert.deepEqual([existsSync(`${file}.part`), existsSync(`${file}.pcm`)], [false, false]);
});
