import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../media/test-signals.ts';
import type { RecordDirection, RecordSpec } from '../recording/types.ts';
import type { NetworkConditions } from '../rtp/memory-network.ts';
import type { IdleMedia, MediaEvent } from './protocol.ts';
import { LOOK_FRAMES } from './patience.ts';
import { noise, noiseCode } from './peer.test-helper.ts';
import { openTalk, type Rig } from './session.test-helper.ts';

/** Loud noise for a while, then silence. */
const speechUntil = (end: number) => (n: number) => (n < end ? Math.imul(n, 0x2c1b3c6d) >>> 24 : 0xff);

interface Scene {
  readonly spec?: Partial<RecordSpec>;
  readonly conditions?: Partial<NetworkConditions>;
  readonly isLossy?: boolean;
  /** What happens from the recording on. */
  readonly run: (rig: Rig) => Promise<void>;
}

/** Lets the party hear noise of its own for so long. */
function playNoise(rig: Rig, streamId: number, durationMs: number): void {
  const samples = noise(durationMs * 8, streamId * 100_000);
  rig.send({ type: 'play', playId: `p${streamId}`, sounds: [{ kind: 'stream', streamId }], gainDb: 0 });
  rig.send({ type: 'feed', streamId, samples, end: true });
}

/** Sounds of different lengths, with pauses between them; twelve seconds, which is more than a place is watched. */
async function soundNowAndThen(rig: Rig): Promise<void> {
  for (let n = 1; n <= 6; n++) {
    await rig.clock.advance(711 + 250 * n);
    playNoise(rig, n, 90 + 53 * n);
  }
  await rig.clock.advance(1777);
}

/** In [0, 1), for what becomes of a packet, whatever else goes through the network meanwhile. */
const chance = (index: number): number => noiseCode(index) / 256;

const BOTH_SIDES = { direction: 'both', stereo: true } as const;

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
  'of both sides, with sounds now and then': { spec: BOTH_SIDES, run: soundNowAndThen },
  'of both sides in one channel, with sounds now and then': {
    spec: { direction: 'both' },
    run: soundNowAndThen,
  },
  'of what the party hears now and then': { spec: { direction: 'listen' }, run: soundNowAndThen },
  'of both sides, with loss, jitter and sounds': {
    spec: BOTH_SIDES,
    run: async (rig) => {
      rig.peer.fate = (index) => (chance(index) < 0.03 ? [] : [45 * chance(index + 1e6)]);
      await soundNowAndThen(rig);
    },
  },
  'of both sides, ended by silence behind a sound': {
    spec: { ...BOTH_SIDES, endSilenceTimeoutMs: 900, initialTimeoutMs: 3000 },
    run: async (rig) => {
      rig.peer.content = speechUntil(rig.peer.position + 9_037);
      await rig.clock.advance(1500);
      playNoise(rig, 1, 400);
      await rig.clock.advance(4000);
    },
  },
  'of both sides, with keys that we send and an end by one of the party': {
    spec: { ...BOTH_SIDES, terminators: '#' },
    run: async (rig) => {
      await rig.clock.advance(1020);
      rig.send({ type: 'sendDigits', sendId: 's', digits: '12' });
      await rig.clock.advance(2020);
      rig.peer.press('#');
      await rig.clock.advance(1000);
    },
  },
  'of both sides, on hold for a while': {
    spec: BOTH_SIDES,
    run: async (rig) => {
      await rig.clock.advance(1100);
      rig.configure({ direction: 'recvonly' });
      await rig.clock.advance(700);
      playNoise(rig, 1, 300);
      await rig.clock.advance(800);
      rig.configure();
      await rig.clock.advance(900);
      playNoise(rig, 2, 300);
      await rig.clock.advance(1700);
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
    const rig = await openTalk(t, 1000, { batches });
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
      const rig = await openTalk(t, 1000, { batches, idle, ...(conditions && { conditions }) });
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

const DIRECTIONS: readonly RecordDirection[] = ['speak', 'listen', 'both'];

/** What may happen to a call while it is recorded; each is done with what `random` gives, so that it can be repeated. */
const HAPPENINGS: readonly ((rig: Rig, random: () => number, n: number) => void)[] = [
  (rig, random, n) => playNoise(rig, n, 20 + Math.floor(600 * random())),
  (rig, random, n) => playNoise(rig, n, 20 + Math.floor(600 * random())),
  (rig, random, n) => {
    const direction = DIRECTIONS[Math.floor(3 * random())]!;
    rig.record(`r${n}`, { direction, stereo: random() < 0.5, beep: random() < 0.2 });
  },
  (rig) => rig.send({ type: 'stopRecord', recordingId: 'r0', cause: 'stop' }),
  (rig, random) =>
    rig.send({ type: 'pauseRecord', recordingId: 'r0', behavior: random() < 0.5 ? 'skip' : 'silence' }),
  (rig) => rig.send({ type: 'resumeRecord', recordingId: 'r0' }),
  (rig, random) => void rig.peer.press('1', 60 + Math.floor(200 * random())),
  (rig, random, n) => rig.send({ type: 'sendDigits', sendId: `s${n}`, digits: random() < 0.5 ? '5' : '77' }),
  (rig, random) => rig.configure({ direction: random() < 0.3 ? 'recvonly' : 'sendrecv' }),
  (rig, random) => {
    rig.peer.content = speechUntil(random() < 0.5 ? Number.POSITIVE_INFINITY : rig.peer.position);
  },
  (rig, random) => {
    const jitterMs = random() < 0.5 ? 0 : 80 * random();
    rig.peer.fate = (index) => [jitterMs * chance(index)];
  },
];
const HAPPENINGS_OF_A_CALL = 16;
const CALLS = 24;

for (let seed = 1; seed <= CALLS; seed++)
  test(`whatever happens to a call, its recordings are the same whether packets wait or not (${seed})`, async (t) => {
    const results = [];
    for (const batches of [false, true]) {
      const random = seededRandom(seed);
      const idle = seed % 2 === 0 ? 'silence' : 'none';
      const rig = await openTalk(t, 400 + Math.floor(700 * random()), { batches, idle });
      rig.record('r0', BOTH_SIDES);
      for (let n = 1; n <= HAPPENINGS_OF_A_CALL; n++) {
        await rig.clock.advance(Math.floor(1500 * random()));
        HAPPENINGS[Math.floor(HAPPENINGS.length * random())]!(rig, random, n);
      }
      await rig.clock.advance(1000);
      await rig.close();
      assert.equal(rig.waited > 0, batches, `${rig.waited} packets waited`);
      // Which file is closed first, the disk decides.
      const ends = rig.events.flatMap((event) => (event.type === 'recordEnded' ? [event] : []));
      ends.sort((one, other) => one.recordingId.localeCompare(other.recordingId));
      results.push({
        wavs: ends.map(({ recordingId }) => [recordingId, rig.wav(recordingId)]),
        ends,
        others: telling(rig.events.filter(({ type }) => type !== 'recordEnded')),
      });
    }
    assert.deepEqual(results[1]?.wavs, results[0]?.wavs);
    assert.deepEqual(results[1]?.ends, results[0]?.ends);
    assert.deepEqual(results[1]?.others, results[0]?.others);
  });
