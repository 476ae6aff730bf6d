import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Sent, Simulation, talk } from './timeline.fixture.ts';

const SECOND = 8000;

describe('a steady stream', () => {
  it('is recorded whole, from where its first packet came', () => {
    const sim = new Simulation().run(talk({ packets: 100, startMs: 205 }), 3000).flush();
    assert.equal(sim.find(5000), 205 * 8);
    assert.ok(sim.has(1640, 5000, 100 * 160));
    assert.ok(sim.silent(0, 1640));
    assert.deepEqual(sim.timeline.statistics(), {
      received: 100,
      lost: 0,
      duplicated: 0,
      reordered: 0,
      jitterMs: 0,
      late: 0,
      discarded: 0,
      foreign: 0,
      anchored: 1,
    });
  });

  it('is heard live as it is recorded', () => {
    const sim = new Simulation().run(talk({ packets: 200 }), 3980);
    assert.ok(sim.heard.length >= 3900 * 8);
    sim.flush();
    assert.deepEqual(sim.heard.slice(0, sim.heard.length), sim.recorded.slice(0, sim.heard.length));
  });

  it('advances by one tick at each tick, also before it and after it, but for the delay of its first packet', () => {
    const sim = new Simulation().run(talk({ packets: 50, startMs: 500 }), 4000);
    assert.deepEqual(sim.advances.slice(25, 27), [0, 0]);
    assert.deepEqual(new Set(sim.advances.toSpliced(25, 2)), new Set([160]));
    assert.equal(sim.timeline.head, 4 * SECOND - 320);
  });

  it('is recorded lag behind the head, and whole at the end', () => {
    const sim = new Simulation().run(talk({ packets: 100 }), 2000);
    assert.equal(sim.recorded.length, sim.timeline.head - 300 * 8);
    sim.flush();
    assert.ok(sim.has(0, 5000, 100 * 160));
  });

  for (const ptimeMs of [10, 20, 30, 40, 60]) {
    it(`may have packets of ${ptimeMs} ms`, () => {
      const sim = new Simulation().run(talk({ packets: 60, ptimeMs }), 60 * ptimeMs + 500).flush();
      assert.ok(sim.has(0, 5000, 60 * ptimeMs * 8));
      assert.equal(sim.timeline.statistics().anchored, 1);
    });
  }

  it('may change its packet time in the middle, to odd lengths too', () => {
    const packets: Sent[] = [];
    let timestamp = 77;
    for (let i = 0; i < 200; i++) {
      const samples = [160, 80, 480, 161, 37][Math.floor(i / 7) % 5]!;
      packets.push({ sequence: i, timestamp, samples, arrivalMs: (timestamp - 77) / 8 });
      timestamp += samples;
    }
    const sim = new Simulation().run(packets, timestamp / 8 + 500).flush();
    assert.ok(sim.has(0, 77, timestamp - 77));
    assert.equal(sim.timeline.statistics().lost, 0);
  });

  it('passes the wrap of sequence numbers and timestamps unnoticed', () => {
    const packets = talk({ packets: 300, sequence: 65_400, timestamp: 2 ** 32 - 20_000 });
    const sim = new Simulation().run(packets, 6500).flush();
    assert.ok(sim.has(0, 2 ** 32 - 20_000, 300 * 160));
    assert.equal(sim.timeline.statistics().lost, 0);
    assert.equal(sim.timeline.reception.extendedHighest, 65_400 + 299);
  });

  it('refuses empty and oversized payloads', () => {
    const sim = new Simulation();
    assert.equal(sim.push({ sequence: 1, timestamp: 0, samples: 0, arrivalMs: 0 }), 'empty');
    assert.equal(sim.push({ sequence: 1, timestamp: 0, samples: 1601, arrivalMs: 0 }), 'empty');
    assert.equal(sim.timeline.ssrc, -1);
  });
});

describe('loss, reordering and duplicates', () => {
  it('leave silence exactly where packets are missing, and count it', () => {
    const sent = talk({ packets: 100 });
    const sim = new Simulation().run(
      sent.filter((_, index) => index !== 10 && index !== 50 && index !== 51),
      2500,
    );
    sim.flush();
    assert.ok(sim.has(0, 5000, 1600));
    assert.ok(sim.silent(1600, 1760));
    assert.ok(sim.has(1760, 5000 + 1760, 39 * 160));
    assert.ok(sim.silent(8000, 8320));
    assert.ok(sim.has(8320, 5000 + 8320, 48 * 160));
    assert.equal(sim.missing, 480);
    assert.equal(sim.timeline.statistics().lost, 3);
    assert.equal(sim.timeline.receivedSamples(sim.timeline.oldest, 160), 160);
  });

  it('settle by position when packets overtake each other', () => {
    const packets = talk({ packets: 100, delayMs: (index) => (index % 5 === 2 ? 50 : 0) });
    const sim = new Simulation().run(packets, 2500).flush();
    assert.ok(sim.has(0, 5000, 100 * 160));
    assert.equal(sim.timeline.statistics().reordered, 20);
    assert.equal(sim.timeline.statistics().lost, 0);
    assert.equal(sim.missing, 0);
  });

  it('place packets that were sent before the first one that came', () => {
    const packets = talk({ packets: 20, delayMs: (index) => (index === 0 ? 25 : 0) });
    const sim = new Simulation().run(packets, 1000).flush();
    assert.equal(sim.timeline.statistics().lost, 0);
    assert.notEqual(sim.find(5000, 20 * 160), -1);
  });

  it('count each duplicate once and change nothing', () => {
    const packets = talk({ packets: 50 }).flatMap((packet) => [
      packet,
      { ...packet, arrivalMs: packet.arrivalMs + 30 },
    ]);
    const sim = new Simulation().run(packets, 1500).flush();
    assert.ok(sim.has(0, 5000, 50 * 160));
    assert.equal(sim.timeline.statistics().duplicated, 50);
    assert.equal(sim.timeline.statistics().received, 50);
  });

  it('take in packets up to the lag behind the head, and none later', () => {
    const late = (ms: number) => {
      const packets = talk({ packets: 60, delayMs: (index) => (index === 20 ? ms : 0) });
      return new Simulation().run(packets, 1500).flush();
    };
    // In time for 40 ms of delay and 300 ms of lag.
    assert.ok(late(335).has(0, 5000, 60 * 160));
    const tooLate = late(420);
    assert.ok(tooLate.silent(20 * 160, 21 * 160));
    assert.equal(tooLate.timeline.statistics().discarded, 1);
  });

  it('count an outage longer than the lag when it is over', () => {
    const packets = talk({ packets: 200 }).filter((_, index) => index < 50 || index >= 110);
    const sim = new Simulation().run(packets, 4500).flush();
    assert.equal(sim.missing + sim.timeline.missingBehind, 60 * 160);
    assert.ok(sim.has(110 * 160, 5000 + 110 * 160, 90 * 160));
  });
});

describe('pauses of the sender', () => {
  it('keep their length and are no loss (silence suppression)', () => {
    const before = talk({ packets: 50 });
    const after = talk({ packets: 50, startMs: 6000, sequence: 1050, timestamp: 5000 + 6 * SECOND });
    const sim = new Simulation().run([...before, ...after], 8000).flush();
    assert.ok(sim.has(0, 5000, SECOND));
    assert.ok(sim.silent(SECOND, 6 * SECOND));
    assert.ok(sim.has(6 * SECOND, 5000 + 6 * SECOND, SECOND));
    assert.equal(sim.missing, 0);
    assert.equal(sim.timeline.statistics().lost, 0);
    assert.equal(sim.timeline.statistics().anchored, 1);
  });

  for (const marker of [true, false]) {
    it(`last as long as they lasted when timestamps stand still through them (${marker ? 'with' : 'without'} marker)`, () => {
      const before = talk({ packets: 50 });
      const after = talk({ packets: 50, startMs: 3000, sequence: 1050, timestamp: 5000 + SECOND });
      if (!marker) after[0] = { ...after[0]!, marker: false };
      const sim = new Simulation().run([...before, ...after], 6000).flush();
      const resumed = sim.find(5000 + SECOND, SECOND);
      assert.ok(Math.abs(resumed - 3000 * 8) <= 160, `resumed at ${resumed}`);
      assert.ok(sim.silent(SECOND, resumed));
      assert.equal(sim.timeline.statistics().anchored, 2);
      assert.equal(sim.timeline.statistics().discarded, 0);
    });
  }

  it('of 150 ms keep their length too when the marker tells of a new talkspurt', () => {
    const before = talk({ packets: 50 });
    const after = talk({ packets: 50, startMs: 1150, sequence: 1050, timestamp: 5000 + SECOND });
    const sim = new Simulation().run([...before, ...after], 3000).flush();
    const resumed = sim.find(5000 + SECOND, SECOND);
    assert.ok(Math.abs(resumed - 1150 * 8) <= 160, `resumed at ${resumed}`);
  });

  it('end with a single packet if no more comes', () => {
    const before = talk({ packets: 50 });
    const after = talk({ packets: 1, startMs: 3000, sequence: 1050, timestamp: 5000 + SECOND });
    const sim = new Simulation().run([...before, ...after], 5000).flush();
    assert.ok(Math.abs(sim.find(5000 + SECOND, 160) - 3000 * 8) <= 160);
  });

  it('may hold telephone-events, which are no loss', () => {
    const sim = new Simulation();
    sim.run(talk({ packets: 50 }), 980);
    for (let i = 0; i < 10; i++)
      sim.observe({ sequence: 1050 + i, timestamp: 13_000, samples: 0, arrivalMs: 1000 });
    sim
      .run(talk({ packets: 50, startMs: 1200, sequence: 1060, timestamp: 5000 + 1.2 * SECOND }), 3000)
      .flush();
    assert.equal(sim.timeline.statistics().lost, 0);
    assert.equal(sim.missing, 0);
    assert.ok(sim.has(1.2 * SECOND, 5000 + 1.2 * SECOND, SECOND));
  });
});

describe('the network', () => {
  it('may stall for 300 ms and deliver all at once: nothing is inserted or lost', () => {
    const packets = talk({
      packets: 150,
      delayMs: (index) => (index >= 50 && index < 65 ? (65 - index) * 20 : 0),
    });
    const sim = new Simulation().run(packets, 3500).flush();
    assert.ok(sim.has(0, 5000, 150 * 160));
    assert.equal(sim.timeline.statistics().anchored, 1);
    assert.equal(sim.timeline.statistics().discarded, 0);
  });

  it('may stall at the beginning of a talkspurt, marker or not', () => {
    const before = talk({ packets: 50 });
    const after = talk({
      packets: 50,
      startMs: 1000,
      sequence: 1050,
      timestamp: 5000 + SECOND,
      delayMs: (index) => (index < 14 ? (14 - index) * 20 : 0),
    });
    const sim = new Simulation().run([...before, ...after], 3000).flush();
    assert.ok(sim.has(0, 5000, 2 * SECOND));
    assert.equal(sim.timeline.statistics().anchored, 1);
  });

  it('may stall for longer than the lag: what comes too late is lost, the rest is in its place', () => {
    const packets = talk({
      packets: 250,
      delayMs: (index) => (index >= 50 && index < 100 ? (100 - index) * 20 : 0),
    });
    const sim = new Simulation().run(packets, 5500).flush();
    assert.ok(sim.has(0, 5000, SECOND));
    assert.ok(sim.has(100 * 160, 5000 + 100 * 160, 150 * 160));
    // 300 ms of lag and 40 ms of delay are kept of the second.
    assert.ok(sim.has(84 * 160, 5000 + 84 * 160, 16 * 160));
    assert.equal(sim.timeline.statistics().anchored, 1);
  });

  it('may stall for longer than the lag and deliver in a burst that breaks off: nothing is inserted', () => {
    const packets = talk({
      packets: 250,
      delayMs: (index) => {
        if (index < 50 || index >= 100) return 0;
        return index === 50 ? 980 : (100 - index) * 20 - 5;
      },
    });
    const sim = new Simulation().run(packets, 5500).flush();
    assert.equal(sim.timeline.statistics().anchored, 1);
    assert.ok(sim.has(0, 5000, SECOND));
    assert.ok(sim.has(84 * 160, 5000 + 84 * 160, 166 * 160));
  });

  it('may become slower for good by 150 ms: nothing is inserted, and listeners wait as much longer', () => {
    const packets = talk({ packets: 300, delayMs: (index) => (index >= 100 ? 150 : 0) });
    const sim = new Simulation().run(packets, 6500).flush();
    assert.ok(sim.has(0, 5000, 300 * 160));
    const holds = sim.advances.filter((advance) => advance === 0).length;
    assert.ok(holds >= 5 && holds <= 8, `${holds} holds`);
    assert.ok(sim.timeline.statistics().late <= 8);
  });

  it('may bring the first packets in one burst', () => {
    const packets = talk({ packets: 200, gain: 1, delayMs: (index) => Math.max(0, 100 - index * 20) });
    const sim = new Simulation().run(packets, 14_000).flush();
    assert.notEqual(sim.find(5000, 200 * 160, 1), -1);
  });

  it('costs no delay for a single stall, and delay for jitter that lasts', () => {
    const stall = talk({
      packets: 500,
      delayMs: (index) => (index >= 50 && index < 60 ? (60 - index) * 20 : 0),
    });
    const afterStall = new Simulation().run(stall, 10_000);
    // Two for the delay of the first packet.
    assert.ok(afterStall.advances.filter((advance) => advance === 0).length <= 3);
    const jitter = talk({ packets: 500, delayMs: (index) => (index * 37) % 120 });
    const afterJitter = new Simulation().run(jitter, 10_000);
    const lateFirst = afterJitter.timeline.statistics().late;
    assert.ok(lateFirst < 12, `${lateFirst} late`);
    assert.ok(afterJitter.timeline.statistics().jitterMs > 10);
  });

  it('never holds the head for longer than the largest delay', () => {
    const packets = talk({ packets: 1000, delayMs: (index) => (index % 2 === 0 ? 0 : 290) });
    const sim = new Simulation().run(packets, 20_000);
    assert.ok(20 * SECOND - sim.timeline.head <= 200 * 8);
    assert.ok(sim.flush().has(0, 5000, 999 * 160));
  });
});

describe('breaks of the stream', () => {
  it('a new source goes on where the old one ended, without a sample lost', () => {
    const before = talk({ packets: 50 });
    const after = talk({ packets: 50, startMs: 1000, ssrc: 7, sequence: 9, timestamp: 3_000_000_000 });
    const sim = new Simulation().run([...before, ...after], 3000).flush();
    assert.ok(sim.has(0, 5000, SECOND));
    assert.ok(sim.has(SECOND, 3_000_000_000, SECOND));
    assert.equal(sim.timeline.ssrc, 7);
    assert.equal(sim.timeline.statistics().received, 100);
    assert.equal(sim.timeline.statistics().lost, 0);
    assert.equal(sim.timeline.statistics().foreign, 0);
  });

  it('a new source may overtake the last packet of the old one', () => {
    const before = talk({ packets: 50, delayMs: (index) => (index === 49 ? 30 : 0) });
    const after = talk({ packets: 50, startMs: 1000, ssrc: 7, sequence: 9, timestamp: 123 });
    const sim = new Simulation().run([...before, ...after], 3000).flush();
    assert.ok(sim.has(0, 5000, SECOND));
    assert.ok(sim.has(SECOND, 123, SECOND));
  });

  it('a source that returns after another one is taken again', () => {
    const packets = [
      ...talk({ packets: 50 }),
      ...talk({ packets: 50, startMs: 1000, ssrc: 7, sequence: 9, timestamp: 123 }),
      ...talk({ packets: 50, startMs: 2000, sequence: 1050, timestamp: 5000 + 2 * SECOND }),
    ];
    const sim = new Simulation().run(packets, 4000).flush();
    assert.ok(sim.has(2 * SECOND, 5000 + 2 * SECOND, SECOND));
    assert.equal(sim.timeline.statistics().anchored, 3);
  });

  it('a second source beside a living one is not let in', () => {
    const packets = [
      ...talk({ packets: 100 }),
      ...talk({ packets: 50, startMs: 507, ssrc: 7, sequence: 9, timestamp: 123 }),
    ];
    const sim = new Simulation().run(packets, 3000).flush();
    assert.ok(sim.has(0, 5000, 100 * 160));
    assert.equal(sim.timeline.statistics().foreign, 50);
    assert.equal(sim.timeline.statistics().anchored, 1);
  });

  it('a stray packet of the source that was left is not let in', () => {
    const sim = new Simulation();
    const old = talk({ packets: 51 });
    sim.run(old.slice(0, 50), 990);
    sim.run(talk({ packets: 20, startMs: 1000, ssrc: 7, sequence: 9, timestamp: 123 }), 1500);
    sim.run([{ ...old[50]!, arrivalMs: 1600 }], 3000).flush();
    assert.equal(sim.timeline.ssrc, 7);
    assert.equal(sim.find(5000 + SECOND), -1);
  });

  for (const [what, jump] of [
    ['ahead by an hour', 3600 * SECOND],
    ['ahead by a second', SECOND],
    ['back by an hour', -3600 * SECOND],
    ['back by 200 ms', -0.2 * SECOND],
  ] as const) {
    it(`timestamps may jump ${what}: the recording goes on by our clock`, () => {
      const before = talk({ packets: 50, timestamp: 40_000_000 });
      const timestamp = 40_000_000 + SECOND + jump;
      const after = talk({ packets: 50, startMs: 1000, sequence: 1050, timestamp, content: 99 });
      const sim = new Simulation().run([...before, ...after], 3000).flush();
      assert.ok(sim.has(0, 40_000_000, SECOND));
      assert.ok(sim.has(SECOND, 99, SECOND));
      assert.equal(sim.timeline.statistics().anchored, 2);
      assert.equal(sim.timeline.statistics().lost, 0);
    });
  }

  it('a single packet with a stray timestamp is dropped and moves nothing', () => {
    const packets = talk({ packets: 100 }).map((packet, index) =>
      index === 50 ? { ...packet, timestamp: packet.timestamp + 3 * SECOND } : packet,
    );
    const sim = new Simulation().run(packets, 2500).flush();
    assert.ok(sim.has(0, 5000, SECOND));
    assert.ok(sim.silent(SECOND, SECOND + 160));
    assert.ok(sim.has(SECOND + 160, 5000 + SECOND + 160, 49 * 160));
    assert.equal(sim.timeline.statistics().discarded, 1);
  });

  it('sequence numbers may begin anew while timestamps go on', () => {
    const packets = [
      ...talk({ packets: 50, sequence: 40_000 }),
      ...talk({ packets: 50, startMs: 1000, sequence: 5, timestamp: 5000 + SECOND }),
    ];
    const sim = new Simulation().run(packets, 3000).flush();
    assert.ok(sim.has(0, 5000, 2 * SECOND));
    assert.equal(sim.timeline.statistics().anchored, 1);
    assert.equal(sim.timeline.statistics().lost, 0);
    assert.equal(sim.timeline.statistics().received, 100);
  });

  it('both may begin anew after a pause', () => {
    const packets = [
      ...talk({ packets: 50, sequence: 40_000 }),
      ...talk({ packets: 50, startMs: 3000, sequence: 5, timestamp: 999_999, content: 99 }),
    ];
    const sim = new Simulation().run(packets, 5000).flush();
    assert.equal(sim.find(99, SECOND), 3000 * 8);
  });

  it('a sender that floods minutes of audio at once neither breaks nor stretches the timeline', () => {
    const packets = talk({ packets: 3000, delayMs: (index) => -index * 19 });
    const sim = new Simulation().run(packets, 5000).flush();
    assert.ok(sim.recorded.length < 8 * SECOND);
    assert.ok(sim.has(0, 5000, SECOND));
    const later = talk({ packets: 50, startMs: 6000, sequence: 4000, timestamp: 5000 + 3000 * 160 });
    sim.run(later, 8000).flush();
    assert.notEqual(sim.find(5000 + 3000 * 160, SECOND), -1);
  });
});

describe('the clocks', () => {
  for (const [ppm, gain, aheadMs] of [
    [-500, 200, 120],
    [500, 1, 120],
    // Where no passage is quiet, the delay grows to its maximum before the head hurries.
    [500, 200, 320],
  ] as const) {
    it(`may drift by ${ppm} ppm through an hour of ${gain === 1 ? 'quiet' : 'loud'} audio: it is whole`, () => {
      const sim = new Simulation();
      const speed = 1 + ppm / 1e6;
      let largest = 0;
      for (let index = 0; index < 180_000; index++) {
        const arrivalMs = (index * 20) / speed + ((index * 7919) % 13);
        sim.tickUntil(arrivalMs);
        const timestamp = 5000 + index * 160;
        sim.push({ sequence: (1000 + index) & 0xffff, timestamp, samples: 160, gain, arrivalMs });
        largest = Math.max(largest, sim.timeline.receivedUntil - sim.timeline.head);
      }
      sim.flush();
      assert.ok(sim.has(0, 5000, 180_000 * 160, gain));
      const { lost, discarded, anchored } = sim.timeline.statistics();
      assert.deepEqual([lost, discarded, anchored], [0, 0, 1]);
      assert.ok(largest <= aheadMs * 8, `${largest} samples ahead of the head`);
    });
  }
});

describe('the ticks', () => {
  it('may be late and made up', () => {
    const sim = new Simulation();
    sim.run(talk({ packets: 20 }), 390);
    sim.skipTicks(520);
    for (let i = 0; i < 7; i++) sim.tick(525);
    sim.tickUntil(1000);
    assert.equal(sim.timeline.head, (1000 - 40) * 8);
  });

  it('may be dropped: the head catches up with the clock by two ticks at a time', () => {
    const sim = new Simulation();
    sim.tickUntil(400);
    sim.skipTicks(900);
    sim.tickUntil(2000);
    assert.ok(Math.max(...sim.advances) === 320);
    assert.ok(Math.abs(sim.timeline.head - 2000 * 8) <= 2 * 160, `${sim.timeline.head}`);
  });

  it('may come twice as often as they should: the surplus is ignored', () => {
    const sim = new Simulation();
    for (let ms = 10; ms <= 2000; ms += 10) sim.tick(ms);
    assert.ok(Math.abs(sim.timeline.head - 2000 * 8) <= 160);
  });

  it('lead to the present in one step after the process stood still for long', () => {
    const sim = new Simulation();
    sim.run(talk({ packets: 50 }), 1000);
    sim.skipTicks(60_000);
    sim.tickUntil(61_000);
    assert.ok(Math.abs(sim.timeline.head - 61_000 * 8) <= 2 * 160);
    const after = talk({ packets: 50, startMs: 61_000, sequence: 4050, timestamp: 5000 + 61 * SECOND });
    sim.run(after, 63_000).flush();
    assert.ok(sim.has(61 * SECOND, 5000 + 61 * SECOND, SECOND));
    assert.ok(sim.has(0, 5000, SECOND));
  });

  it('of one second lost to a busy process lose no audio', () => {
    const packets = talk({ packets: 250 });
    const sim = new Simulation().run(packets.slice(0, 50), 990);
    sim.skipTicks(1990);
    // The packets waited in the socket; the ticks are made up only in part.
    sim.run(
      packets.slice(50, 100).map((packet) => ({ ...packet, arrivalMs: 1995 })),
      1995,
    );
    sim.run(packets.slice(100), 6000).flush();
    assert.ok(sim.has(0, 5000, 250 * 160));
    assert.equal(sim.timeline.statistics().anchored, 1);
  });
});
