import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Simulation, talk } from './timeline.fixture.ts';

const SECOND = 8000;

describe('the beginning', () => {
  it('of another stream, while the head stands still for the first one, is where the clock has it', () => {
    const first = talk({ packets: 1, ptimeMs: 10, startMs: 205 });
    const other = talk({ packets: 200, ptimeMs: 10, startMs: 215, ssrc: 7, timestamp: 900_000 });
    const sim = new Simulation().run([...first, ...other], 3000).flush();
    assert.ok(sim.has(205 * 8, 5000, 80));
    assert.equal(sim.find(900_000), 215 * 8);
    assert.ok(sim.has(215 * 8, 900_000, 200 * 80));
  });

  for (const [earlyMs, holds] of [
    [0, 2],
    [20, 1],
    [60, 0],
    [400, 0],
  ] as const) {
    it(`of a stream that came ${earlyMs} ms before the timeline lets the head stand still for ${holds} ticks`, () => {
      const sim = new Simulation().run(talk({ packets: 100, startMs: -earlyMs }), 1500);
      assert.equal(sim.advances.filter((advance) => advance === 0).length, holds);
      assert.ok(sim.flush().has(0, 5000, SECOND));
    });
  }

  for (const ms of [100, 300, 900]) {
    it(`is where the first packet came, though the process stood still for ${ms} ms then`, () => {
      const sim = new Simulation({ knowsArrivals: true });
      const goesOnMs = 1000 + ms;
      const packets = talk({ packets: 100, startMs: goesOnMs - 45 });
      sim.tickUntil(1000);
      sim.skipTicks(goesOnMs);
      const waited = packets.filter(({ arrivalMs }) => arrivalMs <= goesOnMs);
      for (const packet of waited) sim.push(packet);
      for (let missed = 0; missed < ms; missed += 20) sim.tick(goesOnMs);
      sim.run(packets.slice(waited.length), goesOnMs + 2500).flush();
      const at = (goesOnMs - 45) * 8;
      assert.equal(sim.find(5000), at);
      assert.ok(sim.has(at, 5000, 2 * SECOND));
      assert.equal(sim.timeline.head, (goesOnMs + 2500) * 8 - 320);
    });
  }
});
