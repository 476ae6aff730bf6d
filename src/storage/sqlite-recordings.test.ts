import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { VirtualClock } from '../time/virtual-clock.ts';
import { Database } from './database.ts';
import { StorageError } from './errors.ts';
import { explained } from './explain.test-helper.ts';
import { recordingRow as row } from './recordings.test-helper.ts';
import type { RecordingRow } from './recordings.ts';
import { SqliteRecordings } from './sqlite-recordings.ts';

let clock: VirtualClock;
let recordings: SqliteRecordings;

beforeEach(() => {
  clock = new VirtualClock(1_000_000);
  recordings = new SqliteRecordings(Database.inMemory(clock), clock);
});

/** Rows `r0` to `r<count - 1>`, one a second; two of them share an instant. */
function fill(count: number): void {
  for (let i = 0; i < count; i++) {
    recordings.insert(row({ id: `r${i}`, createdAt: 1000 * (i === 1 ? 0 : i), callId: `call-${i % 2}` }));
  }
}

const ids = (rows: readonly RecordingRow[]): string[] => rows.map(({ id }) => id);

describe('the recordings table', () => {
  test('gives back a row exactly as it was put in', () => {
    const empty = row();
    const full = row({
      id: 'c0ff0000-0000-4000-8000-000000000002',
      eventChannel: 'swml:1',
      tag: 'sales',
      hangupBy: 'remote',
      hangupReason: 'hangup',
      status: 'completed',
      endedBy: 'terminator',
      terminator: '#',
      stereo: true,
      statusUrl: 'https://example.com/status',
      startTime: 1_000_001.125,
      endTime: 1_000_013.525,
      durationMs: 12_400.125,
      byteSize: 5_000_000_000,
      error: 'none really',
    });
    for (const expected of [empty, full]) {
      recordings.insert(expected);
      assert.deepEqual(recordings.get(expected.id), expected);
    }
  });

  test('keeps when somebody spoke for as long as the row, and of no other', () => {
    const { id } = row();
    const voice = {
      thresholdDbfs: -37,
      initialTimeoutMs: 4000,
      endSilenceTimeoutMs: 1000,
      listenedMs: 5000,
      listen: {
        segments: [{ startMs: 1, endMs: 2.5, levelDbfs: -20.1, noiseDbfs: -61 }],
        omitted: 3,
        noiseDbfs: -61,
        loudestOtherDbfs: -50,
      },
    };
    recordings.saveVoiceActivity(id, voice);
    assert.equal(recordings.voiceActivity(id), undefined);
    recordings.insert(row({ id }));
    recordings.saveVoiceActivity(id, voice);
    assert.deepEqual(recordings.voiceActivity(id), voice);
    recordings.saveVoiceActivity(id, { ...voice, listenedMs: 6000 });
    assert.equal(recordings.voiceActivity(id)?.listenedMs, 6000);
    recordings.delete(id);
    assert.equal(recordings.voiceActivity(id), undefined);
  });

  test('refuses a second row of the same id', () => {
    recordings.insert(row());
    assert.throws(
      () => recordings.insert(row()),
      (error) => error instanceof StorageError && error.code === 'constraint',
    );
  });

  test('a change touches what it names and the time of the change', async () => {
    recordings.insert(row({ endedBy: 'stop' }));
    await clock.advance(500);
    const updated = recordings.update(row({ endedBy: 'stop' }), {
      status: 'completed',
      durationMs: 12.5,
      endedBy: undefined,
    });
    assert.deepEqual(updated, recordings.get(row().id));
    assert.deepEqual(
      recordings.get(row().id),
      row({ status: 'completed', durationMs: 12.5, updatedAt: 1_000_500 }),
    );
  });

  test('a change of an unknown row is an error', () => {
    assert.throws(
      () => recordings.update(row({ id: 'nobody' }), { status: 'failed' }),
      (error) => error instanceof StorageError && error.code === 'not_found' && /nobody/.test(error.message),
    );
  });

  test('unfinished rows are those in progress and paused, oldest first', () => {
    recordings.insert(row({ id: 'b', createdAt: 2, status: 'paused' }));
    recordings.insert(row({ id: 'a', createdAt: 1 }));
    for (const status of ['completed', 'absent', 'failed'] as const)
      recordings.insert(row({ id: status, status }));
    assert.deepEqual(ids(recordings.unfinished()), ['a', 'b']);
  });

  test('a row in deletion is out of sight until the deletion is called off; a running one stays', () => {
    recordings.insert(row({ status: 'failed' }));
    recordings.insert(row({ id: 'running' }));
    assert.deepEqual(ids(recordings.failedWithoutFile()), [row().id]);
    assert.equal(recordings.beginDelete('running', { by: 'rest' }), 'running');
    assert.equal(recordings.beginDelete('nobody', { by: 'rest' }), 'absent');
    assert.equal(recordings.beginDelete(row().id, { by: 'rest' }), 'begun');
    assert.equal(recordings.beginDelete(row().id, { by: 'rest' }), 'absent');
    assert.equal(recordings.get(row().id), undefined);
    assert.deepEqual(ids(recordings.list({})), ['running']);
    assert.deepEqual(ids(recordings.failedWithoutFile()), []);
    assert.deepEqual(ids(recordings.inDeletion()), [row().id]);
    recordings.cancelDelete(row().id);
    assert.equal(recordings.get(row().id)?.status, 'failed');
    assert.deepEqual(ids(recordings.inDeletion()), []);
  });

  test('peaks are kept with their recording and go with it', () => {
    const id = row().id;
    const peaks = {
      sampleRate: 8000,
      channels: 2,
      framesPerPoint: 160,
      data: Int16Array.of(-32_768, 32_767, -1, 0),
    };
    recordings.savePeaks(id, peaks);
    assert.equal(recordings.peaks(id), undefined);
    recordings.insert(row());
    assert.equal(recordings.peaks(id), undefined);
    recordings.savePeaks(id, peaks);
    assert.deepEqual(recordings.peaks(id), peaks);
    const longer = { ...peaks, data: new Int16Array(8_192).fill(-2) };
    recordings.savePeaks(id, longer);
    assert.deepEqual(recordings.peaks(id), longer);
    recordings.update(row(), { status: 'completed' });
    assert.deepEqual(recordings.peaks(id), longer);
    recordings.delete(id);
    recordings.insert(row());
    assert.equal(recordings.peaks(id), undefined);
  });

  test('failed rows without a file are told, oldest first', () => {
    recordings.insert(row({ id: 'b', createdAt: 2, status: 'failed' }));
    recordings.insert(row({ id: 'a', createdAt: 1, status: 'failed' }));
    recordings.insert(row({ id: 'kept', status: 'failed', byteSize: 44 }));
    recordings.insert(row({ id: 'absent', status: 'absent' }));
    recordings.insert(row({ id: 'c', createdAt: 3, status: 'failed', endedBy: 'error', startTime: 3 }));
    recordings.insert(row({ id: 'd', createdAt: 4, status: 'failed', endedBy: 'crash' }));
    recordings.insert(row({ id: 'refused', status: 'failed', endedBy: 'error' }));
    assert.deepEqual(ids(recordings.failedWithoutFile()), ['a', 'b', 'c', 'd']);
  });

  test('delete says whether there was something to delete', () => {
    recordings.insert(row());
    assert.equal(recordings.delete(row().id), true);
    assert.equal(recordings.delete(row().id), false);
    assert.equal(recordings.get(row().id), undefined);
  });
});

describe('the list', () => {
  test('is newest first, with equal instants in a fixed order', () => {
    fill(4);
    assert.deepEqual(ids(recordings.list({})), ['r3', 'r2', 'r1', 'r0']);
  });

  test('filters by call and by age, limits excluded', () => {
    fill(6);
    assert.deepEqual(ids(recordings.list({ callId: 'call-1' })), ['r5', 'r3', 'r1']);
    assert.deepEqual(ids(recordings.list({ createdAfter: 2000, createdBefore: 5000 })), ['r4', 'r3']);
    assert.deepEqual(ids(recordings.list({ callId: 'call-1', createdAfter: 3000 })), ['r5']);
    recordings.update(recordings.get('r2')!, { status: 'failed' });
    assert.deepEqual(ids(recordings.list({ status: 'failed' })), ['r2']);
  });

  test('holds 50 rows unless told, and never more than 1001', () => {
    fill(60);
    assert.equal(recordings.list({}).length, 50);
    assert.equal(recordings.list({ limit: 5, offset: 58 }).length, 2);
    assert.equal(recordings.list({ limit: 1_000_000 }).length, 60);
  });

  test('cursors walk forth and back over every row once, also while new rows come in', () => {
    fill(7);
    const seen: string[] = [];
    let page = recordings.list({ limit: 3 });
    while (page.length > 0) {
      seen.push(...ids(page));
      recordings.insert(row({ id: `new${seen.length}`, createdAt: 100_000 + seen.length }));
      page = recordings.list({ limit: 3, olderThan: page.at(-1)! });
    }
    assert.deepEqual(seen, ['r6', 'r5', 'r4', 'r3', 'r2', 'r1', 'r0']);
    assert.deepEqual(ids(recordings.list({ limit: 3, newerThan: { createdAt: 0, id: 'r0' } })), [
      'r3',
      'r2',
      'r1',
    ]);
  });
});

test('what is asked for again and again is found by indices alone, however many recordings are kept', (t) => {
  const database = Database.inMemory(clock);
  const table = new SqliteRecordings(database, clock);
  const { plan } = explained(t, database);
  assert.match(
    plan(() => table.inDeletion()),
    /^SEARCH recordings USING INDEX recordings_in_deletion/,
  );
  assert.match(
    plan(() => table.kept()),
    /^SCAN recordings USING COVERING INDEX recordings_kept/,
  );
  const oldest = plan(() => table.deletable({ endedBefore: 5, newerThan: undefined, limit: 10 }));
  assert.match(oldest, /^SEARCH recordings USING INDEX recordings_kept/);
  assert.match(oldest, /SEARCH callbacks USING (COVERING )?INDEX callbacks_open_by_recording/);
  assert.doesNotMatch(oldest, /TEMP B-TREE/);
});
