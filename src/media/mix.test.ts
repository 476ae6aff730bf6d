import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addInto, mixSamples } from './mix.ts';

const sample = fc.integer({ min: -32768, max: 32767 });

test('a mix is the plain sum as long as the sum is below -2.5 dBFS', () => {
  assert.equal(mixSamples(1000, 2000), 3000);
  assert.equal(mixSamples(-20000, 4000), -16000);
  assert.equal(mixSamples(12288, 12288), 24576);
});

test('a party that speaks alone is unchanged at any level', () => {
  for (let value = -32767; value <= 32767; value++) {
    assert.equal(mixSamples(value, 0), value);
    assert.equal(mixSamples(0, value), value);
  }
});

test('two loud parties never wrap round or pass full scale, and keep their sign', () => {
  fc.assert(
    fc.property(sample, sample, (a, b) => {
      const mixed = mixSamples(a, b);
      assert.ok(Number.isInteger(mixed) && Math.abs(mixed) <= 32767);
      if (a + b !== 0) assert.equal(Math.sign(mixed), Math.sign(a + b));
      assert.equal(mixed, mixSamples(b, a));
    }),
    { numRuns: 20_000 },
  );
});

test('more input never gives less output, and a small change never a jump', () => {
  for (const other of [-32768, -25000, -100, 0, 100, 12000, 24576, 30000, 32767]) {
    let previous = mixSamples(-32768, other);
    for (let value = -32767; value <= 32767; value++) {
      const mixed = mixSamples(value, other);
      assert.ok(mixed >= previous && mixed - previous <= 2, `${value} + ${other}: ${previous} to ${mixed}`);
      previous = mixed;
    }
  }
});

test('adding saturates at both ends and touches only its range', () => {
  const dest = Int16Array.of(1, 32000, -32000, 100, 1);
  addInto(dest, 1, Int16Array.of(9, 9, 1000, -1000, -50), 2, 3);
  assert.deepEqual([...dest], [1, 32767, -32768, 50, 1]);
});
