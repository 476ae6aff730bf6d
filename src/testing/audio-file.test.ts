import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AAC_FRAME_SAMPLES, box, completeMovie, fileType } from '../media/mp4-boxes.ts';
import { sine } from '../media/test-signals.ts';
import { openFrameEncoder } from '../recording/encoder/frame-encoder.ts';
import { audioReader } from './audio-file.ts';

const FRAMES = 600;
const FRAME_BYTES = 60_000;

test('an MP4 file that is longer than what its decoder keeps is read, as one of more than an hour is', async () => {
  const audio = { sampleRate: 8000, channels: 1, kbps: 32 } as const;
  const encoder = await openFrameEncoder({ ...audio, format: 'mp4', skipFrames: 0 });
  const { bytes, sizes } = encoder.encode(sine(10_000, 440, -12));
  encoder.close();
  // The same frames again and again; nobody looks at what stands behind the end of one.
  const media = Buffer.alloc(FRAMES * FRAME_BYTES);
  let from = 0;
  for (const [i, size] of sizes.entries()) {
    for (let n = i; n < FRAMES; n += sizes.length)
      media.set(bytes.subarray(from, from + size), n * FRAME_BYTES);
    from += size;
  }
  const audible = (FRAMES - 1) * AAC_FRAME_SAMPLES;
  const index = (start: number): Buffer =>
    completeMovie(audio, {
      sizes: Array<number>(FRAMES).fill(FRAME_BYTES),
      chunkOffsets: [start],
      chunkFrames: [FRAMES],
      audible,
    });
  const start = fileType().length + index(0).length + 8;
  const read = await audioReader(Buffer.concat([fileType(), index(start), box('mdat', media)]), 'mp4');
  assert.equal(read().channel(0).length, audible);
});
