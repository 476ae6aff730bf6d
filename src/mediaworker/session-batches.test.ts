import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordSpec } from '../recording/types.ts';
import type { NetworkConditions } from '../rtp/memory-network.ts';
import type { IdleMedia, MediaEvent } from './protocol.ts';
import { LOOK_FRAMES } from './patience.ts';
import { openRig, type Rig } from './session.test-helper.ts';

/** Loud noise for a while, then silence. */
const speechUntil = (end: number) => (n: number) => (n < end ? Math.imul(n, 0x2c1b3c6d) >>> 24 : 0xff);

interface Scene {
  readonly spec?: Partial<RecordSpec>;
  readonly conditions?: Partial<NetworkConditions>;
  readonly isLossy?: boolean;
  /** What happens from the recording on. */
  readonly run: (rig: Rig) => Promise<void>;
}

const SCENES: Readonly<Record<string, Scene>> = {
  'ended by silence': {
    spec: { endSilenceTimeoutMs: 700, initialTimeoutMs: 3000 },
    run: async (rig) => {
      rig.peer.content = speechUntil(rig.peer.position + 9_037);
      await rig.clock.advance(4000);
    },
  },
  'ended by the initial timeout': {
    spec: { initialTimeoutMs: 1510 },
    run: async (rig) => {
      rig.peer.content = () => 0xff;
      await rig.clock.advance(3000);
    },
  },
  'ended by a key': {
    spec: { terminators: '#' },
    run: async (rig) => {
      await rig.clock.advance(1730);
      rig.peer.press('#');
      await rig.clock.advance(1000);
    },
  },
  'with keys that end nothing, one of them for long': {
    spec: { terminators: '#' },
    run: async (rig) => {
      for (const digit of '1234') {
        await rig.clock.advance(613);
        rig.peer.press(digit);
      }
      await rig.clock.advance(1500);
    },
  },
  'ended by its length, with loss, jitter and duplicates': {
    spec: { maxLengthMs: 2_345 },
    conditions: { loss: 0.03, jitterMs: 45, duplication: 0.05 },
    isLossy: true,
    run: (rig) => rig.clock.advance(3000),
  },
  'stopped between two frames': {
    run: async (rig) => {
      await rig.clock.advance(1333);
      rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
      await rig.clock.settle();
    },
  },
  'paused, played over, and hung up on': {
    run: async (rig) => {
      await rig.clock.advance(707);
      rig.send({ type: 'pauseRecord', recordingId: 'r', behavior: 'skip' });
      await rig.clock.advance(311);
      rig.send({ type: 'resumeRecord', recordingId: 'r' });
      await rig.clock.advance(503);
      rig.send({ type: 'play', playId: 'p', sounds: [{ kind: 'silence', durationMs: 400 }], gainDb: 0 });
      await rig.clock.advance(999);
    },
  },
  'through an outage of the network': {
    isLossy: true,
    run: async (rig) => {
      await rig.clock.advance(1000);
      rig.network.set({ loss: 1 });
      await rig.clock.advance(777);
      rig.network.set({ loss: 0 });
      await rig.clock.advance(1200);
      rig.send({ type: 'stopRecord', recordingId: 'r', cause: 'stop' });
      await rig.clock.settle();
    },
  },
};

test('of an outage longer than recorders wait for packets, all that was lost is counted as missing', async (t) => {
  for (const batches of [false, true]) {
    const rig = await openRig(t, { batches });
    rig.peer.start(rig.port);
    await rig.clock.advance(1000);
    rig.record('r');
    await SCENES['through an outage of the network']!.run(rig);
    await rig.close();
    const closed = rig.events.find((event) => event.type === 'closed');
    assert.ok(closed !== undefined && closed.statistics.packetsLost >= 38, 'no outage');
    assert.equal(rig.outcome('r').missingSamples, 160 * closed.statistics.packetsLost);
  }
});

/** What must not depend on waiting. Jitter is smoothed in an order of additions that may differ in the last digits. */
function telling(events: readonly MediaEvent[]): readonly MediaEvent[] {
  return events.map((event) =>
    event.type === 'closed'
      ? {
          ...event,
          statistics: { ...event.statistics, jitterMs: Math.round(event.statistics.jitterMs * 1000) },
        }
      : event,
  );
}

const IDLE: readonly IdleMedia[] = ['silence', 'none', { keepaliveSeconds: 1 }];
/** A keepalive that leaves a little later may or may not be lost, and with it others. */
const CASES = Object.entries(SCENES).flatMap(([name, scene]) =>
  IDLE.filter((idle) => typeof idle === 'string' || scene.isLossy !== true).map((idle) => ({
    name,
    idle,
    ...scene,
  })),
);

for (const { name, idle, spec, conditions, run } of CASES) {
  const sent = typeof idle === 'string' ? idle : 'keepalive';
  test(`a recording ${name} (${sent} sent) is the same whether its packets wait or not`, async (t) => {
    const results = [];
    for (const batches of [false, true]) {
      const rig = await openRig(t, { batches, idle, ...(conditions && { conditions }) });
      rig.peer.start(rig.port);
      await rig.clock.advance(1000);
      rig.record('r', spec);
      await run(rig);
      await rig.close();
      assert.equal(rig.waited > 20, batches, `${rig.waited} packets waited`);
      results.push({
        wav: rig.wav('r'),
        events: telling(rig.events),
        eventTimes: rig.eventTimes,
        heard: rig.peer.heard.length,
      });
    }
    const [alone, together] = results;
    assert.deepEqual(together?.events, alone?.events);
    assert.deepEqual(together?.wav, alone?.wav);
    assert.equal(together?.heard, alone?.heard);
    // Who waits for a key or for the end of a recording does not wait much longer.
    for (const [index, at] of together!.eventTimes.entries()) {
      const later = at - alone!.eventTimes[index]!;
      assert.ok(later <= LOOK_FRAMES * 20 + 20, `${together!.events[index]!.type} comes ${later} ms later`);
    }
  });
}
