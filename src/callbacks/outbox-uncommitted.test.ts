import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, test } from 'node:test';
import { silentLogger } from '../log/logger.ts';
import { DATABASE_FILE, Database } from '../storage/database.ts';
import type { Clock } from '../time/clock.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { CallbackTable } from './callback-table.ts';
import type { CallbackRequest } from './events.ts';
import { DurableOutbox } from './outbox.ts';

let directory: string;
let clock: VirtualClock;
let database: Database;
let outbox: DurableOutbox;
/** Of each callback that was sent, whether another program could see it then. */
let committedWhenSent: boolean[];
/** In the place of the timer that has the outbox look, each second, what others have changed. */
let look: () => void;

beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'openswml-outbox-'));
  clock = new VirtualClock();
  database = Database.open(directory, { clock });
  committedWhenSent = [];
  const byHand: Clock = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (ms, callback) => clock.after(ms, callback),
    every: (ms, callback) => {
      if (ms === 1_000) look = callback;
      return { cancel: () => {} };
    },
    holdWhile: (work) => clock.holdWhile(work),
  };
  outbox = new DurableOutbox({
    database,
    clock: byHand,
    log: silentLogger,
    sender: {
      send: async ({ id }) => {
        const shell = new DatabaseSync(path.join(directory, DATABASE_FILE), { readOnly: true });
        committedWhenSent.push(shell.prepare('SELECT 1 FROM callbacks WHERE id = ?').get(id) !== undefined);
        shell.close();
        return { type: 'accepted', status: 200 };
      },
    },
    random: () => 0.5,
  });
  outbox.start();
});

afterEach(async () => {
  await outbox.close();
  database.close();
  rmSync(directory, { recursive: true, force: true });
});

function event(n: number): CallbackRequest {
  return {
    url: 'http://receiver/x',
    operationId: 'a',
    envelope: {
      event_type: 'calling.call.record',
      timestamp: 0,
      project_id: 'p',
      space_id: 's',
      params: { n },
    },
  };
}

/** Another program commits. */
function foreignCommit(): void {
  const beside = Database.openShared(directory);
  beside.exec('CREATE TABLE foreign_commit (n INTEGER); DROP TABLE foreign_commit');
  beside.close();
}

test('a look at what others changed sends nothing that is not committed, and counts it once', async () => {
  foreignCommit();
  const written = database.gather(() => outbox.enqueue(event(0)));
  look();
  assert.equal(outbox.open, 1);
  await written;
  await clock.settle();
  assert.deepEqual(committedWhenSent, [true]);
  assert.equal(outbox.open, 0);
});

test('a look does not count twice that one has come to its end', async () => {
  foreignCommit();
  outbox.enqueue(event(0));
  // Its end is written, and not committed.
  while (new CallbackTable(database).list('delivered', 1).length === 0) await Promise.resolve();
  look();
  assert.equal(outbox.open, 0);
  await clock.settle();
  assert.equal(outbox.open, 0);
});

test('what follows in an operation is sent when it is committed', async () => {
  outbox.onDelivery(({ id }) => {
    if (id === 1) void database.gather(() => outbox.enqueue(event(1)));
  });
  outbox.enqueue(event(0));
  await clock.settle();
  assert.deepEqual(committedWhenSent, [true, true]);
});
