import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseRange } from './ranges.ts';

const part = (start: number, end: number) => ({ type: 'part', start, end });

describe('the Range header', () => {
  test('names a part by first and last byte, by first byte, or by its length from the end', () => {
    assert.deepEqual(parseRange('bytes=0-499', 1_000), part(0, 499));
    assert.deepEqual(parseRange('bytes=500-', 1_000), part(500, 999));
    assert.deepEqual(parseRange('bytes=-300', 1_000), part(700, 999));
    assert.deepEqual(parseRange('bytes=0-0', 1_000), part(0, 0));
    assert.deepEqual(parseRange('BYTES=0-0', 1_000), part(0, 0));
  });

  test('is cut at the end of the file', () => {
    assert.deepEqual(parseRange('bytes=900-5000', 1_000), part(900, 999));
    assert.deepEqual(parseRange('bytes=-5000', 1_000), part(0, 999));
  });

  test('cannot be met when no byte of it is in the file', () => {
    for (const header of ['bytes=1000-', 'bytes=1000-2000', 'bytes=-0', 'bytes=2000-,3000-']) {
      assert.deepEqual(parseRange(header, 1_000), { type: 'unsatisfiable' }, header);
    }
    assert.deepEqual(parseRange('bytes=0-', 0), { type: 'unsatisfiable' });
    assert.deepEqual(parseRange('bytes=-1', 0), { type: 'unsatisfiable' });
  });

  test('with several ranges is one part if no gap lies between, those outside the file left out', () => {
    assert.deepEqual(parseRange('bytes=0-3,4-7', 1_000), part(0, 7));
    assert.deepEqual(parseRange('bytes=4-7, 0-5', 1_000), part(0, 7));
    assert.deepEqual(parseRange('bytes=0-9,2-3,8-20', 1_000), part(0, 20));
    assert.deepEqual(parseRange('bytes=0-3,5000-', 1_000), part(0, 3));
    assert.deepEqual(parseRange('bytes=0-3,5-7', 1_000), { type: 'whole' });
  });

  test('is ignored when malformed, in another unit, or of absurdly many ranges', () => {
    for (const header of [
      undefined,
      '',
      'bytes',
      'bytes=',
      'bytes=,',
      'bytes=-',
      'bytes=a-b',
      'bytes=5-2',
      'bytes=1-2-3',
      'bytes=0x1-2',
      'bytes=1-2,x',
      'lines=1-2',
      'bytes=99999999999999999999-',
      `bytes=${Array.from({ length: 17 }, () => '0-1').join(',')}`,
    ]) {
      assert.deepEqual(parseRange(header, 1_000), { type: 'whole' }, header);
    }
  });

  test('never leads outside the file, whatever it says', () => {
    const piece = fc.oneof(
      fc.tuple(fc.nat(30), fc.nat(30)).map(([a, b]) => `${a}-${b}`),
      fc.nat(30).map((a) => `${a}-`),
      fc.nat(30).map((a) => `-${a}`),
      fc.string({ maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 5 }), fc.nat(20), (pieces, size) => {
        const range = parseRange(`bytes=${pieces.join(',')}`, size);
        if (range.type === 'part')
          assert.ok(0 <= range.start && range.start <= range.end && range.end < size);
      }),
    );
  });
});
