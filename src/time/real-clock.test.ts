import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { RealClock } from './real-clock.ts';

test('a repeating timer keeps an absolute schedule through a stall', async () => {
  const clock = new RealClock();
  let ticks = 0;
  const start = clock.monotonic();
  await new Promise<void>((resolve) => {
    const timer = clock.every(10, () => {
      ticks++;
      if (ticks === 3) {
        // A blocked event loop: the ticks missed meanwhile must be made up.
        while (clock.monotonic() - start < 80);
      }
      if (ticks === 12) {
        timer.cancel();
        resolve();
      }
    });
  });
  const elapsed = clock.monotonic() - start;
  // Twelve ticks are due at 120 ms on the absolute schedule; not a speed bound, only never early.
  assert.ok(elapsed >= 119, `12 ticks took ${elapsed} ms`);
  assert.equal(ticks, 12);
});

test('wall clock and monotonic clock advance together', async () => {
  const clock = new RealClock();
  const wall = clock.now();
  const mono = clock.monotonic();
  await new Promise<void>((resolve) => clock.after(15, resolve));
  assert.ok(Math.abs(clock.now() - wall - (clock.monotonic() - mono)) < 1);
  assert.ok(Math.abs(clock.now() - Date.now()) < 1000);
});

test('the wall clock follows the clock of the machine when that is set; the monotonic one does not', (t) => {
  const clock = new RealClock();
  const dateNow = Date.now;
  const wall = clock.now();
  const mono = clock.monotonic();
  const hour = 3_600_000;
  // Less than a second is no reason to leave the even count.
  for (const [set, seen] of [
    [500, 0],
    [hour, hour],
    [hour + 500, hour],
    [-hour, -hour],
    [0, 0],
  ] as const) {
    const mocked = t.mock.method(Date, 'now', () => dateNow() + set);
    const passed = clock.now() - wall - (clock.monotonic() - mono);
    mocked.mock.restore();
    assert.ok(Math.abs(passed - seen) < 100, `${passed} ms of ${seen} when set by ${set}`);
  }
  assert.ok(clock.monotonic() - mono < 60_000);
  assert.ok(Math.abs(clock.now() - Date.now()) < 1000);
});

test('the monotonic clock has the same origin in all threads', async () => {
  const clock = new RealClock();
  const before = clock.monotonic();
  const module = new URL('./real-clock.ts', import.meta.url).href;
  const worker = new Worker(
    `import('${module}').then(({ RealClock }) =>
      require('node:worker_threads').parentPort.postMessage(new RealClock().monotonic()));`,
    { eval: true },
  );
  const [reading] = (await once(worker, 'message')) as [number];
  assert.ok(reading > before && reading < clock.monotonic(), `${reading}, ${before} at the beginning`);
});
