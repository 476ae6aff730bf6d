import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { PeakMeter } from '../media/peaks.ts';
import { decodeWav } from '../media/wav-stream-decoder.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { type FileSystem, nodeFileSystem } from './file-system.ts';
import { FileTarget } from './file-target.ts';
import { Recorder, type RecorderEvent } from './recorder.ts';
import { repairSpool } from './repair.ts';
import type { RecordSpec } from './types.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'openswml-recorder-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const RATE = 8000;
const BLOCK = 160;

function specFor(name: string): RecordSpec {
  return {
    recordingId: name,
    controlId: name,
    path: path.join(folder, name, `${name}.wav`),
    format: 'wav',
    direction: 'both',
    stereo: true,
    beep: false,
    terminators: '#',
    inputSensitivity: 44,
    initialTimeoutMs: 0,
    endSilenceTimeoutMs: 0,
    maxLengthMs: 3_600_000,
  };
}

/** Party and other side of a call, different in every sample of the first 8 s. */
const speak = Int16Array.from({ length: 10 * RATE }, (_, n) => (n % 65_536) - 32_768);
const listen = Int16Array.from({ length: 10 * RATE }, (_, n) => 32_767 - (n % 65_536));

/** Feeds ten seconds in virtual real time, the file head 300 ms behind the live head. */
async function record(recorder: Recorder, clock: VirtualClock): Promise<void> {
  const lag = 15 * BLOCK;
  for (let at = 0; at < speak.length; at += BLOCK) {
    recorder.observe(speak, listen, at, BLOCK);
    if (at >= lag) recorder.append(speak, listen, at - lag, BLOCK);
    await clock.advance(20);
  }
  recorder.stop('hangup');
  recorder.append(speak, listen, speak.length - lag, lag);
}

test('ten seconds of a call are on the disk, sample by sample on both channels, and the outcome is exact', async () => {
  const clock = new VirtualClock();
  const events: RecorderEvent[] = [];
  const spec = specFor('whole');
  const recorder = new Recorder(spec, { sampleRate: RATE, clock, onEvent: (event) => events.push(event) });
  const begunAt = clock.now();
  recorder.begin();
  await record(recorder, clock);
  const outcome = await recorder.finish();
  const { peaks, ...facts } = outcome;
  assert.deepEqual(facts, {
    state: 'finished',
    endedBy: 'hangup',
    durationMs: 10_000,
    byteSize: 44 + 10 * RATE * 4,
    startTimeMs: begunAt,
    endTimeMs: begunAt + 10_000,
    missingSamples: 0,
  });
  assert.deepEqual(events.at(-1), { type: 'ended', outcome });
  assert.equal(statSync(spec.path).size, outcome.byteSize);
  const { samples } = decodeWav(readFileSync(spec.path), { layout: 'interleaved' });
  const expected = Int16Array.from({ length: 2 * speak.length }, (_, n) =>
    n % 2 === 0 ? speak[n >> 1]! : listen[n >> 1]!,
  );
  assert.deepEqual(samples, expected);
  const meter = new PeakMeter(RATE, 2);
  meter.add(samples, samples.length / 2);
  assert.deepEqual(peaks, meter.result());
});

test('while a recording runs, its file lacks no more than one buffer', async () => {
  const clock = new VirtualClock();
  const spec = specFor('growing');
  const recorder = new Recorder(spec, { sampleRate: RATE, clock, onEvent: () => {} });
  recorder.begin();
  for (let at = 0; at < 3 * RATE; at += BLOCK) {
    recorder.observe(speak, listen, at, BLOCK);
    recorder.append(speak, listen, at, BLOCK);
    await clock.advance(20);
    const onDisk = (statSync(`${spec.path}.part`).size - 44) / 4;
    assert.ok(at + BLOCK - onDisk <= RATE / 2, `${onDisk} of ${at + BLOCK}`);
  }
  recorder.stop('stop');
  await recorder.finish();
});

test('a disk that fills up ends the recording with an error; what fitted can be repaired', async () => {
  const clock = new VirtualClock();
  const spec = specFor('full');
  let room = 100_000;
  const files: FileSystem = {
    ...nodeFileSystem,
    write: async (fd, bytes, position) => {
      if (room === 0) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      const written = await nodeFileSystem.write(fd, bytes.subarray(0, room), position);
      room -= written;
      return written;
    },
  };
  const events: string[] = [];
  const target = new FileTarget(spec.path, { clock, files });
  const recorder = new Recorder(spec, {
    sampleRate: RATE,
    clock,
    target,
    onEvent: ({ type }) => events.push(type),
  });
  recorder.begin();
  await record(recorder, clock);
  const outcome = await recorder.finish();
  assert.equal(outcome.state, 'error');
  assert.match(outcome.error ?? '', /full\.wav\.part: the disk is full: free space/);
  assert.equal(outcome.byteSize, 0);
  assert.deepEqual(events, ['started', 'opened', 'ending', 'ended']);
  assert.equal(existsSync(spec.path), false);

  const repaired = await repairSpool(spec.path, 'wav');
  assert.equal(repaired.state, 'complete');
  const { samples } = decodeWav(readFileSync(spec.path), { layout: 'interleaved' });
  assert.equal(samples.length, Math.floor((100_000 - 44) / 4) * 2);
  for (let n = 0; n < samples.length; n += 2) {
    assert.deepEqual([samples[n], samples[n + 1]], [speak[n >> 1], listen[n >> 1]]);
  }
});

test('a disk that hangs costs bounded memory and ends in an error, and the call goes on', async () => {
  const clock = new VirtualClock();
  const spec = specFor('stuck');
  const { promise: stuck, resolve: release } = Promise.withResolvers<void>();
  const files: FileSystem = {
    ...nodeFileSystem,
    write: (fd, bytes, position) => stuck.then(() => nodeFileSystem.write(fd, bytes, position)),
  };
  const target = new FileTarget(spec.path, { clock, files });
  const recorder = new Recorder(spec, { sampleRate: RATE, clock, target, onEvent: () => {} });
  recorder.begin();
  recorder.observe(speak, listen, 0, 9 * RATE);
  recorder.pause('silence');
  recorder.observe(speak, listen, 9 * RATE, 100);
  recorder.resume();
  recorder.observe(speak, listen, 9 * RATE + 100, RATE - 100);
  recorder.append(speak, listen, 0, speak.length);
  assert.ok(target.queuedBytes <= 256 * 1024);
  assert.equal(recorder.pendingSamples, 0);
  assert.equal(recorder.phase, 'finalising');
  const finished = recorder.finish();
  release();
  const outcome = await finished;
  assert.match(outcome.error ?? '', /too slow/);
});

for (const format of ['wav', 'mp3', 'mp4'] as const) {
  test(`a ${format} recording without a sample leaves no file`, async () => {
    const clock = new VirtualClock();
    const spec = { ...specFor(`empty-${format}`), format };
    const recorder = new Recorder(spec, { sampleRate: RATE, clock, onEvent: () => {} });
    recorder.begin();
    recorder.stop('hangup');
    assert.equal((await recorder.finish()).byteSize, 0);
    assert.equal(existsSync(spec.path) || existsSync(`${spec.path}.part`), false);
  });
}

for (const format of ['wav', 'mp3', 'mp4'] as const) {
  test(`a ${format} recording tells once that its file is there`, async () => {
    const clock = new VirtualClock();
    const events: string[] = [];
    const spec = { ...specFor(`opened-${format}`), format };
    const recorder = new Recorder(spec, {
      sampleRate: RATE,
      clock,
      onEvent: ({ type }) => events.push(type),
    });
    await clock.settle();
    assert.deepEqual(events, ['opened']);
    recorder.begin();
    await record(recorder, clock);
    await recorder.finish();
    assert.equal(events.filter((type) => type === 'opened').length, 1);
  });
}

test('a recording whose file cannot be made ends with an error, and never tells that it is there', async () => {
  const clock = new VirtualClock();
  const events: string[] = [];
  const spec = specFor('refused');
  const files: FileSystem = {
    ...nodeFileSystem,
    create: async () => {
      throw Object.assign(new Error('no inode'), { code: 'ENOSPC' });
    },
  };
  const target = new FileTarget(spec.path, { clock, files });
  const recorder = new Recorder(spec, {
    sampleRate: RATE,
    clock,
    target,
    onEvent: ({ type }) => events.push(type),
  });
  recorder.begin();
  await clock.settle();
  assert.deepEqual(events, ['started', 'ending']);
  const outcome = await recorder.finish();
  assert.match(outcome.error ?? '', /the disk is full/);
});
