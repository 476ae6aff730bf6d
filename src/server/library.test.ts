import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { Database } from '../storage/database.ts';
import { recordingRow } from '../storage/recordings.test-helper.ts';
import { SqliteRecordings } from '../storage/sqlite-recordings.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { loadConfig } from './config.ts';
import { RecordingLibrary } from './library.ts';

test('a recording that the server deletes while all are looked at is not taken for lost', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-library-'));
  const clock = new VirtualClock();
  const database = Database.open(folder, { clock });
  const { config } = loadConfig({ env: {}, flags: { data_dir: folder }, cwd: folder });
  const library = new RecordingLibrary(config, database, clock);
  t.after(async () => {
    await library.close();
    database.close();
    rmSync(folder, { recursive: true });
  });
  const recordings = new SqliteRecordings(database, clock);
  const add = (n: number): string => {
    const id = `c0ff0000-0000-4000-8000-${String(n).padStart(12, '0')}`;
    const row = { id, path: `recordings/${id}.wav`, createdAt: n, byteSize: 8044 };
    recordings.insert(recordingRow({ ...row, status: 'completed' }));
    return id;
  };
  // Their files are not there. All three are read at once, and looked at from the newest on.
  const [oldest, middle, newest] = [add(1), add(2), add(3)];
  const lost: (string | undefined)[] = [];
  for await (const { kind, recordingId } of library.checkAll()) {
    lost.push(recordingId);
    assert.equal(kind, 'file_missing');
    if (recordingId === newest) recordings.delete(middle);
  }
  assert.deepEqual(lost, [newest, oldest]);
});
