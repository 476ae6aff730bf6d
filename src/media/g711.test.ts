import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { decodePcma, decodePcmu, encodePcma, encodePcmu, PCMA_SILENCE, PCMU_SILENCE } from './g711.ts';

const ALL_CODES = Uint8Array.from({ length: 256 }, (_, code) => code);
const ALL_SAMPLES = Int16Array.from({ length: 65536 }, (_, index) => index - 32768);

function decodeAll(decode: typeof decodePcmu): Int16Array {
  const decoded = new Int16Array(256);
  decode(ALL_CODES, 0, 256, decoded, 0);
  return decoded;
}

function encodeSamples(encode: typeof encodePcmu, samples: Int16Array): Uint8Array {
  const encoded = new Uint8Array(samples.length);
  encode(samples, 0, samples.length, encoded, 0);
  return encoded;
}

function sha256(data: Int16Array | Uint8Array): string {
  return createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex');
}

test('µ-law words decode to the quantising values at both ends of every segment (G.711 table 2a)', () => {
  const decoded = decodeAll(decodePcmu);
  const ends: readonly [number, number][] = [
    [0x80, 32124],
    [0x8f, 16764],
    [0x90, 15996],
    [0x9f, 8316],
    [0xa0, 7932],
    [0xaf, 4092],
    [0xb0, 3900],
    [0xbf, 1980],
    [0xc0, 1884],
    [0xcf, 924],
    [0xd0, 876],
    [0xdf, 396],
    [0xe0, 372],
    [0xef, 132],
    [0xf0, 120],
    [0xfe, 8],
    [0xff, 0],
  ];
  for (const [code, value] of ends) {
    assert.equal(decoded[code], value, `0x${code.toString(16)}`);
    assert.equal(decoded[code & 0x7f], 0 - value, `0x${(code & 0x7f).toString(16)}`);
  }
});

test('A-law words decode to the quantising values at both ends of every segment (G.711 table 1a)', () => {
  const decoded = decodeAll(decodePcma);
  const ends: readonly [number, number][] = [
    [0xaa, 32256],
    [0xa5, 16896],
    [0xba, 16128],
    [0xb5, 8448],
    [0x8a, 8064],
    [0x85, 4224],
    [0x9a, 4032],
    [0x95, 2112],
    [0xea, 2016],
    [0xe5, 1056],
    [0xfa, 1008],
    [0xf5, 528],
    [0xca, 504],
    [0xc5, 264],
    [0xda, 248],
    [0xd5, 8],
  ];
  for (const [code, value] of ends) {
    assert.equal(decoded[code], value, `0x${code.toString(16)}`);
    assert.equal(decoded[code & 0x7f], -value, `0x${(code & 0x7f).toString(16)}`);
  }
});

test('all 256 decoded values agree with an independent implementation', () => {
  // Digests of the little-endian tables, computed with CPython's audioop (ulaw2lin, alaw2lin, width 2).
  assert.match(sha256(decodeAll(decodePcmu)), /^3dab54339e520bb2/);
  assert.match(sha256(decodeAll(decodePcma)), /^e04788d110e58ff8/);
});

test('all 65,536 samples encode to A-law as in an independent implementation', () => {
  assert.match(sha256(encodeSamples(encodePcma, ALL_SAMPLES)), /^38488f6fd710f468/);
});

test('µ-law encoding changes the word exactly at the decision values (G.711 table 2a, 14-bit units)', () => {
  const decisions = [1, 3, 5, 31, 35, 95, 103, 223, 239, 479, 511, 991, 1055, 2015, 2143, 4063, 4319, 7903];
  for (const decision of decisions) {
    const sample = decision * 4;
    const [below, at] = encodeSamples(encodePcmu, Int16Array.of(sample - 1, sample));
    assert.equal(at, below! - 1, `+${decision}`);
    const [above, atNegative] = encodeSamples(encodePcmu, Int16Array.of(-sample, -sample - 1));
    assert.equal(atNegative, above! - 1, `-${decision}`);
  }
});

test('every word survives decoding and encoding, save that µ-law minus zero becomes plus zero', () => {
  const muBack = encodeSamples(encodePcmu, decodeAll(decodePcmu));
  const aBack = encodeSamples(encodePcma, decodeAll(decodePcma));
  for (const code of ALL_CODES) {
    assert.equal(muBack[code], code === 0x7f ? 0xff : code);
    assert.equal(aBack[code], code);
  }
});

test('a louder sample never encodes to a quieter word, over the whole range', () => {
  for (const [encode, decode] of [
    [encodePcmu, decodePcmu],
    [encodePcma, decodePcma],
  ] as const) {
    const back = new Int16Array(65536);
    decode(encodeSamples(encode, ALL_SAMPLES), 0, 65536, back, 0);
    for (let i = 1; i < back.length; i++) assert.ok(back[i]! >= back[i - 1]!, `at ${ALL_SAMPLES[i]}`);
  }
});

test('the error stays within half a step of the segment', () => {
  for (const [encode, decode, smallest] of [
    [encodePcmu, decodePcmu, 4],
    [encodePcma, decodePcma, 8],
  ] as const) {
    const back = new Int16Array(65536);
    decode(encodeSamples(encode, ALL_SAMPLES), 0, 65536, back, 0);
    for (let i = 0; i < back.length; i++) {
      const sample = ALL_SAMPLES[i]!;
      if (Math.abs(sample) > 32124) continue;
      const allowed = Math.max(smallest, (Math.abs(sample) + 132) / 32);
      assert.ok(Math.abs(back[i]! - sample) <= allowed, `${sample} came back as ${back[i]}`);
    }
  }
});

test('the extremes saturate instead of wrapping round', () => {
  assert.deepEqual([...encodeSamples(encodePcmu, Int16Array.of(32767, -32768))], [0x80, 0x00]);
  assert.deepEqual([...encodeSamples(encodePcma, Int16Array.of(32767, -32768))], [0xaa, 0x2a]);
});

test('the silence words are what zero encodes to', () => {
  assert.equal(encodeSamples(encodePcmu, Int16Array.of(0))[0], PCMU_SILENCE);
  assert.equal(encodeSamples(encodePcma, Int16Array.of(0))[0], PCMA_SILENCE);
});

test('only the asked range of the target is written', () => {
  const samples = new Int16Array(6).fill(7);
  decodePcmu(Uint8Array.of(1, 0x80, 0x80, 1), 1, 2, samples, 3);
  assert.deepEqual([...samples], [7, 7, 7, 32124, 32124, 7]);
  const codes = new Uint8Array(5).fill(9);
  encodePcma(Int16Array.of(0, 32767, 0), 1, 1, codes, 2);
  assert.deepEqual([...codes], [9, 9, 0xaa, 9, 9]);
});
