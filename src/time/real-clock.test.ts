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

/** A reading of the wall clock, and the monotonic ones right before and behind it: the machine may stand still between. */
function read(clock: RealClock): { readonly wall: number; readonly from: number; readonly to: number } {
  const from = clock.monotonic();
  const wall = clock.now();
  return { wall, from, to: clock.monotonic() };
}

type Reading = ReturnType<typeof read>;

/** By how much the wall clock has gone ahead of the monotonic one from `first` to `second`, ms: no less and no more. */
function ahead(first: Reading, second: Reading): { readonly least: number; readonly most: number } {
  const passed = second.wall - first.wall;
  return { least: passed - (second.to - first.from), most: passed - (second.from - first.to) };
}

/** The clock says what the machine does, give or take the second from which on it follows a change. */
function assertNow(clock: RealClock): void {
  const before = Date.now();
  const now = clock.now();
  assert.ok(now > before - 1000 && now < Date.now() + 1000);
}

test('wall clock and monotonic clock advance together', async () => {
  const clock = new RealClock();
  const first = read(clock);
  await new Promise<void>((resolve) => clock.after(15, resolve));
  const { least, most } = ahead(first, read(clock));
  assert.ok(least < 1 && most > -1, `${least} to ${most} ms`);
  assertNow(clock);
});

test('the wall clock follows the clock of the machine when that is set; the monotonic one does not', (t) => {
  const clock = new RealClock();
  const dateNow = Date.now;
  const first = read(clock);
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
    const { least, most } = ahead(first, read(clock));
    mocked.mock.restore();
    assert.ok(
      least < seen + 100 && most > seen - 100,
      `${least} to ${most} ms of ${seen} when set by ${set}`,
    );
  }
  const { from } = read(clock);
  assert.ok(from >= first.to && from - first.to < 1_800_000, 'the monotonic clock was not set');
  assertNow(clock);
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
