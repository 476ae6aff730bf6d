/** Two sessions whose parties hear each other. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { silentLogger } from '../log/logger.ts';
import { generateDtmf } from '../media/dtmf-tones.ts';
import { encodePcmu } from '../media/g711.ts';
import { seededRandom } from '../media/test-signals.ts';
import type { RecordSpec } from '../recording/types.ts';
import { createMemoryRtpNetwork, type NetworkConditions } from '../rtp/memory-network.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { LocalMediaHost } from './local-host.ts';
import { negotiated, recordSpec } from './media-specs.test-helper.ts';
import { EVENT_PAYLOAD_TYPE, noiseCode, OUR_ADDRESS, Peer } from './peer.test-helper.ts';
import type { MediaEvent, NegotiatedMedia } from './protocol.ts';
import { find, readWav } from './session.test-helper.ts';

async function openPair(t: TestContext, conditions: Partial<NetworkConditions> = {}) {
  const clock = new VirtualClock();
  const network = createMemoryRtpNetwork(clock, { delayMs: 5, ...conditions });
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-bridge-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const host = new LocalMediaHost({
    clock,
    log: silentLogger,
    random: seededRandom(7),
    openSocket: (address) => network.open(address),
  });
  const open = async (sessionId: string, address: string, ssrc: number) => {
    const events: MediaEvent[] = [];
    host.subscribe(sessionId, (event) => events.push(event));
    host.send({ type: 'open', sessionId, bindAddress: OUR_ADDRESS, idleMedia: 'none' });
    await clock.settle();
    const [opened] = events;
    assert.ok(opened?.type === 'opened');
    const peer = new Peer(clock, await network.open(address), address, ssrc);
    // What the two say differs from the first sample on.
    peer.content = (n) => noiseCode(n + ssrc * 1_000_003);
    const configure = (media: Partial<NegotiatedMedia> = {}): void =>
      host.send({
        type: 'configure',
        sessionId,
        media: negotiated({ remoteAddress: address, remotePort: peer.socket.rtpPort, ...media }),
      });
    return { events, peer, configure, port: opened.rtpPort };
  };
  const a = await open('a', '10.0.0.8', 1);
  const b = await open('b', '10.0.0.9', 2);
  return {
    clock,
    host,
    folder,
    a,
    b,
    /** Both have media from now on, and talk. */
    talk(): void {
      for (const side of [a, b]) {
        side.configure();
        side.peer.start(side.port);
      }
    },
    bridge: () => host.send({ type: 'bridge', sessionId: 'a', peerId: 'b' }),
    /** Ends what is left, and asserts that nothing goes on. */
    async close(): Promise<void> {
      for (const { peer } of [a, b]) {
        peer.stop();
        peer.socket.close();
      }
      const closed = host.close();
      await clock.advance(1000);
      await closed;
      assert.equal(clock.pendingTimers, 0);
    },
  };
}

/** Both sides in stereo, until it is stopped: `r.wav` in the folder. */
const bothSides = (folder: string): RecordSpec =>
  recordSpec('r', path.join(folder, 'r.wav'), { direction: 'both', stereo: true });

test('each party of a bridge hears what the other says, whole, in order and at once', async (t) => {
  const pair = await openPair(t);
  const { clock, a, b } = pair;
  pair.talk();
  await clock.advance(500);
  assert.equal(b.peer.heard.length, 0, 'nobody is heard before the bridge');
  pair.bridge();
  await clock.advance(3000);
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    const heard = to.peer.audio();
    const start = from.peer.position - 16_000;
    const at = find(heard, from.peer.said(start, 8000));
    assert.ok(at >= 0, 'one second is heard without a flaw');
    const delayMs = (heard.length - at - 16_000) / -8;
    assert.ok(delayMs >= 0 && delayMs <= 120, `a delay of ${delayMs} ms`);
  }
  await pair.close();
});

test('a bridge that is made before there is media begins with it', async (t) => {
  const pair = await openPair(t);
  const { clock, a, b } = pair;
  pair.bridge();
  a.configure();
  a.peer.start(a.port);
  await clock.advance(100);
  b.configure();
  b.peer.start(b.port);
  await clock.advance(1000);
  assert.ok(find(b.peer.audio(), a.peer.said(a.peer.position - 4000, 1600)) >= 0);
  assert.ok(find(a.peer.audio(), b.peer.said(b.peer.position - 4000, 1600)) >= 0);
  await pair.close();
});

test('after the end of a bridge, or of the other session, nobody is heard any more', async (t) => {
  for (const end of ['unbridge', 'close'] as const) {
    const pair = await openPair(t);
    const { clock, host, a, b } = pair;
    pair.talk();
    pair.bridge();
    await clock.advance(1000);
    if (end === 'unbridge') host.send({ type: 'unbridge', sessionId: 'b' });
    else host.send({ type: 'close', sessionId: 'b', cause: 'hangup' });
    await clock.advance(100);
    const before = [a, b].map(({ peer }) => peer.heard.length);
    assert.ok(before[0]! > 40);
    await clock.advance(1000);
    assert.deepEqual(
      [a, b].map(({ peer }) => peer.heard.length),
      before,
    );
    await pair.close();
  }
});

test('a key reaches the other party as an event, or as a tone where that has none; the voice goes on behind it', async (t) => {
  for (const events of [true, false]) {
    const pair = await openPair(t);
    const { clock, a, b } = pair;
    a.configure();
    b.configure(events ? {} : { telephoneEventPayloadType: undefined });
    for (const { peer, port } of [a, b]) peer.start(port);
    pair.bridge();
    await clock.advance(1000);
    a.peer.press('5');
    await clock.advance(1500);
    const keys = b.peer.heard.filter(({ payloadType }) => payloadType === EVENT_PAYLOAD_TYPE);
    if (events) assert.deepEqual(new Set(keys.map(({ payload }) => payload[0])), new Set([5]));
    else assert.equal(keys.length, 0);
    assert.equal(a.events.filter(({ type }) => type === 'digit').length, 1);
    assert.equal(b.events.filter(({ type }) => type === 'digit').length, 0);
    assert.ok(find(b.peer.audio(), a.peer.said(a.peer.position - 4000, 1600)) >= 0, 'the voice goes on');
    await pair.close();
  }
});

test('keys for a party on hold reach it when it is back, unless the two are parted before', async (t) => {
  for (const parted of [false, true]) {
    const pair = await openPair(t);
    const { clock, host, a, b } = pair;
    pair.talk();
    pair.bridge();
    await clock.advance(500);
    b.configure({ direction: 'recvonly' });
    for (const digit of ['1', '2', '3']) {
      a.peer.press(digit);
      await clock.advance(300);
    }
    // As at the answer of one that was heard before: that parts nobody.
    host.send({ type: 'unbridge', sessionId: 'a' });
    pair.bridge();
    await clock.advance(100);
    if (parted) host.send({ type: 'unbridge', sessionId: 'a' });
    await clock.advance(100);
    b.configure();
    await clock.advance(2000);
    const starts = b.peer.heard.flatMap(({ payloadType, marker, payload }) =>
      payloadType === EVENT_PAYLOAD_TYPE && marker ? [payload[0]!] : [],
    );
    assert.deepEqual(starts, parted ? [] : [1, 2, 3]);
    await pair.close();
  }
});

test('a key that sounds reaches the other party as a key where a filter takes its tone for noise', async (t) => {
  const tones = generateDtmf('5', 8000, { toneMs: 100, gapMs: 100 });
  const tone = new Int16Array(800);
  tones.read(tone, 0, tone.length);
  const codes = new Uint8Array(tone.length);
  encodePcmu(tone, 0, tone.length, codes, 0);
  for (const denoise of [true, false]) {
    const pair = await openPair(t);
    const { clock, host, a, b } = pair;
    a.configure({ telephoneEventPayloadType: undefined });
    b.configure();
    if (denoise) host.send({ type: 'denoise', sessionId: 'a', on: true });
    pair.bridge();
    await clock.advance(100);
    a.peer.content = (n) => codes[n - 8000] ?? 0xff;
    for (const { peer, port } of [a, b]) peer.start(port);
    await clock.advance(2500);
    assert.equal(a.events.filter(({ type }) => type === 'digit').length, 1);
    const keys = b.peer.heard.filter(({ payloadType }) => payloadType === EVENT_PAYLOAD_TYPE);
    // Without the filter it is heard as it sounds: as a key besides, it would be there twice.
    assert.deepEqual([...new Set(keys.map(({ payload }) => payload[0]))], denoise ? [5] : []);
    await pair.close();
  }
});

test('a stereo recording has the party on the left and the other on the right, as they met', async (t) => {
  const pair = await openPair(t);
  const { clock, host, a, b, folder } = pair;
  pair.talk();
  await clock.advance(200);
  host.send({
    type: 'record',
    sessionId: 'a',
    spec: bothSides(folder),
  });
  await clock.advance(1000);
  pair.bridge();
  await clock.advance(2000);
  const [saidA, saidB] = [a, b].map(({ peer }) => peer.said(peer.position - 8000, 4000));
  host.send({ type: 'close', sessionId: 'b', cause: 'hangup' });
  await clock.advance(1000);
  host.send({ type: 'close', sessionId: 'a', cause: 'hangup' });
  await clock.advance(1000);
  const [left, right] = readWav(path.join(folder, 'r.wav'));
  assert.ok(Math.abs(left!.length - 32_000) <= 640, `${left!.length} samples: one file, across the bridge`);
  assert.ok(find(left!, saidA!) >= 0);
  assert.ok(find(right!, saidB!) >= 0);
  assert.ok(
    right!.subarray(0, 7000).every((sample) => sample === 0),
    'nothing is heard before the bridge',
  );
  assert.ok(
    right!.subarray(-6000).every((sample) => sample === 0),
    'nor behind it',
  );
  await pair.close();
});

test('the beep of a recording is heard by both, and is in neither channel of it', async (t) => {
  const pair = await openPair(t);
  const { clock, host, a, b, folder } = pair;
  for (const { peer } of [a, b]) peer.content = () => 0xff;
  pair.talk();
  pair.bridge();
  await clock.advance(500);
  host.send({ type: 'record', sessionId: 'a', spec: { ...bothSides(folder), beep: true } });
  await clock.advance(1500);
  for (const { peer } of [a, b]) {
    const loud = peer.audio().filter((sample) => Math.abs(sample) > 1000).length;
    assert.ok(loud > 1000, `${loud} samples of a beep`);
  }
  host.send({ type: 'close', sessionId: 'a', cause: 'hangup' });
  await clock.advance(500);
  for (const channel of readWav(path.join(folder, 'r.wav')))
    assert.ok(channel.every((sample) => Math.abs(sample) < 100));
  await pair.close();
});

test('loss and jitter on one side neither lengthen nor shorten what the other hears', async (t) => {
  const pair = await openPair(t, { loss: 0.05, jitterMs: 30 });
  const { clock, a, b } = pair;
  pair.talk();
  pair.bridge();
  await clock.advance(20_000);
  const heard = b.peer.audio();
  const seconds = heard.length / 8000;
  assert.ok(seconds > 19 && seconds < 20.1, `${seconds} s`);
  // Our packets are as many whatever is in them: what was said early and late must lie as far apart as it was said.
  const shiftAt = (second: number): number => {
    for (let from = second * 8000; from < (second + 1) * 8000; from += 160) {
      const at = find(heard, a.peer.said(from, 160));
      if (at >= 0) return at - from;
    }
    return assert.fail(`nothing of second ${second} is heard`);
  };
  const movedMs = (shiftAt(18) - shiftAt(3)) / 8;
  assert.ok(Math.abs(movedMs) <= 200, `${movedMs} ms in 15 s`);
  await pair.close();
});
