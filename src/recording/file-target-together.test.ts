import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../media/test-signals.ts';
import { RealClock } from '../time/real-clock.ts';
import type { TargetError } from './byte-target.ts';
import { FileTarget } from './file-target.ts';
import { MemoryFiles } from './memory-files.test-helper.ts';

interface Waiting {
  readonly bytes: Uint8Array;
  done(error?: Error): void;
}

/** A target on a disk whose writes go together when the test says so, each as far as `share` of it. */
function setUp(share: () => number = () => 1) {
  const disk = new MemoryFiles();
  const waiting: Waiting[] = [];
  const counts = { together: 0, alone: 0, released: 0 };
  const errors: TargetError[] = [];
  const target = new FileTarget('a.wav', {
    clock: new RealClock(),
    maxQueuedBytes: 100_000,
    files: {
      create: (file) => disk.create(file),
      open: (file) => disk.open(file),
      write: async (fd, bytes, position) => {
        counts.alone++;
        return disk.write(fd, bytes, position);
      },
      writeTogether: (fd, bytes, position, onWritten) => {
        counts.together++;
        const taken = bytes.subarray(0, Math.floor(bytes.length * share()));
        const done = async (error?: Error): Promise<void> => {
          if (error === undefined) await disk.write(fd, taken, position);
          onWritten(error === undefined ? taken.length : 0, error);
        };
        waiting.push({ bytes, done: (error) => void done(error) });
      },
      hurry: () => flush(),
      read: (fd, bytes, position) => disk.read(fd, bytes, position),
      truncate: (fd, length) => disk.truncate(fd, length),
      sync: () => disk.sync(),
      close: (fd) => disk.close(fd),
      rename: (from, to) => disk.rename(from, to),
      remove: (file) => disk.remove(file),
      size: (file) => disk.size(file),
    },
  });
  const flush = (error?: Error): void => {
    for (const write of waiting.splice(0)) write.done(error);
  };
  target.open((error) => errors.push(error));
  return { disk, target, waiting, counts, errors, flush };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('bytes come whole and in order, however much of each write the disk takes and whenever', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    const { disk, target, counts, flush } = setUp(() => (random() < 0.7 ? 1 : random()));
    const all: number[] = [];
    for (let n = 0; n < 60; n++) {
      const bytes = Uint8Array.from({ length: 1 + Math.floor(random() * 40) }, () => random() * 256);
      all.push(...bytes);
      target.append(bytes, () => {
        counts.released++;
        bytes.fill(0);
      });
      if (random() < 0.3) flush();
      if (random() < 0.3) await turn();
    }
    assert.equal(await target.finish(), all.length);
    assert.deepEqual([...disk.content('a.wav')], all);
    assert.equal(counts.released, 60);
    assert.equal(target.queuedBytes, 0);
    assert.ok(counts.together > 0);
  }
});

test('one write of a file is under way at a time; those behind it wait', async () => {
  const { target, waiting, flush } = setUp();
  await turn();
  for (let n = 1; n <= 3; n++) target.append(new Uint8Array(n));
  for (let n = 1; n <= 3; n++) {
    assert.deepEqual(
      waiting.map(({ bytes }) => bytes.length),
      [n],
    );
    flush();
    await turn();
  }
  await target.discard();
});

test('a failed write is told once, not in the midst of who looks for results, and releases everything', async () => {
  const { target, counts, errors, flush } = setUp();
  await turn();
  for (let n = 0; n < 3; n++) target.append(new Uint8Array(10), () => counts.released++);
  flush(Object.assign(new Error('ENOSPC: write'), { code: 'ENOSPC' }));
  assert.equal(errors.length, 0);
  await turn();
  assert.deepEqual(
    errors.map(({ code }) => code),
    ['ENOSPC'],
  );
  assert.equal(counts.released, 3);
  target.append(new Uint8Array(10), () => counts.released++);
  assert.equal(counts.released, 4);
  await assert.rejects(target.finish(), { code: 'ENOSPC' });
});

test('whoever waits for the end gets what waits for company written at once', async () => {
  const { disk, target, waiting } = setUp();
  await turn();
  target.append(new Uint8Array(7).fill(1));
  target.append(new Uint8Array(5).fill(2));
  assert.equal(waiting.length, 1);
  assert.equal(await target.finish(), 12);
  assert.equal(disk.content('a.wav').length, 12);
});

test('at the end, what touches nothing that is being written goes with it; what touches it comes behind', async () => {
  const { disk, target, waiting, counts } = setUp();
  await turn();
  target.append(new Uint8Array(50).fill(1));
  waiting.shift()!.done();
  await turn();
  target.append(new Uint8Array(7).fill(2));
  target.patch(0, new Uint8Array(4).fill(3));
  assert.equal(waiting.length, 1);
  assert.equal(await target.finish(), 57);
  assert.deepEqual(counts, { together: 3, alone: 0, released: 0 });
  assert.deepEqual([...disk.content('a.wav').subarray(0, 5)], [3, 3, 3, 3, 1]);

  const short = setUp();
  await turn();
  short.target.append(new Uint8Array(50).fill(1));
  short.target.patch(40, new Uint8Array(20).fill(3));
  assert.equal(await short.target.finish(), 60);
  assert.deepEqual(short.counts, { together: 1, alone: 1, released: 0 });
  assert.equal(short.disk.content('a.wav')[45], 3);
});

test('where one of the last writes fails, the others are waited for, and the failure is told once', async () => {
  const { target, waiting, errors, flush } = setUp();
  await turn();
  target.append(new Uint8Array(50));
  flush();
  await turn();
  target.append(new Uint8Array(7));
  target.patch(0, new Uint8Array(4));
  // Before the others are handed over, so that only this one fails.
  const [last] = waiting.splice(0);
  const finished = target.finish();
  last!.done(Object.assign(new Error('EIO: write'), { code: 'EIO' }));
  await assert.rejects(finished, { code: 'EIO' });
  assert.deepEqual(
    errors.map(({ code }) => code),
    ['EIO'],
  );
  assert.equal(target.queuedBytes, 0);
});
