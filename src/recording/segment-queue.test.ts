import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  SEGMENT_KEEP,
  SEGMENT_SILENCE,
  SEGMENT_SKIP,
  type SegmentKind,
  SegmentQueue,
} from './segment-queue.ts';

test('runs come out in order, equal neighbours as one', () => {
  const queue = new SegmentQueue();
  queue.push(SEGMENT_KEEP, 100);
  queue.push(SEGMENT_KEEP, 60);
  queue.push(SEGMENT_SKIP, 0);
  queue.push(SEGMENT_SILENCE, 5);
  assert.equal(queue.total, 165);
  assert.deepEqual([queue.headKind, queue.headCount], [SEGMENT_KEEP, 160]);
  queue.shift(160);
  assert.deepEqual([queue.headKind, queue.headCount], [SEGMENT_SILENCE, 5]);
});

test('only kept samples can be dropped from the tail', () => {
  const queue = new SegmentQueue();
  queue.push(SEGMENT_KEEP, 10);
  assert.equal(queue.dropKeptTail(4), 4);
  assert.equal(queue.total, 6);
  queue.push(SEGMENT_SKIP, 3);
  assert.equal(queue.dropKeptTail(4), 0);
  queue.push(SEGMENT_KEEP, 2);
  assert.equal(queue.dropKeptTail(100), 2);
  assert.equal(queue.total, 9);
  queue.clear();
  assert.equal(queue.total, 0);
  assert.equal(queue.dropKeptTail(1), 0);
});

test('any use gives the same as a plain list of samples', () => {
  const kind = fc.constantFrom<SegmentKind>(SEGMENT_KEEP, SEGMENT_SILENCE, SEGMENT_SKIP);
  const step = fc.oneof(
    fc.record({ op: fc.constant('push' as const), kind, count: fc.nat(20) }),
    fc.record({ op: fc.constant('shift' as const), count: fc.nat(20) }),
    fc.record({ op: fc.constant('drop' as const), count: fc.nat(20) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new SegmentQueue();
      const model: SegmentKind[] = [];
      for (const current of steps) {
        if (current.op === 'push') {
          queue.push(current.kind, current.count);
          for (let i = 0; i < current.count; i++) model.push(current.kind);
        } else if (current.op === 'shift') {
          if (queue.total === 0) continue;
          const count = Math.min(current.count, queue.headCount);
          assert.deepEqual(new Set(model.slice(0, queue.headCount)), new Set([queue.headKind]));
          queue.shift(count);
          model.splice(0, count);
        } else {
          let dropped = 0;
          while (dropped < current.count && model.at(-1) === SEGMENT_KEEP) {
            model.pop();
            dropped++;
          }
          assert.equal(queue.dropKeptTail(current.count), dropped);
        }
        assert.equal(queue.total, model.length);
      }
    }),
  );
});
