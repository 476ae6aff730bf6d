import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { type LogFields, type Logger, silentLogger } from '../log/logger.ts';
import { Database } from '../storage/database.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import type { AttemptResult } from './delivery-states.ts';
import { DurableOutbox } from './outbox.ts';

/** An outbox whose attempts come to `results`, one behind the other, and then to success, and what it logs. */
function open(t: TestContext, results: readonly AttemptResult[] = []) {
  const clock = new VirtualClock();
  const database = Database.inMemory(clock);
  const told: { readonly message: string; readonly callId: unknown }[] = [];
  const tell = ({ call_id: callId }: LogFields, message: string): void => {
    told.push({ message, callId });
  };
  const log: Logger = { ...silentLogger, info: tell, warn: tell, error: tell, child: () => log };
  const left = [...results];
  const outbox = new DurableOutbox({
    database,
    clock,
    log,
    sender: { send: async () => left.shift() ?? { type: 'accepted', status: 200 } },
    random: () => 0.5,
  });
  outbox.start();
  t.after(async () => {
    await outbox.close();
    database.close();
  });
  const enqueue = (operationId: string): void =>
    outbox.enqueue({
      url: 'https://app.example/status',
      operationId,
      envelope: {
        event_type: 'calling.call.record',
        timestamp: 0,
        project_id: 'p',
        space_id: 's',
        params: { call_id: `call of ${operationId}` },
      },
    });
  return { clock, database, outbox, told, enqueue };
}

test('that the database cannot be written is told once, not for each callback, and when it can be again', async (t) => {
  const { clock, database, outbox, told, enqueue } = open(t);
  for (const operation of ['a', 'b', 'c']) enqueue(operation);
  database.exec('PRAGMA query_only = 1');
  await clock.advance(60_000);
  const messages = (): readonly string[] => told.map(({ message }) => message);
  assert.deepEqual(messages(), ['the outbox could not be written, trying again']);
  database.exec('PRAGMA query_only = 0');
  await clock.advance(10_000);
  assert.deepEqual(messages().slice(1), ['the outbox can be written again']);
  assert.equal(outbox.open, 0);
});

test('a callback that fails is told with the call that it is about', async (t) => {
  const { clock, told, enqueue } = open(t, [
    { type: 'failed', error: 'no connection' },
    { type: 'refused', status: 410, error: 'the receiver answered 410' },
  ]);
  enqueue('a');
  await clock.advance(5_000);
  assert.deepEqual(told, [
    { message: 'callback not delivered, will be sent again', callId: 'call of a' },
    { message: 'callback given up, kept as a dead letter', callId: 'call of a' },
  ]);
});
