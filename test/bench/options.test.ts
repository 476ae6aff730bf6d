/** What the command lines of measurements refuse, and what they leave behind. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { OptionError } from '../../bench/command.ts';
import { callLimit } from '../../bench/measure.ts';
import { parseOptions } from '../../bench/options.ts';

const BENCH = path.resolve(import.meta.dirname, '../../bench');

test('more set-ups than callers have ports are refused before anything starts', () => {
  assert.throws(() => parseOptions(['--setups', '2000']), {
    message: '--setups 2000 for 10 s: expected 12000 calls at most; --hold makes it shorter',
  });
  assert.throws(() => parseOptions(['--setups', '100', '--hold', '121']), OptionError);
  assert.equal(parseOptions(['--setups', '2000', '--hold', '6'])?.setups, 2000);
  assert.equal(parseOptions(['--setups', '800', '--hold', '8'])?.hold, 8);
  // With media, all of them are up together, however long.
  assert.equal(parseOptions(['--calls', '5000', '--hold', '600'])?.calls, 5000);
});

test('the server of a long storm is told no limit of calls that it would refuse', () => {
  assert.equal(callLimit(300), 310);
  assert.equal(callLimit(1000 + 10_000 * 60), 100_000);
});

test('bench:formats leaves no folder behind where it measures nothing', (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-bench-options-'));
  context.after(() => rmSync(folder, { recursive: true }));
  for (const [args, wanted] of [
    [['--help'], 0],
    [['--calls', '0'], 2],
  ] as const) {
    const { status, stderr } = spawnSync(process.execPath, [path.join(BENCH, 'formats.ts'), ...args], {
      env: { ...process.env, TMPDIR: folder },
      encoding: 'utf8',
    });
    assert.equal(status, wanted, stderr);
    assert.deepEqual(readdirSync(folder), []);
  }
});

test('Ctrl-C ends what runs, however often npm passes it on; once more leaves at once, with no folder left', {
  skip: process.platform !== 'linux' && 'measurements need Linux',
}, async (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-bench-options-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const url = (file: string): string => JSON.stringify(pathToFileURL(path.join(BENCH, file)).href);
  writeFileSync(
    path.join(folder, 'slow-to-stop.mjs'),
    `import { runCommand } from ${url('command.ts')};
import { temporaryFolder } from ${url('../test/support/child-processes.ts')};
await runCommand({
  name: 'slow-to-stop',
  help: '',
  parse: () => ({}),
  run: async () => {
    console.log(temporaryFolder('openswml-bench-'));
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    return 0;
  },
  stop: () => new Promise(() => console.log('stopping')),
});
`,
  );
  const child = spawn(process.execPath, [path.join(folder, 'slow-to-stop.mjs')], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  context.after(() => child.kill('SIGKILL'));
  const over = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const made = String((await lines.next()).value);
  assert.ok(existsSync(made), made);
  child.kill('SIGINT');
  // The same press, passed on by npm: what runs is still being ended.
  child.kill('SIGINT');
  assert.equal((await lines.next()).value, 'stopping');
  await new Promise((resolve) => setTimeout(resolve, 400));
  assert.deepEqual([child.exitCode, child.signalCode], [null, null]);
  child.kill('SIGINT');
  assert.deepEqual(await over, [130, null]);
  assert.ok(!existsSync(made));
});
