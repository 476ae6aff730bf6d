import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeardQueue } from './heard-queue.ts';

const frameOf = (value: number): Int16Array => new Int16Array(4).fill(value);
/** Room for ten frames of four samples. */
const newQueue = (): HeardQueue => new HeardQueue(4, 100);

test('a frame that finds no place waits, and none is lost or doubled', () => {
  const queue = newQueue();
  const taken: number[] = [];
  for (const [value, count] of [
    [1, 4],
    [2, 0],
    [3, 4],
    [4, 4],
    [5, 2],
  ] as const) {
    queue.push(frameOf(value));
    if (count > 0) taken.push(...queue.take(count).subarray(0, count));
  }
  taken.push(...queue.take(4));
  assert.deepEqual(taken, [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5]);
  assert.deepEqual([queue.pushed, queue.taken], [20, 18]);
});

test('what is not there is silence', () => {
  const queue = newQueue();
  assert.deepEqual([...queue.take(4)], [0, 0, 0, 0]);
  queue.push(frameOf(7));
  assert.deepEqual([...queue.take(3)], [7, 7, 7, 0]);
  assert.deepEqual([...queue.take(3)], [7, 0, 0, 0]);
});

test('without room the oldest frame goes', () => {
  const queue = newQueue();
  for (let value = 1; value <= 12; value++) queue.push(frameOf(value));
  assert.equal(queue.pushed - queue.taken, 40);
  assert.deepEqual([...queue.take(4)], [3, 3, 3, 3]);
});
