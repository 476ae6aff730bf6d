import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { ERRNO } from '../io-uring/abi.ts';
import { type Libc, loadLibc } from '../io-uring/libc.ts';
import { Reactor } from '../io-uring/reactor.ts';
import type { Timer } from '../time/clock.ts';
import { RealClock } from '../time/real-clock.ts';
import type { TargetError } from './byte-target.ts';
import type { FileSystem } from './file-system.ts';
import { FileTarget } from './file-target.ts';
import { uringFiles } from './uring-files.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'openswml-uring-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const clock = new RealClock();
const { files, refused } = open();

function open(): { readonly files: FileSystem | undefined; readonly refused: string | false } {
  try {
    const reactor = new Reactor(loadLibc());
    after(() => reactor.close());
    return { files: uringFiles(reactor, clock), refused: false };
  } catch (cause) {
    return { files: undefined, refused: String(cause) };
  }
}

function target(file: string, onError: (error: TargetError) => void = () => {}): FileTarget {
  const made = new FileTarget(file, { clock, files: files! });
  made.open(onError);
  return made;
}

test('writes of many files at once arrive whole, each in its own', { skip: refused }, async () => {
  const many = Array.from({ length: 40 }, (_, n) => target(path.join(folder, `many-${n}`)));
  for (let portion = 0; portion < 30; portion++) {
    // Some so short that the engine keeps them within the object, which it moves about.
    for (const [n, file] of many.entries())
      file.append(new Uint8Array(1 + ((n * 37 + portion * 11) % 900)).fill(n));
  }
  const sizes = await Promise.all(many.map((file) => file.finish()));
  for (const [n, file] of many.entries()) {
    const bytes = readFileSync(file.path);
    assert.equal(bytes.length, sizes[n]);
    assert.ok(bytes.length > 30 && bytes.every((byte) => byte === n), `file ${n}`);
  }
});

test('a part of a longer buffer is written, and only released when it is', { skip: refused }, async () => {
  const file = target(path.join(folder, 'part'));
  const buffer = new Uint8Array(4096).fill(1);
  buffer.fill(7, 1000, 1100);
  let released = false;
  file.append(buffer.subarray(1000, 1100), () => {
    released = true;
    buffer.fill(9);
  });
  assert.equal(released, false);
  await file.drained();
  assert.equal(released, true);
  file.patch(10, Uint8Array.of(5, 5));
  assert.equal(await file.finish(), 100);
  const expected = new Uint8Array(100).fill(7).fill(5, 10, 12);
  assert.deepEqual(new Uint8Array(readFileSync(file.path)), expected);
});

test('a full disk is told with its cure, as by any other way', { skip: refused }, async () => {
  const errors: TargetError[] = [];
  const full: FileSystem = { ...files!, create: () => files!.open('/dev/full') };
  const made = new FileTarget(path.join(folder, 'full'), { clock, files: full });
  made.open((error) => errors.push(error));
  made.append(new Uint8Array(500));
  await made.drained();
  assert.equal(errors.length, 1);
  assert.equal(errors[0]?.code, 'ENOSPC');
  assert.match(errors[0]!.message, /the disk is full: free space/);
  await made.abandon();
});

test('a write to a descriptor that is closed fails and harms no other', { skip: refused }, async () => {
  const failed = new Promise<number>((resolve, reject) => {
    files!.writeTogether!(987_654, new Uint8Array(10), 0, (written, error) =>
      error === undefined ? resolve(written) : reject(error),
    );
  });
  const file = target(path.join(folder, 'beside'));
  file.append(Uint8Array.of(1, 2, 3));
  await assert.rejects(failed, { code: 'EBADF' });
  assert.equal(await file.finish(), 3);
});

/** A ring of few places. */
function openReactor(places: number, change: (libc: Libc) => Partial<Libc> = () => ({})): Reactor {
  const libc = loadLibc();
  const reactor = new Reactor({ ...libc, ...change(libc) }, places);
  after(() => reactor.close());
  return reactor;
}

test('what io_uring does not take, for want of memory, is written all the same', {
  skip: refused,
}, async () => {
  let refuses = false;
  const reactor = openReactor(4, (libc) => ({
    ioUringEnter: (fd, submit, flags) => (refuses ? -ERRNO.EAGAIN : libc.ioUringEnter(fd, submit, flags)),
  }));
  const few = uringFiles(reactor, clock);
  const errors: TargetError[] = [];
  const many = Array.from({ length: 12 }, (_, n) => {
    const made = new FileTarget(path.join(folder, `refused-${n}`), { clock, files: few });
    made.open((error) => errors.push(error));
    return made;
  });
  await Promise.all(many.map((file) => file.drained()));
  refuses = true;
  for (const [n, file] of many.entries()) file.append(new Uint8Array(100).fill(n));
  few.flush();
  refuses = false;
  await Promise.all(many.map((file) => file.finish()));
  assert.deepEqual(errors, []);
  for (const [n, file] of many.entries())
    assert.deepEqual(new Uint8Array(readFileSync(file.path)), new Uint8Array(100).fill(n));
});

/** Counts the timers that are set. */
class CountingClock extends RealClock {
  timers = 0;

  override after(delayMs: number, callback: () => void): Timer {
    this.timers++;
    return super.after(delayMs, callback);
  }
}

test('within a turn, whose end hands writes over, they set no timer; outside of one they do', {
  skip: refused,
}, async () => {
  const counting = new CountingClock();
  const turns = uringFiles(openReactor(8), counting);
  const file = new FileTarget(path.join(folder, 'turns'), { clock, files: turns });
  file.open(() => {});
  await file.drained();
  counting.timers = 0;
  turns.beginTurn();
  file.append(Uint8Array.of(1, 2));
  turns.flush();
  assert.equal(counting.timers, 0);
  // What is under way is looked for by that timer then.
  await file.drained();
  counting.timers = 0;
  file.append(Uint8Array.of(3));
  assert.equal(counting.timers, 1);
  assert.equal(await file.finish(), 3);
  assert.deepEqual(new Uint8Array(readFileSync(file.path)), Uint8Array.of(1, 2, 3));
});

for (const code of ['EINTR', 'EAGAIN'] as const) {
  test(`a write that ends with ${code} is done again: that is no fault of the disk`, {
    skip: refused,
  }, async () => {
    const reactor = openReactor(8);
    const attach = reactor.attach.bind(reactor);
    let broken = 1;
    reactor.attach = (onResult) =>
      attach((index, result, flags) => onResult(index, broken-- > 0 ? -ERRNO[code] : result, flags));
    const errors: TargetError[] = [];
    const file = new FileTarget(path.join(folder, code), { clock, files: uringFiles(reactor, clock) });
    file.open((error) => errors.push(error));
    await file.drained();
    file.append(Uint8Array.of(1, 2, 3));
    assert.equal(await file.finish(), 3);
    assert.deepEqual(errors, []);
    assert.ok(broken <= 0);
    assert.deepEqual(new Uint8Array(readFileSync(file.path)), Uint8Array.of(1, 2, 3));
  });
}
