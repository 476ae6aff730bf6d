import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { MPEGDecoder } from 'mpg123-decoder';
import { sine } from '../media/test-signals.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import type { CreateTarget, TargetError } from './byte-target.ts';
import type { EncodedFormat } from './encoder/frame-encoder.ts';
import { LocalEncoders } from './encoder/local-encoders.test-helper.ts';
import { type FileSystem, nodeFileSystem } from './file-system.ts';
import { FileTarget } from './file-target.ts';
import { createFileWriter } from './file-writer.ts';
import type { RecordingWriter } from './recording-writer.ts';
import { repairSpool } from './repair.ts';
import { SPEC } from './recorder-bench.ts';

const RATE = 8000;
const folder = mkdtempSync(path.join(tmpdir(), 'openswml-encoded-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

/** A writer of mono at 8 kHz with its surroundings, fed with a tone of 425 Hz. */
class Bench {
  readonly path: string;
  readonly clock: VirtualClock;
  readonly encoders = new LocalEncoders();
  readonly errors: TargetError[] = [];
  readonly notices: string[] = [];
  readonly writer: RecordingWriter;
  #buffer: Int16Array;
  #filled = 0;
  written = 0;

  constructor(format: EncodedFormat, createTarget?: CreateTarget, clock = new VirtualClock()) {
    this.clock = clock;
    this.path = path.join(folder, `${files++}.${format}`);
    const { encoders } = this;
    this.writer = createFileWriter(
      { ...SPEC, format, path: this.path },
      { sampleRate: RATE, clock, encoders, createTarget },
    );
    this.#buffer = this.writer.begin(
      (error) => this.errors.push(error),
      undefined,
      (text) => this.notices.push(text),
    );
  }

  say(seconds: number): void {
    for (const sample of tone(this.written, seconds * RATE)) {
      this.#buffer[this.#filled++] = sample;
      this.written++;
      if (this.#filled < this.#buffer.length) continue;
      this.#buffer = this.writer.write(this.#buffer, this.#filled);
      this.#filled = 0;
    }
  }

  finish(): Promise<number> {
    return this.writer.finish(this.#buffer, this.#filled);
  }

  get left(): string[] {
    return ['', '.part', '.pcm', '.pcm.part'].filter((suffix) => existsSync(this.path + suffix));
  }

  /** Length of the finished file by what it says of itself. */
  async seconds(format: EncodedFormat): Promise<number> {
    const told = await repairSpool(this.path, format);
    assert.ok(told.state === 'complete');
    assert.equal(told.byteSize, statSync(this.path).size);
    return told.durationMs / 1000;
  }
}

function tone(from: number, count: number): Int16Array {
  return sine(from + count, 425, -12, RATE).subarray(from);
}

async function decodeMp3(file: string): Promise<Float32Array> {
  const decoder = new MPEGDecoder();
  await decoder.ready;
  const { channelData } = decoder.decode(readFileSync(file));
  decoder.free();
  return channelData[0]!;
}

/** Longest stretch of a tone, in ms, in which it is more than 6 dB too quiet. */
function longestGapMs(samples: Float32Array): number {
  const block = RATE / 200;
  const expected = 10 ** (-12 / 20) / Math.SQRT2;
  let longest = 0;
  let gap = 0;
  for (let at = 0; at + block <= samples.length; at += block) {
    let power = 0;
    for (let i = at; i < at + block; i++) power += samples[i]! ** 2;
    gap = Math.sqrt(power / block) < expected / 2 ? gap + 5 : 0;
    longest = Math.max(longest, gap);
  }
  return longest;
}

for (const format of ['mp3', 'mp4'] as const) {
  test(`${format}: frames are in the file while it is recorded, and it is exactly as long in the end`, async () => {
    const bench = new Bench(format);
    bench.encoders.working = true;
    for (let second = 0; second < 5; second += 0.25) {
      bench.say(0.25);
      await bench.encoders.work();
    }
    await bench.clock.settle();
    assert.deepEqual(bench.left, ['.part']);
    assert.ok(statSync(`${bench.path}.part`).size > 12_000);
    bench.say(0.0137);
    const size = await bench.finish();
    assert.deepEqual(bench.left, ['']);
    assert.equal(size, statSync(bench.path).size);
    assert.equal(await bench.seconds(format), bench.written / RATE);
    assert.deepEqual([bench.errors, bench.notices], [[], []]);
  });

  test(`${format}: an encoder that never answers holds nobody up; all is encoded at the end`, async () => {
    const bench = new Bench(format);
    bench.say(7.5);
    assert.deepEqual(bench.notices, []);
    bench.say(1);
    assert.equal(bench.notices.length, 1);
    assert.match(bench.notices[0]!, /^the encoder is 8 s behind: the rest of the recording is encoded/);
    bench.say(3);
    await bench.clock.settle();
    assert.deepEqual(bench.left, ['.part', '.pcm.part']);
    bench.encoders.working = true;
    await bench.finish();
    assert.deepEqual(bench.left, ['']);
    assert.equal(await bench.seconds(format), 11.5);
    assert.deepEqual(bench.errors, []);
  });

  test(`${format}: of a recording whose encoder is late, a crash costs no more than of any other`, async () => {
    const bench = new Bench(format);
    bench.say(1);
    await bench.encoders.work();
    bench.say(1.2);
    await bench.clock.settle();
    bench.say(0.4);
    await bench.clock.settle();
    assert.deepEqual(bench.left, ['.part', '.pcm.part']);
    await bench.writer.abandon();
    const encoders = new LocalEncoders();
    encoders.working = true;
    const repaired = await repairSpool(bench.path, format, { encoders });
    assert.ok(repaired.state === 'complete');
    // What was gathered for the next portion is lost.
    assert.ok(repaired.durationMs > 2200 && repaired.durationMs <= 2600, `${repaired.durationMs} ms`);
    assert.deepEqual(bench.left, ['']);
  });

  test(`${format}: what comes in one go, as where a recording begins late, makes no encoder late`, async () => {
    const bench = new Bench(format);
    bench.say(5);
    await bench.encoders.work();
    bench.say(0.4);
    await bench.clock.settle();
    assert.deepEqual(bench.left, ['.part']);
    bench.encoders.working = true;
    await bench.finish();
    assert.equal(await bench.seconds(format), 5.4);
  });

  test(`${format}: an encoder that was late and caught up finishes the recording itself`, async () => {
    const bench = new Bench(format);
    bench.say(1.2);
    await bench.clock.settle();
    bench.say(0.4);
    await bench.clock.settle();
    assert.deepEqual(bench.left, ['.part', '.pcm.part']);
    await bench.encoders.work();
    bench.say(1);
    bench.encoders.working = true;
    await bench.finish();
    assert.deepEqual(bench.left, ['']);
    assert.equal(await bench.seconds(format), 2.6);
    assert.deepEqual([bench.encoders.opened.length, bench.errors, bench.notices], [1, [], []]);
  });

  test(`${format}: what a lost encoder owes is encoded by another, where it had stopped`, async () => {
    const bench = new Bench(format);
    bench.say(3);
    await bench.encoders.work();
    bench.say(2);
    bench.encoders.kill();
    assert.match(bench.notices[0]!, /^it was killed: the rest/);
    bench.say(2.123);
    bench.encoders.working = true;
    await bench.finish();
    assert.deepEqual(bench.left, ['']);
    assert.equal(await bench.seconds(format), 7.123);
    // It begins anew shortly before the place, not at the start.
    assert.deepEqual(
      bench.encoders.opened.map(({ skipFrames }) => skipFrames),
      [0, 3],
    );
  });

  test(`${format}: an encoder lost at the very end, or before the first frame, costs nothing`, async () => {
    for (const worked of [true, false]) {
      const bench = new Bench(format);
      bench.say(2);
      if (worked) await bench.encoders.work();
      const finished = bench.finish();
      bench.encoders.kill();
      bench.encoders.working = true;
      await finished;
      assert.deepEqual(bench.left, ['']);
      assert.equal(await bench.seconds(format), 2);
    }
  });

  test(`${format}: with no encoder to be had the recording fails by name, and the next start makes it whole`, async () => {
    const bench = new Bench(format);
    bench.say(2);
    await bench.encoders.work();
    bench.encoders.broken = 'the encoder thread failed: out of memory';
    bench.encoders.kill();
    bench.say(1.5);
    await assert.rejects(bench.finish(), {
      name: 'TargetError',
      code: 'ENCODER',
      message: 'the recording could not be encoded: the encoder thread failed: out of memory',
    });
    await bench.writer.abandon();
    assert.deepEqual(bench.left, ['.part', '.pcm']);

    const encoders = new LocalEncoders();
    encoders.working = true;
    const repaired = await repairSpool(bench.path, format, { encoders });
    assert.ok(repaired.state === 'complete');
    assert.equal(repaired.durationMs, 3500);
    assert.deepEqual(bench.left, ['']);
    assert.deepEqual(await repairSpool(bench.path, format), repaired);
  });

  test(`${format}: a recording that is thrown away leaves nothing, whatever state it is in`, async () => {
    for (const lost of [false, true]) {
      const bench = new Bench(format);
      bench.say(1);
      if (lost) bench.encoders.kill();
      bench.say(0.1);
      await bench.writer.discard();
      assert.deepEqual(bench.left, []);
      assert.deepEqual(bench.encoders.streams, []);
    }
  });

  test(`${format}: virtual time waits for an encoder that falls behind`, async () => {
    const bench = new Bench(format);
    bench.say(3);
    let later = false;
    const advanced = bench.clock.advance(1000).then(() => {
      later = true;
    });
    for (let turn = 0; turn < 20; turn++) await new Promise((next) => setImmediate(next));
    assert.equal(later, false);
    await bench.encoders.work();
    await advanced;
    await bench.writer.discard();
  });
}

test('mp3: of a tone, no more than a frame is lost where its encoder was', async () => {
  for (const seconds of [0.2, 1, 1.7]) {
    const bench = new Bench('mp3');
    bench.say(seconds);
    await bench.encoders.work();
    bench.say(0.1);
    bench.encoders.kill();
    bench.say(1);
    bench.encoders.working = true;
    await bench.finish();
    const samples = await decodeMp3(bench.path);
    assert.ok(Math.abs(samples.length / RATE - (seconds + 1.1)) < 0.02);
    const gap = longestGapMs(samples);
    assert.ok(gap <= 80, `${gap} ms of the tone are missing`);
  }
});

test('a disk that has no room for the spool any more costs nothing where the encoder has said its last word', async () => {
  const clock = new VirtualClock();
  const { promise: full, resolve: fill } = Promise.withResolvers<void>();
  const spoolFiles: FileSystem = {
    ...nodeFileSystem,
    write: async () => {
      await full;
      throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    },
  };
  const targetFiles: FileSystem = {
    ...nodeFileSystem,
    sync: async (fd) => {
      fill();
      for (let turn = 0; turn < 20; turn++) await new Promise((next) => setImmediate(next));
      return nodeFileSystem.sync(fd);
    },
  };
  const createTarget: CreateTarget = (file) =>
    new FileTarget(file, { clock, files: file.endsWith('.pcm') ? spoolFiles : targetFiles });
  const bench = new Bench('mp3', createTarget, clock);
  bench.say(1.2);
  await clock.settle();
  bench.say(0.4);
  bench.encoders.working = true;
  await bench.encoders.work();
  bench.say(1);
  const size = await bench.finish();
  assert.equal(size, statSync(bench.path).size);
  assert.deepEqual([bench.errors, bench.left], [[], ['']]);
});

test('a disk that fails is told once, though there are two files on it', async () => {
  const full: FileSystem = {
    ...nodeFileSystem,
    write: () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' })),
  };
  const clock = new VirtualClock();
  const bench = new Bench('mp3', (file) => new FileTarget(file, { clock, files: full }), clock);
  bench.encoders.kill();
  bench.say(1);
  await bench.clock.settle();
  assert.deepEqual(
    bench.errors.map(({ code }) => code),
    ['ENOSPC'],
  );
  await bench.writer.abandon();
  assert.deepEqual(bench.left, ['.part', '.pcm.part']);
});
