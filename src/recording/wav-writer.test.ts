import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeWav } from '../media/wav-stream-decoder.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { MemoryTarget } from './memory-target.ts';
import { createRecordingWriter } from './recording-writer.ts';
import { SampleBuffers } from './sample-buffers.ts';
import { WavWriter } from './wav-writer.ts';

const MONO = { sampleRate: 8000, channels: 1 } as const;
const STEREO = { sampleRate: 16000, channels: 2 } as const;

function fail(): void {
  assert.fail('the target failed');
}

test('a file is readable at every moment, with all that was written so far', async () => {
  const target = new MemoryTarget();
  const writer = new WavWriter(target, STEREO, new SampleBuffers(), 4);
  let buffer = writer.begin(fail);
  const written: number[] = [];
  for (let round = 0; round < 3; round++) {
    assert.deepEqual([...decodeWav(target.bytes, { layout: 'interleaved' }).samples], written);
    assert.equal(buffer.length, 8);
    for (let i = 0; i < 8; i++) buffer[i] = round * 100 + i;
    written.push(...buffer);
    buffer = writer.write(buffer, 4);
  }
  buffer.set([-1, -2]);
  assert.equal(await writer.finish(buffer, 1), 44 + 13 * 4);
  const { format, samples } = decodeWav(target.bytes, { layout: 'interleaved' });
  assert.deepEqual([...samples], [...written, -1, -2]);
  assert.deepEqual([format.sampleRate, format.channels], [16000, 2]);
});

test('the finished header states the true sizes', async () => {
  const target = new MemoryTarget();
  const writer = new WavWriter(target, MONO, new SampleBuffers(), 100);
  const buffer = writer.begin(fail);
  assert.equal(Buffer.from(target.bytes).readUInt32LE(40), 0xffffffff);
  await writer.finish(buffer, 50);
  assert.equal(Buffer.from(target.bytes).readUInt32LE(4), 36 + 100);
  assert.equal(Buffer.from(target.bytes).readUInt32LE(40), 100);
});

test('a file without a sample is valid', async () => {
  const target = new MemoryTarget();
  const writer = new WavWriter(target, MONO, new SampleBuffers(), 100);
  assert.equal(await writer.finish(writer.begin(fail), 0), 44);
  assert.equal(decodeWav(target.bytes).samples.length, 0);
});

test('buffers go round instead of being made anew', () => {
  const buffers = new SampleBuffers();
  const writer = new WavWriter(new MemoryTarget(), MONO, buffers, 100);
  const first = writer.begin(fail);
  const second = writer.write(first, 100);
  assert.equal(second, first);
  const other = buffers.acquire(100);
  assert.notEqual(other, second);
  buffers.release(other);
  assert.equal(buffers.acquire(100), other);
  assert.equal(buffers.acquire(7).length, 7);
});

test('the pool keeps a bounded number of buffers', () => {
  const buffers = new SampleBuffers();
  const many = Array.from({ length: 200 }, () => buffers.acquire(10));
  for (const buffer of many) buffers.release(buffer);
  const kept = new Set(many);
  let reused = 0;
  for (let i = 0; i < 200; i++) if (kept.has(buffers.acquire(10))) reused++;
  assert.ok(reused >= 1 && reused <= 100, `${reused}`);
});

test('the largest file is known before it is written', () => {
  const writer = createRecordingWriter({ format: 'wav' }, new MemoryTarget(), MONO, {
    clock: new VirtualClock(),
    createSpool: () => new MemoryTarget(),
  });
  assert.equal(writer.mimeType, 'audio/wav');
  assert.equal(writer.extension, 'wav');
  assert.equal(writer.maxFrames, (2 ** 32 - 2 - 36) / 2);
});
