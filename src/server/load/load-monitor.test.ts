import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Logger, silentLogger } from '../../log/logger.ts';
import type { WorkerLoad } from '../../mediaworker/worker-host.ts';
import { VirtualClock } from '../../time/virtual-clock.ts';
import { LoadMonitor, type LoadMonitorOptions } from './load-monitor.ts';
import { SECONDS_TO_CHANGE } from './overload.ts';

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

/** Looks `seconds` times at a media thread that is never idle. */
function strained(
  t: TestContext,
  seconds: number,
  counts: () => boolean,
  others: Partial<LoadMonitorOptions> = {},
): LoadMonitor {
  const clock = new TickedClock();
  const busy: WorkerLoad = { sessions: 1, utilization: 1, frames: 50, lateFrames: 25 };
  const monitor = new LoadMonitor({
    ...{ clock, log: silentLogger, folders: [], counts },
    workers: () => [busy],
    ...others,
  });
  monitor.start();
  t.after(() => monitor.close());
  for (let second = 1; second <= seconds; second++) {
    clock.nowMs = second * 1_000;
    clock.tick();
  }
  return monitor;
}

test('what threads do for the calls of the warm-up is no overload, and none of its frames count', (t) => {
  const calls = strained(t, SECONDS_TO_CHANGE, () => true);
  assert.deepEqual([calls.overloaded, calls.lateFrames], [true, 25 * SECONDS_TO_CHANGE]);
  const warmUp = strained(t, 2 * SECONDS_TO_CHANGE, () => false);
  assert.deepEqual([warmUp.overloaded, warmUp.lateFrames], [false, 0]);
});

test('where calls are taken all the same, an overload is told as that, and no figure says that it refuses', (t) => {
  const told: string[] = [];
  const log: Logger = { ...silentLogger, warn: (_fields, message) => told.push(message) };
  const after = (others: Partial<LoadMonitorOptions>): LoadMonitor =>
    strained(t, SECONDS_TO_CHANGE, () => true, { log, ...others });
  assert.equal(after({}).mayRefuse, true);
  const taking = after({ refuses: false });
  assert.deepEqual([taking.overloaded, taking.mayRefuse], [true, false]);
  // Whoever has waited for 32 s is turned away there, too.
  taking.noteTurnedAway('overload');
  assert.equal(taking.mayRefuse, true);
  const [refusing, other, ...rest] = told;
  assert.match(refusing ?? '', /: they are refused$/);
  assert.match(other ?? '', /: they are taken all the same/);
  assert.deepEqual(rest, []);
});

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
