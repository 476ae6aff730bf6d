import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { goertzelDbfs } from './goertzel.ts';
import { RateChanger } from './rate-changer.ts';
import { sine, speechLike } from './test-signals.ts';

const PAIRS = [
  [8_000, 16_000],
  [8_000, 48_000],
  [16_000, 48_000],
  [16_000, 8_000],
  [48_000, 8_000],
  [48_000, 16_000],
] as const;

function changed(samples: Int16Array, from: number, to: number, portion = samples.length): Int16Array {
  const changer = new RateChanger(from, to);
  const out = new Int16Array(Math.ceil((samples.length * to) / from));
  let written = 0;
  for (let at = 0; at < samples.length; at += portion) {
    const count = Math.min(portion, samples.length - at);
    const made = changer.process(samples, at, count, out, written);
    assert.ok(made <= changer.outputOf(count));
    written += made;
  }
  assert.equal(written, out.length);
  return out;
}

describe('changing the sample rate', () => {
  for (const [from, to] of PAIRS) {
    const lower = Math.min(from, to);

    test(`${from} to ${to} Hz keeps the level of tones up to 85 % of the lower band`, () => {
      for (const share of [0.1, 0.5, 0.85]) {
        const frequency = Math.round((share * lower) / 2);
        const out = changed(sine(from, frequency, -12, from), from, to).subarray(to / 10);
        const level = goertzelDbfs(out, frequency, to);
        assert.ok(Math.abs(level + 12) < 0.5, `${frequency} Hz: ${level} dBFS`);
      }
    });

    test(`${from} to ${to} Hz leaves nothing of images and of what the lower band cannot hold`, () => {
      const unwanted = Math.round(0.55 * lower);
      if (from > to) {
        // It would fold down to the difference from the lower rate.
        const out = changed(sine(from, unwanted, -6, from), from, to).subarray(to / 10);
        assert.ok(goertzelDbfs(out, to - unwanted, to) < -70);
      } else {
        const tone = from - unwanted;
        const out = changed(sine(from, tone, -6, from), from, to).subarray(to / 10);
        assert.ok(goertzelDbfs(out, unwanted, to) < -70, 'the image of the tone');
      }
    });
  }

  test('portions of any length give the same as one piece', () => {
    const speech = speechLike(4_800, -20, 48_000);
    for (const portion of [1, 7, 960]) {
      assert.deepEqual(changed(speech, 48_000, 8_000, portion), changed(speech, 48_000, 8_000));
      assert.deepEqual(changed(speech, 8_000, 48_000, portion), changed(speech, 8_000, 48_000));
    }
  });

  test('full scale is clipped, not wrapped', () => {
    const square = Int16Array.from({ length: 1_600 }, (_, n) => (n % 40 < 20 ? 32_767 : -32_768));
    const out = changed(square, 8_000, 16_000);
    for (let n = 200; n < out.length - 1; n++) {
      assert.ok(
        Math.abs(out[n]! - out[n + 1]!) < 50_000,
        `sample ${n} jumps from ${out[n]} to ${out[n + 1]}`,
      );
    }
  });

  test('rates that are no multiples are refused', () => {
    assert.throws(() => new RateChanger(8_000, 44_100), /44100 Hz.*multiple/);
  });
});
