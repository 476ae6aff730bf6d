import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addInto, Gain, mixSamples } from './mix.ts';

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

test('a constant gain is applied to the decibel and saturates', () => {
  const samples = Int16Array.of(1000, -1000, 30000, -30000, 0);
  new Gain(8000, 6.0206).apply(samples, 0, 5);
  assert.deepEqual([...samples], [2000, -2000, 32767, -32768, 0]);
});

test('at 0 dB samples pass untouched', () => {
  const samples = Int16Array.of(1, -32768, 32767);
  new Gain(8000).apply(samples, 0, 3);
  assert.deepEqual([...samples], [1, -32768, 32767]);
});

test('a change of gain is a ramp of 10 ms across any blocks, without a step', () => {
  for (const [fromDb, toDb] of [
    [0, -20],
    [-20, 0],
    [0, Number.NEGATIVE_INFINITY],
  ] as const) {
    const gain = new Gain(8000, fromDb);
    const samples = new Int16Array(200).fill(10000);
    gain.apply(samples, 0, 20);
    gain.set(toDb);
    for (let at = 20; at < 200; at += 9) gain.apply(samples, at, 9);
    const target = Math.round(10000 * 10 ** (toDb / 20));
    assert.equal(samples[19], Math.round(10000 * 10 ** (fromDb / 20)));
    assert.equal(samples[100], target);
    assert.notEqual(samples[98], target);
    for (let n = 1; n < 200; n++) assert.ok(Math.abs(samples[n]! - samples[n - 1]!) <= 10000 / 80 + 1);
  }
});

test('a gain can be changed again in the middle of a ramp', () => {
  const gain = new Gain(8000, 0);
  const samples = new Int16Array(300).fill(10000);
  gain.set(-40);
  gain.apply(samples, 0, 40);
  gain.set(0);
  gain.apply(samples, 40, 260);
  for (let n = 1; n < 300; n++) assert.ok(Math.abs(samples[n]! - samples[n - 1]!) <= 10000 / 80 + 1);
  assert.equal(samples[299], 10000);
});
