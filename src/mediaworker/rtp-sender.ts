import { PCMA_SILENCE, PCMU_SILENCE, encodePcma, encodePcmu } from '../media/g711.ts';
import { RTP_HEADER_LENGTH, writeRtpHeader } from '../rtp/packet.ts';
import type { AudioCodec, IdleMedia } from './protocol.ts';

/** Puts a datagram on the wire; the buffer may be used again after {@link SEND_BUFFERS} more calls. */
export type SendDatagram = (buffer: Uint8Array, length: number) => void;

export interface RtpSenderOptions {
  readonly idle: IdleMedia;
  /** Uniform in [0, 1): SSRC, first sequence number and timestamp are unpredictable (RFC 3550 5.1). */
  readonly random: () => number;
  readonly send: SendDatagram;
}

/** Datagrams in flight that may still lie in the kernel's or Node's queue when the next one is written. */
export const SEND_BUFFERS = 8;
/** Longest packet time, ms. */
const MAX_PTIME_MS = 60;
const CLOCK_RATE = 8000;
/** 20 ms, what nearly every peer asks for. */
const DEFAULT_PAYLOAD = 160;
/** Time between two empty packets of `keepalive` (RFC 6263 recommends 15 s). */
const KEEPALIVE_SAMPLES = 15 * CLOCK_RATE;

/**
 * Turns frames of PCM into RTP packets of the negotiated packet time. The timestamp goes on while nothing is
 * sent, so that the peer can tell a pause from loss; the first packet behind a pause has the marker bit.
 */
export class RtpSender {
  readonly ssrc: number;
  readonly #idle: IdleMedia;
  readonly #send: SendDatagram;
  /** Each as long as a packet, so that most packets are sent without a view of their own. */
  #buffers = packetBuffers(DEFAULT_PAYLOAD);
  /** Of each buffer: payload bytes from the first on that are silence. */
  readonly #silent = new Uint16Array(SEND_BUFFERS);
  #buffer = 0;
  #payloadType = 0;
  #encode = encodePcmu;
  #silence = PCMU_SILENCE;
  #samplesPerPacket = DEFAULT_PAYLOAD;
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
    this.ssrc = Math.floor(options.random() * 0x1_0000_0000);
    this.#sequence = Math.floor(options.random() * 0x1_0000);
    this.#timestamp = Math.floor(options.random() * 0x1_0000_0000);
  }

  /** Packets and payload bytes sent so far, and the timestamp of the next sample (for sender reports). */
  get packets(): number {
    return this.#packets;
  }

  get octets(): number {
    return this.#octets;
  }

  get timestamp(): number {
    return (this.#timestamp + this.#filled) >>> 0;
  }

  /** @param ptimeMs 10 to 60 */
  configure(codec: AudioCodec, payloadType: number, ptimeMs: number): void {
    this.#flush();
    this.#payloadType = payloadType;
    this.#encode = codec === 'PCMA' ? encodePcma : encodePcmu;
    this.#silence = codec === 'PCMA' ? PCMA_SILENCE : PCMU_SILENCE;
    this.#silent.fill(0);
    const samplesPerPacket = (Math.min(Math.max(ptimeMs, 10), MAX_PTIME_MS) * CLOCK_RATE) / 1000;
    if (samplesPerPacket === this.#samplesPerPacket) return;
    this.#samplesPerPacket = samplesPerPacket;
    this.#buffers = packetBuffers(samplesPerPacket);
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
    this.#flush();
    this.skip(count);
    if (this.#idle === 'keepalive' && this.#sinceSent >= KEEPALIVE_SAMPLES) this.#emit(0);
  }

  /** Lets `count` samples pass without a packet (hold, or digits that take the place of audio). */
  skip(count: number): void {
    this.#flush();
    this.#timestamp = (this.#timestamp + count) >>> 0;
    this.#sinceSent += count;
    this.#marker = true;
  }

  /** Sends a payload of another type (RFC 4733) at `timestamp`, in the same sequence of packets. */
  sendOther(payloadType: number, marker: boolean, timestamp: number, payload: Uint8Array): void {
    this.#flush();
    this.#silent[this.#buffer] = 0;
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
    this.#encode(frame, from, count, this.#buffers[this.#buffer]!, RTP_HEADER_LENGTH + at);
    if (this.#silent[this.#buffer]! > at) this.#silent[this.#buffer] = at;
  }

  /** A buffer that was sent as silence before is silent already. */
  #putSilence(count: number): void {
    const at = this.#filled;
    const until = at + count;
    const silent = this.#silent[this.#buffer]!;
    if (silent >= until) return;
    this.#buffers[this.#buffer]!.fill(this.#silence, RTP_HEADER_LENGTH + at, RTP_HEADER_LENGTH + until);
    if (silent >= at) this.#silent[this.#buffer] = until;
  }

  #flush(): void {
    if (this.#filled > 0) this.#emit(this.#filled);
  }

  #emit(length: number): void {
    const buffer = this.#next();
    writeRtpHeader(buffer, this.#payloadType, this.#marker, this.#sequence, this.#timestamp, this.ssrc);
    this.#timestamp = (this.#timestamp + length) >>> 0;
    this.#filled = 0;
    this.#marker = false;
    this.#sinceSent = 0;
    this.#dispatch(buffer, length);
  }

  #next(): Uint8Array {
    const buffer = this.#buffers[this.#buffer]!;
    this.#buffer = (this.#buffer + 1) % SEND_BUFFERS;
    return buffer;
  }

  #dispatch(buffer: Uint8Array, payloadLength: number): void {
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#packets++;
    this.#octets += payloadLength;
    this.#send(buffer, RTP_HEADER_LENGTH + payloadLength);
  }
}

function packetBuffers(payloadBytes: number): readonly Uint8Array[] {
  return Array.from({ length: SEND_BUFFERS }, () => new Uint8Array(RTP_HEADER_LENGTH + payloadBytes));
}
