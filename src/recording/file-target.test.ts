import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { RealClock } from '../time/real-clock.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { TargetError } from './byte-target.ts';
import { type FileSystem, nodeFileSystem } from './file-system.ts';
import { FileTarget, type FileTargetOptions } from './file-target.ts';
import { until } from '../../test/support/until.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'openswml-target-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;

class Bench {
  readonly path = path.join(folder, `${files++}.wav`);
  readonly errors: TargetError[] = [];
  readonly target: FileTarget;

  constructor(faults: Partial<FileSystem> = {}, options: Partial<FileTargetOptions> = {}) {
    this.target = new FileTarget(this.path, {
      clock: new RealClock(),
      files: { ...nodeFileSystem, ...faults },
      ...options,
    });
    this.target.open((error) => this.errors.push(error));
  }

  get part(): string {
    return `${this.path}.part`;
  }
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: it says`), { code });
}

function text(value: string): Uint8Array {
  return Buffer.from(value);
}

/** A promise that the test settles. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

test('a file grows as .part and has its name only when it is finished', async () => {
  const bench = new Bench();
  bench.target.append(text('head'));
  bench.target.append(text('-body'));
  await until(() => bench.target.queuedBytes === 0);
  assert.equal(readFileSync(bench.part, 'utf8'), 'head-body');
  assert.equal(existsSync(bench.path), false);
  bench.target.append(text('-tail'));
  bench.target.patch(0, text('HEAD'));
  assert.equal(await bench.target.finish(), 14);
  assert.equal(readFileSync(bench.path, 'utf8'), 'HEAD-body-tail');
  assert.equal(existsSync(bench.part), false);
  assert.deepEqual(bench.errors, []);
});

test('recordings are not readable for everybody, and missing folders are made', async () => {
  const file = path.join(folder, 'a', 'b', 'c.wav');
  const target = new FileTarget(file, { clock: new RealClock() });
  target.open(() => assert.fail());
  target.append(text('x'));
  await target.finish();
  assert.equal(statSync(file).mode & 0o007, 0);
});

test('data are forced to the disk before the name is given', async () => {
  const calls: string[] = [];
  const bench = new Bench({
    sync: (fd) => {
      calls.push('sync');
      return nodeFileSystem.sync(fd);
    },
    rename: (from, to) => {
      calls.push('rename');
      return nodeFileSystem.rename(from, to);
    },
    write: (fd, bytes, position) => {
      calls.push('write');
      return nodeFileSystem.write(fd, bytes, position);
    },
  });
  bench.target.append(text('x'));
  await bench.target.finish();
  assert.deepEqual(calls, ['write', 'sync', 'rename']);
});

test('every buffer is given back once its bytes are written', async () => {
  const bench = new Bench();
  const released: number[] = [];
  for (let i = 0; i < 5; i++) bench.target.append(text('abc'), () => released.push(i));
  assert.deepEqual(released, []);
  await bench.target.finish();
  assert.deepEqual(released, [0, 1, 2, 3, 4]);
});

test('writes that the system splits are continued where they stopped', async () => {
  const bench = new Bench({
    write: (fd, bytes, position) => nodeFileSystem.write(fd, bytes.subarray(0, 3), position),
  });
  bench.target.append(text('0123456789'));
  bench.target.append(text('abc'));
  await bench.target.finish();
  assert.equal(readFileSync(bench.path, 'utf8'), '0123456789abc');
});

test('a disk that takes no bytes at all is an error, not an endless loop', async () => {
  const bench = new Bench({ write: async () => 0 });
  bench.target.append(text('x'));
  await until(() => bench.errors.length > 0);
  assert.match(bench.errors[0]!.message, /takes no more bytes/);
});

test('a disk that is too slow ends in an error of bounded memory, and buffers in use are not given back', async () => {
  const stuck = gate();
  let writing = false;
  const bench = new Bench(
    {
      write: async (fd, bytes, position) => {
        writing = true;
        await stuck.opened;
        return nodeFileSystem.write(fd, bytes, position);
      },
    },
    { maxQueuedBytes: 10_000 },
  );
  const released = new Set<number>();
  for (let i = 0; i < 100; i++) {
    bench.target.append(new Uint8Array(1000), () => released.add(i));
    assert.ok(bench.target.queuedBytes <= 11_000);
    if (i === 2) await until(() => writing);
  }
  assert.equal(bench.errors.length, 1);
  assert.equal(bench.errors[0]!.code, 'TOO_SLOW');
  assert.match(bench.errors[0]!.message, new RegExp(`${bench.part}: the disk is too slow: 11000 bytes`));
  // The first one is in the kernel's hands.
  assert.equal(released.has(0), false);
  assert.equal(released.size, 99);
  stuck.open();
  await bench.target.abandon();
  assert.equal(released.size, 100);
  assert.equal(statSync(bench.part).size, 1000);
});

test('a failure behind the first one is not told again', async () => {
  const stuck = gate();
  let writing = false;
  const bench = new Bench(
    {
      write: async () => {
        writing = true;
        await stuck.opened;
        throw systemError('EIO');
      },
    },
    { maxQueuedBytes: 10 },
  );
  bench.target.append(text('0123456789'));
  await until(() => writing);
  bench.target.append(text('0'));
  stuck.open();
  await bench.target.abandon();
  assert.deepEqual(
    bench.errors.map((error) => error.code),
    ['TOO_SLOW'],
  );
});

test('a full disk is reported once with its cure; what was written stays for repair', async () => {
  let writes = 0;
  const bench = new Bench({
    write: async (fd, bytes, position) => {
      if (++writes === 3) throw systemError('ENOSPC');
      return nodeFileSystem.write(fd, bytes, position);
    },
  });
  const released: number[] = [];
  for (let i = 0; i < 5; i++) bench.target.append(text(`chunk${i}`), () => released.push(i));
  await until(() => bench.errors.length > 0);
  bench.target.append(text('more'), () => released.push(5));
  assert.deepEqual(released.sort(), [0, 1, 2, 3, 4, 5]);
  await assert.rejects(bench.target.finish(), /disk is full: free space.*\(ENOSPC\)/);
  assert.equal(bench.errors.length, 1);
  assert.equal(readFileSync(bench.part, 'utf8'), 'chunk0chunk1');
  assert.equal(existsSync(bench.path), false);
});

test('a folder that cannot be written is reported with path and cure', async () => {
  for (const [code, cure] of [
    ['EACCES', /permission denied: let the user/],
    ['EROFS', /read-only: mount it for writing/],
    ['EMFILE', /ulimit -n/],
    ['EWEIRD', /EWEIRD: it says/],
  ] as const) {
    const bench = new Bench({ create: () => Promise.reject(systemError(code)) });
    bench.target.append(text('x'));
    await until(() => bench.errors.length > 0);
    assert.equal(bench.errors[0]!.code, code);
    assert.match(bench.errors[0]!.message, cure);
    assert.ok(bench.errors[0]!.message.includes(bench.part));
    await assert.rejects(bench.target.finish(), cure);
  }
});

test('a path through something that is no folder is an error', async () => {
  const blocker = path.join(folder, 'blocker');
  writeFileSync(blocker, '');
  const errors: TargetError[] = [];
  const target = new FileTarget(path.join(blocker, 'r.wav'), { clock: new RealClock() });
  target.open((error) => errors.push(error));
  await until(() => errors.length > 0);
  assert.match(errors[0]!.message, /blocker\/r\.wav\.part.*(ENOTDIR|EEXIST)/);
});

test('an error while finishing leaves the .part file and no final one', async () => {
  for (const fault of ['sync', 'rename'] as const) {
    const bench = new Bench({ [fault]: () => Promise.reject(systemError('EIO')) });
    bench.target.append(text('abc'));
    await assert.rejects(
      bench.target.finish(),
      (error) => error instanceof TargetError && error.code === 'EIO',
    );
    assert.equal(existsSync(bench.part), true);
    assert.equal(existsSync(bench.path), false);
  }
});

test('a .part file that is already there is not overwritten', async () => {
  const file = path.join(folder, 'twice.wav');
  writeFileSync(`${file}.part`, 'precious');
  const errors: TargetError[] = [];
  const target = new FileTarget(file, { clock: new RealClock() });
  target.open((error) => errors.push(error));
  target.append(text('x'));
  await until(() => errors.length > 0);
  assert.equal(errors[0]!.code, 'EEXIST');
  await target.discard();
  assert.equal(readFileSync(`${file}.part`, 'utf8'), 'precious');
});

test('discarding leaves nothing behind, abandoning leaves the .part file', async () => {
  const discarded = new Bench();
  discarded.target.append(text('abc'));
  await discarded.target.discard();
  assert.equal(existsSync(discarded.part), false);
  const abandoned = new Bench();
  abandoned.target.append(text('abc'));
  await until(() => abandoned.target.queuedBytes === 0);
  await abandoned.target.abandon();
  assert.equal(readFileSync(abandoned.part, 'utf8'), 'abc');
  await abandoned.target.abandon();
});

test('a file that is given up, or thrown away, while it is made durable is so once that is done', async () => {
  for (const end of ['abandon', 'discard'] as const) {
    const stuck = gate();
    let syncing = false;
    const bench = new Bench({
      sync: async (fd) => {
        syncing = true;
        await stuck.opened;
        return nodeFileSystem.sync(fd);
      },
    });
    bench.target.append(text('abc'));
    const finishing = bench.target.finish();
    await until(() => syncing);
    const ended = bench.target[end]();
    for (let turn = 0; turn < 20; turn++) await new Promise((next) => setImmediate(next));
    stuck.open();
    assert.equal(await finishing, 3);
    await ended;
    assert.deepEqual([existsSync(bench.path), existsSync(bench.part)], [end === 'abandon', false]);
  }
});

test('virtual time waits for the disk', async () => {
  const clock = new VirtualClock();
  const bench = new Bench({}, { clock });
  bench.target.append(new Uint8Array(100_000));
  await clock.settle();
  assert.equal(bench.target.queuedBytes, 0);
  let size = 0;
  void bench.target.finish().then((bytes) => {
    size = bytes;
  });
  await clock.settle();
  assert.equal(size, 100_000);
});
