import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { afterDelay } from './timer-lists.ts';

test('timers of one delay fire in their order and not early; those that were cancelled never do', async () => {
  const fired: string[] = [];
  const beganMs = performance.now();
  await new Promise<void>((resolve) => {
    const note = (name: string) => (): void => {
      assert.ok(performance.now() - beganMs >= 29, name);
      fired.push(name);
    };
    const first = afterDelay(30, note('first'));
    afterDelay(30, note('second'));
    const third = afterDelay(30, note('third'));
    afterDelay(30, () => {
      fired.push('fourth');
      fifth.cancel();
      afterDelay(30, () => {
        fired.push('set while others fired');
        resolve();
      });
    });
    const fifth = afterDelay(30, note('fifth'));
    first.cancel();
    third.cancel();
    third.cancel();
  });
  assert.deepEqual(fired, ['second', 'fourth', 'set while others fired']);
});

test('a timer that is set when all before it were cancelled waits for its whole delay', async () => {
  for (const pauseMs of [0, 20]) {
    afterDelay(40, () => assert.fail('cancelled')).cancel();
    await new Promise<void>((resolve) => setTimeout(resolve, pauseMs));
    const beganMs = performance.now();
    await new Promise<void>((resolve) => afterDelay(40, resolve));
    assert.ok(performance.now() - beganMs >= 39);
  }
});

test('more delays than there are lists kept for', async () => {
  const delays = Array.from({ length: 200 }, (_, index) => 1 + (index % 100));
  const fired = await Promise.all(
    delays.map((delay) => new Promise<number>((resolve) => afterDelay(delay, () => resolve(delay)))),
  );
  assert.deepEqual(fired, delays);
});

/** What a process writes that runs `code` with `after` for timers, and for how long it ran, ms. */
function run(code: string): { readonly written: string; readonly status: number | null } {
  const module = new URL('./timer-lists.ts', import.meta.url).href;
  const source = `import { afterDelay as after } from ${JSON.stringify(module)};\n${code}`;
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { written: stdout, status };
}

test('a timer that throws takes no other with it', () => {
  const { written } = run(`
    process.on('uncaughtException', (error) => console.log(error.message));
    after(10, () => { throw new Error('thrown'); });
    after(10, () => console.log('the next'));
    after(20, () => console.log('another delay'));`);
  // Where the machine stands still for 20 ms, both of the others are due, and either may come first.
  const [first, ...others] = written.trimEnd().split('\n');
  assert.equal(first, 'thrown');
  assert.deepEqual(others.toSorted(), ['another delay', 'the next']);
});

test('only timers that may still fire keep the process', () => {
  assert.deepEqual(run('after(60_000, () => {}).cancel();'), { written: '', status: 0 });
  const { written, status } = run(`
    after(300, () => console.log('cancelled')).cancel();
    after(300, () => console.log('fired'));`);
  assert.deepEqual({ written, status }, { written: 'fired\n', status: 0 });
});
