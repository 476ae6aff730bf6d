/** A media session on virtual time with a peer, for tests. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { silentLogger } from '../log/logger.ts';
import { seededRandom } from '../media/test-signals.ts';
import { WAV_HEADER_BYTES } from '../media/wav-format.ts';
import type { RecordOutcome, RecordSpec } from '../recording/types.ts';
import {
  createMemoryRtpNetwork,
  type MemoryRtpNetwork,
  type NetworkConditions,
} from '../rtp/memory-network.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { batchedSockets } from './batched-sockets.test-helper.ts';
import { LateThread, type LateThreadIo } from './late-thread.test-helper.ts';
import { LocalMediaHost } from './local-host.ts';
import { negotiated, PEER_ADDRESS, recordSpec } from './media-specs.test-helper.ts';
import { OUR_ADDRESS, Peer } from './peer.test-helper.ts';
import type { IdleMedia, InbandDigits, MediaCommand, MediaEvent, NegotiatedMedia } from './protocol.ts';

/** The parts of a wav file: one array for each channel. */
export function readWav(file: string): readonly Int16Array[] {
  const bytes = readFileSync(file);
  const channels = bytes.readUInt16LE(22);
  assert.equal(bytes.readUInt32LE(24), 8000);
  const frames = (bytes.length - WAV_HEADER_BYTES) / 2 / channels;
  assert.equal(bytes.readUInt32LE(40), frames * 2 * channels);
  return Array.from({ length: channels }, (_, channel) =>
    Int16Array.from({ length: frames }, (__, i) =>
      bytes.readInt16LE(WAV_HEADER_BYTES + 2 * (i * channels + channel)),
    ),
  );
}

/** Where `part` begins in `whole`; −1 when nowhere. */
export function find(whole: Int16Array, part: Int16Array, from = 0): number {
  for (let at = from; at + part.length <= whole.length; at++) {
    let i = 0;
    while (i < part.length && whole[at + i] === part[i]) i++;
    if (i === part.length) return at;
  }
  return -1;
}

export interface Rig {
  readonly clock: VirtualClock;
  readonly network: MemoryRtpNetwork;
  readonly host: LocalMediaHost;
  readonly peer: Peer;
  readonly events: MediaEvent[];
  /** When each of them came, ms. */
  readonly eventTimes: number[];
  readonly port: number;
  readonly folder: string;
  /** Packets of the peers that have waited so far. */
  readonly waited: number;
  newPeer(address: string, ssrc: number): Promise<Peer>;
  send(command: Commands): void;
  /** Of the media thread: {@link LateThread.standStill}. */
  standStill(ms: number, meanwhile?: () => Promise<void>): Promise<void>;
  configure(media?: Partial<NegotiatedMedia>): void;
  /** Starts a recording; the file is `${id}.wav` in the folder. */
  record(id: string, spec?: Partial<RecordSpec>, askedMs?: number): void;
  /** Channels of a finished file. */
  wav(id: string): readonly Int16Array[];
  outcome(id: string): RecordOutcome;
  hasEnded(id: string): boolean;
  /** Closes the session, the peers and the host, and asserts that nothing is left. */
  close(): Promise<void>;
}

type Commands = MediaCommand extends infer C
  ? C extends { sessionId: string }
    ? Omit<C, 'sessionId'>
    : never
  : never;

/** Opens a configured session; its peer is silent until it is started. Files go away with the test. */
export async function openRig(
  t: TestContext,
  options: {
    readonly idle?: IdleMedia;
    readonly inbandDigits?: InbandDigits | undefined;
    readonly concealLoss?: boolean;
    /** Whether it is configured already. Default true. */
    readonly agreed?: boolean;
    readonly conditions?: Partial<NetworkConditions>;
    /** Whether packets may wait for their batch, as they do with io_uring. Default true. */
    readonly batches?: boolean;
    /** Puts the session on a thread that may stand still; packets come as by this way. Default: another thread. */
    readonly lateThread?: LateThreadIo;
  } = {},
): Promise<Rig> {
  const clock = new VirtualClock();
  const random = seededRandom(11);
  const network = createMemoryRtpNetwork(clock, { delayMs: 5, ...options.conditions });
  const batched = batchedSockets(clock);
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-session-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const thread = options.lateThread && new LateThread(clock, options.lateThread);
  const host = new LocalMediaHost({
    clock: thread?.clock ?? clock,
    obey: () => thread?.obey(),
    log: silentLogger,
    random,
    openSocket: async (address) => {
      const socket = await network.open(address);
      if (thread !== undefined) return thread.wrap(socket);
      return options.batches === false ? socket : batched.wrap(socket);
    },
    receive: (look, turn) => (thread ?? batched).receive(look, turn),
  });
  const toThread = (command: MediaCommand): void => {
    if (thread === undefined) host.send(command);
    else thread.send(() => host.send(command));
  };
  const events: MediaEvent[] = [];
  const sessionId = 'session-1';
  const eventTimes: number[] = [];
  host.subscribe(sessionId, (event) => {
    events.push(event);
    eventTimes.push(clock.monotonic());
  });
  host.send({
    type: 'open',
    sessionId,
    bindAddress: OUR_ADDRESS,
    idleMedia: options.idle ?? 'silence',
    inbandDigits: options.inbandDigits,
    concealLoss: options.concealLoss,
  });
  await clock.settle();
  const opened = events[0];
  assert.ok(opened?.type === 'opened');
  const peers: Peer[] = [];
  const newPeer = async (address: string, ssrc: number): Promise<Peer> => {
    const peer = new Peer(clock, await network.open(address), address, ssrc);
    peers.push(peer);
    return peer;
  };
  const peer = await newPeer(PEER_ADDRESS, 0xabcdef01);
  const outcome = (id: string): RecordOutcome | undefined => {
    const ends = events.filter((event) => event.type === 'recordEnded' && event.recordingId === id);
    assert.ok(ends.length <= 1, `${id} ended once`);
    return ends[0]?.type === 'recordEnded' ? ends[0].outcome : undefined;
  };
  const rig: Rig = {
    clock,
    network,
    host,
    peer,
    events,
    eventTimes,
    port: opened.rtpPort,
    folder,
    get waited() {
      return batched.waited;
    },
    newPeer,
    send: (command) => toThread({ ...command, sessionId } as MediaCommand),
    standStill: async (ms, meanwhile) =>
      await (thread ?? assert.fail('openRig without lateThread')).standStill(ms, meanwhile),
    configure: (media = {}) =>
      toThread({
        type: 'configure',
        sessionId,
        atMs: clock.monotonic(),
        media: negotiated({ remotePort: peer.socket.rtpPort, ...media }),
      }),
    record: (id, spec = {}, askedMs = clock.monotonic()) =>
      toThread({
        type: 'record',
        sessionId,
        spec: recordSpec(id, path.join(folder, `${id}.wav`), spec),
        askedMs,
      }),
    wav: (id) => readWav(path.join(folder, `${id}.wav`)),
    outcome: (id) => outcome(id) ?? assert.fail(`recording ${id} has not ended`),
    hasEnded: (id) => outcome(id) !== undefined,
    close: async () => {
      for (const each of peers) {
        each.stop();
        each.socket.close();
      }
      host.send({ type: 'close', sessionId, cause: 'hangup' });
      await clock.advance(1000);
      await host.close();
      assert.equal(events.filter(({ type }) => type === 'closed').length, 1);
      assert.equal(events.at(-1)?.type, 'closed');
      assert.equal(clock.pendingTimers, 0, 'timers left');
      const probe = await network.open(PEER_ADDRESS);
      const { delivered } = network.counts;
      for (const port of [rig.port, rig.port + 1]) probe.send(new Uint8Array(12), 0, 12, port, OUR_ADDRESS);
      await clock.advance(100);
      assert.equal(network.counts.delivered, delivered, 'the sockets are still open');
    },
  };
  if (options.agreed !== false) rig.configure();
  return rig;
}

/** As {@link openRig}; the peer has sent for `talkMs` already. */
export async function openTalk(
  t: TestContext,
  talkMs: number,
  options: Parameters<typeof openRig>[1] = {},
): Promise<Rig> {
  const rig = await openRig(t, options);
  rig.peer.start(rig.port);
  await rig.clock.advance(talkMs);
  return rig;
}

/** Keys that were told of, each with the way by which it came. */
export function keysOf({ events }: Rig): readonly string[] {
  return events.flatMap((event) => (event.type === 'digit' ? [`${event.digit} ${event.via}`] : []));
}
