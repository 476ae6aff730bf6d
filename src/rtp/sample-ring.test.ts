import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type DecodeSamples, SampleRing } from './sample-ring.ts';

const copy: DecodeSamples = (src, srcOffset, length, dest, destOffset) => {
  for (let i = 0; i < length; i++) dest[destOffset + i] = src[srcOffset + i]!;
};

describe('SampleRing', () => {
  it('rounds its capacity up to a power of two', () => {
    assert.equal(new SampleRing(1500 * 8).capacity, 16_384);
    assert.equal(new SampleRing(1).capacity, 64);
  });

  it('does what plain arrays of all positions would do', () => {
    const operation = fc.record({
      kind: fc.constantFrom('write', 'expect', 'restore', 'put', 'forget', 'fit', 'read'),
      from: fc.integer({ min: 0, max: 127 }),
      count: fc.integer({ min: 0, max: 64 }),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const ring = new SampleRing(128);
        const samples = new Map<number, number>();
        const expected = new Set<number>();
        const restored = new Set<number>();
        const received = new Set<number>();
        const isHeld = (position: number) => received.has(position) || restored.has(position);
        let next = 1;
        for (const { kind, from: offset, count: wanted } of operations) {
          const from = ring.oldest + offset;
          const count = Math.min(wanted, ring.end - from);
          if (kind === 'write') {
            const bytes = Uint8Array.from({ length: count + 1 }, () => (next++ % 255) + 1);
            ring.write(from, copy, bytes, 1, count);
            for (let i = 0; i < count; i++) {
              samples.set(from + i, bytes[i + 1]!);
              received.add(from + i);
            }
          } else if (kind === 'expect') {
            ring.markExpected(from, count);
            for (let i = 0; i < count; i++) expected.add(from + i);
          } else if (kind === 'restore' || kind === 'put') {
            const made = Int16Array.from({ length: count + 1 }, () => -(next++ % 255) - 1);
            ring[kind](from, made, 1, count);
            for (let i = 0; i < count; i++) {
              if (isHeld(from + i)) continue;
              samples.set(from + i, made[i + 1]!);
              if (kind === 'restore') restored.add(from + i);
            }
          } else if (kind === 'forget') {
            ring.forgetBefore(from);
          } else if (kind === 'fit') {
            const until = Math.max(ring.oldest, ...[...samples.keys(), ...expected].map((last) => last + 1));
            ring.fit(Math.max(8 * wanted, until - ring.oldest), until);
            assert.ok(ring.capacity >= Math.max(8 * wanted, until - ring.oldest));
          } else {
            const start = from - 40;
            const read = new Int16Array(wanted + 2).fill(-1);
            ring.copyTo(read, 1, start, wanted);
            const range = Array.from({ length: wanted }, (_, i) => start + i);
            const kept = range.filter((position) => position >= ring.oldest && position < ring.end);
            const value = (position: number) => (kept.includes(position) ? (samples.get(position) ?? 0) : 0);
            assert.deepEqual([...read], [-1, ...range.map(value), -1]);
            const here = kept.filter((position) => received.has(position));
            assert.equal(ring.countReceived(start, wanted), here.length);
            const lost = kept.filter((position) => expected.has(position) && !received.has(position));
            assert.equal(ring.countLost(start, wanted), lost.length);
            assert.equal(
              ring.peak(start, wanted),
              Math.max(0, ...range.map((position) => Math.abs(value(position)))),
            );
            const limit = from + wanted;
            const onward = Array.from({ length: wanted }, (_, i) => from + i);
            const holds = (position: number) => position < ring.end && isHeld(position);
            assert.equal(ring.nextHeld(from, limit), onward.find(holds) ?? limit);
            assert.equal(ring.nextOpen(from, limit), onward.find((position) => !holds(position)) ?? limit);
            assert.equal(ring.lastHeld(limit, from), onward.findLast(holds) ?? from - 1);
            const isLost = (position: number) => expected.has(position) && !received.has(position);
            const within = onward.filter((position) => position < ring.end);
            const end = within.at(-1) === undefined ? from : within.at(-1)! + 1;
            assert.equal(ring.lostUntil(from, end), within.find((position) => !isLost(position)) ?? end);
            assert.equal(ring.nextLost(from, limit), within.find(isLost) ?? limit);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('takes what has wrapped to the same word for neither open nor held at its end', () => {
    const ring = new SampleRing(128);
    ring.write(97, copy, Uint8Array.of(1), 0, 1);
    ring.forgetBefore(97);
    ring.write(175, copy, new Uint8Array(50).fill(1), 0, 50);
    assert.equal(ring.end, 225, 'which lies where 97 lies');
    assert.equal(ring.nextOpen(191, 226), 225);
    assert.equal(ring.nextHeld(225, 226), 226);
    assert.equal(ring.lastHeld(226, 191), 224);
  });

  it('keeps all samples and marks when it grows, those that had wrapped, too', () => {
    for (const oldest of [0, 1, 31, 32, 50, 2 ** 40 + 50]) {
      const ring = new SampleRing(128);
      ring.forgetBefore(oldest);
      const bytes = Uint8Array.from({ length: 64 }, (_, n) => n + 1);
      ring.write(oldest, copy, bytes, 0, 60);
      ring.markExpected(oldest + 60, 3);
      ring.write(oldest + 70, copy, Uint8Array.of(99), 0, 1);
      const read = new Int16Array(71);
      ring.copyTo(read, 0, oldest, 71);
      const silence = Array.from({ length: 10 }, () => 0);
      assert.deepEqual([...read], [...bytes.subarray(0, 60), ...silence, 99], `from ${oldest} on`);
      assert.equal(ring.countReceived(oldest, 128), 61);
      assert.equal(ring.countLost(oldest, 128), 3);
    }
  });

  it('works on at positions past 32 bits', () => {
    const ring = new SampleRing(128);
    const far = 2 ** 40 + 17;
    ring.forgetBefore(far);
    ring.write(far + 100, copy, Uint8Array.from([7, 8, 9]), 0, 3);
    const read = new Int16Array(5);
    ring.copyTo(read, 0, far + 99, 5);
    assert.deepEqual([...read], [0, 7, 8, 9, 0]);
    assert.equal(ring.countReceived(far, 128), 3);
  });
});
