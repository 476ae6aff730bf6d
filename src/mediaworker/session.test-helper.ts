/** A media session on virtual time with a peer that sends and hears G.711, for tests. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { silentLogger } from '../log/logger.ts';
import { decodePcmu } from '../media/g711.ts';
import { seededRandom } from '../media/test-signals.ts';
import { WAV_HEADER_BYTES } from '../media/wav-format.ts';
import type { RecordOutcome, RecordSpec } from '../recording/types.ts';
import {
  createMemoryRtpNetwork,
  type MemoryRtpNetwork,
  type NetworkConditions,
} from '../rtp/memory-network.ts';
import { parseRtp, RtpHeader, RTP_HEADER_LENGTH, writeRtpHeader } from '../rtp/packet.ts';
import type { RtpSocket } from '../rtp/sockets.ts';
import { EVENT_DIGITS } from '../rtp/telephone-event.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { LocalMediaHost } from './local-host.ts';
import type { IdleMedia, MediaCommand, MediaEvent, NegotiatedMedia } from './protocol.ts';

export const EVENT_PAYLOAD_TYPE = 101;
const PEER_ADDRESS = '10.0.0.9';
const OUR_ADDRESS = '10.0.0.1';
const FIRST_TIMESTAMP = 50_000;

/** A packet that the peer got. */
export interface HeardPacket {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Uint8Array;
  readonly atMs: number;
}

/** The code word at sample `n` of the usual talk: loud noise, never the same for long. */
export function noiseCode(n: number): number {
  const mixed = Math.imul(n ^ (n >>> 15), 0x2c1b3c6d);
  return Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39) >>> 24;
}

/** What µ-law code words sound like. */
export function decoded(codes: Uint8Array): Int16Array {
  const samples = new Int16Array(codes.length);
  decodePcmu(codes, 0, codes.length, samples, 0);
  return samples;
}

/** The other end of a session: talks in packets of 20 ms while started, and keeps what it hears. */
export class Peer {
  readonly socket: RtpSocket;
  readonly address: string;
  readonly heard: HeardPacket[] = [];
  readonly reports: Uint8Array[] = [];
  /** Code word of the sample `n` that is said, counted from the first. */
  content: (n: number) => number = noiseCode;
  /** Delays of the copies of packet `index` before the network takes them, ms; empty: lost. */
  fate: (index: number) => readonly number[] = () => [0];
  payloadType = 0;
  /** Samples said or keyed so far. */
  position = 0;
  readonly #clock: VirtualClock;
  readonly #ssrc: number;
  #target = { address: OUR_ADDRESS, port: 0 };
  #sequence = 65_530;
  #index = 0;
  #timer: { cancel(): void } | undefined;
  #key: { readonly event: number; readonly start: number; readonly samples: number } | undefined;

  constructor(clock: VirtualClock, socket: RtpSocket, address: string, ssrc: number) {
    this.#clock = clock;
    this.socket = socket;
    this.address = address;
    this.#ssrc = ssrc;
    const header = new RtpHeader();
    socket.onPacket = (bytes) => {
      assert.equal(parseRtp(bytes, header), 'ok');
      const { payloadType, marker, sequence, timestamp, ssrc: from, payloadOffset } = header;
      const payload = bytes.slice(payloadOffset);
      this.heard.push({
        payloadType,
        marker,
        sequence,
        timestamp,
        ssrc: from,
        payload,
        atMs: clock.monotonic(),
      });
    };
    socket.onRtcp = (bytes) => this.reports.push(bytes.slice());
  }

  /** Talks to `port` from now on. */
  start(port: number): void {
    this.#target = { address: OUR_ADDRESS, port };
    this.#timer ??= this.#clock.every(20, () => this.#tick());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /**
   * Presses a key at the next packet; events take the place of audio until it is released.
   * @returns the sample at which it goes down
   */
  press(digit: string, durationMs = 100): number {
    this.#key = { event: EVENT_DIGITS.indexOf(digit), start: this.position, samples: durationMs * 8 };
    return this.position;
  }

  /** What was heard, laid out by timestamp, silence where nothing came. */
  audio(payloadType = 0): Int16Array {
    const packets = this.heard.filter((packet) => packet.payloadType === payloadType);
    const first = packets[0];
    const last = packets.at(-1);
    if (first === undefined || last === undefined) return new Int16Array(0);
    const samples = new Int16Array(last.timestamp - first.timestamp + last.payload.length);
    for (const { timestamp, payload } of packets) samples.set(decoded(payload), timestamp - first.timestamp);
    return samples;
  }

  /** What was said from sample `from` on. */
  said(from: number, count: number): Int16Array {
    return decoded(Uint8Array.from({ length: count }, (_, i) => this.content(from + i)));
  }

  /** Sends one packet now. */
  send(payloadType: number, marker: boolean, timestamp: number, payload: Uint8Array): void {
    const packet = new Uint8Array(RTP_HEADER_LENGTH + payload.length);
    writeRtpHeader(packet, payloadType, marker, this.#sequence++, timestamp, this.#ssrc);
    packet.set(payload, RTP_HEADER_LENGTH);
    const { address, port } = this.#target;
    for (const delay of this.fate(this.#index++)) {
      this.#clock.after(delay, () => this.socket.send(packet, 0, packet.length, port, address));
    }
  }

  #tick(): void {
    const { position } = this;
    this.position += 160;
    if (this.#key === undefined) {
      const payload = Uint8Array.from({ length: 160 }, (_, i) => this.content(position + i));
      this.send(this.payloadType, position === 0, FIRST_TIMESTAMP + position, payload);
      return;
    }
    const { event, start, samples } = this.#key;
    const duration = Math.min(this.position - start, samples);
    const isEnd = duration >= samples;
    const payload = Uint8Array.of(event, (isEnd ? 0x80 : 0) | 10, duration >> 8, duration & 255);
    for (let copy = 0; copy < (isEnd ? 3 : 1); copy++) {
      this.send(EVENT_PAYLOAD_TYPE, position === start, FIRST_TIMESTAMP + start, payload);
    }
    if (isEnd) this.#key = undefined;
  }
}

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
  readonly port: number;
  readonly folder: string;
  newPeer(address: string, ssrc: number): Promise<Peer>;
  send(command: Commands): void;
  configure(media?: Partial<NegotiatedMedia>): void;
  /** Starts a recording; the file is `${id}.wav` in the folder. */
  record(id: string, spec?: Partial<RecordSpec>): void;
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
  options: { readonly idle?: IdleMedia; readonly conditions?: Partial<NetworkConditions> } = {},
): Promise<Rig> {
  const clock = new VirtualClock();
  const random = seededRandom(11);
  const network = createMemoryRtpNetwork(clock, { delayMs: 5, ...options.conditions });
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-session-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const host = new LocalMediaHost({
    clock,
    log: silentLogger,
    random,
    openSocket: (address) => network.open(address),
  });
  const events: MediaEvent[] = [];
  const sessionId = 'session-1';
  host.subscribe(sessionId, (event) => events.push(event));
  host.send({
    type: 'open',
    sessionId,
    bindAddress: OUR_ADDRESS,
    idleMedia: options.idle ?? 'silence',
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
    port: opened.rtpPort,
    folder,
    newPeer,
    send: (command) => host.send({ ...command, sessionId } as MediaCommand),
    configure: (media = {}) =>
      host.send({
        type: 'configure',
        sessionId,
        media: {
          codec: 'PCMU',
          payloadType: 0,
          telephoneEventPayloadType: EVENT_PAYLOAD_TYPE,
          remoteAddress: PEER_ADDRESS,
          remotePort: peer.socket.rtpPort,
          remoteRtcpPort: peer.socket.rtpPort + 1,
          direction: 'sendrecv',
          ptimeMs: 20,
          ...media,
        },
      }),
    record: (id, spec = {}) =>
      host.send({
        type: 'record',
        sessionId,
        spec: {
          recordingId: id,
          controlId: id,
          path: path.join(folder, `${id}.wav`),
          format: 'wav',
          direction: 'speak',
          stereo: false,
          beep: false,
          terminators: '',
          inputSensitivity: 44,
          initialTimeoutMs: 0,
          endSilenceTimeoutMs: 0,
          maxLengthMs: 600_000,
          ...spec,
        },
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
  rig.configure();
  return rig;
}
