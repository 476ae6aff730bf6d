/** The other end of a media session on virtual time: sends and hears G.711, for tests. */
import assert from 'node:assert/strict';
import { decodePcmu, encodePcmu } from '../media/g711.ts';
import { parseRtp, RtpHeader, RTP_HEADER_LENGTH, writeRtpHeader } from '../rtp/packet.ts';
import type { RtpSocket } from '../rtp/sockets.ts';
import { EVENT_DIGITS } from '../rtp/telephone-event.ts';
import type { VirtualClock } from '../time/virtual-clock.ts';

export const EVENT_PAYLOAD_TYPE = 101;
/** Where the session under test is. */
export const OUR_ADDRESS = '10.0.0.1';
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

/** Noise that G.711 carries unchanged. */
export function noise(count: number, from = 1_000_000): Int16Array {
  return decoded(Uint8Array.from({ length: count }, (_, i) => noiseCode(from + i)));
}

/** What becomes of samples on a µ-law line. */
export function throughMulaw(samples: Int16Array): Int16Array {
  const codes = new Uint8Array(samples.length);
  encodePcmu(samples, 0, samples.length, codes, 0);
  return decoded(codes);
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
  /** Sends a packet of comfort noise in place of each packet of audio while true. */
  pausing = false;
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

  /** Goes on `packets` later by its timestamps and sequence numbers, but at once. */
  skip(packets: number): void {
    this.position += packets * 160;
    this.#sequence += packets;
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
    if (this.pausing) {
      this.send(13, false, FIRST_TIMESTAMP + position, Uint8Array.of(70));
      return;
    }
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
