import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copySamples } from './copy-samples.ts';

test('samples are copied, and no others, however many', () => {
  const src = Int16Array.from({ length: 400 }, (_, i) => i + 1);
  for (const count of [0, 1, 63, 64, 65, 160, 300]) {
    const dest = new Int16Array(400);
    copySamples(src, 7, dest, 50, count);
    assert.deepEqual(
      [...dest],
      [...Array(50).fill(0), ...src.subarray(7, 7 + count), ...Array(350 - count).fill(0)],
    );
  }
});
