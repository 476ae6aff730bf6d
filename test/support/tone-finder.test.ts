import assert from 'node:assert/strict';
import test from 'node:test';

import { testFrequencies, toneSamples, type Wav } from './audio-files.ts';
import { decodeG711, encodeG711 } from './g711.ts';
import { findDisturbances, findTones } from './tone-finder.ts';

const FREQUENCIES = testFrequencies(10);

function wavOf(samples: Int16Array): Wav {
  return { sampleRate: 8000, channels: [samples], durationMs: samples.length / 8 };
}

function throughMuLaw(samples: Int16Array): Int16Array {
  return decodeG711(encodeG711(samples, 'PCMU'), 'PCMU');
}

function near(actual: number, expected: number, tolerance: number, what: string): void {
  assert.ok(
    Math.abs(actual - expected) <= tolerance,
    `${what}: ${actual}, expected ${expected} ± ${tolerance}`,
  );
}

test('Every tone of a sequence is found in order, its edges right to 2 ms, through G.711', () => {
  const played = FREQUENCIES.map((frequencyHz, index) => ({ frequencyHz, durationMs: 300 + 17 * index }));
  const found = findTones(wavOf(throughMuLaw(toneSamples(played))), { frequencies: FREQUENCIES });
  assert.deepEqual(
    found.map((tone) => tone.frequencyHz),
    FREQUENCIES,
  );
  let at = 0;
  for (const [index, tone] of found.entries()) {
    near(tone.startMs, at, 2, `start of ${tone.frequencyHz} Hz`);
    at += played[index]!.durationMs;
    near(tone.endMs, at, 2, `end of ${tone.frequencyHz} Hz`);
    near(tone.levelDbfs, -10, 0.5, `level of ${tone.frequencyHz} Hz`);
  }
});

test('Silence between tones is left out, and a tone below the floor is silence', () => {
  const samples = toneSamples([
    { frequencyHz: 0, durationMs: 250 },
    { frequencyHz: 425, durationMs: 500 },
    { frequencyHz: 0, durationMs: 100 },
    { frequencyHz: 475, durationMs: 400, levelDbfs: -50 },
    { frequencyHz: 525, durationMs: 300 },
  ]);
  const found = findTones(wavOf(samples), { frequencies: FREQUENCIES });
  assert.deepEqual(
    found.map((tone) => tone.frequencyHz),
    [425, 525],
  );
  near(found[0]!.startMs, 250, 2, 'start of the first');
  near(found[0]!.endMs, 750, 2, 'end of the first');
  near(found[1]!.startMs, 1250, 2, 'start of the second');
});

test('An undisturbed tone through G.711 has no disturbances', () => {
  const wav = wavOf(throughMuLaw(toneSamples([{ frequencyHz: 425, durationMs: 2000, levelDbfs: -20 }])));
  const tones = findTones(wav, { frequencies: FREQUENCIES });
  assert.deepEqual(findDisturbances(wav, tones), []);
});

test('A lost packet is one disturbance of about its length, at its place', () => {
  const samples = toneSamples([{ frequencyHz: 575, durationMs: 2000 }]);
  samples.fill(0, 8 * 1000, 8 * 1020);
  const wav = wavOf(samples);
  const tones = findTones(wav, { frequencies: FREQUENCIES });
  assert.equal(tones.length, 1);
  const [gap, ...rest] = findDisturbances(wav, tones);
  assert.deepEqual(rest, []);
  near(gap!.startMs, 1000, 5, 'start');
  near(gap!.endMs, 1020, 5, 'end');
});

test('Twenty milliseconds cut out of a tone are heard as a jump, and so is a single click', () => {
  const whole = toneSamples([{ frequencyHz: 425, durationMs: 2000 }]);
  const cut = new Int16Array(whole.length - 160);
  cut.set(whole.subarray(0, 8000));
  cut.set(whole.subarray(8160), 8000);
  const clicked = Int16Array.from(whole);
  clicked.fill(32_000, 8000, 8004);
  for (const wav of [wavOf(cut), wavOf(clicked)]) {
    const found = findDisturbances(wav, findTones(wav, { frequencies: FREQUENCIES }));
    assert.equal(found.length, 1);
    near(found[0]!.startMs, 1000, 10, 'place');
  }
});

test('Each channel is searched by itself', () => {
  const left = toneSamples([{ frequencyHz: 425, durationMs: 400 }]);
  const right = toneSamples([{ frequencyHz: 475, durationMs: 400 }]);
  const wav: Wav = { sampleRate: 8000, channels: [left, right], durationMs: 400 };
  assert.equal(findTones(wav, { frequencies: FREQUENCIES, channel: 1 })[0]?.frequencyHz, 475);
  assert.throws(() => findTones(wav, { frequencies: FREQUENCIES, channel: 2 }), /2 channels/);
});
