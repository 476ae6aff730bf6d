import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Database } from '../storage/database.ts';
import type { SqlParams } from '../storage/statement.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { CallbackTable } from './callback-table.ts';

/** A table, and what SQLite says of the statements that a call of it runs: EXPLAIN, and EXPLAIN QUERY PLAN. */
function explained(t: TestContext) {
  const database = Database.inMemory(new VirtualClock());
  const ran: (readonly [string, SqlParams | undefined])[] = [];
  const read = database.all.bind(database);
  for (const method of ['run', 'get', 'all'] as const) {
    const does = database[method].bind(database) as (sql: string, params?: SqlParams) => unknown;
    t.mock.method(database, method, (sql: string, params?: SqlParams) => {
      ran.push([sql, params]);
      return does(sql, params);
    });
  }
  const rows = (how: string, column: string, work: () => unknown): string[] => {
    ran.length = 0;
    work();
    assert.ok(ran.length > 0);
    return ran.flatMap(([sql, params]) => read(`${how} ${sql}`, params).map((row) => String(row[column])));
  };
  return {
    table: new CallbackTable(database),
    opcodes: (work: () => unknown) => rows('EXPLAIN', 'opcode', work),
    plan: (work: () => unknown) => rows('EXPLAIN QUERY PLAN', 'detail', work).join('; '),
  };
}

test('a change of a callback opens no tables beside its own', (t) => {
  const { table, opcodes } = explained(t);
  const envelope = { event_type: 'calling.call.record', params: {} } as never;
  const start = { state: 'pending', idempotencyKey: 'k', now: 0, deadlineAt: 0 } as const;
  const sending = { state: 'sending', attempts: 1, deadlineAt: 0 } as const;
  for (const work of [
    () => table.insert({ url: 'http://a.test/', operationId: 'o', envelope }, start),
    () => table.save(1, sending, { now: 1 }),
  ]) {
    const codes = opcodes(work);
    assert.ok(codes.includes('IdxInsert'), 'the indices are kept');
    assert.ok(!codes.includes('OpenEphemeral'), codes.join(' '));
  }
});

test('callbacks are found by indices, however many are kept', (t) => {
  const { table, plan } = explained(t);
  assert.match(
    plan(() => table.next('http://a.test/', 'o')),
    /^SEARCH callbacks USING INDEX callbacks_open_by_operation/,
  );
  assert.match(
    plan(() => table.heads()),
    /^SCAN callbacks USING (COVERING )?INDEX callbacks_open_by_operation/,
  );
  assert.match(
    plan(() => table.countOpen()),
    /^SCAN callbacks USING (COVERING )?INDEX callbacks_open_by/,
  );
  for (const state of ['delivered', 'dead'] as const)
    assert.match(
      plan(() => table.prune(state, 5, 10)),
      /SEARCH callbacks USING COVERING INDEX callbacks_closed_by_age/,
    );
});
