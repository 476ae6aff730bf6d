import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../log/logger.ts';
import { VirtualClock } from '../../time/virtual-clock.ts';
import { LoadMonitor } from './load-monitor.ts';

/** One whose ticks the test makes. */
class TickedClock extends VirtualClock {
  nowMs = 0;
  tick = (): void => {};

  override monotonic(): number {
    return this.nowMs;
  }

  override every(_intervalMs: number, callback: () => void) {
    this.tick = callback;
    return { cancel: () => {} };
  }
}

test('ticks that are made up for after a stall are no seconds, and what came in them counts for the next', (t) => {
  const clock = new TickedClock();
  const monitor = new LoadMonitor({ clock, log: silentLogger, workers: () => [], folders: [] });
  monitor.start();
  t.after(() => monitor.close());
  clock.nowMs = 4_000;
  clock.tick();
  const { samples } = monitor;
  assert.equal(samples.length, 1);
  for (const madeUpMs of [4_000.1, 4_000.2, 4_000.3]) {
    clock.nowMs = madeUpMs;
    clock.tick();
    assert.equal(monitor.samples, samples, 'looked at again');
  }
  clock.nowMs = 5_000;
  clock.tick();
  assert.notEqual(monitor.samples, samples);
});
