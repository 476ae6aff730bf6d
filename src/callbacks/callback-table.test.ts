import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Database } from '../storage/database.ts';
import { OPEN_CALLBACK } from '../storage/migrations.ts';
import { VirtualClock } from '../time/virtual-clock.ts';

test('a change of a callback opens no tables beside its own, and open ones are found by their indices', () => {
  const database = Database.inMemory(new VirtualClock());
  const opcodes = (sql: string) => database.all(`EXPLAIN ${sql}`).map((row) => String(row['opcode']));
  const insert = `INSERT INTO callbacks (idempotency_key, url, method, operation_id, event_type, body, state, attempts,
    deadline_at, created_at, updated_at) VALUES ('k', 'u', 'POST', 'o', 'e', 'b', 'pending', 0, 0, 0, 0)`;
  for (const sql of [insert, "UPDATE callbacks SET state = 'sending' WHERE id = 1"]) {
    const codes = opcodes(sql);
    assert.ok(codes.includes('IdxInsert'), 'the indices are kept');
    assert.ok(!codes.includes('OpenEphemeral'), `${sql}: ${codes.join(' ')}`);
  }
  const plan = (condition: string): string =>
    String(database.get(`EXPLAIN QUERY PLAN SELECT id FROM callbacks WHERE ${condition}`)?.['detail']);
  assert.match(
    plan(`url = 'u' AND operation_id = 'o' AND ${OPEN_CALLBACK}`),
    /USING .*callbacks_open_by_operation/,
  );
  assert.match(plan(`operation_id = 'o' AND ${OPEN_CALLBACK}`), /USING .*callbacks_open_by_recording/);
});
