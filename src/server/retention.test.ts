import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { setImmediate as immediate } from 'node:timers/promises';
import { buildEnvelope } from '../callbacks/envelope.ts';
import { CallbackTable } from '../callbacks/callback-table.ts';
import { type LogFields, type Logger, silentLogger } from '../log/logger.ts';
import { AuditLog } from '../storage/audit-log.ts';
import { Database } from '../storage/database.ts';
import { StorageError } from '../storage/errors.ts';
import { PRUNE_BATCH, PRUNE_INTERVAL_MS } from '../storage/pruning.ts';
import { recordingRow } from '../storage/recordings.test-helper.ts';
import type { RecordingRow } from '../storage/recordings.ts';
import { SqliteRecordings } from '../storage/sqlite-recordings.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { Retention, type RetentionLimits, SWEEP_INTERVAL_MS } from './retention.ts';

const DAY_MS = 86_400_000;
const NO_LIMITS: RetentionLimits = {
  maxAgeDays: undefined,
  maxCount: undefined,
  maxBytes: undefined,
  auditDays: undefined,
};

let clock: VirtualClock;
let database: Database;
let recordings: SqliteRecordings;
/** Files that were removed, and those that cannot be. */
let removed: string[];
let stuck: Set<string>;
let errors: LogFields[];
/** Removals that wait for a store that does not answer, with their signals. */
let hanging: (AbortSignal | undefined)[];
let hangs: boolean;
/** Told of each file that is removed, while that is done. */
let onRemove: (name: string) => void;

beforeEach(() => {
  clock = new VirtualClock();
  database = Database.inMemory(clock);
  recordings = new SqliteRecordings(database, clock);
  removed = [];
  stuck = new Set();
  errors = [];
  hanging = [];
  hangs = false;
  onRemove = () => {};
});

/** A finished recording that ended `days` ago. */
function add(id: string, days: number, change: Partial<RecordingRow> = {}): void {
  const endTime = clock.now() - days * DAY_MS;
  const row = { id, path: `recordings/${id}.wav`, createdAt: endTime - 60_000, endTime, byteSize: 1000 };
  recordings.insert(recordingRow({ status: 'completed', ...row, ...change }));
}

function start(limits: Partial<RetentionLimits>): Retention {
  const log: Logger = { ...silentLogger, error: (fields) => errors.push(fields) };
  const files = {
    open: async () => undefined,
    async remove(name: string, signal?: AbortSignal): Promise<boolean> {
      if (hangs) {
        hanging.push(signal);
        await new Promise((_resolve, reject) => {
          const fail = (): void => reject(new StorageError('unreachable', 'broken off'));
          signal?.addEventListener('abort', fail, { once: true });
        });
      }
      if (stuck.has(name)) throw new Error('permission denied');
      // What is left of one that broke off is asked for as well.
      if (/\.(wav|mp3|mp4)$/.test(name)) {
        removed.push(name);
        onRemove(name);
      }
      return true;
    },
  };
  const retention = new Retention({
    recordings,
    files,
    audit: new AuditLog(database),
    limits: { ...NO_LIMITS, ...limits },
    clock,
    log,
  });
  retention.start();
  return retention;
}

const left = (): string[] => recordings.list({ limit: 1001 }).map(({ id }) => id);
const audited = (): unknown[][] =>
  new AuditLog(database)
    .list({ limit: 1000 })
    .map((entry) => [entry.recordingId, entry.by, entry.details['reason']]);

test('a recording goes when it is as old as the limit, counted from its end, and not before', async () => {
  add('old', 31);
  add('young', 29);
  start({ maxAgeDays: 30 });
  await clock.settle();
  assert.deepEqual(left(), ['young']);
  await clock.advance(DAY_MS - SWEEP_INTERVAL_MS);
  assert.deepEqual(left(), ['young']);
  await clock.advance(2 * SWEEP_INTERVAL_MS);
  assert.deepEqual(left(), []);
  assert.deepEqual(removed, ['recordings/old.wav', 'recordings/young.wav']);
  assert.deepEqual(audited(), [
    ['old', 'retention', 'max_age_days: 30'],
    ['young', 'retention', 'max_age_days: 30'],
  ]);
});

test('whatever has ended goes, also what left no file; what runs stays', async () => {
  add('absent', 40, { status: 'absent', byteSize: 0, endTime: undefined });
  add('failed', 40, { status: 'failed', byteSize: 0 });
  add('running', 40, { status: 'in-progress', endTime: undefined });
  add('paused', 40, { status: 'paused', endTime: undefined });
  // Begun long ago, but it ended just now.
  add('long', 1, { createdAt: clock.now() - 40 * DAY_MS });
  start({ maxAgeDays: 30 });
  await clock.settle();
  assert.deepEqual(left().toSorted(), ['long', 'paused', 'running']);
});

test('over a count, the oldest go, as many as there are too many', async () => {
  for (let n = 1; n <= 7; n++) add(`r${n}`, 10 - n);
  start({ maxCount: 4 });
  await clock.settle();
  assert.deepEqual(left(), ['r7', 'r6', 'r5', 'r4']);
  add('r8', 0);
  await clock.advance(SWEEP_INTERVAL_MS);
  assert.deepEqual(left(), ['r8', 'r7', 'r6', 'r5']);
  assert.deepEqual(audited().at(-1), ['r4', 'retention', 'max_count: 4']);
});

test('what others delete meanwhile is not made up for by recordings that are within the limit', async () => {
  const all = Array.from({ length: 310 }, (_, n) => `r${String(n).padStart(3, '0')}`);
  for (const [n, id] of all.entries()) add(id, 400 - n);
  onRemove = (name) => {
    // One that is about to go, and later, in another batch, some of the newest.
    if (name === 'recordings/r000.wav') recordings.delete('r001');
    if (name === 'recordings/r050.wav') for (const id of all.slice(-5)) recordings.delete(id);
  };
  start({ maxCount: 100 });
  await clock.settle();
  assert.deepEqual(left(), all.slice(-105, -5).toReversed());
});

test('over a size, the oldest go until the rest is within it', async () => {
  add('r1', 5, { byteSize: 5000 });
  add('r2', 4, { byteSize: 1000 });
  add('r3', 3, { byteSize: 3000 });
  add('r4', 2, { byteSize: 2000 });
  start({ maxBytes: 5500 });
  await clock.settle();
  assert.deepEqual(left(), ['r4', 'r3']);
  assert.deepEqual(audited(), [
    ['r1', 'retention', 'max_mb: 0.0055'],
    ['r2', 'retention', 'max_mb: 0.0055'],
  ]);
});

test('one with a callback on its way is kept until that is over, and holds up no other', async () => {
  add('held', 40);
  add('other', 39);
  const now = clock.now();
  const envelope = buildEnvelope({
    type: 'calling.call.record',
    channel: undefined,
    nowMs: now,
    projectId: 'project-1',
    spaceId: 'space-1',
    params: {},
  });
  new CallbackTable(database).insert(
    { url: 'https://app.example/status', operationId: 'held', envelope },
    { state: 'pending', idempotencyKey: 'key-1', now, deadlineAt: now + DAY_MS },
  );
  start({ maxAgeDays: 30, maxCount: 1 });
  await clock.settle();
  assert.deepEqual(left(), ['held']);
  database.run("UPDATE callbacks SET state = 'delivered'");
  await clock.advance(SWEEP_INTERVAL_MS);
  assert.deepEqual(left(), []);
});

test('more than one batch goes in one look', async () => {
  for (let n = 0; n < 250; n++) add(`r${n}`, 40);
  start({ maxAgeDays: 30 });
  await clock.settle();
  assert.deepEqual(left(), []);
  assert.equal(audited().length, 250);
});

test('one that cannot be deleted is told once, stays, holds up no other, and is tried again', async () => {
  for (let n = 0; n < 120; n++) add(`r${n}`, 50);
  add('last', 45);
  for (let n = 0; n < 110; n++) stuck.add(`recordings/r${n}.wav`);
  const retention = start({ maxAgeDays: 30 });
  await clock.settle();
  assert.equal(left().length, 110);
  assert.equal(errors.length, 2);
  assert.equal(errors[1]?.['recordings'], 110);
  stuck.clear();
  await clock.advance(SWEEP_INTERVAL_MS);
  assert.deepEqual(left(), []);
  await retention.close();
});

test('without limits nothing is deleted; after the end nothing either', async () => {
  add('r1', 1000);
  const idle = start({});
  await clock.advance(SWEEP_INTERVAL_MS);
  assert.deepEqual(left(), ['r1']);
  await idle.close();
  const retention = start({ maxAgeDays: 2000 });
  await retention.close();
  await clock.advance(DAY_MS);
  assert.deepEqual(left(), ['r1']);
  assert.equal(clock.pendingTimers, 0);
});

test('the end waits for no store that does not answer, and asks it for nothing more', async () => {
  hangs = true;
  for (const id of ['r1', 'r2', 'r3']) add(id, 50);
  recordings.beginDelete('r1', { by: 'command', details: {} });
  recordings.beginDelete('r2', { by: 'command', details: {} });
  const retention = start({ maxAgeDays: 30 });
  // Virtual time stands still while the sweep runs, and so cannot be waited for.
  for (let turn = 0; turn < 1000 && hanging.length === 0; turn++) await immediate();
  assert.equal(hanging.length, 1);
  await retention.close();
  assert.equal(hanging.length, 1);
  assert.deepEqual(
    recordings.inDeletion().map(({ id }) => id),
    ['r1', 'r2'],
  );
  assert.deepEqual(left(), ['r3']);
  assert.deepEqual(errors, []);
  // What was begun is finished at the next start.
  hangs = false;
  const next = start({});
  await clock.settle();
  assert.deepEqual(recordings.inDeletion(), []);
  assert.deepEqual(left(), ['r3']);
  await next.close();
});

/** Lines of the audit log as of now. */
function auditLines(count: number): void {
  const log = new AuditLog(database);
  const line = {
    at: clock.now(),
    event: 'recording_deleted',
    by: 'rest',
    callId: 'call',
    details: {},
  } as const;
  database.transaction(() => {
    for (let n = 0; n < count; n++) log.append({ ...line, recordingId: `r${n}` });
  });
}

const auditCount = (): number => new AuditLog(database).list({ limit: 100_000 }).length;

test('a line of the audit log goes when it is older than the limit, also after a standstill of the server', async () => {
  auditLines(1);
  await clock.advance(DAY_MS);
  auditLines(1);
  const retention = start({ auditDays: 2 });
  assert.equal(auditCount(), 2);
  await clock.advance(DAY_MS);
  assert.equal(auditCount(), 2);
  await clock.advance(PRUNE_INTERVAL_MS);
  assert.equal(auditCount(), 1);
  await retention.close();
  await clock.advance(30 * DAY_MS);
  assert.equal(auditCount(), 1);
  await start({ auditDays: 2 }).close();
  assert.equal(auditCount(), 0);
});

test('lines of the audit log go a batch at a time, and as fast as they come', async () => {
  auditLines(2 * PRUNE_BATCH + 500);
  await clock.advance(2 * DAY_MS);
  auditLines(3);
  const retention = start({ auditDays: 1 });
  assert.equal(auditCount(), PRUNE_BATCH + 503);
  await clock.advance(2_000);
  assert.equal(auditCount(), 3);
  await retention.close();
  assert.equal(clock.pendingTimers, 0);
});

test('without a limit for the audit log its lines stay', async () => {
  auditLines(1);
  await clock.advance(2000 * DAY_MS);
  const retention = start({ maxAgeDays: 1 });
  await clock.advance(DAY_MS);
  assert.equal(auditCount(), 1);
  await retention.close();
});
