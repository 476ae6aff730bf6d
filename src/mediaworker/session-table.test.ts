import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { type Logger, silentLogger } from '../log/logger.ts';
import { seededRandom } from '../media/test-signals.ts';
import { createMemoryRtpNetwork } from '../rtp/memory-network.ts';
import type { RtpSocket } from '../rtp/sockets.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { negotiated, PEER_ADDRESS, recordSpec } from './media-specs.test-helper.ts';
import { Peer } from './peer.test-helper.ts';
import type { MediaEvent, OpenSession } from './protocol.ts';
import { readWav } from './session.test-helper.ts';
import { SessionTable } from './session-table.ts';

const OPEN: OpenSession & { readonly type: 'open' } = {
  type: 'open',
  sessionId: 's1',
  bindAddress: '10.0.0.1',
  idleMedia: 'silence',
};

/** Its thread has stood still for so long. */
class StallingClock extends VirtualClock {
  standstillMs = 0;

  override monotonic(): number {
    return super.monotonic() + this.standstillMs;
  }
}

function setUp(
  wrap: (socket: RtpSocket) => RtpSocket = (socket) => socket,
  clock: VirtualClock = new VirtualClock(),
  onEvent: (event: MediaEvent) => void = () => {},
) {
  const network = createMemoryRtpNetwork(clock);
  const events: MediaEvent[] = [];
  const errors: string[] = [];
  const log: Logger = {
    ...silentLogger,
    error: (_fields, message) => errors.push(message),
    child: () => log,
  };
  const opened: RtpSocket[] = [];
  const table = new SessionTable({
    clock,
    log,
    random: seededRandom(1),
    onEvent: (event) => {
      onEvent(event);
      events.push(event);
    },
    openSocket: async (address) => {
      if (address === '192.0.2.1') throw new Error('RTP cannot be bound to 192.0.2.1');
      const socket = wrap(await network.open(address));
      opened.push(socket);
      return socket;
    },
  });
  const lines = () =>
    events.map((event) =>
      event.type === 'openFailed' ? `openFailed ${event.error}` : `${event.type} ${event.sessionId}`,
    );
  return { clock, network, events, errors, table, lines, opened };
}

test('a session id that is in use is refused, and the running session stays', async () => {
  const { clock, table, lines } = setUp();
  table.handle(OPEN);
  table.handle(OPEN);
  await clock.settle();
  assert.deepEqual(lines().toSorted(), ['openFailed media session s1 is open already', 'opened s1']);
  assert.equal(table.size, 1);
  await table.close();
  assert.equal(clock.pendingTimers, 0);
});

test('a socket that cannot be had fails the session with the reason', async () => {
  const { clock, table, lines } = setUp();
  table.handle({ ...OPEN, bindAddress: '192.0.2.1' });
  await clock.settle();
  assert.deepEqual(lines(), ['openFailed RTP cannot be bound to 192.0.2.1']);
  assert.equal(clock.pendingTimers, 0);
});

test('commands for a session that is not there are dropped', async () => {
  const { clock, table, lines } = setUp();
  table.handle({ type: 'stopPlay', sessionId: 'nobody', playId: 'p' });
  table.handle({ type: 'close', sessionId: 'nobody', cause: 'hangup' });
  await clock.advance(100);
  assert.deepEqual(lines(), []);
});

test('one ticker serves all sessions, and stops with the last of them', async () => {
  const { clock, table } = setUp();
  const ids = ['a', 'b', 'c', 'd', 'e'];
  for (const sessionId of ids) table.handle({ ...OPEN, sessionId });
  await clock.advance(100);
  assert.equal(clock.pendingTimers, 1);
  for (const sessionId of ids) table.handle({ type: 'close', sessionId, cause: 'hangup' });
  await clock.advance(100);
  assert.equal(clock.pendingTimers, 0);
  assert.equal(table.size, 0);
});

test('a session whose tick fails is closed with its sockets; the others go on', async () => {
  const { clock, network, table, lines, errors } = setUp((socket) => {
    // Whose port a packet cannot be sent from.
    if (socket.rtpPort % 4 === 0) {
      socket.send = () => {
        throw new Error('the socket is broken');
      };
    }
    return socket;
  });
  const ear = await network.open('10.0.0.9');
  let heard = 0;
  ear.onPacket = () => heard++;
  for (const sessionId of ['a', 'b']) table.handle({ ...OPEN, sessionId });
  await clock.settle();
  for (const sessionId of ['a', 'b']) {
    table.handle({
      type: 'configure',
      sessionId,
      media: {
        codec: 'PCMU',
        payloadType: 0,
        remoteAddress: '10.0.0.9',
        remotePort: ear.rtpPort,
        remoteRtcpPort: ear.rtpPort + 1,
        direction: 'sendrecv',
        ptimeMs: 20,
      },
    });
  }
  await clock.advance(1000);
  assert.deepEqual(errors, ['media session failed']);
  assert.deepEqual(lines().slice(0, 2), ['opened a', 'opened b']);
  assert.equal(lines().filter((line) => line.startsWith('closed')).length, 1);
  assert.ok(heard >= 49, `${heard} packets`);
  await table.close();
});

for (const kind of ['onPacket', 'onRtcp'] as const)
  test(`a session that cannot work at a datagram (${kind}) is closed, once, its recording kept; the others go on`, async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'openswml-table-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = path.join(folder, 'r.wav');
    const { clock, table, lines, events, errors, opened } = setUp();
    for (const sessionId of ['a', 'b']) {
      table.handle({ ...OPEN, sessionId });
      await clock.settle();
      const media = { codec: 'PCMU', payloadType: 0, direction: 'sendrecv', ptimeMs: 20 } as const;
      const remote = { remoteAddress: '10.0.0.9', remotePort: 4000, remoteRtcpPort: 4001 };
      table.handle({ type: 'configure', sessionId, media: { ...media, ...remote } });
    }
    table.handle({ type: 'record', sessionId: 'a', spec: recordSpec('r', file), askedMs: clock.monotonic() });
    await clock.advance(1000);
    const port = kind === 'onPacket' ? 4000 : 4001;
    // No network gives such a thing; it stands for a mistake of ours, or a decoder's.
    const broken = undefined as unknown as Uint8Array;
    for (let n = 0; n < 3; n++) opened[0]![kind](broken, '10.0.0.9', port, clock.monotonic());
    await clock.advance(100);
    assert.deepEqual(errors, ['media session failed']);
    assert.deepEqual(lines().slice(0, 2), ['opened a', 'opened b']);
    assert.equal(lines().at(-1), 'closed a');
    assert.equal(table.size, 1);
    const end = events.find((event) => event.type === 'recordEnded');
    assert.equal(end?.outcome.endedBy, 'error');
    const [samples] = readWav(file);
    assert.equal(samples!.length, end.outcome.durationMs * 8);
    assert.ok(Math.abs(end.outcome.durationMs - 1000) <= 40, `${end.outcome.durationMs} ms`);
    await table.close();
  });

test('a session that fails again at its end is closed behind the end of its recording', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-table-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'r.wav');
  // Stands for a mistake of ours in what is done with each frame.
  const { clock, network, table, lines, errors, opened } = setUp(undefined, undefined, ({ type }) => {
    if (type === 'heardAudio') throw new Error('nobody takes what is heard');
  });
  table.handle({ ...OPEN, sessionId: 'a' });
  await clock.settle();
  const peer = new Peer(clock, await network.open(PEER_ADDRESS), PEER_ADDRESS, 1);
  const media = negotiated({ remotePort: peer.socket.rtpPort });
  table.handle({ type: 'configure', sessionId: 'a', media });
  table.handle({ type: 'record', sessionId: 'a', spec: recordSpec('r', file), askedMs: clock.monotonic() });
  peer.start(opened[0]!.rtpPort);
  await clock.advance(1000);
  table.handle({ type: 'listen', sessionId: 'a', listenId: 'l' });
  await clock.advance(1000);
  peer.stop();
  assert.deepEqual(errors, ['media session failed', 'media session did not close']);
  assert.deepEqual(lines().slice(-2), ['recordEnded a', 'closed a']);
  assert.ok(readWav(file)[0]!.length >= 7200);
  assert.equal(table.size, 0);
});

test('a session that fails as it is bridged, in frames that it makes up for, is closed; its peer goes on', async () => {
  const clock = new StallingClock();
  const { table, lines, errors } = setUp(undefined, clock, ({ type }) => {
    // Stands for a mistake of ours in what is done with each frame.
    if (type === 'levels') throw new Error('nobody takes the levels');
  });
  for (const sessionId of ['a', 'b']) {
    table.handle({ ...OPEN, sessionId });
    await clock.settle();
    table.handle({ type: 'configure', sessionId, media: negotiated() });
  }
  table.handle({ type: 'meter', sessionId: 'b', stretchMs: 100 });
  clock.standstillMs = 500;
  table.handle({ type: 'bridge', sessionId: 'a', peerId: 'b' });
  await clock.advance(100);
  assert.deepEqual(errors, ['media session failed']);
  assert.deepEqual(lines(), ['opened a', 'opened b', 'closed b']);
  assert.equal(table.size, 1);
  await table.close();
});

test('while the table closes, what is still opening fails, and its sockets are closed', async () => {
  let closed = 0;
  const { clock, table, lines, opened } = setUp((socket) => {
    socket.close = () => closed++;
    return socket;
  });
  table.handle(OPEN);
  await table.close();
  await clock.settle();
  assert.deepEqual(lines(), ['openFailed the media side is closing']);
  assert.deepEqual([opened.length, closed], [1, 1]);
});

test('frames are counted, and all that a standstill made late are told apart', async () => {
  const clock = new StallingClock();
  const { table } = setUp(undefined, clock);
  for (const sessionId of ['a', 'b']) table.handle({ ...OPEN, sessionId });
  await clock.advance(1_000);
  const before = table.frameCounts;
  assert.ok(
    before.frames >= 96 && before.frames <= 100,
    `${before.frames} frames of two sessions in a second`,
  );
  assert.equal(before.lateFrames, 0);
  clock.standstillMs = 100;
  await clock.advance(1_000);
  assert.equal(table.frameCounts.lateFrames, 10, 'five frames of each of the two');
  await table.close();
});
