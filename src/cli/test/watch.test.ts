import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs, { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, watch, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';

import { VirtualClock } from '../../time/virtual-clock.ts';
import { watchPlaces } from './watch.ts';

const COMMAND = path.resolve(import.meta.dirname, '../../../bin/openswml');
const WAITING = 'waiting for changes; Ctrl-C ends\n';

/** A running `openswml test --watch`, and what it has written. */
class Watcher {
  readonly child: ChildProcess;
  #written = '';
  #read = 0;
  #wake = (): void => {};

  constructor(context: TestContext, folder: string) {
    this.child = spawn(COMMAND, ['test', folder, '--watch'], { stdio: ['ignore', 'pipe', 'pipe'] });
    context.after(() => this.child.kill('SIGKILL'));
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#written += text;
        this.#wake();
      });
    }
  }

  /** Waits for a run that says this; a run may see a file that is half written, and then there is another. */
  async says(pattern: RegExp): Promise<void> {
    for (;;) {
      const at = this.#written.indexOf(WAITING, this.#read);
      if (at >= 0) {
        const text = this.#written.slice(this.#read, at);
        this.#read = at + WAITING.length;
        if (pattern.test(text)) return;
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

const testFile = (seconds: number): string =>
  `document: ../document.yaml\nexpect: { seconds: ${seconds}, end: { by: document } }\n`;
const document = (ms: number): string => `sections: { main: [answer, { sleep: ${ms} }] }\n`;

test('Watching, tests run again when a test, its document, or a new file comes; Ctrl-C ends with the last status', async (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-watch-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const place = (name: string): string => path.join(folder, name);
  mkdirSync(place('tests'));
  writeFileSync(place('tests/a.test.yaml'), testFile(1));
  writeFileSync(place('document.yaml'), document(1000));
  const watcher = new Watcher(context, place('tests'));
  await watcher.says(/1 passed; /);

  // The document, in a folder of its own, changes, so the test fails.
  writeFileSync(place('document.yaml'), document(2000));
  await watcher.says(/expected 1 ± 0\.05 s, found 2 s[\s\S]*0 passed, 1 failed; /);

  // The test follows, put there by a rename, as many editors do it.
  writeFileSync(place('tests/new'), testFile(2));
  renameSync(place('tests/new'), place('tests/a.test.yaml'));
  await watcher.says(/1 passed; /);

  // A file that cannot be read is told, and watching goes on.
  writeFileSync(place('tests/a.test.yaml'), 'document: [\n');
  await watcher.says(/test_parse_error[\s\S]*1 file cannot be used/);
  writeFileSync(place('tests/a.test.yaml'), testFile(2));
  await watcher.says(/1 passed; /);

  // Another test comes, and all are gone.
  writeFileSync(place('tests/b.test.yaml'), testFile(2));
  await watcher.says(/2 passed; /);
  rmSync(place('tests/b.test.yaml'));
  await watcher.says(/1 passed; /);
  rmSync(place('tests/a.test.yaml'));
  await watcher.says(/no tests in /);
  writeFileSync(place('tests/a.test.yaml'), testFile(3));
  await watcher.says(/0 passed, 1 failed/);

  watcher.child.kill('SIGINT');
  const [code] = (await once(watcher.child, 'exit')) as [number];
  assert.equal(code, 1);
});

test('The folder that a run keeps its results in is no change when it comes', async (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-watch-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const clock = new VirtualClock();
  const out = path.join(folder, 'out');
  const watching = watchPlaces([folder], out, clock, () => {}, assert.fail);
  context.after(() => watching.stop());
  const witness = watch(folder);
  context.after(() => witness.close());
  const seen = once(witness, 'change');
  mkdirSync(out);
  await seen;
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(clock.pendingTimers, 0);
});

test('A folder that another of its name has replaced is watched on', async (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-watch-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const clock = new VirtualClock();
  const inner = path.join(folder, 'tests');
  mkdirSync(inner);
  const watching = watchPlaces(
    [folder],
    undefined,
    clock,
    () => {},
    () => {},
  );
  context.after(() => watching.stop());
  /** Does something in `place`, and waits until it was seen. */
  const seenIn = async (place: string, work: () => void): Promise<void> => {
    const witness = watch(place);
    const seen = once(witness, 'change');
    work();
    await seen;
    witness.close();
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  await seenIn(folder, () => {
    rmSync(inner, { recursive: true });
    mkdirSync(inner);
  });
  assert.equal(clock.pendingTimers, 1);
  await clock.advance(1000);
  assert.equal(clock.pendingTimers, 0);
  await seenIn(inner, () => writeFileSync(path.join(inner, 'a.test.yaml'), testFile(1)));
  assert.equal(clock.pendingTimers, 1);
});

test('A link that leads to itself does not end the watching', async (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-watch-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const clock = new VirtualClock();
  const watching = watchPlaces([folder], undefined, clock, () => {}, assert.fail);
  context.after(() => watching.stop());
  const witness = watch(folder);
  context.after(() => witness.close());
  for (const [work, timers] of [
    [() => symlinkSync('loop', path.join(folder, 'loop')), 0],
    [() => writeFileSync(path.join(folder, 'a.test.yaml'), testFile(1)), 1],
  ] as const) {
    const seen = once(witness, 'change');
    work();
    await seen;
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(clock.pendingTimers, timers);
  }
});

test('A sound in AIFF is watched, too', async (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-watch-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const clock = new VirtualClock();
  const watching = watchPlaces([folder], undefined, clock, () => {}, assert.fail);
  context.after(() => watching.stop());
  const witness = watch(folder);
  context.after(() => witness.close());
  const seen = once(witness, 'change');
  writeFileSync(path.join(folder, 'a.aiff'), '');
  await seen;
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(clock.pendingTimers, 1);
});

test('A file that answers a request is watched, whatever its name ends in and wherever it stands', async (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-watch-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const place = (name: string): string => path.join(folder, name);
  mkdirSync(place('tests'));
  mkdirSync(place('answers'));
  writeFileSync(place('answers/hello.txt'), 'Hello');
  writeFileSync(
    place('tests/a.test.yaml'),
    `document: { sections: { main: [{ request: { url: "https://a.example/", method: GET } }] } }
web: { "https://a.example/": { file: ../answers/hello.txt } }
expect: { vars: { request_response_body: Hello } }
`,
  );
  const watcher = new Watcher(context, place('tests'));
  await watcher.says(/1 passed; /);
  writeFileSync(place('answers/hello.txt'), 'Goodbye');
  await watcher.says(/0 passed, 1 failed; /);
});

test('So is a file that answers only from an action of the caller on', async (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-watch-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const place = (name: string): string => path.join(folder, name);
  mkdirSync(place('tests'));
  mkdirSync(place('answers'));
  writeFileSync(place('answers/hello.txt'), 'Hello');
  writeFileSync(
    place('tests/a.test.yaml'),
    `document: { sections: { main: [answer, { sleep: 500 }, { request: { url: "https://a.example/", method: GET } }] } }
caller: [{ together: [[{ web: { "https://a.example/": { file: ../answers/hello.txt } } }]] }]
expect: { vars: { request_response_body: Hello } }
`,
  );
  const watcher = new Watcher(context, place('tests'));
  await watcher.says(/1 passed; /);
  writeFileSync(place('answers/hello.txt'), 'Goodbye');
  await watcher.says(/0 passed, 1 failed; /);
});

test('Where the system lets no more folders be watched, that is told with the cure', (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-watch-'));
  for (const name of ['a', 'b']) mkdirSync(path.join(folder, name));
  const watchReally = fs.watch;
  let left = 1;
  const mocked = context.mock.method(fs, 'watch', (place: string) => {
    if (left-- > 0) return watchReally(place);
    const message = 'ENOSPC: System limit for number of file watchers reached';
    throw Object.assign(new Error(message), { code: 'ENOSPC' });
  });
  syncBuiltinESMExports();
  context.after(() => {
    mocked.mock.restore();
    syncBuiltinESMExports();
    rmSync(folder, { recursive: true });
  });
  const told: string[] = [];
  const tell = (message: string): unknown => told.push(message);
  const follow = (): { stop(): void } => watchPlaces([folder], undefined, new VirtualClock(), () => {}, tell);
  follow().stop();
  const message = 'the system lets no more folders be watched: raise fs.inotify.max_user_watches (sysctl)';
  assert.deepEqual(told, [message]);
  assert.throws(follow, { name: 'UsageError', message });
});
