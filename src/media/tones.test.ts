import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { goertzelDbfs } from './goertzel.ts';
import { peakDbfs, rmsDbfs } from './level.ts';
import { generateTone, RECORD_BEEP, type Tone, ToneGenerator } from './tones.ts';

const STEADY: Tone = { frequenciesHz: [1000], levelDbfs: -20, onOffMs: [], durationMs: 1000 };

function render(generator: ToneGenerator, limit = 1_000_000): Int16Array {
  const samples = new Int16Array(Math.min(limit, generator.remainingSamples));
  generator.read(samples, 0, samples.length);
  return samples;
}

test('a tone has the frequency and the level that were asked for', () => {
  for (const sampleRate of [8000, 16000, 48000]) {
    const samples = render(generateTone(STEADY, sampleRate));
    assert.equal(samples.length, sampleRate);
    const middle = samples.subarray(sampleRate / 10, (sampleRate * 9) / 10);
    assert.ok(Math.abs(rmsDbfs(middle) - -20) < 0.05, `${rmsDbfs(middle)} dBFS`);
    assert.ok(Math.abs(goertzelDbfs(middle, 1000, sampleRate) - -20) < 0.05);
    assert.ok(goertzelDbfs(middle, 1100, sampleRate) < -70);
  }
});

test('the record beep is 400 ms of 1000 Hz', () => {
  const samples = render(generateTone(RECORD_BEEP, 8000));
  assert.equal(samples.length, 3200);
  assert.ok(Math.abs(goertzelDbfs(samples.subarray(400, 2800), 1000, 8000) - -18) < 0.1);
});

test('each of several sines has the stated level', () => {
  const samples = render(generateTone({ ...STEADY, frequenciesHz: [440, 480] }, 8000)).subarray(
    400,
    6400 + 400,
  );
  assert.ok(Math.abs(goertzelDbfs(samples, 440, 8000) - -20) < 0.1);
  assert.ok(Math.abs(goertzelDbfs(samples, 480, 8000) - -20) < 0.1);
  assert.ok(Math.abs(rmsDbfs(samples) - -17) < 0.1);
});

test('the frames in which a tone is read leave no trace in it', () => {
  const tone: Tone = { frequenciesHz: [425, 911], levelDbfs: -15, onOffMs: [37, 13, 5, 60], durationMs: 400 };
  const whole = render(generateTone(tone, 8000));
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 60 }), (sizes) => {
      const generator = generateTone(tone, 8000);
      const pieces = new Int16Array(whole.length);
      let at = 0;
      for (const size of [...sizes, whole.length]) {
        at += generator.read(pieces, at, Math.min(size, whole.length - at));
      }
      assert.equal(at, whole.length);
      assert.deepEqual(pieces, whole);
    }),
    { numRuns: 50 },
  );
});

test('the cadence switches at the exact sample, and starts again behind its last pause', () => {
  const tone: Tone = {
    frequenciesHz: [1000],
    levelDbfs: -20,
    onOffMs: [400, 200, 400, 2000],
    durationMs: 6000,
  };
  const samples = render(generateTone(tone, 8000));
  for (const cycle of [0, 24000]) {
    const loud = (fromMs: number, toMs: number): number =>
      peakDbfs(samples.subarray(cycle + fromMs * 8, cycle + toMs * 8));
    assert.ok(loud(0, 400) > -18);
    assert.equal(loud(400, 600), -127);
    assert.ok(loud(600, 1000) > -18);
    assert.equal(loud(1000, 3000), -127);
  }
});

test('no step between two samples is larger than the tone itself makes: nothing clicks', () => {
  const tone: Tone = { frequenciesHz: [1000], levelDbfs: -12, onOffMs: [33, 21], durationMs: 500 };
  const samples = render(generateTone(tone, 8000));
  const amplitude = 32768 * Math.SQRT2 * 10 ** (-12 / 20);
  const steepest = amplitude * 2 * Math.PI * (1000 / 8000);
  let previous = 0;
  for (const sample of [...samples, 0]) {
    assert.ok(Math.abs(sample - previous) <= steepest + 2);
    previous = sample;
  }
});

test('a tone that is cut short by its duration fades out as well', () => {
  const cut = render(generateTone({ ...STEADY, onOffMs: [4000, 4000], durationMs: 250 }, 8000));
  assert.equal(cut.length, 2000);
  assert.ok(Math.abs(cut.at(-1)!) < 50);
  assert.ok(peakDbfs(cut.subarray(1990, 2000)) < peakDbfs(cut.subarray(1900, 1990)) - 6);
});

test('behind the end nothing is written', () => {
  const generator = generateTone({ ...STEADY, durationMs: 10 }, 8000);
  const dest = new Int16Array(200).fill(5);
  assert.equal(generator.read(dest, 10, 160), 80);
  assert.equal(generator.remainingSamples, 0);
  assert.equal(generator.read(dest, 100, 100), 0);
  assert.deepEqual([...new Set(dest.subarray(90))], [5]);
});

test('an endless tone keeps its level for an hour', () => {
  const generator = generateTone({ ...STEADY, durationMs: Number.POSITIVE_INFINITY }, 8000);
  const buffer = new Int16Array(8000);
  for (let second = 0; second < 3600; second++) generator.read(buffer, 0, 8000);
  assert.equal(generator.remainingSamples, Number.POSITIVE_INFINITY);
  assert.ok(Math.abs(goertzelDbfs(buffer, 1000, 8000) - -20) < 0.02);
});

test('steps of no length are passed over, and rounding does not add up over a sequence', () => {
  const steps = Array.from({ length: 1000 }, () => ({ sines: [], durationMs: 0.1 }));
  assert.equal(new ToneGenerator([{ sines: [], durationMs: 0 }, ...steps], 8000).remainingSamples, 800);
  const dest = new Int16Array(4);
  assert.equal(new ToneGenerator([{ sines: [], durationMs: 0 }], 8000).read(dest, 0, 4), 0);
});

test('what cannot sound is refused, with the reason', () => {
  assert.throws(
    () => generateTone({ ...STEADY, frequenciesHz: [4000] }, 8000),
    /4000 Hz.*between 0 and 4000/,
  );
  assert.throws(() => generateTone({ ...STEADY, frequenciesHz: [Number.NaN] }, 8000), RangeError);
  assert.throws(() => generateTone({ ...STEADY, levelDbfs: 0 }, 8000), /full scale/);
  assert.throws(
    () => generateTone({ ...STEADY, levelDbfs: -6, frequenciesHz: [400, 500] }, 8000),
    /full scale/,
  );
  assert.throws(() => generateTone({ ...STEADY, onOffMs: [0, 0] }, 8000), /no time/);
  assert.throws(() => generateTone({ ...STEADY, durationMs: -1 }, 8000), RangeError);
  assert.throws(() => generateTone({ ...STEADY, onOffMs: [100, -50] }, 8000), RangeError);
});

test('a sine of full scale is possible', () => {
  const samples = render(generateTone({ ...STEADY, levelDbfs: -3.01 }, 8000));
  assert.ok(peakDbfs(samples) > -0.01);
});

test('every burst of a cadence is alike, so none begins in the middle of a wave', () => {
  const samples = render(
    generateTone({ ...STEADY, frequenciesHz: [425], onOffMs: [33, 17], durationMs: 150 }, 8000),
  );
  assert.deepEqual(samples.subarray(400, 800), samples.subarray(0, 400));
  assert.deepEqual(samples.subarray(800, 1200), samples.subarray(0, 400));
});
