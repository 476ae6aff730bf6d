import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComfortNoise } from './comfort-noise.ts';
import { goertzelDbfs } from './goertzel.ts';
import { rmsDbfs } from './level.ts';

function made(octets: readonly number[], count = 16_000, shaped = true): Int16Array {
  const noise = new ComfortNoise();
  noise.set(Uint8Array.from(octets), 0, octets.length, shaped);
  const samples = new Int16Array(count);
  noise.generate(samples, 0, count);
  return samples;
}

for (const level of [20, 40, 60, 75]) {
  test(`comfort noise of level ${level} is ${-level} dBov loud, with a spectrum and without (RFC 3389 3.1)`, () => {
    assert.ok(Math.abs(rmsDbfs(made([level])) + level) < 0.5);
    assert.ok(Math.abs(rmsDbfs(made([level, 80, 150])) + level) < 1);
  });
}

test('the coefficients shape the spectrum: a first one below 127 makes the noise low (RFC 3389 3.2)', () => {
  const at = (samples: Int16Array, hz: number): number => {
    // The mean of some neighbours: one frequency of noise is too restless.
    let sum = 0;
    for (let step = -20; step <= 20; step++) sum += goertzelDbfs(samples, hz + 10 * step, 8000);
    return sum / 41;
  };
  // One pole at 0.79: 13.9 dB from 400 to 3400 Hz.
  const low = made([30, 27]);
  assert.ok(at(low, 400) > at(low, 3400) + 11);
  const flat = made([30, 27], 16_000, false);
  assert.ok(Math.abs(at(flat, 400) - at(flat, 3400)) < 2);
});

test('packets that no filter can follow make noise, not an explosion', () => {
  for (const octets of [
    [0, 0, 0, 0],
    [10, 255, 255, 255],
    [127],
    [],
    Array.from({ length: 200 }, () => 255),
  ]) {
    const samples = made(octets);
    assert.ok(samples.every((sample) => sample >= -32_768 && sample <= 32_767));
  }
  assert.ok(
    made([]).every((sample) => sample === 0),
    'no level, no noise',
  );
});
