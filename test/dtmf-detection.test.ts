/** Limits of the detector of in-band keys (ITU-T Q.24), and talk that it must not take for keys: `npm run bench:dtmf`. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accept, keysIn, pausesFound, type Press } from '../bench/dtmf/trials.ts';
import { music } from '../bench/voice/noises.ts';
import { Speakers } from '../bench/voice/speakers.ts';
import { scale } from '../bench/voice/trials.ts';

describe('in-band keys', () => {
  /** Each key twice. */
  const allRight = (press: Partial<Press>): void => {
    const { right, any, of, startMs, endMs } = accept(press, 2);
    assert.deepEqual([right, any], [of, of], JSON.stringify(press));
    for (const off of [...startMs, ...endMs]) assert.ok(Math.abs(off) <= 5, `${off} ms off`);
  };
  const noneFound = (press: Partial<Press>): void =>
    assert.equal(accept(press, 2).any, 0, JSON.stringify(press));

  it('are found from 40 ms on, not up to 23 ms', () => {
    allRight({ toneMs: 40 });
    allRight({ toneMs: 100 });
    noneFound({ toneMs: 23 });
  });

  it('may be 1.5 % off in frequency, in any direction, not 3.5 %', () => {
    for (const [low, high] of [
      [1, 1],
      [1, -1],
      [-1, 0],
      [0, 1],
    ] as const) {
      allRight({ lowOff: 0.015 * low, highOff: 0.015 * high });
      noneFound({ lowOff: 0.035 * low, highOff: 0.035 * high });
    }
  });

  it('may have any level from -4 to -36 dBFS, and 8 dB less or 4 dB more in the upper tone', () => {
    for (const level of [-4, -20, -36]) allRight({ lowDbfs: level, highDbfs: level, noiseDbfs: -75 });
    noneFound({ lowDbfs: -45, highDbfs: -45, noiseDbfs: -75 });
    allRight({ highDbfs: -24 });
    allRight({ highDbfs: -12 });
    noneFound({ highDbfs: -28 });
  });

  it('stand white noise 10 dB below them', () => allRight({ noiseDbfs: -23 }));

  it('are two when a pause of 40 ms lies between them, one with an interruption of 10 ms', () => {
    assert.deepEqual(pausesFound(40, 1), { one: 0, two: 16, other: 0 });
    assert.deepEqual(pausesFound(10, 1), { one: 16, two: 0, other: 0 });
  });

  it('are not found in eight minutes of talk at many pitches, nor in music', async () => {
    const speakers = await Speakers.load();
    let seconds = 0;
    for (const voice of ['rms', 'slt', 'kal16', 'awb'])
      for (const text of [
        'Who knew the moon would rule you all night long, no one, I am sure.',
        'Hello, two nine one, four four seven, please ring me on Monday, we are all alone.',
      ]) {
        const said = await speakers.speak({ engine: 'flite', voice }, text);
        // Read faster and slower, one voice is many.
        for (let step = -7; step <= 7; step++) {
          const talk = scale(readAt(said, 2 ** (step / 12)), -3);
          seconds += talk.length / 8000;
          assert.deepEqual(keysIn(talk), [], `${voice} at ${step} semitones: ${text}`);
        }
      }
    assert.ok(seconds > 480, `${seconds} s`);
    assert.deepEqual(keysIn(scale(music(60, 11), -16)), []);
  });
});

/** The voice at another speed and pitch, at most at full scale. */
function readAt(samples: Int16Array, speed: number): Float64Array {
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1);
  return Float64Array.from({ length: Math.floor((samples.length - 1) / speed) }, (_, n) => {
    const at = n * speed;
    const whole = Math.floor(at);
    const next = samples[whole + 1] ?? 0;
    return (samples[whole]! + (at - whole) * (next - samples[whole]!)) / peak;
  });
}
