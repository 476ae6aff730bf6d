import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodePcmu, encodePcmu } from './g711.ts';
import { add, concat, sine, speechLike, whiteNoise } from './test-signals.ts';
import { sensitivityToDbfs, VoiceActivityDetector } from './voice-activity.ts';

const RATE = 8000;
const LINE_NOISE_DBFS = -62;

interface Segment {
  readonly start: number;
  readonly end: number;
}

/** Segments of speech in `samples`, as a user of the detector sees them go by. */
function segmentsOf(
  samples: Int16Array,
  options: { sensitivity?: number; sampleRate?: number; block?: number } = {},
): Segment[] {
  const sampleRate = options.sampleRate ?? RATE;
  const detector = new VoiceActivityDetector({ sampleRate, sensitivity: options.sensitivity ?? 44 });
  const block = options.block ?? sampleRate / 50;
  const segments: Segment[] = [];
  let speaking = false;
  const note = (): void => {
    if (speaking && !detector.speaking) {
      segments.push({ start: detector.speechStart, end: detector.speechEnd });
    }
    speaking = detector.speaking;
  };
  for (let at = 0; at < samples.length; at += block) {
    detector.process(samples, at, Math.min(block, samples.length - at));
    note();
  }
  detector.process(undefined, 0, sampleRate);
  note();
  return segments;
}

/** `signal` between stretches of a normal telephone line, through G.711. */
function onLine(
  signal: Int16Array,
  leadMs: number,
  trailMs: number,
  noiseDbfs = LINE_NOISE_DBFS,
): Int16Array {
  const whole = concat(new Int16Array(leadMs * 8), signal, new Int16Array(trailMs * 8));
  const noisy = add(whole, whiteNoise(whole.length, noiseDbfs, 7));
  const coded = new Uint8Array(noisy.length);
  encodePcmu(noisy, 0, noisy.length, coded, 0);
  decodePcmu(coded, 0, coded.length, noisy, 0);
  return noisy;
}

function near(actual: number, expected: number, tolerance: number, what: string): void {
  assert.ok(
    Math.abs(actual - expected) <= tolerance,
    `${what}: ${actual}, expected ${expected} ± ${tolerance}`,
  );
}

test('sensitivity maps linearly to -15 dBFS at 0 and -65 dBFS at 100', () => {
  assert.equal(sensitivityToDbfs(0), -15);
  assert.equal(sensitivityToDbfs(44), -37);
  assert.equal(sensitivityToDbfs(100), -65);
});

test('speech is found where it is, to 60 ms, at any level above the threshold', () => {
  for (const levelDbfs of [-10, -20, -30, -36]) {
    const samples = onLine(speechLike(2 * RATE, levelDbfs), 1500, 2000);
    const segments = segmentsOf(samples);
    assert.equal(segments.length, 1, `${levelDbfs} dBFS: ${JSON.stringify(segments)}`);
    near(segments[0]!.start, 1.5 * RATE, 480, `start at ${levelDbfs} dBFS`);
    near(segments[0]!.end, 3.5 * RATE, 480, `end at ${levelDbfs} dBFS`);
  }
});

test('speech well below the threshold of the sensitivity is not heard; a higher sensitivity hears it', () => {
  const quiet = onLine(speechLike(2 * RATE, -48), 1500, 2000, -75);
  assert.deepEqual(segmentsOf(quiet, { sensitivity: 44 }), []);
  assert.equal(segmentsOf(quiet, { sensitivity: 80 }).length, 1);
  const normal = onLine(speechLike(2 * RATE, -28), 1500, 2000);
  assert.deepEqual(segmentsOf(normal, { sensitivity: 5 }), []);
});

test('speech is found in white noise 10 dB below it, also when the noise is louder than the threshold', () => {
  for (const levelDbfs of [-15, -25]) {
    const segments = segmentsOf(onLine(speechLike(2 * RATE, levelDbfs), 1500, 2000, levelDbfs - 10));
    assert.equal(segments.length, 1);
    near(segments[0]!.start, 1.5 * RATE, 480, 'start');
    near(segments[0]!.end, 3.5 * RATE, 1200, 'end');
  }
});

test('steady noise is never speech, however loud, also from the very first sample', () => {
  for (const levelDbfs of [-60, -45, -35, -25, -15]) {
    for (const sensitivity of [44, 100]) {
      assert.deepEqual(
        segmentsOf(whiteNoise(10 * RATE, levelDbfs, 3), { sensitivity }),
        [],
        `${levelDbfs} dBFS`,
      );
    }
  }
});

test('mains hum with harmonics is not speech: loud and always there, or low and coming up', () => {
  const hum = (levelDbfs: number): Int16Array =>
    [50, 100, 150, 200, 250, 300].map((hz, index) => sine(8 * RATE, hz, levelDbfs - 3 * index)).reduce(add);
  assert.deepEqual(segmentsOf(onLine(hum(-28), 0, 0)), []);
  assert.deepEqual(segmentsOf(onLine(hum(-38), 1000, 1000)), []);
});

test('a steady tone with its pauses (busy, ringing, a key) is not speech, also when two tones beat', () => {
  for (const frequencies of [
    [425],
    [1000],
    [941, 1477],
    [697, 1209],
    [440, 480],
    [480, 620],
    [400, 450],
    [350, 440],
  ]) {
    const tone = frequencies.map((hz) => sine(4000, hz, -20)).reduce(add);
    const pause = new Int16Array(4000);
    assert.deepEqual(
      segmentsOf(onLine(concat(tone, pause, tone, pause, tone), 1000, 500)),
      [],
      String(frequencies),
    );
  }
});

test('clicks are not speech', () => {
  const samples = onLine(new Int16Array(10 * RATE), 0, 0);
  for (let at = 4000; at < samples.length - 100; at += 1777) {
    for (let n = 0; n < 24; n++) samples[at + n] = (n % 2 === 0 ? 20000 : -20000) * Math.exp(-n / 8);
  }
  assert.deepEqual(segmentsOf(samples), []);
});

test('a click in the silence behind speech does not move its end', () => {
  const clean = onLine(speechLike(RATE, -20), 1000, 3000);
  const [expected] = segmentsOf(clean);
  const clicked = clean.slice();
  for (const atMs of [2080, 2150, 2300, 3000]) clicked.set([20000, -20000, 15000, -15000], atMs * 8);
  assert.deepEqual(segmentsOf(clicked), [expected]);
});

test('breath (soft noise that swells and fades) is not speech, bright or dull', () => {
  for (const dullness of [0, 0.4, 0.6]) {
    let low = 0;
    const breath = whiteNoise(8000, -25, 5).map((sample, n) => {
      low = dullness * low + (1 - dullness) * sample;
      return low * Math.sin((Math.PI * n) / 8000) ** 2;
    });
    assert.deepEqual(segmentsOf(onLine(breath, 1000, 1000)), [], `${dullness}`);
  }
});

test('who talks on and on without a pause is not taken for noise: no gap is longer than 300 ms', () => {
  for (const seed of [1, 4, 9]) {
    const segments = segmentsOf(onLine(speechLike(15 * RATE, -22, RATE, seed), 1000, 1500));
    let end = RATE;
    for (const segment of segments) {
      assert.ok(segment.start - end <= 2400, `seed ${seed}: nothing from ${end} to ${segment.start}`);
      end = segment.end;
    }
    near(end, 16 * RATE, 480, 'end');
  }
});

test('a talker at the level that the sensitivity stands for is heard, one 12 dB below it is not', () => {
  for (const sensitivity of [30, 44, 70]) {
    const level = sensitivityToDbfs(sensitivity);
    const heard = (levelDbfs: number): number =>
      segmentsOf(onLine(speechLike(2 * RATE, levelDbfs), 1500, 1500, -80), { sensitivity }).length;
    assert.equal(heard(level), 1, `${level} dBFS`);
    assert.equal(heard(level - 12), 0, `${level - 12} dBFS`);
  }
});

test('a step of white noise up or down is no speech, and speech is found behind it', () => {
  const speech = concat(new Int16Array(6 * RATE), speechLike(RATE, -15));
  const step = concat(new Int16Array(2 * RATE), whiteNoise(5 * RATE, -30, 9), new Int16Array(2 * RATE));
  const segments = segmentsOf(onLine(add(speech, step), 1000, 2000));
  assert.equal(segments.length, 1, JSON.stringify(segments));
  near(segments[0]!.start, 7 * RATE, 480, 'start');
});

test('a short "yes" of 250 ms is heard', () => {
  const segments = segmentsOf(onLine(speechLike(2000, -25), 1500, 1500));
  assert.equal(segments.length, 1);
});

test('words 150 ms apart are one stretch of speech, words 400 ms apart are two', () => {
  const word = speechLike(4000, -20);
  const apart = (ms: number): Int16Array => onLine(concat(word, new Int16Array(ms * 8), word), 1000, 1000);
  assert.equal(segmentsOf(apart(150)).length, 1);
  assert.equal(segmentsOf(apart(400)).length, 2);
});

test('decisions do not depend on the blocks in which samples come', () => {
  const samples = onLine(
    concat(speechLike(5000, -25), new Int16Array(5000), speechLike(9000, -30)),
    700,
    1500,
  );
  const expected = segmentsOf(samples);
  assert.equal(expected.length, 2);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), (block) => {
      assert.deepEqual(segmentsOf(samples, { block }), expected);
    }),
    { numRuns: 30 },
  );
});

test('wide-band input gives the same speech, positions counted at its own rate', () => {
  for (const sampleRate of [16000, 48000]) {
    const lead = whiteNoise(1.5 * sampleRate, LINE_NOISE_DBFS, 7);
    const samples = concat(lead, speechLike(2 * sampleRate, -20, sampleRate), lead);
    const segments = segmentsOf(samples, { sampleRate });
    assert.equal(segments.length, 1);
    near(segments[0]!.start, 1.5 * sampleRate, 0.05 * sampleRate, 'start');
    near(segments[0]!.end, 3.5 * sampleRate, 0.05 * sampleRate, 'end');
  }
});

test('while speech is possible but not certain, its possible start is told, and the doubt is over in 200 ms', () => {
  const samples = onLine(speechLike(RATE, -20), 1000, 1000);
  const detector = new VoiceActivityDetector({ sampleRate: RATE, sensitivity: 44 });
  let told: number | undefined;
  for (let at = 0; at < 2 * RATE && !detector.speaking; at += 80) {
    detector.process(samples, at, 80);
    if (detector.possibleOnset !== Number.POSITIVE_INFINITY) {
      told ??= detector.possibleOnset;
      assert.ok(detector.analysed - detector.possibleOnset <= 1600);
    }
  }
  assert.ok(detector.speaking && detector.heard);
  near(told ?? -1, RATE, 160, 'possible start');
  assert.equal(detector.speechStart, told);
  assert.equal(detector.possibleOnset, Number.POSITIVE_INFINITY);
});

test('the end of speech stands still from the last active frame on, and is final 200 ms later', () => {
  const samples = onLine(speechLike(RATE, -20), 1000, 1000);
  const detector = new VoiceActivityDetector({ sampleRate: RATE, sensitivity: 44 });
  detector.process(samples, 0, 2 * RATE + 1200);
  assert.equal(detector.speaking, true);
  const end = detector.speechEnd;
  near(end, 2 * RATE, 160, 'end');
  let at = 2 * RATE + 1200;
  while (detector.speaking) {
    detector.process(samples, at, 80);
    at += 80;
    assert.equal(detector.speechEnd, end);
  }
  assert.equal(detector.analysed - end, 1600);
});

test('missing input counts as silence', () => {
  const detector = new VoiceActivityDetector({ sampleRate: RATE, sensitivity: 44 });
  detector.process(undefined, 0, 12345);
  assert.equal(detector.analysed, 12320);
  assert.equal(detector.heard, false);
  assert.equal(detector.noiseFloorDbfs, -65);
  detector.process(speechLike(RATE, -25), 0, RATE);
  assert.equal(detector.heard, true);
});

test('the noise floor follows the line within four seconds, and speech does not lift it', () => {
  const detector = new VoiceActivityDetector({ sampleRate: RATE, sensitivity: 44 });
  detector.process(whiteNoise(3 * RATE, -50, 2), 0, 3 * RATE);
  near(detector.noiseFloorDbfs, -51.5, 2, 'floor in noise');
  detector.process(onLine(speechLike(RATE, -20), 0, 300, -50), 0, RATE + 2400);
  near(detector.noiseFloorDbfs, -51.5, 2, 'floor behind speech');
  detector.process(whiteNoise(4 * RATE, -35, 4), 0, 4 * RATE);
  near(detector.noiseFloorDbfs, -36.5, 2, 'floor in louder noise');
});

test('rates and sensitivities that cannot be are refused', () => {
  assert.throws(
    () => new VoiceActivityDetector({ sampleRate: 11025, sensitivity: 44 }),
    /11025.*multiple of 8000/,
  );
  assert.throws(() => new VoiceActivityDetector({ sampleRate: 8000, sensitivity: 101 }), /0 to 100/);
  assert.throws(() => new VoiceActivityDetector({ sampleRate: 8000, sensitivity: Number.NaN }), RangeError);
});
