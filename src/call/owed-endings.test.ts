import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import type { LogFields } from '../log/logger.ts';
import { silentLogger } from '../log/logger.ts';
import { wavHeader } from '../media/wav-format.ts';
import { DATABASE_FILE, Database } from '../storage/database.ts';
import { StorageError } from '../storage/errors.ts';
import { SqliteRecordings } from '../storage/sqlite-recordings.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { CALL, FINISHED, openService, RECORD } from './leg.test-helper.ts';

const INFO = { ...CALL, call_state: 'answered' } as const;
const PEAKS = { sampleRate: 8000, channels: 1, framesPerPoint: 160, data: Int16Array.of(-3, 3) };
const FULL = new StorageError('disk_full', 'No space is left.');

/** A service whose commits of `gather` can be made to fail. */
function openFailing(t: TestContext) {
  const clock = new VirtualClock();
  const database = Database.inMemory(clock);
  const failing: { with: StorageError | undefined; tries: number } = { with: undefined, tries: 0 };
  const told: string[] = [];
  const log = { ...silentLogger, info: (_: LogFields, text: string) => told.push(text) };
  const parts = openService(t, {
    clock,
    store: new SqliteRecordings(database, clock),
    log,
    database: {
      gather: async (work) => {
        failing.tries++;
        return database.transaction(() => {
          const result = work();
          if (failing.with !== undefined) throw failing.with;
          return result;
        });
      },
      gatherOne: (work) => database.gatherOne(work),
      transaction: (work) => database.transaction(work),
    },
  });
  return { ...parts, clock, store: new SqliteRecordings(database, clock), failing, told };
}

test('an end that cannot be stored is tried again every 5 s until it stands, with all that it says', async (t) => {
  const { service, store, clock, outbox, failing, told } = openFailing(t);
  const first = await service.create(INFO, undefined, RECORD);
  const second = await service.create(INFO, undefined, RECORD);
  const endedAt = clock.now() / 1000;
  failing.with = FULL;
  await assert.rejects(service.ended(first.recordingId, { ...FINISHED, peaks: PEAKS }), FULL);
  await assert.rejects(service.ended(second.recordingId, FINISHED), FULL);
  await clock.advance(14_000);
  assert.equal(failing.tries, 4, 'one of them each time');
  assert.equal(store.get(first.recordingId)?.status, 'in-progress');
  failing.with = undefined;
  outbox.requests.length = 0;
  await clock.advance(1_100);
  for (const { recordingId } of [first, second]) {
    const row = store.get(recordingId);
    assert.deepEqual([row?.status, row?.endedBy, row?.terminator], ['completed', 'terminator', '#']);
  }
  assert.deepEqual(store.peaks(first.recordingId), PEAKS);
  assert.deepEqual(outbox.states, ['finished', 'finished']);
  for (const { envelope } of outbox.requests) assert.equal(envelope.timestamp, endedAt, 'when it happened');
  assert.equal(told.length, 2);
  await clock.advance(60_000);
  assert.equal(failing.tries, 6, 'nothing is left to try');
});

test('what is owed is tried once more when the server stops, and not behind that', async (t) => {
  const { service, store, clock, failing } = openFailing(t);
  const { recordingId } = await service.create(INFO, undefined, RECORD);
  failing.with = FULL;
  await assert.rejects(service.ended(recordingId, FINISHED), FULL);
  await service.close();
  assert.equal(failing.tries, 2);
  await clock.advance(60_000);
  assert.equal(failing.tries, 2);
  assert.equal(store.get(recordingId)?.status, 'in-progress');
});

test('an end that no try can store is not tried again', async (t) => {
  for (const code of ['closed', 'not_found', 'constraint'] as const) {
    const { service, clock, failing } = openFailing(t);
    const { recordingId } = await service.create(INFO, undefined, RECORD);
    failing.with = new StorageError(code, 'no');
    await assert.rejects(service.ended(recordingId, FINISHED), failing.with);
    await clock.advance(60_000);
    assert.equal(failing.tries, 1);
  }
});

test('a recording that is repaired when its media side has died is owed like others, where that cannot be stored', async (t) => {
  const { service, store, clock, outbox, failing } = openFailing(t);
  const { recordingId, path: file } = await service.create(INFO, undefined, RECORD);
  const header = wavHeader({ sampleRate: 8000, channels: 1 });
  writeFileSync(`${file}.part`, Buffer.concat([header, new Uint8Array(16_000).fill(3)]));
  failing.with = FULL;
  await assert.rejects(service.salvage(recordingId), FULL);
  assert.equal(store.get(recordingId)?.status, 'in-progress');
  failing.with = undefined;
  outbox.requests.length = 0;
  await clock.advance(5_000);
  const { status, endedBy, durationMs, byteSize } = store.get(recordingId)!;
  assert.deepEqual([status, endedBy, durationMs, byteSize], ['completed', 'crash', 1000, 16_044]);
  assert.deepEqual(outbox.states, ['finished']);
});

test('a recording that is refused is registered and told of once that can be stored', async (t) => {
  const { service, store, clock, outbox, failing } = openFailing(t);
  failing.with = FULL;
  await assert.rejects(service.refused(INFO, undefined, RECORD, 'nobody has agreed'), FULL);
  assert.deepEqual(store.list({}), []);
  failing.with = undefined;
  outbox.requests.length = 0;
  await clock.advance(5_000);
  const rows = store.list({});
  assert.deepEqual(
    rows.map(({ status, endedBy, error }) => [status, endedBy, error]),
    [['failed', 'error', 'nobody has agreed']],
  );
  assert.deepEqual(outbox.states, ['error']);
});

test('recordings that never began leave room for the ends of those that did', async (t) => {
  const { service, store, clock, failing } = openFailing(t);
  const { recordingId } = await service.create(INFO, undefined, RECORD);
  failing.with = FULL;
  for (let n = 0; n < 600; n++) {
    await assert.rejects(service.refused(INFO, undefined, RECORD, 'nobody has agreed'), FULL);
  }
  await assert.rejects(service.ended(recordingId, FINISHED), FULL);
  failing.with = undefined;
  await clock.advance(5_000);
  assert.equal(store.get(recordingId)?.status, 'completed');
  assert.equal(store.list({ limit: 1_000 }).length, 501);
});

/** A service on a database in a folder, which another program can hold. */
function openHeld(t: TestContext) {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-owed-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const clock = new VirtualClock();
  const database = Database.open(folder, { clock });
  t.after(() => database.close());
  const store = new SqliteRecordings(database, clock);
  /** @returns lets go of it */
  const hold = (): (() => void) => {
    const other = new DatabaseSync(path.join(folder, DATABASE_FILE));
    other.exec('BEGIN IMMEDIATE');
    return () => {
      other.exec('ROLLBACK');
      other.close();
    };
  };
  return { ...openService(t, { clock, database, store }), clock, store, hold };
}

test('an end that another program kept from being stored is stored once that lets go', async (t) => {
  const { service, store, clock, outbox, hold } = openHeld(t);
  const { recordingId } = await service.create(INFO, undefined, RECORD);
  const letGo = hold();
  await assert.rejects(service.ended(recordingId, FINISHED), { code: 'locked' });
  letGo();
  await clock.advance(5_000);
  const row = store.get(recordingId);
  assert.deepEqual([row?.status, row?.endedBy], ['completed', 'terminator']);
  assert.deepEqual(outbox.states, ['finished']);
});

test('a recording that cannot begin, since there can be no row of it, is told of as failed once there can', async (t) => {
  const { service, store, clock, outbox, hold } = openHeld(t);
  const letGo = hold();
  await assert.rejects(service.create(INFO, undefined, RECORD), { code: 'locked' });
  letGo();
  assert.deepEqual(outbox.states, []);
  await clock.advance(5_000);
  const [row, ...others] = store.list({});
  assert.deepEqual(others, []);
  assert.deepEqual([row?.status, row?.endedBy], ['failed', 'error']);
  assert.match(row?.error ?? '', /could not start: .* is held by another program/);
  assert.deepEqual(outbox.states, ['error']);
  assert.deepEqual(store.failedWithoutFile(), [], 'there is nothing to repair');
});
