/**
 * A talking and listening RTP party for tests: sends tones, silence and keys on the 20 ms grid, impaired as the
 * test asks, and keeps what it hears. Signalling is somebody else's (SIPp's).
 */
import { toneSamples, type Wav } from './audio-files.ts';
import { decodeG711, encodeG711, G711_PAYLOAD_TYPE, type G711Law } from './g711.ts';
import { type TalkerSocket, talkerSocket } from './rtp-talker-thread.ts';
import type { FromTalkers, ToTalkers } from './rtp-talker-worker.ts';

export type Utterance =
  /** Sound on the line; `frequencyHz` 0 is silence that is sent as packets. */
  | {
      readonly kind: 'tone';
      readonly frequencyHz: number;
      readonly besideHz?: number;
      readonly durationMs: number;
      readonly levelDbfs?: number;
      readonly voice?: boolean;
    }
  /** A key as RFC 4733 telephone-event. */
  | { readonly kind: 'digit'; readonly digit: string; readonly durationMs?: number }
  /** Nothing is sent, the timestamp runs on. */
  | { readonly kind: 'nothing'; readonly durationMs: number };

/** What becomes of a packet on its way. `swap`: it is sent behind its successor. */
export type Fate = 'send' | 'drop' | 'duplicate' | 'swap';

export interface TalkOptions {
  readonly law?: G711Law;
  readonly telephoneEventPayloadType?: number;
  /** By number of the audio packet, from 0; key packets always go through. */
  readonly fateOf?: (packet: number) => Fate;
}

export interface TalkReport {
  /** Packets on the wire, duplicates counted. */
  readonly sent: number;
  /** Time on the talker's timeline that was dropped, ms each, in order. */
  readonly droppedMs: readonly number[];
}

type PackedSlots = Pick<Extract<ToTalkers, { type: 'talk' }>, 'bytes' | 'ends' | 'slots'>;

/** See {@link RtpTalker.prepare}. */
export interface PreparedSpeech extends PackedSlots {
  readonly droppedMs: readonly number[];
}

interface Packet {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly timestamp: number;
  readonly payload: Buffer;
  readonly fate: Fate;
}

const PACKET_MS = 20;
const PACKET_SAMPLES = 160;
const SAMPLE_RATE = 8000;
/** RFC 4733 section 3.2: events 0–9 are the digits, 10 `*`, 11 `#`, 12–15 A–D. */
const EVENTS = '0123456789*#ABCD';
/** RFC 4733 section 2.5.1.4: the end packet is sent three times. */
const END_PACKETS = 3;

export class RtpTalker {
  /** Port to name in the SDP. */
  readonly port: number;
  /** By how much a packet left too late at most, ms; known when it is closed. */
  worstLateMs = 0;
  readonly #socket: TalkerSocket;
  readonly #closing = Promise.withResolvers<void>();
  readonly #ssrc = (Math.random() * 2 ** 32) >>> 0;
  readonly #heard: { readonly timestamp: number; readonly samples: Int16Array }[] = [];
  readonly #heardDigits: string[] = [];
  #sequence = Math.floor(Math.random() * 65_536);
  #clock = (Math.random() * 2 ** 32) >>> 0;
  #lastEventTimestamp = -1;
  #closed = false;

  #talked: ((sent: number) => void) | undefined;

  private constructor(socket: TalkerSocket, port: number) {
    this.#socket = socket;
    this.port = port;
  }

  static open(host = '127.0.0.1'): Promise<RtpTalker> {
    return new Promise((resolve) => {
      let talker: RtpTalker | undefined;
      const socket = talkerSocket((message) => {
        if (message.type === 'open') {
          talker = new RtpTalker(socket, message.port);
          resolve(talker);
        } else if (talker !== undefined) {
          talker.#told(message);
        }
      });
      socket.send({ type: 'open', host });
    });
  }

  /** Packets of sound that came in. */
  get packetsHeard(): number {
    return this.#heard.length;
  }

  /** Keys that the other side sent as RFC 4733 events, in order. */
  get digitsHeard(): readonly string[] {
    return this.#heardDigits;
  }

  /**
   * Computes all datagrams of what is then said by {@link talk}: a minute of sound takes as long as a busy machine
   * likes, and a caller who only then begins to speak misses the recording. What is prepared first is said first.
   */
  prepare(utterances: readonly Utterance[], options: TalkOptions = {}): PreparedSpeech {
    const droppedMs: number[] = [];
    let held: Uint8Array | undefined;
    const slots = this.#slotsOf(utterances, options).map((packets, index) => {
      const datagrams: Uint8Array[] = [];
      for (const packet of packets) {
        const datagram = this.#serialise({ ...packet, sequence: this.#sequence });
        this.#sequence = (this.#sequence + 1) % 65_536;
        if (packet.fate === 'drop') {
          droppedMs.push(index * PACKET_MS);
        } else if (packet.fate === 'swap' && held === undefined) {
          held = datagram;
        } else {
          datagrams.push(datagram);
          if (packet.fate === 'duplicate') datagrams.push(datagram);
          if (held !== undefined) datagrams.push(held);
          held = undefined;
        }
      }
      return datagrams;
    });
    if (held !== undefined) slots.at(-1)?.push(held);
    return { droppedMs, ...packed(slots) };
  }

  /**
   * Says everything, in real time; resolves when the last packet is out, or early when closed.
   * @param speech once only: its buffers move to the thread that speaks
   */
  async talk(
    remote: { readonly host: string; readonly port: number },
    speech: PreparedSpeech,
  ): Promise<TalkReport> {
    const { droppedMs, ...message } = speech;
    if (this.#closed) return { sent: 0, droppedMs };
    const talked = new Promise<number>((resolve) => {
      this.#talked = resolve;
    });
    const buffers = [message.bytes.buffer, message.ends.buffer, message.slots.buffer];
    this.#socket.send({ type: 'talk', ...message, slotMs: PACKET_MS, remote }, buffers);
    return { sent: await talked, droppedMs };
  }

  /** All sound heard so far, laid out by RTP timestamps from the first packet on; silence where none came. */
  heard(): Wav {
    const first = this.#heard[0]?.timestamp ?? 0;
    const pieces = this.#heard.map((piece) => ({ ...piece, at: (piece.timestamp - first) | 0 }));
    const length = pieces.reduce((longest, piece) => Math.max(longest, piece.at + piece.samples.length), 0);
    const samples = new Int16Array(length);
    for (const piece of pieces) if (piece.at >= 0) samples.set(piece.samples, piece.at);
    return {
      sampleRate: SAMPLE_RATE,
      channels: [samples],
      durationMs: (length * 1000) / SAMPLE_RATE,
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.send({ type: 'close' });
    await this.#closing.promise;
    this.#socket.forget();
  }

  #told(message: FromTalkers): void {
    if (message.type === 'heard') this.#receive(Buffer.from(message.datagram));
    else if (message.type === 'talked') this.#talked?.(message.sent);
    else if (message.type === 'closed') {
      this.worstLateMs = message.worstLateMs;
      this.#closing.resolve();
    }
  }

  #slotsOf(utterances: readonly Utterance[], options: TalkOptions): Packet[][] {
    const law = options.law ?? 'PCMU';
    const eventType = options.telephoneEventPayloadType ?? 101;
    const slots: Packet[][] = [];
    let audioPackets = 0;
    let marker = true;
    for (const utterance of utterances) {
      const count = Math.round(
        (utterance.kind === 'digit' ? (utterance.durationMs ?? 160) : utterance.durationMs) / PACKET_MS,
      );
      const startedAt = this.#clock;
      const sound = utterance.kind === 'tone' ? encodeG711(toneSamples([utterance]), law) : undefined;
      for (let index = 0; index < count; index += 1) {
        if (utterance.kind === 'tone') {
          const payload = sound!.subarray(index * PACKET_SAMPLES, (index + 1) * PACKET_SAMPLES);
          const fate = options.fateOf?.(audioPackets) ?? 'send';
          slots.push([
            { payloadType: G711_PAYLOAD_TYPE[law], marker, timestamp: this.#clock, payload, fate },
          ]);
          audioPackets += 1;
          marker = false;
        } else if (utterance.kind === 'digit') {
          const last = index === count - 1;
          const payload = eventPayload(utterance.digit, (index + 1) * PACKET_SAMPLES, last);
          const packet: Packet = {
            payloadType: eventType,
            marker: index === 0,
            timestamp: startedAt,
            payload,
            fate: 'send',
          };
          slots.push(last ? Array.from({ length: END_PACKETS }, () => packet) : [packet]);
        } else {
          slots.push([]);
          marker = true;
        }
        this.#clock = (this.#clock + PACKET_SAMPLES) >>> 0;
      }
    }
    return slots;
  }

  /** RFC 3550 section 5.1, without CSRC and extension. */
  #serialise(packet: Packet & { readonly sequence?: number }): Buffer {
    const header = Buffer.alloc(12);
    header[0] = 0x80;
    header[1] = (packet.marker ? 0x80 : 0) | packet.payloadType;
    header.writeUInt16BE(packet.sequence ?? 0, 2);
    header.writeUInt32BE(packet.timestamp, 4);
    header.writeUInt32BE(this.#ssrc, 8);
    return Buffer.concat([header, packet.payload]);
  }

  #receive(datagram: Buffer): void {
    if (datagram.length < 13 || datagram[0] !== 0x80) return;
    const payloadType = datagram[1]! & 0x7f;
    const timestamp = datagram.readUInt32BE(4);
    const payload = datagram.subarray(12);
    const law = payloadType === 0 ? 'PCMU' : payloadType === 8 ? 'PCMA' : undefined;
    if (law !== undefined) {
      this.#heard.push({ timestamp, samples: decodeG711(payload, law) });
    } else if (payload.length === 4 && timestamp !== this.#lastEventTimestamp) {
      this.#lastEventTimestamp = timestamp;
      this.#heardDigits.push(EVENTS[payload[0]!] ?? '?');
    }
  }
}

/** The length of each together with those before it. */
function sums(parts: readonly { readonly length: number }[]): Uint32Array<ArrayBuffer> {
  const ends = new Uint32Array(parts.length);
  for (const [index, { length }] of parts.entries())
    ends[index] = length + (index === 0 ? 0 : ends[index - 1]!);
  return ends;
}

/** The datagrams of all slots as the thread takes them. */
function packed(slots: readonly (readonly Uint8Array[])[]): PackedSlots {
  const datagrams = slots.flat();
  const ends = sums(datagrams);
  const bytes = new Uint8Array(ends.at(-1) ?? 0);
  for (const [index, datagram] of datagrams.entries())
    bytes.set(datagram, index === 0 ? 0 : ends[index - 1]!);
  return { bytes, ends, slots: sums(slots) };
}

/** `share` of the packets each dropped, swapped and duplicated; the same ones for the same `seed`. */
export function impairment(
  share: { readonly drop?: number; readonly swap?: number; readonly duplicate?: number },
  seed = 1,
): (packet: number) => Fate {
  return (packet) => {
    const dice = hash(packet + 1, seed);
    const drop = share.drop ?? 0;
    const swap = drop + (share.swap ?? 0);
    const duplicate = swap + (share.duplicate ?? 0);
    if (dice < drop) return 'drop';
    if (dice < swap) return 'swap';
    return dice < duplicate ? 'duplicate' : 'send';
  };
}

/** RFC 4733 section 2.3: event, E R volume, duration. */
function eventPayload(digit: string, duration: number, end: boolean): Buffer {
  const event = EVENTS.indexOf(digit.toUpperCase());
  if (event < 0 || digit.length !== 1) throw new Error(`'${digit}' is no telephone key`);
  return Buffer.from([event, (end ? 0x80 : 0) | 10, duration >> 8, duration & 0xff]);
}

/** Uniform in [0, 1), by integer mixing: good enough to scatter faults. */
function hash(value: number, seed: number): number {
  let mixed = Math.imul(value ^ (seed * 0x9e3779b1), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}
