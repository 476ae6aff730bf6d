import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Sent, Simulation } from './timeline.fixture.ts';

/** What the network does with one packet. */
interface Fate {
  readonly samples: number;
  readonly lost: boolean;
  readonly delayMs: number;
  readonly copyDelayMs: number | undefined;
  /** Length of a pause before the packet, ms. */
  readonly pauseMs: number;
}

const fate: fc.Arbitrary<Fate> = fc.record({
  samples: fc.constantFrom(80, 160, 160, 160, 240, 480),
  lost: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  delayMs: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 60 }) },
    { weight: 1, arbitrary: fc.integer({ min: 60, max: 250 }) },
  ),
  copyDelayMs: fc.oneof(
    { weight: 9, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 250 }) },
  ),
  pauseMs: fc.oneof(
    { weight: 20, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 20, max: 3000 }) },
  ),
});

function arrivals(fates: readonly Fate[], sequence: number, timestamp: number): Sent[] {
  const packets: Sent[] = [];
  let said = 0;
  for (const [index, { samples, lost, delayMs, copyDelayMs, pauseMs }] of fates.entries()) {
    said += pauseMs * 8;
    const packet = {
      sequence: (sequence + index) & 0xffff,
      timestamp: (timestamp + said) >>> 0,
      content: said,
      samples,
      marker: pauseMs > 0,
      arrivalMs: said / 8 + delayMs,
    };
    if (!lost) packets.push(packet);
    if (copyDelayMs !== undefined) packets.push({ ...packet, arrivalMs: said / 8 + copyDelayMs });
    said += samples;
  }
  return packets.sort((a, b) => a.arrivalMs - b.arrivalMs);
}

describe('the recording', () => {
  it('has every sample that came within the lag in its place, and silence everywhere else', () => {
    const run = fc.property(
      fc.array(fate, { minLength: 20, maxLength: 300 }),
      fc.integer({ min: 0, max: 0xffff }),
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      (fates, sequence, timestamp) => {
        const packets = arrivals(fates, sequence, timestamp);
        if (packets.length === 0) return;
        const sim = new Simulation().run(packets, packets.at(-1)!.arrivalMs + 1000).flush();
        const statistics = sim.timeline.statistics();
        assert.deepEqual([statistics.anchored, statistics.foreign], [1, 0]);

        // Where content 0 would lie: the first packet is put where it arrived.
        const first = packets[0]!;
        const origin = Math.round(first.arrivalMs * 8) - first.content!;
        const brought = new Set<number>();
        let end = 0;
        for (const { content, samples } of packets) {
          // What the sender said before position 0 has no place.
          const skip = Math.min(samples, Math.max(0, -origin - content!));
          assert.ok(sim.has(origin + content! + skip, content! + skip, samples - skip), `content ${content}`);
          for (let i = skip; i < samples; i++) brought.add(origin + content! + i);
          end = Math.max(end, origin + content! + samples);
        }
        for (let position = 0; position < sim.recorded.length; position++) {
          if (!brought.has(position)) assert.equal(sim.recorded.at(position), 0, `position ${position}`);
        }
        assert.equal(sim.timeline.receivedUntil, end);
        assert.equal(statistics.discarded, 0);
      },
    );
    fc.assert(run, { numRuns: 150 });
  });

  it('never changes behind the point to which recorders may read, nor moves that point back', () => {
    const wild = fc.record({
      sequence: fc.integer({ min: 0, max: 0xffff }),
      timestamp: fc.oneof(fc.integer({ min: 0, max: 40_000 }), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
      samples: fc.integer({ min: 1, max: 1600 }),
      ssrc: fc.constantFrom(1, 2, 3),
      marker: fc.boolean(),
      waitMs: fc.integer({ min: 0, max: 60 }),
    });
    fc.assert(
      fc.property(fc.array(wild, { maxLength: 200 }), (packets) => {
        const sim = new Simulation();
        let arrivalMs = 0;
        let available = 0;
        for (const { waitMs, ...packet } of packets) {
          arrivalMs += waitMs;
          sim.tickUntil(arrivalMs);
          sim.push({ ...packet, content: 0, arrivalMs });
          const { timeline } = sim;
          assert.ok(timeline.availableUntil >= available);
          available = timeline.availableUntil;
          assert.ok(timeline.head <= 8 * arrivalMs + 160);
          const again = new Int16Array(sim.recorded.length - timeline.oldest);
          timeline.copyTo(again, 0, timeline.oldest, again.length);
          assert.deepEqual(again, sim.recorded.slice(timeline.oldest, sim.recorded.length));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('tells exactly how many samples it has and how many are missing', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 3, maxLength: 40 }), (kept) => {
        const lost = [true, ...kept, true].map((keep) => !keep);
        const packets = lost.flatMap((isLost, index): Sent[] =>
          isLost ? [] : [{ sequence: index, timestamp: index * 160, samples: 160, arrivalMs: index * 20 }],
        );
        const sim = new Simulation().run(packets, lost.length * 20).flush();
        const missing = lost.filter((isLost) => isLost).length * 160;
        assert.equal(sim.missing + sim.timeline.missingBehind, missing);
        assert.equal(sim.timeline.statistics().lost * 160, missing);
      }),
    );
  });
});
