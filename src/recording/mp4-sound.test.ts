import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeEnd } from './encoder/complete.ts';
import { openFrameEncoder } from './encoder/frame-encoder.ts';
import { frameLayout } from './encoded-writer.ts';
import { MemoryFile } from './repair-file.ts';
import { inBoundedTime } from '../../test/support/bounded-time.ts';
import { audioSpecificConfig, box, completeMovie, fileType, fragmentedMovie } from '../media/mp4-boxes.ts';
import { Mp4Error } from '../media/mp4-index.ts';
import { Mp4SoundReader } from '../media/mp4-sound.ts';
import { sine } from '../media/test-signals.ts';

const RATE = 8000;
const SAMPLES = 10_123;

interface Files {
  /** As this program writes it: finished, and as a crash leaves it. */
  readonly finished: Buffer;
  readonly growing: Buffer;
  /** As others do: index in front, index behind. */
  readonly indexFirst: Buffer;
  readonly indexLast: Buffer;
}

async function makeFiles(): Promise<Files> {
  const audio = { sampleRate: RATE, channels: 1, kbps: 32 } as const;
  const encoder = await openFrameEncoder({ ...audio, format: 'mp4', skipFrames: 0 });
  const layout = frameLayout('mp4', audio, 32);
  const portions = [encoder.encode(sine(SAMPLES, 440, -12).subarray(0, 5000))];
  portions.push(encoder.encode(sine(SAMPLES, 440, -12).subarray(5000)), encoder.finish());
  encoder.close();
  const growing = Buffer.concat([layout.head(), ...portions.map((frames) => layout.add(frames).slice())]);
  const file = new MemoryFile(growing);
  await writeEnd(layout, SAMPLES, file);

  const frames = Buffer.concat(portions.map(({ bytes }) => bytes));
  const sizes = portions.flatMap((portion) => portion.sizes);
  const index = (chunkOffset: number): Buffer =>
    completeMovie(audio, {
      sizes,
      chunkOffsets: [chunkOffset],
      chunkFrames: [sizes.length],
      audible: SAMPLES,
    });
  const start = fileType().length;
  return {
    finished: Buffer.from(file.bytes),
    growing,
    indexFirst: Buffer.concat([fileType(), index(start + index(0).length + 8), box('mdat', frames)]),
    indexLast: Buffer.concat([fileType(), box('mdat', frames), index(start + 8)]),
  };
}

/** All that is read of a file that comes in pieces. */
function read(file: Uint8Array, piece: number): Float32Array {
  const reader = new Mp4SoundReader();
  const samples: number[] = [];
  const drain = (): void => {
    for (let next = reader.read(); next !== undefined; next = reader.read()) samples.push(...next[0]!);
  };
  for (let at = 0; at < file.length; at += piece) {
    reader.push(file.subarray(at, at + piece));
    drain();
  }
  reader.end();
  drain();
  return Float32Array.from(samples);
}

const files = await makeFiles();

test('a file gives the samples that were recorded, no more and no less, however its bytes arrive', () => {
  const tone = sine(SAMPLES, 440, -12);
  for (const name of ['finished', 'indexFirst', 'indexLast'] as const) {
    for (const piece of [1, 100, 4096, 1_000_000]) {
      const samples = read(files[name], piece);
      assert.equal(samples.length, SAMPLES, `${name} in pieces of ${piece}`);
      const error = samples.reduce((sum, sample, i) => sum + (sample - tone[i]!) ** 2, 0);
      const power = tone.reduce((sum, sample) => sum + sample ** 2, 0);
      assert.ok(error < power / 100, `${name}: ${10 * Math.log10(power / error)} dB`);
    }
  }
});

test('our own recordings sound before their end has come', () => {
  const reader = new Mp4SoundReader();
  reader.push(files.finished.subarray(0, files.finished.length - 1500));
  let samples = 0;
  for (let next = reader.read(); next !== undefined; next = reader.read()) samples += next[0]!.length;
  assert.ok(samples > 4000, `${samples} samples`);
});

test('cut off anywhere, a file gives what is whole, or says what is missing', () => {
  const whole = read(files.finished, 4096);
  for (const name of ['finished', 'growing', 'indexFirst', 'indexLast'] as const) {
    let most = 0;
    for (let length = 0; length < files[name].length; length += 97) {
      try {
        const samples = read(files[name].subarray(0, length), 4096);
        const common = Math.min(samples.length, whole.length);
        assert.deepEqual(samples.subarray(0, common), whole.subarray(0, common));
        assert.ok(samples.length >= most, `${name}: ${samples.length} samples, ${most} of fewer bytes`);
        most = samples.length;
      } catch (error) {
        assert.ok(error instanceof Mp4Error, String(error));
      }
    }
    // Where the index stands behind them, there are none without it.
    if (name === 'indexLast') assert.equal(most, 0);
    else assert.ok(most > SAMPLES / 2, `${name}: ${most} samples at the most`);
  }
});

test('damage is told, and nothing else happens', () => {
  let told = 0;
  for (let at = 0; at < files.indexFirst.length; at += 3) {
    const damaged = Buffer.from(files.indexFirst);
    damaged[at]! ^= 0x55;
    try {
      assert.ok(read(damaged, 4096).length <= SAMPLES + 100_000);
    } catch (error) {
      assert.ok(error instanceof Mp4Error, `byte ${at}: ${error}`);
      told++;
    }
  }
  assert.ok(told > 20);
});

test('files without AAC say what they have', () => {
  const asOther = Buffer.from(files.indexFirst);
  asOther.write('alac', asOther.indexOf('mp4a'), 'latin1');
  assert.throws(() => read(asOther, 4096), /its sound is not AAC but "alac"/);
  const asVideo = Buffer.from(files.indexFirst);
  asVideo.write('vide', asVideo.indexOf('soun'), 'latin1');
  assert.throws(() => read(asVideo, 4096), /there is no sound in it/);
  const surround = Buffer.from(files.indexFirst);
  const config = audioSpecificConfig(RATE, 1);
  surround[surround.indexOf(config) + 1] = 6 << 3;
  assert.throws(() => read(surround, 4096), /channel configuration/);
  assert.throws(() => read(fileType(), 4096), /it ends before its index/);
});

test('frames of which a few bytes of the index tell millions are looked at when their turn comes', () => {
  const u32 = (...values: readonly number[]): Buffer =>
    Buffer.concat(values.map((value) => Buffer.of(value >>> 24, value >>> 16, value >>> 8, value)));
  // Track 1, each frame of one byte; five million of them.
  const run = box('traf', box('tfhd', u32(0x10, 1, 1)), box('trun', u32(0, 5_000_000)));
  const fragments = Array.from({ length: 200 }, () => box('moof', run));
  const movie = fragmentedMovie({ sampleRate: RATE, channels: 1, kbps: 32 });
  inBoundedTime(() =>
    assert.throws(() => read(Buffer.concat([fileType(), movie, ...fragments]), 4096), /frame 1 is damaged/),
  );
});

test('what is not to be heard at the start is passed over, but for the frame that shapes the beginning', () => {
  const trimmed = Buffer.from(files.indexFirst);
  const mediaTime = trimmed.indexOf('elst') + 16;
  trimmed.writeInt32BE(trimmed.readInt32BE(mediaTime) + 4096, mediaTime);
  // Whoever decodes the first frame finds it damaged.
  trimmed.fill(0xff, trimmed.indexOf('mdat') + 4, trimmed.indexOf('mdat') + 8);
  const whole = read(files.indexFirst, 4096).subarray(4096);
  const samples = read(trimmed, 4096);
  assert.ok(samples.length >= whole.length);
  const error = whole.reduce((sum, sample, i) => sum + (sample - samples[i]!) ** 2, 0);
  assert.ok(error < whole.reduce((sum, sample) => sum + sample ** 2, 0) / 100);
});

test('what stands behind the part that is to be heard is not kept, however much it is', () => {
  const table = files.indexFirst.indexOf('stsz') + 4;
  const count = files.indexFirst.readUInt32BE(table + 8);
  const sizes = Array.from({ length: count }, (_, i) => files.indexFirst.readUInt32BE(table + 12 + 4 * i));
  const frames = files.indexFirst.subarray(files.indexFirst.indexOf('mdat') + 4);
  const unheard = Array<number>(800).fill(60_000);
  const index = (start: number): Buffer =>
    completeMovie(
      { sampleRate: RATE, channels: 1, kbps: 32 },
      {
        sizes: [...sizes, ...unheard],
        chunkOffsets: [start],
        chunkFrames: [count + unheard.length],
        audible: 3000,
      },
    );
  const media = box('mdat', frames, Buffer.alloc(unheard.length * 60_000));
  const start = fileType().length + index(0).length + 8;
  const samples = read(Buffer.concat([fileType(), index(start), media]), 65_536);
  assert.deepEqual(samples, read(files.indexFirst, 4096).slice(0, 3000));
});

test('a frame that is longer than any is not waited for', () => {
  const long = Buffer.from(files.indexFirst);
  long.writeUInt32BE(20_000_000, long.indexOf('stsz') + 16);
  assert.throws(() => read(long, 4096), /frame 1 has 20000000 bytes/);
});
