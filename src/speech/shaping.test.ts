import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { applyGain, fadeEdges, trimSilence } from './shaping.ts';

describe('shaping of speech', () => {
  it('trims silence from both ends, up to 25 ms from the sound', () => {
    const samples = new Int16Array(16_000);
    samples.fill(5000, 8000, 9000);
    const trimmed = trimSilence(samples, 16_000);
    assert.equal(trimmed.length, 1000 + 2 * 400);
    assert.equal(trimmed[400], 5000);
    assert.equal(trimmed[399], 0);
  });

  it('leaves nothing of silence, and all of what sounds throughout', () => {
    assert.equal(trimSilence(new Int16Array(100).fill(150), 8000).length, 0);
    assert.equal(trimSilence(new Int16Array(100).fill(-3000), 8000).length, 100);
  });

  it('changes the level, and stops at full scale instead of wrapping round', () => {
    const samples = Int16Array.of(1000, -1000, 20_000, -20_000, 0);
    applyGain(samples, 20 * Math.log10(2));
    assert.deepEqual([...samples], [2000, -2000, 32_767, -32_768, 0]);
  });

  it('lets both ends rise from zero, however short the sound', () => {
    const samples = new Int16Array(800).fill(10_000);
    fadeEdges(samples, 8000);
    assert.equal(samples[0], 0);
    assert.equal(samples[799], 0);
    assert.equal(samples[32], 10_000);
    for (let index = 1; index < 32; index++) assert.ok(samples[index]! > samples[index - 1]!);
    for (const length of [0, 1, 2, 3]) fadeEdges(new Int16Array(length).fill(10), 8000);
  });
});
