import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Simulation, SSRC, talk } from './timeline.fixture.ts';

const PTIME_MS = 120;
const PACKET = PTIME_MS * 8;

describe('packets of 120 ms', () => {
  it('of a source that returns after another one are heard again', () => {
    const packets = [
      ...talk({ packets: 10, ptimeMs: PTIME_MS }),
      ...talk({ packets: 10, ptimeMs: PTIME_MS, startMs: 1200, ssrc: 7, sequence: 9, timestamp: 123 }),
      ...talk({ packets: 10, ptimeMs: PTIME_MS, startMs: 2400, sequence: 1010, timestamp: 90_000 }),
    ];
    const sim = new Simulation().run(packets, 5000).flush();
    assert.ok(sim.has(0, 5000, 10 * PACKET));
    assert.notEqual(sim.find(123, 10 * PACKET), -1);
    assert.notEqual(sim.find(90_000, 10 * PACKET), -1);
    assert.equal(sim.timeline.ssrc, SSRC);
    assert.equal(sim.timeline.statistics().foreign, 0);
  });

  it('go on beside a stray packet of another source, which is not let in', () => {
    const stray = talk({ packets: 1, ptimeMs: PTIME_MS, startMs: 485, ssrc: 7, sequence: 9, timestamp: 123 });
    const packets = [...talk({ packets: 20, ptimeMs: PTIME_MS }), ...stray];
    const sim = new Simulation().run(packets, 3500).flush();
    assert.ok(sim.has(0, 5000, 20 * PACKET));
    const { foreign, anchored } = sim.timeline.statistics();
    assert.deepEqual([foreign, anchored], [1, 1]);
  });

  it('go on beside one with a stray timestamp, which moves nothing', () => {
    const packets = talk({ packets: 20, ptimeMs: PTIME_MS }).map((packet, index) =>
      index === 10 ? { ...packet, timestamp: packet.timestamp + 24_000 } : packet,
    );
    const sim = new Simulation().run(packets, 3500).flush();
    assert.ok(sim.has(0, 5000, 10 * PACKET));
    assert.ok(sim.has(11 * PACKET, 5000 + 11 * PACKET, 9 * PACKET));
    const { discarded, anchored } = sim.timeline.statistics();
    assert.deepEqual([discarded, anchored], [1, 1]);
  });
});
