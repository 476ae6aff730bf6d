import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { audioSpecificConfig } from '../mp4-boxes.ts';
import { BitReader, BitsEnded } from './bit-reader.ts';
import { AacDecoder } from './decoder.ts';
import { InverseMdct } from './filter-bank.ts';
import { LONG_BANDS, SCALE_FACTOR_CODES, SHORT_BANDS, SPECTRUM_BOOKS } from './tables.ts';

test('the tables are whole: codes are complete, bands cover their window', () => {
  for (const { counts, symbols } of [SCALE_FACTOR_CODES, ...SPECTRUM_BOOKS]) {
    assert.equal(
      counts.reduce((sum, count, i) => sum + count / 2 ** (i + 1), 0),
      1,
    );
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      symbols.length,
    );
    assert.equal(new Set(symbols).size, symbols.length);
    assert.equal(Math.max(...symbols), symbols.length - 1);
  }
  for (const [bands, size] of [
    ...LONG_BANDS.map((b) => [b, 1024] as const),
    ...SHORT_BANDS.map((b) => [b, 128] as const),
  ]) {
    assert.deepEqual([bands[0], bands.at(-1)], [0, size]);
    assert.ok(bands.every((band, i) => i === 0 || (band > bands[i - 1]! && band % 4 === 0)));
  }
});

test('the fast transform is the transform (ISO/IEC 14496-3 4.6.11.3.1)', () => {
  for (const size of [128, 1024]) {
    const input = Float32Array.from({ length: size }, (_, k) => Math.sin(k * k) / (k + 1));
    const output = new Float32Array(2 * size);
    new InverseMdct(size).inverse(input, output);
    for (let n = 0; n < 2 * size; n += 37) {
      let sum = 0;
      for (let k = 0; k < size; k++) {
        sum += input[k]! * Math.cos((Math.PI / size) * (n + 0.5 + size / 2) * (k + 0.5));
      }
      assert.ok(Math.abs(sum / size - output[n]!) < 1e-6);
    }
  }
});

test('other kinds of AAC are refused by what they are', () => {
  const cases: readonly [config: string, message: RegExp][] = [
    ['0c10', /AAC of type 1/],
    ['f8f23000', /AAC of type 39/],
    ['1190', undefined as never],
    ['11b0', /channel configuration 6/],
    ['1594', /960 samples/],
    ['1f', /shorter/],
  ];
  for (const [config, message] of cases) {
    const open = () => new AacDecoder(Buffer.from(config, 'hex'));
    if (message === undefined) assert.equal(open().config.sampleRate, 48_000);
    else assert.throws(open, message, config);
  }
});

test('bits are read across bytes, and not behind the last one', () => {
  const reader = new BitReader(Uint8Array.of(0b1010_1100, 0b0111_0001, 0xff));
  assert.deepEqual([reader.bit(), reader.bits(4), reader.bits(7), reader.bits(0)], [1, 0b0101, 0b1000111, 0]);
  reader.align();
  assert.equal(reader.bits(8), 0xff);
  assert.throws(() => reader.bit(), BitsEnded);
});

test('a frame of more channels than there may be is refused', () => {
  // Zeros are one channel without a spectrum behind the other.
  const decoder = new AacDecoder(audioSpecificConfig(8000, 1));
  assert.throws(() => decoder.decode(new Uint8Array(100_000)), /more than 64 channels/);
});

test('whatever its bytes, a frame is decoded or refused, in bounded time', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 800 }), fc.constantFrom(1, 2), (bytes, channels) => {
      const decoder = new AacDecoder(audioSpecificConfig(8000, channels as 1 | 2));
      try {
        for (const side of decoder.decode(bytes)) assert.equal(side.length, 1024);
      } catch (error) {
        assert.ok(
          error instanceof Error && error.constructor !== TypeError && error.constructor !== RangeError,
        );
      }
    }),
    { numRuns: 500 },
  );
});
