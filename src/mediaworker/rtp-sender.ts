import { PCMA_SILENCE, PCMU_SILENCE, encodePcma, encodePcmu } from '../media/g711.ts';
import { RateChanger } from '../media/rate-changer.ts';
import { RTP_HEADER_LENGTH, writeRtpHeader } from '../rtp/packet.ts';
import { createFrameEncoder, type FrameEncoder, MAX_PAYLOAD_BYTES, packetTimeOf } from './codecs.ts';
import { CODEC_RATES } from './codec-rates.ts';
import type { AudioCodec, IdleMedia } from './protocol.ts';

/** Puts a datagram on the wire; the buffer may be used again after {@link SEND_BUFFERS} more calls. */
export type SendDatagram = (buffer: Uint8Array, length: number) => void;

export interface RtpSenderOptions {
  /** Of the frames that it is given, Hz. */
  readonly sampleRate: number;
  readonly idle: IdleMedia;
  /** Uniform in [0, 1): SSRC, first sequence number and timestamp are unpredictable (RFC 3550 5.1). */
  readonly random: () => number;
  readonly send: SendDatagram;
}

/** Datagrams in flight that may still lie in the kernel's or Node's queue when the next one is written. */
export const SEND_BUFFERS = 8;
/** Longest packet time, ms. */
const MAX_PTIME_MS = 60;
/** What nearly every peer asks for, ms. */
const DEFAULT_PTIME_MS = 20;
/** Dynamic payload types (RFC 3551 6): the highest that nobody has agreed on is that of keepalives. */
const DYNAMIC_TYPES = { lowest: 96, highest: 127 };

/** Packets in the making and on their way. */
interface PacketBuffers {
  /** Each as long as a packet, so that most packets are sent without a view of their own. */
  readonly packets: readonly Uint8Array[];
  /** Of each of them: payload bytes from the first on that are silence. */
  readonly silent: Uint16Array;
}

/** A codec that takes the audio of a packet as a whole. */
interface FramePacker {
  readonly codec: AudioCodec;
  readonly encoder: FrameEncoder;
  readonly maxBitrate: number | undefined;
  /** Audio of the packet being filled, at the session's rate. */
  readonly pcm: Int16Array;
  readonly changer: RateChanger | undefined;
  /** The same at the codec's rate; {@link pcm} itself where that is the session's. */
  readonly changed: Int16Array;
}

/**
 * Turns frames of PCM into RTP packets of the negotiated packet time. The timestamp goes on while nothing is
 * sent, so that the peer can tell a pause from loss; the first packet behind a pause has the marker bit.
 */
export class RtpSender {
  readonly ssrc: number;
  readonly #idle: IdleMedia;
  readonly #send: SendDatagram;
  readonly #sampleRate: number;
  /** Made for the first packet: many calls never send one. */
  #made: PacketBuffers | undefined;
  #payloadBytes: number;
  #buffer = 0;
  #payloadType = 0;
  /** Payload types that were agreed on, once and for the whole call. */
  #agreed: readonly number[] = [];
  #keepaliveType = DYNAMIC_TYPES.highest;
  #encode = encodePcmu;
  #silence = PCMU_SILENCE;
  #frames: FramePacker | undefined;
  /** RTP clock ticks in a sample. */
  #clockPerSample = 1;
  #samplesPerPacket: number;
  #sequence: number;
  #timestamp: number;
  /** Samples of the packet being filled. */
  #filled = 0;
  #marker = true;
  #sinceSent = 0;
  #packets = 0;
  #octets = 0;

  constructor(options: RtpSenderOptions) {
    this.#idle = options.idle;
    this.#send = options.send;
    this.#sampleRate = options.sampleRate;
    this.#samplesPerPacket = (options.sampleRate * DEFAULT_PTIME_MS) / 1000;
    this.#payloadBytes = this.#samplesPerPacket;
    this.ssrc = Math.floor(options.random() * 0x1_0000_0000);
    this.#sequence = Math.floor(options.random() * 0x1_0000);
    this.#timestamp = Math.floor(options.random() * 0x1_0000_0000);
  }

  get #buffers(): PacketBuffers {
    this.#made ??= packetBuffers(this.#payloadBytes);
    return this.#made;
  }

  /** Packets and payload bytes sent so far, and the timestamp of the next sample (for sender reports). */
  get packets(): number {
    return this.#packets;
  }

  get octets(): number {
    return this.#octets;
  }

  get timestamp(): number {
    return (this.#timestamp + this.#filled * this.#clockPerSample) >>> 0;
  }

  /**
   * @param ptimeMs 10 to 60
   * @param otherTypes that were agreed on as well, whoever sends them
   * @param maxBitrate of Opus, bits a second on average
   */
  configure(
    codec: AudioCodec,
    payloadType: number,
    ptimeMs: number,
    otherTypes: readonly number[] = [],
    maxBitrate?: number,
  ): void {
    this.#flush();
    this.#payloadType = payloadType;
    this.#agree(payloadType, ...otherTypes);
    this.#encode = codec === 'PCMA' ? encodePcma : encodePcmu;
    this.#silence = codec === 'PCMA' ? PCMA_SILENCE : PCMU_SILENCE;
    this.#made?.silent.fill(0);
    const { sampleRate, clockRate } = CODEC_RATES[codec];
    this.#clockPerSample = clockRate / this.#sampleRate;
    const packetMs = packetTimeOf(codec, Math.min(Math.max(ptimeMs, 10), MAX_PTIME_MS));
    const samplesPerPacket = (packetMs * this.#sampleRate) / 1000;
    const inFrames = (codec !== 'PCMU' && codec !== 'PCMA') || sampleRate !== this.#sampleRate;
    const unchanged = samplesPerPacket === this.#samplesPerPacket && this.#frames?.maxBitrate === maxBitrate;
    if (unchanged && inFrames === (this.#frames !== undefined) && (this.#frames?.codec ?? codec) === codec)
      return;
    this.#samplesPerPacket = samplesPerPacket;
    this.#frames?.encoder.close();
    this.#frames = inFrames ? this.#framePacker(codec, samplesPerPacket, maxBitrate) : undefined;
    this.#payloadBytes = inFrames ? MAX_PAYLOAD_BYTES : samplesPerPacket;
    this.#made = undefined;
  }

  #agree(...payloadTypes: readonly number[]): void {
    for (const type of payloadTypes)
      if (!this.#agreed.includes(type)) this.#agreed = this.#agreed.concat(type);
    let type = DYNAMIC_TYPES.highest;
    while (this.#agreed.includes(type) && type > DYNAMIC_TYPES.lowest) type--;
    this.#keepaliveType = type;
  }

  /** Frees its encoder. */
  close(): void {
    this.#frames?.encoder.close();
    this.#frames = undefined;
  }

  #framePacker(codec: AudioCodec, samples: number, maxBitrate: number | undefined): FramePacker {
    const { sampleRate } = CODEC_RATES[codec];
    const pcm = new Int16Array(samples);
    const changer =
      sampleRate === this.#sampleRate ? undefined : new RateChanger(this.#sampleRate, sampleRate);
    const changed = changer === undefined ? pcm : new Int16Array(changer.outputOf(samples));
    return { codec, encoder: createFrameEncoder(codec, maxBitrate), maxBitrate, pcm, changer, changed };
  }

  /** Sends the first `count` samples of `frame`. */
  sendAudio(frame: Int16Array, count: number): void {
    this.#fill(frame, count);
  }

  /** `count` samples in which nothing sounds. */
  sendIdle(count: number): void {
    if (this.#idle === 'silence') {
      this.#fill(undefined, count);
      return;
    }
    this.skip(count);
    this.#keepAlive();
  }

  /** The call is on hold: `count` samples in which no media may be sent, though a keepalive may. */
  hold(count: number): void {
    this.skip(count);
    this.#keepAlive();
  }

  /** Lets `count` samples pass without a packet (digits that take the place of audio). */
  skip(count: number): void {
    this.#flush();
    this.#advance(count);
    this.#sinceSent += count;
    this.#marker = true;
  }

  /**
   * An RTP packet without payload, of a type that nobody has agreed on, which receivers ignore (RFC 6263 4.6): it
   * takes a sequence number, has the timestamp that audio would have now, and no marker.
   */
  #keepAlive(): void {
    if (typeof this.#idle === 'string') return;
    if (this.#sinceSent < this.#idle.keepaliveSeconds * this.#sampleRate) return;
    const buffer = this.#next();
    writeRtpHeader(buffer, this.#keepaliveType, false, this.#sequence, this.#timestamp, this.ssrc);
    this.#dispatch(buffer, 0);
  }

  /** Sends a payload of another type (RFC 4733) at `timestamp`, in the same sequence of packets. */
  sendOther(payloadType: number, marker: boolean, timestamp: number, payload: Uint8Array): void {
    this.#flush();
    this.#buffers.silent[this.#buffer] = 0;
    const buffer = this.#next();
    writeRtpHeader(buffer, payloadType, marker, this.#sequence, timestamp, this.ssrc);
    buffer.set(payload, RTP_HEADER_LENGTH);
    this.#dispatch(buffer, payload.length);
  }

  /** @param frame undefined for silence */
  #fill(frame: Int16Array | undefined, count: number): void {
    let from = 0;
    while (from < count) {
      const take = Math.min(count - from, this.#samplesPerPacket - this.#filled);
      if (frame === undefined) this.#putSilence(take);
      else this.#putAudio(frame, from, take);
      this.#filled += take;
      from += take;
      if (this.#filled >= this.#samplesPerPacket) this.#flush();
    }
  }

  #putAudio(frame: Int16Array, from: number, count: number): void {
    const at = this.#filled;
    if (this.#frames !== undefined) {
      this.#frames.pcm.set(frame.subarray(from, from + count), at);
      return;
    }
    const { packets, silent } = this.#buffers;
    this.#encode(frame, from, count, packets[this.#buffer]!, RTP_HEADER_LENGTH + at);
    if (silent[this.#buffer]! > at) silent[this.#buffer] = at;
  }

  /** A buffer that was sent as silence before is silent already. */
  #putSilence(count: number): void {
    const at = this.#filled;
    const until = at + count;
    if (this.#frames !== undefined) {
      this.#frames.pcm.fill(0, at, until);
      return;
    }
    const { packets, silent } = this.#buffers;
    const known = silent[this.#buffer]!;
    if (known >= until) return;
    packets[this.#buffer]!.fill(this.#silence, RTP_HEADER_LENGTH + at, RTP_HEADER_LENGTH + until);
    if (known >= at) silent[this.#buffer] = until;
  }

  #flush(): void {
    if (this.#filled > 0) this.#emit(this.#filled);
  }

  /** @param samples of the packet */
  #emit(samples: number): void {
    const buffer = this.#next();
    const length = this.#frames === undefined ? samples : this.#encodeFrames(this.#frames, samples, buffer);
    writeRtpHeader(buffer, this.#payloadType, this.#marker, this.#sequence, this.#timestamp, this.ssrc);
    this.#advance(samples);
    this.#filled = 0;
    if (length === 0) {
      // The encoder had nothing to say, which is a pause.
      this.#marker = true;
      this.#sinceSent += samples;
      return;
    }
    this.#marker = false;
    this.#dispatch(buffer, length);
  }

  /** @returns octets of the payload */
  #encodeFrames(
    { codec, encoder, pcm, changer, changed }: FramePacker,
    samples: number,
    buffer: Uint8Array,
  ): number {
    // Where Opus has no packet as short as what was broken off, a whole one runs into what follows.
    const ms = (samples * 1000) / this.#sampleRate;
    const whole = packetTimeOf(codec, ms) === ms ? samples : pcm.length;
    pcm.fill(0, samples, whole);
    const count = changer === undefined ? whole : changer.process(pcm, 0, whole, changed, 0);
    return encoder.encode(changed, count, buffer, RTP_HEADER_LENGTH);
  }

  #advance(samples: number): void {
    this.#timestamp = (this.#timestamp + samples * this.#clockPerSample) >>> 0;
  }

  #next(): Uint8Array {
    const buffer = this.#buffers.packets[this.#buffer]!;
    this.#buffer = (this.#buffer + 1) % SEND_BUFFERS;
    return buffer;
  }

  #dispatch(buffer: Uint8Array, payloadLength: number): void {
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#sinceSent = 0;
    this.#packets++;
    this.#octets += payloadLength;
    this.#send(buffer, RTP_HEADER_LENGTH + payloadLength);
  }
}

function packetBuffers(payloadBytes: number): PacketBuffers {
  return {
    packets: Array.from({ length: SEND_BUFFERS }, () => new Uint8Array(RTP_HEADER_LENGTH + payloadBytes)),
    silent: new Uint16Array(SEND_BUFFERS),
  };
}
