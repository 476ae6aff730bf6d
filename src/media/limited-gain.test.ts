import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { goertzelDbfs, goertzelPower } from './goertzel.ts';
import { meanSquare, peakDbfs } from './level.ts';
import { CEILING_DBFS, LimitedGain } from './limited-gain.ts';
import { concat, sine, speechLike, whiteNoise } from './test-signals.ts';

const RATE = 8000;

/** All of a signal through one volume, in pieces, with changes at places of the input. */
function amplified(
  samples: Int16Array,
  gainDb: number,
  options: {
    readonly rate?: number;
    readonly piece?: number;
    readonly changes?: readonly (readonly [at: number, gainDb: number])[];
  } = {},
): Int16Array {
  const { rate = RATE, piece = 160, changes = [] } = options;
  const gain = new LimitedGain(rate, gainDb);
  const out = new Int16Array(samples.length);
  let done = 0;
  for (let at = 0; at < samples.length; at += piece) {
    for (const [place, toDb] of changes) if (place >= at && place < at + piece) gain.set(toDb);
    done += gain.process(samples, at, Math.min(piece, samples.length - at), out, done);
  }
  done += gain.flush(out, done, out.length - done);
  assert.equal(done, samples.length);
  assert.equal(gain.held, 0);
  return out;
}

/** Share of the power that is not the sine itself, dB. */
function distortionDb(samples: Int16Array, hz: number, rate = RATE): number {
  const total = meanSquare(samples, 0, samples.length);
  const tone = goertzelPower(samples, 0, samples.length, hz, rate);
  return 10 * Math.log10(Math.max(1e-9, total - tone) / total);
}

function clipped(samples: Int16Array, factor: number): Int16Array {
  return samples.map((sample) => Math.max(-32768, Math.min(32767, sample * factor)));
}

describe('below the ceiling', () => {
  test('each volume from -40 to 40 dB gives a soft tone the level that was asked for', () => {
    const soft = sine(RATE, 1004, -45);
    for (let gainDb = -40; gainDb <= 40; gainDb += 5) {
      const level = goertzelDbfs(amplified(soft, gainDb), 1004, RATE);
      const wanted = -45 + gainDb;
      // Below -70 dBFS samples are a few units, and their rounding counts.
      assert.ok(Math.abs(level - wanted) < (wanted < -70 ? 1 : 0.05), `${gainDb} dB: ${level} dBFS`);
    }
  });

  test('at 0 dB samples come out as they went in, full scale included', () => {
    const samples = concat(Int16Array.of(-32768, 32767, -32768, 1), whiteNoise(2000, -6));
    assert.deepEqual(amplified(samples, 0), samples);
  });

  test('samples that are turned down are never limited', () => {
    const loud = sine(RATE, 440, -3.02);
    const out = amplified(loud, -6);
    for (let n = 0; n < loud.length; n++) assert.ok(Math.abs(out[n]! - loud[n]! * 10 ** -0.3) <= 3.5);
  });

  test('back at 0 dB samples are exact again', () => {
    const samples = sine(3 * RATE, 440, -10);
    const out = amplified(samples, 40, { changes: [[RATE, 0]] });
    assert.deepEqual(out.subarray(2 * RATE), samples.subarray(2 * RATE));
  });
});

describe('above the ceiling', () => {
  test('a tone of any pitch keeps its shape at 40 dB: distortion 50 dB below it, where clipping has 8', () => {
    for (const [hz, rate] of [
      [250, 8000],
      [440, 8000],
      [1004, 8000],
      [3100, 8000],
      [440, 16_000],
      [1004, 48_000],
    ] as const) {
      const tone = sine(rate, hz, -20, rate);
      const settled = amplified(tone, 40, { rate }).subarray(rate / 2);
      assert.ok(distortionDb(settled, hz, rate) < -50, `${hz} Hz: ${distortionDb(settled, hz, rate)} dB`);
      assert.ok(distortionDb(clipped(tone, 100).subarray(rate / 2), hz, rate) > -9);
      const peak = peakDbfs(settled);
      assert.ok(peak <= CEILING_DBFS + 0.01 && peak > CEILING_DBFS - 0.5, `${hz} Hz: ${peak} dBFS`);
    }
  });

  test('no sample passes it, whatever comes, however it is cut, and whenever the volume changes', () => {
    const anything = fc.array(
      fc.oneof(
        fc.record({
          noise: fc.double({ min: -60, max: 0, noNaN: true }),
          count: fc.integer({ min: 1, max: 300 }),
        }),
        fc.record({
          value: fc.integer({ min: -32768, max: 32767 }),
          count: fc.integer({ min: 1, max: 100 }),
        }),
      ),
      { minLength: 1, maxLength: 20 },
    );
    fc.assert(
      fc.property(
        anything,
        fc.double({ min: 0, max: 40, noNaN: true }),
        fc.integer({ min: 1, max: 500 }),
        fc.array(
          fc.tuple(fc.integer({ min: 0, max: 3000 }), fc.double({ min: 0.001, max: 40, noNaN: true })),
          { maxLength: 5 },
        ),
        (parts, gainDb, piece, changes) => {
          const samples = concat(
            ...parts.map((part) =>
              'noise' in part
                ? whiteNoise(part.count, part.noise)
                : new Int16Array(part.count).fill(part.value),
            ),
          );
          const out = amplified(samples, gainDb + 0.001, { piece, changes });
          assert.ok(peakDbfs(out) <= CEILING_DBFS, `${peakDbfs(out)} dBFS`);
          for (let n = 0; n < out.length; n++)
            assert.ok(out[n] === 0 || Math.sign(out[n]!) === Math.sign(samples[n]!));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('it is turned down before a sudden peak comes, and lets go slowly behind it', () => {
    const soft = sine(2 * RATE, 500, -50);
    const samples = concat(soft.slice(0, RATE), sine(800, 500, -6), soft);
    const out = amplified(samples, 30);
    const level = (from: number, count: number): number =>
      goertzelDbfs(out.slice(from, from + count), 500, RATE);
    assert.ok(Math.abs(level(0, 7840) - -20) < 0.1, 'full volume until 5 ms before');
    const behind = level(RATE + 800 + 80, 160);
    assert.ok(behind < -40, `${behind} dBFS right behind it`);
    assert.ok(Math.abs(level(RATE + 800 + RATE, 1600) - -20) < 0.1, 'full volume a second later');
    for (let n = 1; n < out.length; n++) assert.ok(Math.abs(out[n]! - out[n - 1]!) < 32768 * 0.42);
  });

  test('loud speech at 40 dB is steady and clean in its pitch: no sample at the limit twice in a row', () => {
    const out = amplified(speechLike(2 * RATE, -30), 40);
    const top = Math.floor(32768 * 10 ** (CEILING_DBFS / 20));
    let flat = 0;
    for (let n = 1; n < out.length; n++)
      if (Math.abs(out[n]!) >= top - 1 && Math.abs(out[n - 1]!) >= top - 1) flat++;
    assert.ok(flat < 10, `${flat} flat places`);
  });
});

describe('a change in the middle', () => {
  for (const [fromDb, toDb, level] of [
    [0, -40, -12],
    [-40, 0, -12],
    [0, 40, -12],
    [40, 0, -12],
    [-40, 40, -45],
    [40, -40, -45],
  ] as const) {
    test(`from ${fromDb} to ${toDb} dB does not click`, () => {
      const tone = sine(2 * RATE, 400, level);
      const out = amplified(tone, fromDb, { changes: [[RATE, toDb]] });
      const loudest = Math.max(peakDbfs(out, 0, RATE - 200), peakDbfs(out, RATE + 400, RATE - 400));
      // A click has its power everywhere: what sounds far from the tone around the change tells of it.
      const around = out.slice(RATE - 160, RATE + 320);
      for (const hz of [1500, 2200, 2900, 3600]) {
        const click = goertzelDbfs(around, hz, RATE);
        assert.ok(click < loudest - 45, `${hz} Hz: ${click} dBFS beside ${loudest}`);
      }
    });
  }

  test('takes 10 ms for a soft sound, up and down', () => {
    const tone = new Int16Array(4 * RATE).fill(100);
    const out = amplified(tone, 0, {
      changes: [
        [RATE, 20],
        [2 * RATE, -20],
      ],
    });
    assert.deepEqual([out[RATE - 1], out[RATE + 160]], [100, 1000]);
    assert.deepEqual([out[2 * RATE - 60], out[2 * RATE + 160]], [1000, 10]);
  });
});

test('what is held for want of more comes out, and the next sound begins anew below the ceiling', () => {
  const gain = new LimitedGain(RATE, 40);
  const dest = new Int16Array(4000);
  for (const samples of [
    sine(17, 1000, -60),
    sine(RATE / 10, 1000, -6),
    sine(2, 1000, -60),
    sine(1000, 700, -3.1),
  ]) {
    let done = gain.process(samples, 0, samples.length, dest, 0);
    done += gain.flush(dest, done, 3);
    done += gain.flush(dest, done, 1000);
    assert.equal(done, samples.length);
    assert.ok(peakDbfs(dest, 0, done) <= CEILING_DBFS);
  }
});
