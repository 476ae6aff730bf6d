import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { VirtualClock } from '../time/virtual-clock.ts';
import { TurnSink } from './turn-sink.ts';

test('the lines of one turn are handed on together, in their order; what waits can be had at once', async () => {
  const written: string[] = [];
  const clock = new VirtualClock();
  const sink = new TurnSink({ write: (text) => written.push(text), flushSync: () => {} }, clock);
  sink.write('a\n');
  await Promise.resolve();
  sink.write('b\n');
  assert.deepEqual(written, []);
  await new Promise((resolve) => setImmediate(resolve));
  sink.write('c\n');
  sink.release();
  sink.write('d\n');
  await clock.advance(100);
  assert.deepEqual(written, ['a\nb\n', 'c\n', 'd\n']);
});

for (const [how, end] of [
  ['process.exit', 'process.exit(0);'],
  ['an error that nobody catches', "throw new Error('over');"],
] as const) {
  test(`what was logged in the turn that ends the process by ${how} is written`, () => {
    const program = `
      import { createLogger } from ${JSON.stringify(path.join(import.meta.dirname, 'line-logger.ts'))};
      const log = createLogger({ format: 'json', level: 'info' });
      log.info({}, 'first');
      await new Promise((resolve) => setTimeout(resolve, 50));
      log.info({}, 'last words');
      ${end}`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program]);
    const messages = String(stdout).trim().split('\n');
    assert.deepEqual(
      messages.map((line) => (JSON.parse(line) as { msg: string }).msg),
      ['first', 'last words'],
    );
  });
}
