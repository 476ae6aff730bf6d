import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dtmfFrequencies, generateDtmf } from './dtmf-tones.ts';
import { goertzelDbfs } from './goertzel.ts';
import { peakDbfs } from './level.ts';

const ALL_HZ = [697, 770, 852, 941, 1209, 1336, 1477, 1633];

test('every key sounds its two frequencies of Q.23 and none of the other six', () => {
  for (const digit of '0123456789ABCD*#') {
    const samples = new Int16Array(800);
    generateDtmf(digit, 8000).read(samples, 0, 800);
    const loud = ALL_HZ.filter((hz) => goertzelDbfs(samples, hz, 8000) > -20);
    assert.deepEqual(loud, dtmfFrequencies(digit), digit);
  }
});

test('the upper group is 2 dB louder', () => {
  const samples = new Int16Array(800);
  generateDtmf('5', 8000, { toneMs: 200, gapMs: 0 }).read(samples, 0, 800);
  const middle = samples.subarray(80, 800);
  const twist = goertzelDbfs(middle, 1336, 8000) - goertzelDbfs(middle, 770, 8000);
  assert.ok(Math.abs(twist - 2) < 0.3, `${twist} dB`);
});

test('keys are separated by pauses, and w and W add half a second and one second', () => {
  assert.equal(generateDtmf('12#', 8000).remainingSamples, 3 * 2400);
  assert.equal(generateDtmf('1w2W', 8000).remainingSamples, 2400 + 4000 + 2400 + 8000);
  const samples = new Int16Array(3200);
  generateDtmf('11', 8000, { toneMs: 70, gapMs: 130 }).read(samples, 0, 3200);
  assert.equal(peakDbfs(samples.subarray(560, 1600)), -127);
  assert.ok(peakDbfs(samples.subarray(1600, 2160)) > -14);
});

test('letters may be small', () => {
  assert.deepEqual(dtmfFrequencies('a'), [697, 1633]);
});

test('what is no key is refused by name', () => {
  assert.throws(() => generateDtmf('12x', 8000), /"x" is no key/);
  assert.equal(dtmfFrequencies(''), undefined);
  assert.equal(dtmfFrequencies('12'), undefined);
});
