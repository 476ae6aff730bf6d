import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { G722Decoder, G722Encoder } from './g722.ts';
import { goertzelDbfs } from './goertzel.ts';
import { sine, speechLike } from './test-signals.ts';

const RATE = 16_000;
/** Both quadrature mirror filters together, samples (ITU-T G.722 2.1). */
const DELAY = 22;

function roundTrip(samples: Int16Array, frame = samples.length): Int16Array {
  const encoder = new G722Encoder();
  const decoder = new G722Decoder();
  const octets = new Uint8Array(frame / 2);
  const out = new Int16Array(samples.length);
  for (let at = 0; at < samples.length; at += frame) {
    const count = encoder.encode(samples, at, frame, octets, 0);
    decoder.decode(octets, 0, count, out, at);
  }
  return out;
}

describe('G.722 (bit by bit against ffmpeg: test/codecs)', () => {
  test('a tone of each sub-band comes back 22 samples later at its level and with little noise', () => {
    for (const [frequency, least] of [
      [1000, 25],
      [3400, 20],
      [6000, 15],
    ] as const) {
      const tone = sine(RATE, frequency, -20, RATE);
      const back = roundTrip(tone);
      let signal = 0;
      let noise = 0;
      for (let n = 4000; n < RATE - DELAY; n++) {
        signal += tone[n]! ** 2;
        noise += (back[n + DELAY]! - tone[n]!) ** 2;
      }
      const ratio = 10 * Math.log10(signal / noise);
      assert.ok(ratio > least, `${frequency} Hz: ${ratio} dB above its noise`);
    }
  });

  test('packets of any even length give the same as one piece: the state goes on', () => {
    const speech = speechLike(RATE / 2, -20, RATE);
    assert.deepEqual(roundTrip(speech, 320), roundTrip(speech));
    assert.deepEqual(roundTrip(speech, 2), roundTrip(speech));
  });

  test('writes only where it was told to', () => {
    const decoder = new G722Decoder();
    const dest = new Int16Array(10).fill(7);
    assert.equal(decoder.decode(Uint8Array.of(1, 2, 3, 4), 1, 3, dest, 3), 4);
    assert.deepEqual([...dest.subarray(0, 3), ...dest.subarray(7)], [7, 7, 7, 7, 7, 7]);
    assert.throws(() => new G722Encoder().encode(new Int16Array(3), 0, 3, new Uint8Array(2), 0), RangeError);
  });

  test('silence stays silent', () => {
    const back = roundTrip(new Int16Array(RATE));
    assert.ok(
      back.every((sample) => Math.abs(sample) <= 4),
      'no more than idle noise',
    );
    assert.ok(goertzelDbfs(back, 1000, RATE) < -80);
  });
});
