import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goertzelDbfs } from './goertzel.ts';
import { rmsDbfs } from './level.ts';
import { RING_CADENCES, ringCycleMs, ringTone } from './ring-cadences.ts';
import { generateTone } from './tones.ts';

const DOCUMENTED =
  'at au bg br be ch cl cn cz de dk ee es fi fr gr hu il in it lt jp mx my nl no nz ph pl pt ru se sg th uk us us-old tw ve za';

test('every country of the language has a ring, and no other', () => {
  assert.deepEqual([...RING_CADENCES.keys()].sort(), DOCUMENTED.split(' ').sort());
});

test('cadences are pairs of on and off, of a length that people would call a ring', () => {
  for (const [country, cadence] of RING_CADENCES) {
    assert.equal(cadence.onOffMs.length % 2, 0, country);
    assert.ok(ringCycleMs(cadence) >= 3000 && ringCycleMs(cadence) <= 6000, country);
    for (const hz of cadence.frequenciesHz) assert.ok(hz >= 380 && hz <= 480, country);
  }
});

test('ring:us is two seconds of 440 and 480 Hz, then four of silence', () => {
  const tone = ringTone('us')!;
  assert.equal(tone.durationMs, 6000);
  const generator = generateTone(tone, 8000);
  const samples = new Int16Array(48000);
  assert.equal(generator.read(samples, 0, 48000), 48000);
  const on = samples.subarray(800, 15200);
  assert.ok(Math.abs(goertzelDbfs(on, 440, 8000) - goertzelDbfs(on, 480, 8000)) < 0.5);
  assert.ok(Math.abs(rmsDbfs(on) - -19) < 0.2);
  assert.equal(rmsDbfs(samples.subarray(16000)), -127);
});

test('all countries ring equally loud, however many partials', () => {
  for (const country of RING_CADENCES.keys()) {
    const samples = new Int16Array(3200);
    generateTone(ringTone(country)!, 8000).read(samples, 0, 3200);
    assert.ok(Math.abs(rmsDbfs(samples.subarray(80, 3120)) - -19) < 0.8, country);
  }
});

test('a given duration cuts or repeats the cycle', () => {
  assert.equal(ringTone('de', 1500)?.durationMs, 1500);
  assert.equal(generateTone(ringTone('de', 12_000)!, 8000).remainingSamples, 96_000);
});

test('the country is found in any case, an unknown one is not', () => {
  assert.deepEqual(ringTone('US'), ringTone('us'));
  assert.equal(ringTone('xx'), undefined);
});
