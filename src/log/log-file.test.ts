import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { RealClock } from '../time/real-clock.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { LogFile } from './log-file.ts';

/** Logs for 200 ms, tells its ticks on standard error, and ends as `end` says. */
const program = (end: string): readonly string[] => [
  // Of Node 24.0 to 24.2, about type stripping.
  '--disable-warning=ExperimentalWarning',
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

/** More than a pipe or socket holds, in lines that are told apart. */
const LINES = Array.from({ length: 20_000 }, (_, n) => `line ${n} of a log that is long`);

/** When the program ends, by what its log is doing; `exit` ends it. */
const ENDS = {
  'as the log finds the reader busy': `
    class Ending extends RealClock {
      after(delay, callback) {
        const timer = super.after(delay, callback);
        exit();
        return timer;
      }
    }
    const clock = new Ending();
    const begun = () => {};`,
  'one turn after the log has found the reader busy': `
    class Ending extends RealClock {
      after(delay, callback) {
        setImmediate(exit);
        return super.after(delay, callback);
      }
    }
    const clock = new Ending();
    const begun = () => {};`,
  'as the log tries again': `
    class Ending extends RealClock {
      after(delay, callback) {
        return super.after(delay, () => {
          callback();
          exit();
        });
      }
    }
    const clock = new Ending();
    const begun = () => {};`,
  'before a turn is over': 'const clock = new RealClock(); const begun = exit;',
  'after one turn': 'const clock = new RealClock(); const begun = () => setImmediate(exit);',
  'while the log fills the pipe': `
    const clock = new RealClock();
    let turns = 0;
    const begun = () => (++turns < 5 ? setImmediate(begun) : exit());`,
};

for (const [when, how] of Object.entries(ENDS)) {
  test(`a reader that is slow gets every line, whole and in order, where the program exits ${when}`, async () => {
    const child = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        '--input-type=module',
        '--eval',
        `import { LogFile } from ${JSON.stringify(import.meta.resolve('./log-file.ts'))};
        import { RealClock } from ${JSON.stringify(import.meta.resolve('../time/real-clock.ts'))};
        // Makes it one that does not block, as terminals and servers do.
        process.stdout.columns;
        const exit = () => {
          process.stderr.write('exits');
          process.exit(0);
        };
        ${how}
        const log = new LogFile({ target: 1, clock, onLost: () => {} });
        process.on('exit', () => log.flushSync('last words\\n'));
        for (let n = 0; n < ${LINES.length}; n++) log.write('line ' + n + ' of a log that is long\\n');
        begun();`,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const ended = once(child, 'close');
    await once(child.stderr, 'data');
    const text: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (piece: string) => text.push(piece));
    const [status] = await ended;
    assert.equal(status, 0);
    assert.deepEqual(text.join('').split('\n'), [...LINES, 'last words', '']);
  });
}

test('a flush waits for no reader that has stopped, and what waited comes when it reads again', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-log-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const pipe = path.join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const target = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  const clock = new VirtualClock();
  const log = new LogFile({ target, clock, onLost: () => assert.fail('lines were lost') });
  for (const line of LINES) log.write(`${line}\n`);
  let flushed = false;
  void log.flush().then(() => {
    flushed = true;
  });
  const passes = async (until: () => boolean): Promise<void> => {
    for (let n = 0; n < 2000 && !until(); n++) {
      await wait(2);
      await clock.advance(100);
    }
    assert.ok(until());
  };
  await passes(() => flushed);
  assert.ok(clock.monotonic() >= 9_000, 'the reader gets some seconds');
  const piece = Buffer.alloc(64 * 1024);
  const length = LINES.reduce((sum, line) => sum + line.length + 1, 0);
  let text = '';
  const readOn = (): boolean => {
    try {
      text += piece.toString('utf8', 0, readSync(target, piece));
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
    }
    return text.length >= length;
  };
  await passes(readOn);
  closeSync(target);
  assert.deepEqual(text.split('\n'), [...LINES, '']);
});
