import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_CATCH_UP } from '../time/clock.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { LateThread } from './late-thread.test-helper.ts';
import { Turns } from './turns.ts';

interface Told {
  readonly turn: number;
  readonly atMs: number;
  readonly isPassed: boolean;
  /** When it was told, ms. */
  readonly nowMs: number;
}

function setUp(needed: Set<number>, count = 24) {
  const world = new VirtualClock();
  const thread = new LateThread(world, 'io_uring');
  const told: Told[] = [];
  let wakes = 0;
  const turns = new Turns({
    clock: {
      ...thread.clock,
      after: (ms, callback) =>
        thread.clock.after(ms, () => {
          wakes++;
          callback();
        }),
    },
    periodMs: 10,
    count,
    isNeeded: (turn) => needed.has(turn),
    onTurn: (turn, atMs, isPassed) => told.push({ turn, atMs, isPassed, nowMs: world.monotonic() }),
  });
  return { world, thread, turns, told, wakes: () => wakes };
}

test('every turn is told in order with the time at which it was due, whoever needs it', async () => {
  for (const needed of [[], [0], [5, 6], [1, 7, 13, 19], [...Array(24).keys()]]) {
    const { world, turns, told } = setUp(new Set(needed));
    turns.start();
    await world.advance(1000);
    turns.passOver();
    turns.stop();
    assert.equal(told.length, 100);
    for (const [i, { turn, atMs, isPassed }] of told.entries()) {
      assert.equal(turn, i % 24);
      assert.equal(atMs, 10 * (i + 1));
      // A whole round in which nobody needs anything ends by a wake-up all the same.
      assert.equal(isPassed, !needed.includes(turn) && (needed.length > 0 || turn !== 23));
    }
    assert.equal(world.pendingTimers, 0);
  }
});

test('the thread is woken for needed turns only', async () => {
  const { world, turns, told, wakes } = setUp(new Set([2, 8, 14, 20]));
  turns.start();
  await world.advance(2400);
  assert.equal(wakes(), 40);
  for (const { atMs, isPassed, nowMs } of told) assert.ok(isPassed ? nowMs > atMs : nowMs === atMs);
});

test('a turn that becomes needed is not missed', async () => {
  const needed = new Set([20]);
  const { world, turns, told } = setUp(needed);
  turns.start();
  await world.advance(35);
  needed.add(3);
  needed.add(4);
  turns.refresh();
  await world.advance(20);
  const full = told.filter(({ isPassed }) => !isPassed);
  assert.deepEqual(
    full.map(({ turn, nowMs }) => [turn, nowMs]),
    [
      [3, 40],
      [4, 50],
    ],
  );
});

test('before something happens, what has passed by then is told, and nothing that is needed', async () => {
  const { world, turns, told } = setUp(new Set([5]));
  turns.start();
  await world.advance(35);
  turns.passOver();
  assert.deepEqual(
    told.map(({ turn }) => turn),
    [0, 1, 2],
  );
  await world.advance(25);
  assert.deepEqual(
    told.map(({ isPassed }) => isPassed),
    [true, true, true, true, true, false],
  );
});

test('what a standstill has missed is made up for as by a timer that repeats, and no more of it', async () => {
  const { world, thread, turns, told } = setUp(new Set([...Array(24).keys()]));
  turns.start();
  await world.advance(100);
  await thread.standStill(95);
  assert.equal(told.length, 19);
  assert.deepEqual(
    told.slice(10).map(({ nowMs, isPassed }) => [nowMs, isPassed]),
    Array.from({ length: 9 }, () => [195, false]),
  );
  await thread.standStill(10_000);
  assert.ok(told.length - 19 <= MAX_CATCH_UP + 1, `${told.length - 19} turns`);
  for (const [i, { turn }] of told.entries()) assert.equal(turn, i % 24);
});

test('what a standstill has missed can be made up for before the timer comes; what is not missed waits for it', async () => {
  const { world, thread, turns, told } = setUp(new Set([...Array(24).keys()]));
  turns.start();
  await world.advance(105);
  turns.makeUp();
  assert.equal(told.length, 10);
  await thread.standStill(60, async () => {
    await world.advance(60);
    turns.makeUp();
    assert.equal(told.length, 16);
  });
  assert.equal(told.length, 16);
  await world.advance(10);
  assert.equal(told.length, 17);
});

test('turns that nobody needed before a standstill began have their own times, those in it the time behind it', async () => {
  const { world, thread, turns, told } = setUp(new Set([5]));
  turns.start();
  await world.advance(25);
  await thread.standStill(100);
  const times = told.map(({ atMs }) => atMs);
  assert.deepEqual(times.slice(0, 5), [10, 20, 30, 40, 50]);
  assert.deepEqual(times.slice(5), Array(7).fill(125));
});
