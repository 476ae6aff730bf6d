import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LogFields, type Logger, silentLogger } from '../log/logger.ts';
import { StorageError } from '../storage/errors.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import type { CallbackRequest } from './events.ts';
import { OwedCallbacks } from './owed-callbacks.ts';

const FULL = new StorageError('disk_full', 'No space is left.');

/** An outbox that can be made to fail, and what was put into it. */
function open() {
  const clock = new VirtualClock();
  const disk: { fault: Error | undefined; tries: number } = { fault: undefined, tries: 0 };
  const stored: unknown[] = [];
  const lost: unknown[] = [];
  /** The log's fields of these. */
  const told: LogFields[] = [];
  const log: Logger = {
    ...silentLogger,
    error: (fields: LogFields, message: string): void => {
      if (message !== 'a callback could not be stored') return;
      lost.push(fields['event_type']);
      told.push(fields);
    },
  };
  const outbox = {
    enqueue({ envelope }: CallbackRequest): void {
      disk.tries++;
      if (disk.fault !== undefined) throw disk.fault;
      stored.push(envelope.event_type);
    },
  };
  const callbacks = new OwedCallbacks({ outbox, clock, log });
  const enqueue = (type: string): void =>
    callbacks.enqueue({
      url: 'https://ann:pw@app.example/status',
      operationId: 'o',
      envelope: { event_type: type, timestamp: 0, project_id: 'p', space_id: 's', params: { call_id: 'c' } },
    });
  return { clock, disk, stored, lost, told, callbacks, enqueue };
}

test('callbacks that cannot be stored are stored once that is possible, in their order, none before another', async () => {
  const { clock, disk, stored, lost, enqueue } = open();
  enqueue('a');
  disk.fault = FULL;
  enqueue('b');
  enqueue('c');
  assert.equal(disk.tries, 2, 'one that waits behind another is not tried');
  await clock.advance(14_000);
  assert.equal(disk.tries, 4, 'the first of them each 5 s');
  disk.fault = undefined;
  enqueue('d');
  assert.deepEqual(stored, ['a']);
  await clock.advance(1_100);
  assert.deepEqual(stored, ['a', 'b', 'c', 'd']);
  enqueue('e');
  assert.deepEqual([stored.at(-1), lost, clock.pendingTimers], ['e', [], 0]);
});

test('many that waited are stored in portions', async () => {
  const { clock, disk, stored, enqueue } = open();
  disk.fault = FULL;
  for (let n = 0; n < 1_200; n++) enqueue(String(n));
  disk.fault = undefined;
  await clock.advance(5_050);
  assert.equal(stored.length, 500);
  await clock.advance(200);
  assert.deepEqual(
    stored,
    Array.from({ length: 1_200 }, (_, n) => String(n)),
  );
});

test('what no later try mends, and what is beyond the bound, is lost and told; the end tries once more', async () => {
  const { clock, disk, stored, lost, told, callbacks, enqueue } = open();
  disk.fault = new StorageError('closed', 'the server is stopping');
  enqueue('late');
  assert.deepEqual([lost, clock.pendingTimers], [['late'], 0]);
  assert.deepEqual([told[0]?.['call_id'], told[0]?.['url']], ['c', 'https://app.example/status']);
  disk.fault = FULL;
  for (let n = 0; n <= 10_000; n++) enqueue('many');
  assert.deepEqual(lost, ['late', 'many']);
  disk.fault = undefined;
  callbacks.close();
  assert.deepEqual([stored.length, lost.length, clock.pendingTimers], [10_000, 2, 0]);
  disk.fault = FULL;
  enqueue('behind the end');
  assert.deepEqual([lost.at(-1), clock.pendingTimers], ['behind the end', 0]);
});
