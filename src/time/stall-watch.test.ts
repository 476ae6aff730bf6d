import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StallWatch } from './stall-watch.ts';
import { VirtualClock } from './virtual-clock.ts';

function watch(): { clock: VirtualClock; watch: StallWatch; stalls: () => number } {
  const clock = new VirtualClock();
  let stalls = 0;
  return { clock, watch: new StallWatch(clock, 10_000, () => stalls++), stalls: () => stalls };
}

test('a silence is a stall when it lasts for a second more, once', async () => {
  const { clock, watch: it, stalls } = watch();
  it.begin();
  await clock.advance(5_000);
  it.begin();
  await clock.advance(5_999);
  assert.equal(stalls(), 0);
  await clock.advance(1);
  assert.equal(stalls(), 1);
  await clock.advance(60_000);
  assert.equal(stalls(), 1);
  assert.equal(clock.pendingTimers, 0);
});

test('an answer that waited behind the timer, as after a standstill of this thread, is in time', async () => {
  const { clock, watch: it, stalls } = watch();
  it.begin();
  await clock.advance(10_000);
  it.heard();
  await clock.advance(10_900);
  assert.equal(stalls(), 0);
  await clock.advance(100);
  assert.equal(stalls(), 1);
});

test('where nothing is due, nothing stalls', async () => {
  const { clock, watch: it, stalls } = watch();
  it.begin();
  await clock.advance(10_500);
  it.end();
  await clock.advance(60_000);
  assert.equal(stalls(), 0);
  it.begin();
  await clock.advance(10_500);
  assert.equal(stalls(), 0);
});
