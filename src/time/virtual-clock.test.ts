import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sleep, within } from './clock.ts';
import { VirtualClock } from './virtual-clock.ts';

test('timers fire in order of due time, equal ones in the order they were set', async () => {
  const clock = new VirtualClock();
  const fired: string[] = [];
  clock.after(20, () => fired.push('c'));
  clock.after(10, () => fired.push('a'));
  clock.after(10, () => fired.push('b'));
  clock.after(30, () => fired.push('never'));
  await clock.advance(20);
  assert.deepEqual(fired, ['a', 'b', 'c']);
  assert.equal(clock.monotonic(), 20);
  assert.equal(clock.pendingTimers, 1);
});

test('a cancelled timer does not fire', async () => {
  const clock = new VirtualClock();
  let fired = 0;
  const timer = clock.after(5, () => fired++);
  const tick = clock.every(10, () => fired++);
  timer.cancel();
  await clock.advance(25);
  tick.cancel();
  await clock.advance(100);
  assert.equal(fired, 2);
});

test('a repeating timer can cancel itself from its own callback', async () => {
  const clock = new VirtualClock();
  let fired = 0;
  const tick = clock.every(10, () => {
    fired++;
    if (fired === 3) tick.cancel();
  });
  await clock.advance(1000);
  assert.equal(fired, 3);
});

test('promises settle between two instants', async () => {
  const clock = new VirtualClock();
  const seen: number[] = [];
  const run = async (): Promise<void> => {
    for (let i = 0; i < 3; i++) {
      await sleep(clock, 10);
      seen.push(clock.monotonic());
    }
  };
  const running = run();
  await clock.advance(30);
  await running;
  assert.deepEqual(seen, [10, 20, 30]);
});

test('work in flight holds the clock', async () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  clock.after(10, () => {
    void clock.holdWhile(new Promise<void>((resolve) => setTimeout(resolve, 20))).then(() => {
      seen.push(`read at ${clock.monotonic()}`);
    });
  });
  clock.after(11, () => seen.push('next timer'));
  await clock.advance(11);
  assert.deepEqual(seen, ['read at 10', 'next timer']);
});

test('runUntil says when nothing is left to happen', async () => {
  const clock = new VirtualClock();
  await assert.rejects(
    clock.runUntil(() => false),
    /nothing is left/,
  );
  clock.every(1000, () => {});
  await assert.rejects(
    clock.runUntil(() => false, 5000),
    /after 5000 ms/,
  );
});

test('an aborted sleep rejects with the reason and leaves no timer', async () => {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const slept = sleep(clock, 50, controller.signal);
  controller.abort(new Error('call ended'));
  await assert.rejects(slept, /call ended/);
  assert.equal(clock.pendingTimers, 0);
});

test('work that is waited for within a limit: whichever comes first, and no timer is left', async () => {
  const clock = new VirtualClock();
  const ends: string[] = [];
  const note = (what: string) => (): void => void ends.push(`${what} at ${clock.monotonic() - from}`);
  const from = clock.monotonic();
  const failing = sleep(clock, 20).then(() => Promise.reject(new Error('work fails')));
  void within(clock, sleep(clock, 10), 50).then(note('done'));
  void within(clock, failing, 50).then(note('failed'));
  void within(clock, new Promise(() => {}), 50).then(note('late'));
  await clock.advance(100);
  assert.deepEqual(ends, ['done at 10', 'failed at 20', 'late at 50']);
  assert.equal(clock.pendingTimers, 0);
});
