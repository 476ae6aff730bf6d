import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DtmfDetector } from './dtmf-detector.ts';
import { generateDtmf } from './dtmf-tones.ts';
import { add, concat, sine, speechLike, whiteNoise } from './test-signals.ts';

const KEYS = '0123456789ABCD*#';

interface Key {
  readonly digit: string;
  readonly start: number;
  end: number;
}

/** Limits of what is heard as keys in docs/dtmf.md: test/dtmf-detection.test.ts and `npm run bench:dtmf`. */
function keysIn(samples: Int16Array, options: { sampleRate?: number; block?: number } = {}): Key[] {
  const sampleRate = options.sampleRate ?? 8000;
  const block = options.block ?? sampleRate / 50;
  const keys: Key[] = [];
  const detector = new DtmfDetector(sampleRate, {
    keyDown: (digit, start) => keys.push({ digit, start, end: Number.NaN }),
    keyUp: (digit, start, end) => {
      assert.deepEqual([digit, start], [keys.at(-1)?.digit, keys.at(-1)?.start]);
      keys.at(-1)!.end = end;
    },
  });
  for (let at = 0; at < samples.length; at += block)
    detector.process(samples, at, Math.min(block, samples.length - at));
  return keys;
}

function dialled(digits: string, sampleRate: number, toneMs: number, gapMs: number): Int16Array {
  const tones = generateDtmf(digits, sampleRate, { toneMs, gapMs });
  const samples = new Int16Array(tones.remainingSamples);
  tones.read(samples, 0, samples.length);
  return samples;
}

const digitsOf = (keys: readonly Key[]): string => keys.map(({ digit }) => digit).join('');

test('every key is found, in order, dialled slowly or as fast as machines do', () => {
  for (const [toneMs, gapMs] of [
    [100, 100],
    [200, 50],
    [50, 50],
    [40, 40],
  ] as const) {
    assert.equal(digitsOf(keysIn(concat(dialled(KEYS, 8000, toneMs, gapMs), new Int16Array(400)))), KEYS);
  }
});

test('beginning and end are told to 5 ms, at any rate, counted at that rate', () => {
  for (const sampleRate of [8000, 16_000, 48_000]) {
    const lead = new Int16Array(Math.round(0.1234 * sampleRate));
    const samples = concat(lead, dialled('7', sampleRate, 120, 100));
    const [key] = keysIn(samples, { sampleRate });
    const tolerance = 0.005 * sampleRate;
    assert.equal(key?.digit, '7');
    assert.ok(Math.abs(key.start - lead.length) <= tolerance, `${key.start - lead.length}`);
    assert.ok(Math.abs(key.end - lead.length - 0.12 * sampleRate) <= tolerance, `${key.end}`);
  }
});

test('decisions do not depend on the blocks in which samples come', () => {
  const samples = add(
    concat(
      new Int16Array(333),
      dialled('159#', 8000, 60, 70),
      speechLike(4000, -20),
      dialled('0', 8000, 90, 90),
    ),
    whiteNoise(8000, -50),
  );
  const expected = keysIn(samples);
  assert.equal(digitsOf(expected), '159#0');
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 700 }), (block) => {
      assert.deepEqual(keysIn(samples, { block }), expected);
    }),
    { numRuns: 30 },
  );
});

test('a key that is held is one key, also with an interruption of 10 ms', () => {
  const held = dialled('5', 8000, 3000, 100);
  assert.equal(digitsOf(keysIn(held)), '5');
  const torn = held.slice().fill(0, 8000, 8080);
  const [key, ...others] = keysIn(torn);
  assert.equal(others.length, 0);
  assert.ok(Math.abs(key!.end - 24_000) <= 40);
});

test('one key behind another without a pause is found, too', () => {
  const [first, second] = ['2', '6'].map((digit) => dialled(digit, 8000, 100, 0));
  assert.equal(digitsOf(keysIn(concat(first!, second!, new Int16Array(800)))), '26');
});

test('one tone of the two, tones of no key, and both with a third are no key', () => {
  const none = (...frequencies: number[]): void => {
    const sounds = frequencies.map((hz) => sine(8000, hz, -18)).reduce(add);
    assert.deepEqual(keysIn(concat(sounds, new Int16Array(800))), [], frequencies.join('+'));
  };
  none(697);
  none(1477);
  none(697, 852);
  none(1209, 1477);
  none(440, 480);
  none(350, 440);
  none(1100);
  none(1400, 2060);
  none(852, 1336, 2200);
  none(697, 1209, 1633);
});

test('a tone that may still become a key has its beginning told, until that is settled', () => {
  const detector = new DtmfDetector(8000, { keyDown: () => {}, keyUp: () => {} });
  assert.equal(detector.possibleStart, Number.POSITIVE_INFINITY);
  const samples = concat(new Int16Array(800), dialled('3', 8000, 100, 100));
  detector.process(samples, 0, 800 + 160);
  assert.ok(Math.abs(detector.possibleStart - 800) <= 40, `${detector.possibleStart}`);
  detector.process(samples, 960, 320);
  assert.equal(detector.possibleStart, Number.POSITIVE_INFINITY);
});

test('rates that are no multiple of 8000 Hz are refused', () => {
  assert.throws(
    () => new DtmfDetector(44_100, { keyDown: () => {}, keyUp: () => {} }),
    /44100.*multiple of 8000/,
  );
});
