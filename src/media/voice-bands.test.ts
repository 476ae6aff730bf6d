import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from './test-signals.ts';
import { BAND_FRAME, VoiceBands } from './voice-bands.ts';

const SILENCE = new Int16Array(BAND_FRAME);

/** What is measured of each frame, and how much the last ones repeat themselves. */
function measured(bands: VoiceBands, frames: readonly Int16Array[]): unknown[] {
  return frames.map((frame) => {
    bands.measure(frame, 0);
    return [bands.low, bands.middle, bands.high, bands.periodicity()];
  });
}

test('digital silence, however long, leaves no trace in what is measured behind it', () => {
  const random = seededRandom(3);
  const sound = Array.from({ length: 8 }, () =>
    Int16Array.from({ length: BAND_FRAME }, (_, i) => 3000 * Math.sin(i / 3) + 400 * random()),
  );
  const expected = measured(new VoiceBands(), sound);
  for (const pause of [1, 2, 6, 7, 50]) {
    const late = new VoiceBands();
    measured(late, Array<Int16Array>(pause).fill(SILENCE));
    assert.deepEqual(measured(late, sound), expected, `${pause} frames before`);
  }
  const again = new VoiceBands();
  measured(again, sound);
  measured(again, Array<Int16Array>(60).fill(SILENCE));
  assert.deepEqual([again.low, again.middle, again.high], [0, 0, 0]);
  assert.deepEqual(measured(again, sound), expected);
});

test('what is at rest hears the first sample that is not silent', () => {
  const bands = new VoiceBands();
  bands.measure(SILENCE, 0);
  const last = new Int16Array(BAND_FRAME);
  last[BAND_FRAME - 1] = 100;
  bands.measure(last, 0);
  assert.ok(bands.low > 0 && bands.middle > 0 && bands.high > 0);
});
