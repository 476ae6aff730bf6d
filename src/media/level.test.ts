import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dbToGain, meanSquare, peakDbfs, powerToDbfs, rmsDbfs, sineAmplitude } from './level.ts';

test('a full-scale square wave is 0 dBFS, a full-scale sine 3.01 dB less', () => {
  const square = Int16Array.from({ length: 800 }, (_, n) => (n % 8 < 4 ? -32768 : 32767));
  assert.ok(Math.abs(rmsDbfs(square)) < 0.001);
  const sine = Int16Array.from({ length: 800 }, (_, n) => 32767 * Math.sin((2 * Math.PI * n) / 80));
  assert.ok(Math.abs(rmsDbfs(sine) - -3.01) < 0.01);
  assert.ok(Math.abs(peakDbfs(sine)) < 0.01);
});

test('digital silence and empty ranges read -127 dBFS, not minus infinity', () => {
  assert.equal(rmsDbfs(new Int16Array(160)), -127);
  assert.equal(peakDbfs(new Int16Array(160)), -127);
  assert.equal(rmsDbfs(new Int16Array(0)), -127);
  assert.equal(powerToDbfs(0), -127);
});

test('the quietest possible signal reads above silence', () => {
  assert.ok(rmsDbfs(Int16Array.of(1, -1)) > -91);
});

test('only the given range is measured', () => {
  const samples = Int16Array.of(30000, 10, -10, 30000);
  assert.equal(meanSquare(samples, 1, 2), 100);
  assert.ok(peakDbfs(samples, 1, 2) < -70);
  assert.ok(rmsDbfs(samples, 2) > -10);
});

test('gains and amplitudes follow the decibel', () => {
  assert.ok(Math.abs(dbToGain(-6.0206) - 0.5) < 1e-5);
  assert.equal(dbToGain(0), 1);
  assert.ok(Math.abs(sineAmplitude(-3.0103) - 32768) < 0.5);
});
