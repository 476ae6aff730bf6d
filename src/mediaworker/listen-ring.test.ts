import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MAX_ORDER_DELAY_MS } from '../recording/types.ts';
import { ListenRing } from './listen-ring.ts';

const RATE = 64;
/** What is kept at most, samples: a second, and what is held for recordings. */
const LONGEST = RATE * (1 + MAX_ORDER_DELAY_MS / 1000);

test('it keeps a second, and what it is told to keep as far as that is not too much', () => {
  const step = fc.record({
    gap: fc.nat({ max: 40 }),
    count: fc.integer({ min: 1, max: 40 }),
    silent: fc.nat({ max: 40 }),
    keeps: fc.nat({ max: 2 * LONGEST }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const ring = new ListenRing(RATE);
      const written = new Map<number, number>();
      let at = 0;
      let kept = 0;
      let value = 1;
      for (const { gap, count, silent, keeps } of steps) {
        at += gap;
        // What was let go does not come back.
        kept = Math.max(kept, at - keeps, at + count - LONGEST);
        const frame = Int16Array.from({ length: count }, () => value++ % 30_000);
        const length = Math.max(0, count - silent);
        ring.write(at, count, frame, length, kept);
        for (let i = 0; i < count; i++) written.set(at + i, i < length ? frame[i]! : 0);
        at += count;
        const from = Math.min(kept, at - RATE);
        const read = new Int16Array(at - from + 4);
        ring.copyTo(read, 2, from, at - from);
        const expected = Array.from({ length: at - from }, (_, i) => written.get(from + i) ?? 0);
        assert.deepEqual([...read], [0, 0, ...expected, 0, 0]);
      }
    }),
  );
});

test('a thread that has stood still for hours does not make it grow beyond that', () => {
  const ring = new ListenRing(RATE);
  ring.write(0, 20, new Int16Array(20).fill(1), 20);
  const hour = 3600 * RATE;
  ring.write(hour, 20, new Int16Array(20).fill(2), 20, 0);
  assert.ok(hour - ring.oldest <= 2 * LONGEST);
  const read = new Int16Array(40);
  ring.copyTo(read, 0, hour - 20, 40);
  // The next one that is nothing special gives the memory back.
  ring.write(hour + 20, 20, new Int16Array(20), 20);
  assert.equal(hour + 40 - ring.oldest, RATE);
  assert.deepEqual([...read], [...new Array(20).fill(0), ...new Array(20).fill(2)]);
});
