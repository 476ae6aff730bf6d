import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deadlineAfter } from './deadline.ts';
import { VirtualClock } from './virtual-clock.ts';

/** Its timers can come too late, as behind a standstill. */
class LateClock extends VirtualClock {
  lateMs = 0;

  override monotonic(): number {
    return super.monotonic() + this.lateMs;
  }
}

function wait(): { clock: LateClock; ends: () => number; cancel: () => void } {
  const clock = new LateClock();
  let ends = 0;
  const timer = deadlineAfter(clock, 1_000, () => ends++);
  return { clock, ends: () => ends, cancel: () => timer.cancel() };
}

test('a deadline comes at its time', async () => {
  const { clock, ends } = wait();
  await clock.advance(999);
  assert.equal(ends(), 0);
  await clock.advance(1);
  assert.equal(ends(), 1);
});

test('behind a standstill it comes a quarter of a second later, once, unless it is cancelled by then', async () => {
  for (const cancelled of [false, true]) {
    const { clock, ends, cancel } = wait();
    clock.lateMs = 300;
    await clock.advance(1_200);
    assert.equal(ends(), 0);
    if (cancelled) cancel();
    await clock.advance(60_000);
    assert.equal(ends(), cancelled ? 0 : 1);
    assert.equal(clock.pendingTimers, 0);
  }
});
