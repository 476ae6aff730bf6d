import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { RealClock } from '../time/real-clock.ts';
import { LogFile } from './log-file.ts';

/** Logs for 200 ms, tells its ticks on standard error, and ends as `end` says. */
const program = (end: string): readonly string[] => [
  '--input-type=module',
  '--eval',
  `import { createLogger } from ${JSON.stringify(import.meta.resolve('./line-logger.ts'))};
  const log = createLogger({ format: 'json', level: 'info' });
  for (let tick = 1; tick <= 4; tick++) {
    log.info({ tick }, 'tick');
    await new Promise((resolve) => setTimeout(resolve, 50));
    process.stderr.write(String(tick));
  }
  log.info({}, 'last words');
  ${end}`,
];

for (const [how, end] of [
  ['by itself', ''],
  ['by process.exit', 'process.exit(0);'],
  ['behind a flush', 'await log.flush();'],
] as const) {
  test(`a disk that is full under the log stops nothing, and the program ends ${how}`, () => {
    const full = openSync('/dev/full', 'w');
    const { status, signal, stderr } = spawnSync(process.execPath, program(end), {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
      timeout: 20_000,
    });
    closeSync(full);
    assert.deepEqual({ status, signal, stderr }, { status: 0, signal: null, stderr: '1234' });
  });
}

test('nobody who reads the log stops nothing, either', async () => {
  const child = spawn(process.execPath, program(''), { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  const ticks: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => ticks.push(text));
  const [status] = await once(child, 'close');
  assert.deepEqual([status, ticks.join('')], [0, '1234']);
});

test('when there is room again, what waited is written, and how many lines found no place is told', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-log-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const target = openSync('/dev/full', 'w');
  const file: LogFile = new LogFile({
    target,
    clock: new RealClock(),
    maxWaitingBytes: 12,
    onLost: (lines) => file.write(`lost ${lines}\n`),
  });
  file.write('one\n');
  await file.flush();
  file.write('two\n');
  await file.flush();
  file.write('three\nfour\n');
  file.write('five\n');
  await file.flush();
  // The same descriptor on another file: a disk that has room again.
  closeSync(target);
  const written = path.join(folder, 'x.log');
  assert.equal(openSync(written, 'a'), target);
  file.write('six\n');
  await file.flush();
  await file.flush();
  file.write('seven\n');
  await file.flush();
  closeSync(target);
  assert.equal(readFileSync(written, 'utf8'), 'one\ntwo\nsix\nlost 3\nseven\n');
});
