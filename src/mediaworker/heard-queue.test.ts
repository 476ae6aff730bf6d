import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeardQueue } from './heard-queue.ts';

const frameOf = (value: number): Int16Array => new Int16Array(4).fill(value);
/** Room for thirteen frames of four samples. */
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

test('what is passed over at its place is silence when it is taken, and what comes behind it keeps its place', () => {
  const [queue, other] = [newQueue(), newQueue()];
  const taken: number[][] = [[], []];
  const counts = [4, 0, 8, 4, 2, 6, 4, 4];
  for (const count of counts) {
    queue.push();
    queue.pass(count);
    other.push();
    for (let left = count; left > 0; left -= 4)
      taken[1]!.push(...other.take(Math.min(4, left)).subarray(0, Math.min(4, left)));
  }
  const passed = counts.reduce((sum, count) => sum + count);
  for (let at = 0; at < passed; at += 4) taken[0]!.push(...queue.take(4));
  assert.deepEqual(taken[0], taken[1]);
  for (const each of [queue, other]) {
    each.push(frameOf(7));
    assert.equal(each.isSilent, false);
  }
  const behind = (each: HeardQueue): number[] => [...each.take(4), ...each.take(4), ...each.take(4)];
  const sound = behind(other);
  assert.ok(sound.includes(7));
  assert.deepEqual(behind(queue), sound);
  assert.deepEqual([queue.isSilent, other.isSilent], [true, true]);
});

test('without room the oldest frame goes', () => {
  const queue = newQueue();
  for (let value = 1; value <= 15; value++) queue.push(frameOf(value));
  assert.equal(queue.pushed - queue.taken, 52);
  assert.deepEqual([...queue.take(4)], [3, 3, 3, 3]);
});

test('the first frame lies beside what arrives with it, also where that is still to come', () => {
  const firstPlace = (receivedUntil: number, opened = 0): number => {
    const queue = new HeardQueue(4, 200);
    queue.begin({ receivedUntil, head: 100, delay: { opened } });
    queue.push(frameOf(1));
    const taken = Array.from({ length: 6 }, () => [...queue.take(4)]).flat();
    return taken.indexOf(1);
  };
  // A packet that came just behind the last tick, one that came just before this one.
  assert.deepEqual([firstPlace(112), firstPlace(115)], [16, 16]);
  assert.equal(firstPlace(109), 12);
  // The packet itself, and the frame that is on its way out meanwhile; the head will wait for the playout delay.
  assert.deepEqual([firstPlace(0), firstPlace(100)], [8, 8]);
  // In a pause of the sender, it has done so already.
  assert.equal(firstPlace(0, 8), 16);
});

/** Ten seconds of frames but the last, each taken at once, while arrivals lie `lead` samples ahead of their place. */
function tenSeconds(queue: HeardQueue, lead: number, level: number): number[] {
  const taken: number[] = [];
  for (let tick = 1; tick < 500; tick++) {
    queue.push(frameOf(level));
    queue.arrived(lead + queue.pushed - queue.taken - 4);
    taken.push(...queue.take(4));
  }
  return taken;
}

test('a place that has become too early is corrected by silence where it is quiet, anyhow when it is a frame off', () => {
  const quiet = newQueue();
  tenSeconds(quiet, 3, 5);
  quiet.push(frameOf(5));
  assert.deepEqual([...quiet.take(4), ...quiet.take(4)], [0, 0, 0, 0, 5, 5, 5, 5]);

  const loud = newQueue();
  tenSeconds(loud, 3, 9000);
  loud.push(frameOf(9000));
  assert.deepEqual([...loud.take(4)], [9000, 9000, 9000, 9000]);
  tenSeconds(loud, 9, 9000);
  loud.push(frameOf(9000));
  assert.deepEqual([...loud.take(4), ...loud.take(4)], [0, 0, 0, 0, 9000, 9000, 9000, 9000]);
});

test('a place that has become too late is corrected by leaving out what waits', () => {
  const queue = newQueue();
  queue.begin({ receivedUntil: 106, head: 100 });
  for (let value = 1; value < 500; value++) {
    queue.push(frameOf(value % 100));
    queue.arrived(-4 + queue.pushed - queue.taken - 4);
    queue.take(4);
  }
  assert.equal(queue.pushed - queue.taken, 8);
  queue.push(frameOf(3));
  assert.equal(queue.pushed - queue.taken, 8);
});

test('of what waits where a place is too late by several frames, no more is left out than is quiet', () => {
  const queue = newQueue();
  queue.begin({ receivedUntil: 114, head: 100 });
  const value = (n: number): number => (n === 496 ? 5 : 9000 + n);
  for (let n = 1; n < 500; n++) {
    queue.push(frameOf(value(n)));
    queue.arrived(-12 + queue.pushed - queue.taken - 4);
    queue.take(4);
  }
  // Those from 496 on wait: a moment of silence in the midst of a word.
  queue.push(frameOf(value(500)));
  assert.deepEqual(
    [497, 498, 499, 500].map(() => queue.take(4)[0]),
    [497, 498, 499, 500].map(value),
  );
});

test('a place that is off by less than half a frame is left alone', () => {
  const queue = newQueue();
  for (const lead of [2, -2]) {
    assert.ok(tenSeconds(queue, lead, 5).every((sample) => sample === 5));
    queue.push(frameOf(5));
    assert.deepEqual([...queue.take(4)], [5, 5, 5, 5]);
  }
});
