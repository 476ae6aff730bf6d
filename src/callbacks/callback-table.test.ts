import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Database } from '../storage/database.ts';
import { explained } from '../storage/explain.test-helper.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { CallbackTable } from './callback-table.ts';

test('a change of a callback opens no tables beside its own', (t) => {
  const database = Database.inMemory(new VirtualClock());
  const table = new CallbackTable(database);
  const { opcodes } = explained(t, database);
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
  const database = Database.inMemory(new VirtualClock());
  const table = new CallbackTable(database);
  const { plan } = explained(t, database);
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
  assert.match(
    plan(() => table.interruptSending()),
    /^SCAN callbacks USING (COVERING )?INDEX callbacks_open_by/,
  );
  for (const state of ['delivered', 'dead'] as const)
    assert.match(
      plan(() => table.prune(state, 5, 10)),
      /SEARCH callbacks USING COVERING INDEX callbacks_closed_by_age/,
    );
});

test('of operations that are known already, no callback is looked at', (t) => {
  const database = Database.inMemory(new VirtualClock());
  const table = new CallbackTable(database);
  const envelope = { event_type: 'calling.call.record', params: {} } as never;
  for (const operationId of ['known', 'new']) {
    const start = { state: 'pending', idempotencyKey: operationId, now: 0, deadlineAt: 0 } as const;
    table.insert({ url: 'http://a.test/', operationId, envelope }, start);
  }
  const get = t.mock.method(database, 'get');
  const heads = table.heads(({ operationId }) => operationId === 'known');
  assert.deepEqual(
    heads.map(({ id, operationId }) => [id, operationId]),
    [[2, 'new']],
  );
  assert.equal(get.mock.callCount(), 1);
});
