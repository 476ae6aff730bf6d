import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { seededRandom } from '../media/test-signals.ts';
import { PortBook, portBookMemory, REST_MS } from './port-book.ts';

const RANGE = { minPort: 20_001, maxPort: 20_160 };
const PAIRS = 79;

/** Books of several threads over one memory, and the time of all of them. */
function books(threads: number, seed = 1) {
  const time = { ms: 1e6 };
  const memory = portBookMemory(RANGE, threads);
  const each = Array.from(
    { length: threads },
    (_, thread) =>
      new PortBook({ ...RANGE, memory, thread, nowMs: () => time.ms, random: seededRandom(seed + thread) }),
  );
  return { each, time };
}

function takeAll(book: PortBook): number[] {
  const ports: number[] = [];
  for (let port = book.take(); port !== undefined; port = book.take()) ports.push(port);
  return ports;
}

test('each pair of the range is had once, in an order that nobody guesses', () => {
  const orders = [1, 2, 3].map((seed) => takeAll(books(1, seed).each[0]!));
  for (const order of orders) {
    const sorted = order.toSorted((a, b) => a - b);
    assert.deepEqual(
      sorted,
      Array.from({ length: PAIRS }, (_, pair) => 20_002 + 2 * pair),
    );
    assert.notDeepEqual(order, sorted);
  }
  assert.equal(new Set(orders.map((order) => order.slice(0, 5).join())).size, 3);
});

test('pairs with a port that is ours for something else are had by nobody', () => {
  // Below the first pair, in one as the odd port, in one as the even one, and behind the last.
  const reserved = [20_001, 20_005, 20_100, 20_160];
  const book = new PortBook({
    ...RANGE,
    memory: portBookMemory(RANGE, 1, reserved),
    nowMs: () => 0,
    random: seededRandom(1),
  });
  const ports = takeAll(book);
  assert.equal(ports.length, PAIRS - 2);
  assert.ok(!ports.includes(20_004) && !ports.includes(20_100));
});

test('any pair may be the first one', () => {
  const seen = new Set<number>();
  const random = seededRandom(7);
  for (let i = 0; i < 5_000; i++) seen.add(new PortBook({ ...RANGE, nowMs: () => 0, random }).take()!);
  assert.equal(seen.size, PAIRS);
});

test('a pair that was given back is had again last of all, until it has rested', () => {
  const { each, time } = books(2);
  const [book, other] = [each[0]!, each[1]!];
  const port = book.take()!;
  book.giveBack(port);
  const rest = takeAll(other);
  assert.equal(rest.length, PAIRS);
  assert.equal(rest.at(-1), port, 'where nothing else is free');
  for (const one of rest) other.giveBack(one);
  time.ms += REST_MS;
  const late = other.take()!;
  other.giveBack(late);
  // Those of the period before the last have rested, this one has not.
  time.ms += REST_MS;
  const order = takeAll(book);
  assert.deepEqual([order.length, order.at(-1)], [PAIRS, late]);
});

test('what another program has is nobody’s until it has been left alone for some time', () => {
  const { each, time } = books(2);
  const [book, other] = [each[0]!, each[1]!];
  const foreign = [book.take()!, other.take()!];
  book.setAside(foreign[0]!);
  other.setAside(foreign[1]!);
  const rest = takeAll(book);
  assert.equal(rest.length, PAIRS - 2);
  time.ms += REST_MS - 1;
  assert.equal(other.hasFree, false);
  time.ms += REST_MS + 1;
  // Who only asks learns of it as well.
  assert.equal(other.hasFree, true);
  assert.deepEqual(takeAll(book).toSorted(), foreign.toSorted());
});

test('what a thread had that is no more is free again, and what others have is not', () => {
  const { each } = books(2);
  const lost = [each[0]!.take(), each[0]!.take()];
  const rest = takeAll(each[1]!);
  each[1]!.giveBackOf(0);
  assert.deepEqual(takeAll(each[1]!).toSorted(), lost.toSorted());
  assert.equal(rest.length, PAIRS - 2);
});

test('whatever threads do, a pair has one owner, none is lost, and the book tells truly whether one is free', () => {
  const step = fc.record({
    thread: fc.nat(2),
    act: fc.constantFrom('take', 'take', 'giveBack', 'giveBack', 'putBack', 'setAside', 'wait'),
    which: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), fc.nat(), (steps, seed) => {
      const { each, time } = books(3, seed);
      const held = each.map(() => [] as number[]);
      for (const { thread, act, which } of steps) {
        const [book, mine] = [each[thread]!, held[thread]!];
        if (act === 'wait') {
          time.ms += which % (3 * REST_MS);
        } else if (act === 'take') {
          const { hasFree } = book;
          const port = book.take();
          assert.equal(port !== undefined, hasFree);
          if (port === undefined) continue;
          assert.ok(!held.flat().includes(port));
          mine.push(port);
        } else if (mine.length > 0) {
          const [port] = mine.splice(which % mine.length, 1);
          book[act](port!);
        }
      }
      for (const [thread, ports] of held.entries()) for (const port of ports) each[thread]!.giveBack(port);
      time.ms += 2 * REST_MS;
      assert.equal(new Set(takeAll(each[0]!)).size, PAIRS);
    }),
    { numRuns: 50 },
  );
});

test('threads that take and give back at the same time never have the same pair', async () => {
  const range = { minPort: 20_000, maxPort: 20_079 };
  const memory = portBookMemory(range, 2);
  const owners = new Int32Array(new SharedArrayBuffer(4 * 40));
  const code = `
    import { parentPort, workerData } from 'node:worker_threads';
    const { PortBook } = await import(workerData.module);
    const { owners, thread } = workerData;
    const book = new PortBook({ ...workerData, nowMs: () => performance.now(), random: Math.random });
    const held = [];
    let doubles = 0;
    for (let i = 0; i < 50_000; i++) {
      const port = i % 3 < 2 ? book.take() : undefined;
      if (port !== undefined) {
        const pair = (port - workerData.minPort) / 2;
        if (Atomics.exchange(owners, pair, 1) !== 0) doubles++;
        held.push(port);
      } else if (held.length > 0) {
        const [given] = held.splice(Math.floor(Math.random() * held.length), 1);
        Atomics.store(owners, (given - workerData.minPort) / 2, 0);
        book.giveBack(given);
      }
    }
    for (const port of held) {
      Atomics.store(owners, (port - workerData.minPort) / 2, 0);
      book.giveBack(port);
    }
    parentPort.postMessage(doubles);`;
  const module = new URL('./port-book.ts', import.meta.url).href;
  const workers = [0, 1].map(
    (thread) =>
      new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
        workerData: { ...range, memory, thread, owners, module },
      }),
  );
  const doubles = await Promise.all(workers.map((worker) => once(worker, 'message')));
  assert.deepEqual(doubles, [[0], [0]]);
  const book = new PortBook({ ...range, memory, nowMs: () => 0, random: Math.random });
  assert.equal(takeAll(book).length, 40);
});
