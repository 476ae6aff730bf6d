import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodePcma, encodePcmu } from './g711.ts';
import { WavError, wavHeader } from './wav-format.ts';
import { decodeWav, WavStreamDecoder } from './wav-stream-decoder.ts';

interface Recipe {
  readonly tag?: number;
  readonly channels?: number;
  readonly bits?: number;
  readonly data: Uint8Array;
  /** What the size fields say, instead of the truth. */
  readonly dataSize?: number;
  readonly riffSize?: number;
  readonly riff?: string;
  readonly extensible?: boolean;
  readonly before?: readonly Uint8Array[];
  readonly behind?: readonly Uint8Array[];
}

function chunk(id: string, content: Uint8Array, size = content.length): Uint8Array {
  const head = Buffer.alloc(8);
  head.write(id, 0, 'latin1');
  head.writeUInt32LE(size, 4);
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2)]);
}

function wav(recipe: Recipe): Buffer {
  const { tag = 1, channels = 1, bits = 16, data, extensible = false } = recipe;
  const format = Buffer.alloc(extensible ? 40 : 16);
  format.writeUInt16LE(extensible ? 0xfffe : tag, 0);
  format.writeUInt16LE(channels, 2);
  format.writeUInt32LE(8000, 4);
  format.writeUInt32LE((8000 * channels * bits) / 8, 8);
  format.writeUInt16LE((channels * bits) / 8, 12);
  format.writeUInt16LE(bits, 14);
  if (extensible) {
    format.writeUInt16LE(22, 16);
    format.writeUInt16LE(bits, 18);
    format.writeUInt16LE(tag, 24);
    Buffer.from('000000001000800000aa00389b71', 'hex').copy(format, 26);
  }
  const body = Buffer.concat([
    Buffer.from('WAVE'),
    ...(recipe.before ?? []),
    chunk('fmt ', format),
    chunk('data', data, recipe.dataSize),
    ...(recipe.behind ?? []),
  ]);
  const head = Buffer.from(recipe.riff ?? 'RIFF').subarray(0, 4);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(recipe.riffSize ?? body.length);
  return Buffer.concat([head, size, body]);
}

function bytesOf(array: Int16Array | Float32Array | Float64Array | Int32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

const SAMPLES = Int16Array.of(0, 1, -1, 1000, -1000, 32767, -32768, 12345);

test('16-bit samples come back exactly', () => {
  const { format, samples } = decodeWav(wav({ data: bytesOf(SAMPLES) }));
  assert.deepEqual(samples, SAMPLES);
  assert.deepEqual(format, { encoding: 'pcm', sampleRate: 8000, channels: 1, sampleBytes: 2 });
});

test('what we write, we read', () => {
  const header = wavHeader({ sampleRate: 8000, channels: 1 }, SAMPLES.byteLength);
  assert.deepEqual(decodeWav(Buffer.concat([header, bytesOf(SAMPLES)])).samples, SAMPLES);
});

test('8-bit samples are unsigned', () => {
  const data = Uint8Array.of(128, 255, 0, 129);
  assert.deepEqual([...decodeWav(wav({ bits: 8, data })).samples], [0, 32512, -32768, 256]);
});

test('24 and 32 bits keep their upper 16', () => {
  const data24 = Uint8Array.of(0xff, 0x34, 0x12, 0x00, 0x00, 0x80, 0xff, 0xff, 0xff);
  assert.deepEqual([...decodeWav(wav({ bits: 24, data: data24 })).samples], [0x1234, -32768, -1]);
  const data32 = bytesOf(Int32Array.of(0x12345678, -0x80000000, 0x7fffffff));
  assert.deepEqual([...decodeWav(wav({ bits: 32, data: data32 })).samples], [0x1234, -32768, 32767]);
});

test('floating point saturates, and what is no number is silence', () => {
  const values = [0, 0.5, -0.5, 1, -1, 7, Number.NaN, Number.NEGATIVE_INFINITY];
  const expected = [0, 16384, -16384, 32767, -32768, 32767, 0, -32768];
  const data32 = bytesOf(Float32Array.from(values));
  assert.deepEqual([...decodeWav(wav({ tag: 3, bits: 32, data: data32 })).samples], expected);
  const data64 = bytesOf(Float64Array.from(values));
  assert.deepEqual([...decodeWav(wav({ tag: 3, bits: 64, data: data64 })).samples], expected);
});

test('µ-law and A-law are decoded', () => {
  const coded = new Uint8Array(4);
  encodePcmu(Int16Array.of(0, 8000, -8000, 32000), 0, 4, coded, 0);
  assert.deepEqual([...decodeWav(wav({ tag: 7, bits: 8, data: coded })).samples], [0, 7932, -7932, 32124]);
  encodePcma(Int16Array.of(8, 8000, -8000, 32000), 0, 4, coded, 0);
  assert.deepEqual([...decodeWav(wav({ tag: 6, bits: 8, data: coded })).samples], [8, 8064, -8064, 32256]);
});

test('WAVE_FORMAT_EXTENSIBLE is what its GUID says', () => {
  assert.deepEqual(decodeWav(wav({ extensible: true, data: bytesOf(SAMPLES) })).samples, SAMPLES);
  const float = bytesOf(Float32Array.of(0.25));
  assert.deepEqual([...decodeWav(wav({ extensible: true, tag: 3, bits: 32, data: float })).samples], [8192]);
});

test('channels are averaged to mono, or kept apart on demand', () => {
  const file = wav({
    channels: 2,
    data: bytesOf(Int16Array.of(100, 300, -32768, -32768, 32767, 32767, 5, -5)),
  });
  assert.deepEqual([...decodeWav(file).samples], [200, -32768, 32767, 0]);
  assert.deepEqual(
    [...decodeWav(file, { layout: 'interleaved' }).samples],
    [100, 300, -32768, -32768, 32767, 32767, 5, -5],
  );
});

test('other chunks before and behind are passed over, odd ones with their padding', () => {
  const file = wav({
    before: [
      chunk('LIST', Buffer.from('INFOISFT')),
      chunk('junk', Buffer.from('odd')),
      chunk('bext', Buffer.alloc(0)),
    ],
    data: bytesOf(SAMPLES),
    behind: [chunk('LIST', Buffer.from('INFO'))],
  });
  assert.deepEqual(decodeWav(file).samples, SAMPLES);
});

test('an odd "fmt " chunk is followed by padding', () => {
  const file = wav({ data: bytesOf(SAMPLES) });
  const odd = Buffer.concat([
    file.subarray(0, 16),
    Buffer.of(17, 0, 0, 0),
    file.subarray(20, 36),
    Buffer.alloc(2),
    file.subarray(36),
  ]);
  assert.deepEqual(decodeWav(odd).samples, SAMPLES);
});

test('sizes that were never filled in, or say too much, mean to the end of the file', () => {
  const data = bytesOf(SAMPLES);
  for (const [riffSize, dataSize] of [
    [0, 0],
    [36, 0],
    [0xffffffff, 0],
    [0xffffffff, 0xffffffff],
    [0, 0xffffffff],
    [100, 5000],
    [0xffffffff, 0x7fffffff],
  ] as const) {
    const decoded = decodeWav(wav({ data, riffSize, dataSize }));
    assert.deepEqual(decoded.samples, SAMPLES, `RIFF ${riffSize}, data ${dataSize}`);
  }
});

test('a "data" chunk of size 0 with others behind it is empty', () => {
  const file = wav({ data: new Uint8Array(0), behind: [chunk('LIST', Buffer.from('INFOIART'))] });
  assert.equal(decodeWav(file).samples.length, 0);
});

test('a file that breaks off within a frame is good up to that frame', () => {
  const file = wav({ channels: 2, data: bytesOf(SAMPLES) });
  const decoder = new WavStreamDecoder({ layout: 'interleaved' });
  assert.deepEqual([...decoder.write(file.subarray(0, file.length - 3))], [...SAMPLES.subarray(0, 6)]);
  decoder.end();
  assert.equal(decoder.frames, 3);
  assert.equal(decoder.complete, false);
});

test('RF64 is read to its end', () => {
  const ds64 = chunk('ds64', Buffer.alloc(28));
  const file = wav({
    riff: 'RF64',
    riffSize: 0xffffffff,
    dataSize: 0xffffffff,
    before: [ds64],
    data: bytesOf(SAMPLES),
  });
  assert.deepEqual(decodeWav(file).samples, SAMPLES);
});

test('what stands behind the samples of an RF64 file is none of them', () => {
  const sizes = Buffer.alloc(28);
  const data = bytesOf(SAMPLES);
  sizes.writeBigUInt64LE(BigInt(data.length), 8);
  const file = wav({
    riff: 'RF64',
    riffSize: 0xffffffff,
    dataSize: 0xffffffff,
    before: [chunk('ds64', sizes)],
    data,
    behind: [chunk('LIST', Buffer.from('INFOISFT'))],
  });
  assert.deepEqual(decodeWav(file).samples, SAMPLES);
  const decoder = new WavStreamDecoder();
  const samples = [...file].flatMap((byte) => [...decoder.write(Uint8Array.of(byte))]);
  assert.deepEqual(samples, [...SAMPLES]);
  assert.equal(decoder.complete, true);
});

test('the chunks in which a file arrives make no difference', () => {
  const file = wav({
    channels: 2,
    bits: 24,
    before: [chunk('junk', Buffer.from('odd'))],
    data: Uint8Array.from({ length: 600 }, (_, i) => (i * 37) & 0xff),
    behind: [chunk('LIST', Buffer.from('INFO'))],
  });
  for (const layout of ['mono', 'interleaved'] as const) {
    const expected = [...decodeWav(file, { layout }).samples];
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 100 }), (sizes) => {
        const decoder = new WavStreamDecoder({ layout });
        const samples: number[] = [];
        let at = 0;
        for (const size of [...sizes, file.length]) {
          samples.push(...decoder.write(file.subarray(at, at + size)));
          at += size;
        }
        decoder.end();
        assert.deepEqual(samples, expected);
        assert.equal(decoder.complete, true);
      }),
      { numRuns: 50 },
    );
  }
});

test('garbage gives an error or samples, never anything else', () => {
  const valid = wav({ data: bytesOf(SAMPLES), before: [chunk('LIST', Buffer.from('INFOISFT'))] });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 12 }),
      fc.nat(valid.length),
      (changes, length) => {
        const file = Uint8Array.from(valid);
        for (const [at, value] of changes) file[at] = value;
        try {
          assert.ok(decodeWav(file.subarray(0, length)).samples.length <= valid.length);
        } catch (error) {
          assert.ok(error instanceof WavError, String(error));
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test('what is no WAV file is told apart, and says what it is instead', () => {
  assert.throws(() => decodeWav(Buffer.from('ID3\x04 is an mp3 file')), /begins with "ID3\."/);
  assert.throws(() => decodeWav(Buffer.from('RIFF')), /shorter than a header/);
  assert.throws(() => decodeWav(wav({ riff: 'RIFX', data: bytesOf(SAMPLES) })), /big-endian/);
  assert.throws(() => decodeWav(wav({ data: bytesOf(SAMPLES) }).subarray(0, 36)), /no "data" chunk/);
  assert.throws(() => decodeWav(wav({ data: bytesOf(SAMPLES) }).subarray(0, 20)), /no "fmt " chunk/);
  const noFormat = Buffer.concat([Buffer.from('RIFF\x00\x00\x00\x00WAVE'), chunk('data', bytesOf(SAMPLES))]);
  assert.throws(() => decodeWav(noFormat), /before the "fmt " chunk/);
});

test('endless metadata is given up', () => {
  const decoder = new WavStreamDecoder();
  decoder.write(Buffer.from('RIFF\xff\xff\xff\xffWAVEjunk\xff\xff\xff\xff', 'latin1'));
  const megabyte = new Uint8Array(1024 * 1024);
  assert.throws(() => {
    for (let i = 0; i < 70; i++) decoder.write(megabyte);
  }, /within the first 64 MiB/);
});
