import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { silentLogger } from '../log/logger.ts';
import { Database } from '../storage/database.ts';
import { StorageError } from '../storage/errors.ts';
import { PRUNE_INTERVAL_MS } from '../storage/pruning.ts';
import type { Clock } from '../time/clock.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { type CallbackRow, CallbackTable } from './callback-table.ts';
import type { AttemptResult, DeliveryState } from './delivery-states.ts';
import type { CallbackDelivery, CallbackRequest } from './events.ts';
import { type CallbackSender, DurableOutbox, type OutboxLimits } from './outbox.ts';

const OK: AttemptResult = { type: 'accepted', status: 200 };
const FAILED: AttemptResult = { type: 'failed', error: 'no connection' };
const HOUR_MS = 3_600_000;
/** How often it is looked for what is to be forgotten. */

/** Its holds do nothing, so that a receiver may take virtual time to answer. */
class UnheldClock extends VirtualClock {
  /** By how much the machine's clock has been set back, ms. */
  setBackMs = 0;

  override now(): number {
    return super.now() - this.setBackMs;
  }

  override holdWhile<T>(work: Promise<T>): Promise<T> {
    return work;
  }

  /** The same time, which stands still while files are written. */
  forFiles(): Clock {
    return {
      now: () => this.now(),
      monotonic: () => this.monotonic(),
      after: (ms, callback) => this.after(ms, callback),
      every: (ms, callback) => this.every(ms, callback),
      holdWhile: (work) => super.holdWhile(work),
    };
  }
}

let clock: UnheldClock;
let database: Database;
let outbox: DurableOutbox;
let deliveries: CallbackDelivery[];

beforeEach(() => {
  clock = new UnheldClock();
  database = Database.inMemory(clock);
  deliveries = [];
});

afterEach(async () => {
  await outbox.close();
  database.close();
});

/** Answers as `reply` says, after 100 ms; keeps what was sent and when. */
class Receiver implements CallbackSender {
  readonly sent: string[] = [];
  running = 0;
  mostRunning = 0;
  readonly #reply: (callback: CallbackRow) => AttemptResult;

  constructor(reply: (callback: CallbackRow) => AttemptResult = () => OK) {
    this.#reply = reply;
  }

  send(callback: CallbackRow, signal: AbortSignal): Promise<AttemptResult> {
    this.sent.push(`${clock.monotonic()} ${callback.operationId} ${JSON.parse(callback.body).params.n}`);
    this.running++;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    return new Promise((resolve) => {
      const end = (result: AttemptResult): void => {
        this.running--;
        resolve(result);
      };
      const timer = clock.after(100, () => end(this.#reply(callback)));
      signal.addEventListener('abort', () => {
        timer.cancel();
        end({ type: 'interrupted' });
      });
    });
  }
}

/** What an operator sees, newest first. */
const stored = (state: DeliveryState): readonly CallbackRow[] =>
  new CallbackTable(database).list(state, 1_000);

function make(sender: CallbackSender, limits: Partial<OutboxLimits> = {}): DurableOutbox {
  outbox = new DurableOutbox({
    database,
    clock,
    log: silentLogger,
    sender,
    random: () => 0.5,
    limits,
  });
  outbox.onDelivery((delivery) => deliveries.push(delivery));
  return outbox;
}

function event(operationId: string, n: number, url = 'http://receiver/x'): CallbackRequest {
  return {
    url,
    operationId,
    envelope: {
      event_type: 'calling.call.record',
      timestamp: 0,
      project_id: 'p',
      space_id: 's',
      params: { n },
    },
  };
}

describe('the outbox', () => {
  test('delivers the callbacks of one operation one behind the other, in order', async () => {
    const receiver = new Receiver();
    make(receiver).start();
    for (let n = 0; n < 3; n++) outbox.enqueue(event('a', n));
    await clock.advance(1_000);
    assert.deepEqual(receiver.sent, ['0 a 0', '100 a 1', '200 a 2']);
    assert.deepEqual(
      deliveries.map(({ id, state, status, attempts }) => [id, state, status, attempts]),
      [1, 2, 3].map((id) => [id, 'delivered', 200, 1]),
    );
  });

  test('a callback that fails holds up its own operation only', async () => {
    const receiver = new Receiver((callback) => (callback.id === 1 && callback.attempts === 1 ? FAILED : OK));
    make(receiver).start();
    outbox.enqueue(event('a', 0));
    outbox.enqueue(event('a', 1));
    outbox.enqueue(event('b', 0));
    await clock.advance(10_000);
    assert.deepEqual(receiver.sent, ['0 a 0', '0 b 0', '1100 a 0', '1200 a 1']);
  });

  test('operations of one id at different URLs do not wait for each other', async () => {
    const receiver = new Receiver();
    make(receiver).start();
    outbox.enqueue(event('a', 0, 'http://one/x'));
    outbox.enqueue(event('a', 1, 'http://two/x'));
    await clock.advance(50);
    assert.deepEqual(receiver.sent, ['0 a 0', '0 a 1']);
  });

  test('runs many operations at once, but no more than the limits allow', async () => {
    const receiver = new Receiver();
    make(receiver, { concurrency: 5, perOrigin: 2 }).start();
    for (let n = 0; n < 40; n++) outbox.enqueue(event(`o${n}`, n, `http://host${n % 4}/x`));
    await clock.advance(60_000);
    assert.equal(receiver.mostRunning, 5);
    assert.equal(receiver.sent.length, 40);
    assert.equal(deliveries.length, 40);
  });

  test('tries again after 1 s, 5 s, 30 s, 2 min, 10 min, 30 min, then hourly, and gives up after 24 hours', async () => {
    const receiver = new Receiver(() => FAILED);
    make(receiver).start();
    outbox.enqueue(event('a', 0));
    outbox.enqueue(event('a', 1));
    await clock.advance(24 * HOUR_MS);
    const times = receiver.sent
      .filter((line) => line.endsWith('a 0'))
      .map((line) => Number(line.split(' ')[0]));
    const waits = times.slice(1).map((time, index) => (time - times[index]! - 100) / 1_000);
    assert.deepEqual(waits.slice(0, 8), [1, 5, 30, 120, 600, 1_800, 3_600, 3_600]);
    assert.ok(waits.slice(6).every((wait) => wait === 3_600));
    assert.equal(deliveries[0]?.state, 'dead');
    assert.equal(deliveries[0]?.attempts, times.length);
    assert.equal(deliveries[0]?.error, 'no connection');
    // The one behind it had no attempt yet, so it gets its first.
    assert.ok(receiver.sent.some((line) => line.endsWith('a 1')));
  });

  test('waits as long as the receiver asks for', async () => {
    const receiver = new Receiver(({ attempts }) =>
      attempts === 1 ? { type: 'failed', status: 429, error: 'slowly', retryAfterMs: 90_000 } : OK,
    );
    make(receiver).start();
    outbox.enqueue(event('a', 0));
    await clock.advance(200_000);
    assert.deepEqual(receiver.sent, ['0 a 0', '90100 a 0']);
  });

  test('a refusal is a dead letter at once, and the operation goes on', async () => {
    const receiver = new Receiver((callback) =>
      callback.body.includes('"n":0') ? { type: 'refused', status: 404, error: 'gone' } : OK,
    );
    make(receiver).start();
    outbox.enqueue(event('a', 0, 'http://user:secret@receiver/x'));
    outbox.enqueue(event('a', 1, 'http://user:secret@receiver/x'));
    await clock.advance(1_000);
    assert.deepEqual(
      deliveries.map(({ state, status }) => [state, status]),
      [
        ['dead', 404],
        ['delivered', 200],
      ],
    );
    assert.equal(deliveries[0]?.url, 'http://receiver/x', 'credentials are not announced');
    assert.equal(stored('dead')[0]?.error, 'gone');
  });

  test('a dead letter can be sent again', async () => {
    let answer: AttemptResult = { type: 'refused', status: 500, error: 'broken' };
    make(new Receiver(() => answer)).start();
    outbox.enqueue(event('a', 0));
    await clock.advance(1_000);
    const [dead] = stored('dead');
    answer = OK;
    const table = new CallbackTable(database);
    const context = { now: clock.now(), giveUpAfterMs: HOUR_MS };
    assert.equal(table.retry(dead!.id, context)?.state, 'pending');
    assert.equal(table.retry(999, context), undefined);
    await outbox.close();
    make(new Receiver(() => answer)).start();
    await clock.advance(1_000);
    assert.deepEqual(stored('dead'), []);
    assert.equal(stored('delivered')[0]?.idempotencyKey, dead!.idempotencyKey);
    assert.equal(table.retry(dead!.id, context), undefined, 'it is delivered');
  });

  test('stands or falls with the transaction in which it was enqueued', async () => {
    const receiver = new Receiver();
    make(receiver).start();
    assert.throws(() =>
      database.transaction(() => {
        outbox.enqueue(event('a', 0));
        throw new Error('undone');
      }),
    );
    database.transaction(() => {
      outbox.enqueue(event('a', 1));
      assert.deepEqual(receiver.sent, [], 'nothing leaves before the commit');
    });
    await clock.advance(1_000);
    assert.deepEqual(receiver.sent, ['0 a 1']);
  });

  test('sends nothing before it is started', async () => {
    const receiver = new Receiver();
    make(receiver);
    outbox.enqueue(event('a', 0));
    await clock.advance(1_000);
    assert.deepEqual(receiver.sent, []);
    outbox.start();
    await clock.advance(1_000);
    assert.deepEqual(receiver.sent, ['1000 a 0']);
  });

  test('callbacks beyond the limit are dead letters, not lost and not endless', async () => {
    make(new Receiver(() => FAILED), { maxOpen: 3 }).start();
    for (let n = 0; n < 5; n++) outbox.enqueue(event('a', n));
    assert.equal(deliveries.length, 2);
    assert.match(deliveries[0]?.error ?? '', /outbox is full: 3 callbacks/);
    assert.deepEqual(
      stored('dead').map(({ body }) => JSON.parse(body).params.n),
      [4, 3],
    );
  });

  test('forgets delivered ones after a day and dead letters after a week', async () => {
    const receiver = new Receiver(({ operationId }) =>
      operationId === 'a' ? OK : { type: 'refused', error: 'no' },
    );
    make(receiver).start();
    outbox.enqueue(event('a', 0));
    outbox.enqueue(event('b', 0));
    await clock.advance(1_000);
    // Nothing runs meanwhile: what is kept does not depend on that.
    const pass = async (ms: number): Promise<void> => {
      await outbox.close();
      await clock.advance(ms);
      make(receiver).start();
    };
    await pass(24 * HOUR_MS - 2_000);
    assert.equal(stored('delivered').length, 1);
    await clock.advance(PRUNE_INTERVAL_MS);
    assert.equal(stored('delivered').length, 0, 'also while it runs');
    assert.equal(stored('dead').length, 1);
    await pass(6 * 24 * HOUR_MS - PRUNE_INTERVAL_MS - 1_000);
    assert.equal(stored('dead').length, 1);
    await pass(3_000);
    assert.equal(stored('dead').length, 0);
  });

  test('forgets as fast as callbacks come: more than a batch goes without a wait for the next look', async () => {
    make(new Receiver()).start();
    for (let n = 0; n < 2_500; n++) outbox.enqueue(event('a', n));
    await outbox.close();
    database.run("UPDATE callbacks SET state = 'delivered', updated_at = 0");
    await clock.advance(24 * HOUR_MS + 1_000);
    make(new Receiver()).start();
    const left = (): number => new CallbackTable(database).list('delivered', 5_000).length;
    assert.equal(left(), 1_500);
    await clock.advance(2_000);
    assert.equal(left(), 0);
  });

  test('drain waits for what is due, not for what waits to be tried again, and not beyond its limit', async () => {
    const receiver = new Receiver(({ operationId }) => (operationId === 'a' ? FAILED : OK));
    make(receiver).start();
    const drained: string[] = [];
    const drain = (name: string, limitMs: number): void =>
      void outbox.drain(limitMs).then(() => drained.push(`${name} ${clock.monotonic()}`));
    drain('empty', 5_000);
    await clock.settle();
    outbox.enqueue(event('a', 0));
    outbox.enqueue(event('b', 0));
    outbox.enqueue(event('b', 1));
    drain('whole', 5_000);
    drain('limited', 150);
    await clock.advance(300);
    assert.deepEqual(drained, ['empty 0', 'limited 150', 'whole 200']);
  });

  test('a database that cannot be written delays deliveries and loses none', async () => {
    const receiver = new Receiver();
    make(receiver).start();
    outbox.enqueue(event('a', 0));
    outbox.enqueue(event('a', 1));
    database.exec('PRAGMA query_only = 1');
    await clock.advance(60_000);
    assert.deepEqual(receiver.sent, ['0 a 0'], 'the result of the first one could not be noted');
    database.exec('PRAGMA query_only = 0');
    await clock.advance(10_000);
    assert.deepEqual(
      receiver.sent.map((line) => line.slice(line.indexOf(' ') + 1)),
      ['a 0', 'a 1'],
    );
    assert.deepEqual(
      deliveries.map(({ id, state }) => [id, state]),
      [
        [1, 'delivered'],
        [2, 'delivered'],
      ],
    );
  });

  test('what is put in while the next of its operation cannot be read does not go ahead of that', async (t) => {
    const receiver = new Receiver();
    make(receiver);
    outbox.onDelivery(({ id }) => {
      if (id !== 1) return;
      const reading = t.mock.method(database, 'get', () => {
        throw new StorageError('io', 'the disk cannot be read');
      });
      clock.after(1_000, () => reading.mock.restore());
    });
    outbox.start();
    outbox.enqueue(event('a', 0));
    outbox.enqueue(event('a', 1));
    await clock.advance(2_000);
    outbox.enqueue(event('a', 2));
    await clock.advance(10_000);
    assert.deepEqual(receiver.sent, ['0 a 0', '5100 a 1', '5200 a 2']);
  });

  test('a listener that throws does not stop the deliveries', async () => {
    make(new Receiver());
    outbox.onDelivery(() => {
      throw new Error('listener');
    });
    outbox.start();
    outbox.enqueue(event('a', 0));
    outbox.enqueue(event('a', 1));
    await clock.advance(1_000);
    assert.equal(deliveries.length, 2);
  });
});

describe('after a restart', () => {
  let directory: string;

  beforeEach(() => {
    database.close();
    directory = mkdtempSync(path.join(os.tmpdir(), 'openswml-outbox-'));
    database = Database.open(directory, { clock: clock.forFiles() });
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  async function restart(receiver: Receiver): Promise<void> {
    await outbox.close();
    database.close();
    database = Database.open(directory, { clock: clock.forFiles() });
    make(receiver).start();
  }

  test('what was under way, waiting and behind is sent, in order, with the same key', async () => {
    const keys = new Map<string, string>();
    const record = (callback: CallbackRow, result: AttemptResult): AttemptResult => {
      const name = `${callback.operationId} ${callback.id}`;
      assert.equal(keys.get(name) ?? callback.idempotencyKey, callback.idempotencyKey);
      keys.set(name, callback.idempotencyKey);
      return result;
    };
    const first = new Receiver((callback) => record(callback, FAILED));
    make(first).start();
    outbox.enqueue(event('waiting', 0));
    outbox.enqueue(event('waiting', 1));
    await clock.advance(500);
    outbox.enqueue(event('under way', 0));
    outbox.enqueue(event('under way', 1));
    await clock.advance(50);
    const second = new Receiver((callback) => record(callback, OK));
    await restart(second);
    await clock.advance(10_000);
    assert.deepEqual(second.sent, ['550 under way 0', '650 under way 1', '1100 waiting 0', '1200 waiting 1']);
    assert.equal(stored('delivered').length, 4);
    const attempts = Object.fromEntries(stored('delivered').map((row) => [row.id, row.attempts]));
    assert.deepEqual(attempts, { 1: 2, 2: 1, 3: 2, 4: 1 }, 'the attempt that was broken off counts');
  });

  test('what waits does so no longer than was chosen, though the clock was set back meanwhile', async () => {
    make(new Receiver(() => FAILED)).start();
    outbox.enqueue(event('a', 0));
    await clock.advance(200);
    clock.setBackMs = HOUR_MS;
    const second = new Receiver();
    await restart(second);
    await clock.advance(2_000);
    assert.deepEqual(second.sent, ['1200 a 0']);
  });

  test('a dead letter that an operator puts back beside the running server is sent within a second', async () => {
    let answer: AttemptResult = { type: 'refused', status: 410, error: 'gone' };
    make(new Receiver(() => answer)).start();
    outbox.enqueue(event('a', 0));
    await clock.advance(5_000);
    answer = OK;
    const beside = Database.openShared(directory);
    const [dead] = new CallbackTable(beside).list('dead', 10);
    new CallbackTable(beside).retry(dead!.id, { now: clock.now(), giveUpAfterMs: HOUR_MS });
    beside.close();
    await clock.advance(1_200);
    assert.deepEqual(
      deliveries.map(({ id, state }) => [id, state]),
      [
        [dead!.id, 'dead'],
        [dead!.id, 'delivered'],
      ],
    );
    assert.deepEqual(stored('dead'), []);
  });

  test('draining waits for what follows a callback of which the end is being written', async () => {
    const order: string[] = [];
    const receiver = new Receiver(({ body }) => {
      order.push(body.includes('"n":0') ? 'first' : 'second');
      // When the attempt is over, and before its outcome is committed.
      if (order.length === 1)
        process.nextTick(() => void outbox.drain(3_000).then(() => order.push('drained')));
      return OK;
    });
    make(receiver).start();
    outbox.enqueue(event('a', 0));
    outbox.enqueue(event('a', 1));
    await clock.advance(1_000);
    assert.deepEqual(order, ['first', 'second', 'drained']);
  });

  test('the limit on open callbacks still counts those of the last run', async () => {
    make(new Receiver(() => FAILED)).start();
    for (let n = 0; n < 3; n++) outbox.enqueue(event('a', n));
    await restart(new Receiver(() => FAILED));
    await outbox.close();
    make(new Receiver(), { maxOpen: 3 });
    outbox.enqueue(event('a', 3));
    assert.equal(stored('dead').length, 1);
  });
});
