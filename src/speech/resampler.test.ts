import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { joinSamples } from '../media/copy-samples.ts';
import { Resampler } from './resampler.ts';

const RATES = [8000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000];

function sine(frequencyHz: number, rate: number, samples: number, amplitude = 10_000): Int16Array {
  return Int16Array.from({ length: samples }, (_, index) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * frequencyHz * index) / rate)),
  );
}

async function resample(
  input: Int16Array,
  inRate: number,
  outRate: number,
  cuts: readonly number[] = [],
): Promise<Int16Array> {
  const resampler = await Resampler.create(inRate, outRate);
  const chunks: Int16Array[] = [];
  let from = 0;
  for (const cut of [...cuts, input.length]) {
    const to = Math.min(input.length, Math.max(from, cut));
    chunks.push(resampler.process(input.subarray(from, to)));
    from = to;
  }
  chunks.push(resampler.flush());
  resampler.close();
  return joinSamples(chunks);
}

/** Largest difference from `expected`, away from the ends, where the filter sees the edge. */
function worst(actual: Int16Array, expected: Int16Array, edge: number): number {
  let worstYet = 0;
  for (let index = edge; index < actual.length - edge; index++) {
    worstYet = Math.max(worstYet, Math.abs((actual[index] ?? 0) - (expected[index] ?? 0)));
  }
  return worstYet;
}

describe('resampler', () => {
  for (const inRate of RATES) {
    it(`brings ${inRate} Hz to 8000 and 16000 Hz: same duration, same tone, no delay`, async () => {
      for (const outRate of [8000, 16_000]) {
        const output = await resample(sine(440, inRate, inRate), inRate, outRate);
        assert.equal(output.length, outRate);
        const difference = worst(output, sine(440, outRate, outRate), outRate / 50);
        assert.ok(difference < 60, `${inRate} to ${outRate}: ${difference}`);
      }
    });
  }

  it('keeps what lies above the new band out of it', async () => {
    const output = await resample(sine(6000, 16_000, 16_000), 16_000, 8000);
    assert.ok(worst(output, new Int16Array(output.length), 200) < 5);
  });

  it('gives the same samples however the input is cut', async () => {
    const input = sine(700, 22_050, 5000);
    const whole = await resample(input, 22_050, 8000);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 20 }), async (cuts) => {
        const pieces = await resample(
          input,
          22_050,
          8000,
          cuts.sort((a, b) => a - b),
        );
        assert.deepEqual(pieces, whole);
      }),
      { numRuns: 30 },
    );
  });

  it('passes equal rates through untouched, and copies', async () => {
    const input = sine(440, 8000, 100);
    const output = await resample(input, 8000, 8000);
    assert.deepEqual(output, input);
    assert.notEqual(output.buffer, input.buffer);
  });

  it('gives nothing for nothing', async () => {
    assert.equal((await resample(new Int16Array(0), 16_000, 8000)).length, 0);
  });

  it('refuses to run after it was closed, and may be closed twice', async () => {
    const resampler = await Resampler.create(16_000, 8000);
    resampler.close();
    resampler.close();
    assert.throws(() => resampler.process(new Int16Array(10)), /closed/);
  });
});
