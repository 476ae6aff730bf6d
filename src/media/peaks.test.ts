import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MAX_POINTS, PeakMeter, type Peaks, reducePeaks } from './peaks.ts';

const RATE = 8000;
/** 20 ms. */
const FIRST = 160;

/** Peaks of `samples` by definition. */
function plainPeaks(samples: Int16Array, channels: number, framesPerPoint: number): number[] {
  const found: number[] = [];
  const width = framesPerPoint * channels;
  for (let from = 0; from < samples.length; from += width) {
    for (let channel = 0; channel < channels; channel++) {
      let [lowest, highest] = [32_767, -32_768];
      for (let at = from + channel; at < Math.min(from + width, samples.length); at += channels) {
        lowest = Math.min(lowest, samples[at]!);
        highest = Math.max(highest, samples[at]!);
      }
      found.push(lowest, highest);
    }
  }
  return found;
}

function noise(length: number): Int16Array {
  return Int16Array.from({ length }, (_, n) => ((n * 7919 + (n >> 5) * 104_729) % 65_536) - 32_768);
}

function measure(samples: Int16Array, channels: number, pieces: (left: number) => number): Peaks | undefined {
  const meter = new PeakMeter(RATE, channels);
  for (let at = 0; at < samples.length; ) {
    const frames = Math.min(pieces(at), (samples.length - at) / channels);
    meter.add(samples.subarray(at), frames);
    at += frames * channels;
  }
  return meter.result();
}

describe('peaks', () => {
  test('of nothing are none', () => {
    assert.equal(new PeakMeter(RATE, 1).result(), undefined);
  });

  test('are lowest and highest sample of each 20 ms, the last stretch as long as it is', () => {
    const samples = noise(FIRST * 3 + 7);
    const peaks = measure(samples, 1, () => 33)!;
    assert.equal(peaks.framesPerPoint, FIRST);
    assert.deepEqual([...peaks.data], plainPeaks(samples, 1, FIRST));
  });

  test('of one sample, and of the extremes, are these', () => {
    for (const value of [0, 1, -1, 32_767, -32_768]) {
      const meter = new PeakMeter(RATE, 1);
      meter.add(Int16Array.of(value), 1);
      assert.deepEqual([...meter.result()!.data], [value, value]);
    }
  });

  test('are told for each channel, one behind the other', () => {
    const samples = noise(FIRST * 4);
    for (let n = 0; n < samples.length; n += 2) samples[n] = 5;
    const peaks = measure(samples, 2, () => 100)!;
    assert.equal(peaks.channels, 2);
    assert.deepEqual([...peaks.data], plainPeaks(samples, 2, FIRST));
    assert.deepEqual([...peaks.data.slice(0, 2)], [5, 5]);
  });

  test('stay within their bound however long it lasts, and are those of longer stretches then', () => {
    for (const seconds of [40.96, 40.98, 81.92, 300]) {
      const samples = noise(seconds * RATE);
      const peaks = measure(samples, 1, () => 4000)!;
      const points = peaks.data.length / 2;
      assert.ok(points <= MAX_POINTS && points >= MAX_POINTS / 2, `${points} points in ${seconds} s`);
      assert.deepEqual([...peaks.data], plainPeaks(samples, 1, peaks.framesPerPoint), `${seconds} s`);
    }
  });

  test('do not depend on the pieces in which the audio comes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 }),
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: 1, max: 700 }),
        (channels, frames, piece) => {
          const samples = noise(frames * channels);
          const peaks = measure(samples, channels, () => piece)!;
          assert.deepEqual([...peaks.data], plainPeaks(samples, channels, FIRST));
        },
      ),
      { numRuns: 50 },
    );
  });

  test('are reduced to as many stretches as asked for, or a few less, and never made up', () => {
    const samples = noise(FIRST * 1000);
    const peaks = measure(samples, 1, () => 4000)!;
    for (const [asked, points] of [
      [1, 1],
      [2, 2],
      [300, 250],
      [999, 500],
      [1000, 1000],
      [5000, 1000],
    ] as const) {
      const reduced = reducePeaks(peaks, asked);
      assert.equal(reduced.data.length / 2, points);
      assert.deepEqual([...reduced.data], plainPeaks(samples, 1, reduced.framesPerPoint));
    }
  });
});
