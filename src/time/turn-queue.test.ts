import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from './clock.ts';
import { TurnQueue } from './turn-queue.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A queue with 1 ms for each turn, whose items take as long as they say, ms. */
function bench() {
  let nowMs = 0;
  const done: number[] = [];
  const queue = new TurnQueue<number>({ monotonic: () => nowMs } as Clock, 1, (costMs) => {
    done.push(costMs);
    nowMs += costMs;
  });
  return { queue, done };
}

test('what fits into a turn is done at once, the rest in the turns behind it, in order', async () => {
  const { queue, done } = bench();
  queue.put([0.5, 0.6, 0.7, 0.8, 0.9]);
  assert.deepEqual(done, [0.5, 0.6]);
  assert.equal(queue.size, 3);
  queue.put([0.1]);
  assert.equal(queue.size, 4, 'not before those that wait');
  await turn();
  assert.deepEqual(done, [0.5, 0.6, 0.7, 0.8]);
  await turn();
  assert.deepEqual(done, [0.5, 0.6, 0.7, 0.8, 0.9, 0.1]);
  assert.equal(queue.size, 0);
});

test('an item that takes longer than a turn is done all the same, one in each', async () => {
  const { queue, done } = bench();
  queue.put([5, 6, 7]);
  assert.deepEqual(done, [5]);
  await turn();
  assert.deepEqual(done, [5, 6]);
  await turn();
  assert.deepEqual(done, [5, 6, 7]);
});

test('what comes alone in its turn never waits', async () => {
  const { queue, done } = bench();
  for (const item of [2, 3, 4]) {
    queue.put([item]);
    assert.equal(done.at(-1), item);
    await turn();
  }
});

test('the longer some wait, the more is done in a turn, whatever else takes its time', async () => {
  let nowMs = 0;
  let done = 0;
  const queue = new TurnQueue<number>({ monotonic: () => nowMs } as Clock, 0.5, () => {
    done++;
    nowMs += 0.1;
  });
  // Each turn brings 1.5 ms of work, and takes 3 ms for something else.
  for (let n = 0; n < 2000; n++) {
    queue.put(Array.from({ length: 15 }, (_, item) => item));
    nowMs += 3;
    await turn();
    assert.ok(queue.size < 100, `${queue.size} wait`);
  }
  assert.ok(done > 29_900);
});

test('what an item puts is done behind those that wait', () => {
  const done: string[] = [];
  const queue = new TurnQueue<string>({ monotonic: () => 0 } as Clock, 1, (item) => {
    done.push(item);
    if (item === 'a') queue.put(['c']);
  });
  queue.put(['a', 'b']);
  assert.deepEqual(done, ['a', 'b', 'c']);
});

test('what waits can be done at once', async () => {
  const { queue, done } = bench();
  queue.put([2, 0.1, 0.1]);
  queue.flush();
  assert.deepEqual(done, [2, 0.1, 0.1]);
  assert.equal(queue.size, 0);
  await turn();
  assert.deepEqual(done, [2, 0.1, 0.1]);
});
