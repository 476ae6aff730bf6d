import { RTP_HEADER_LENGTH, writeRtpHeader } from '../rtp/packet.ts';
import type { RtpSocket } from '../rtp/sockets.ts';
import { AudioPacker } from './audio-packer.ts';
import { CODEC_RATES } from './codec-rates.ts';
import type { AudioCodec, CopySpec } from './protocol.ts';
import { SEND_BUFFERS } from './rtp-sender.ts';

/** RFC 3551 6; Opus has none of its own (RFC 7587 7): 111, as most have it. */
export const PAYLOAD_TYPES: Readonly<Record<AudioCodec, number>> = { PCMU: 0, PCMA: 8, G722: 9, OPUS: 111 };

/**
 * A copy of the audio as one RTP stream from a port of its own: continuous, so that only its first packet has the
 * marker bit (RFC 3551 4.1). What comes back to the port means nothing.
 */
export class RtpCopy {
  readonly #socket: RtpSocket;
  readonly #packer: AudioPacker;
  #packets = 0;

  /**
   * @param sampleRate of the frames, Hz
   * @param random uniform in [0, 1): SSRC, first sequence number and timestamp are unpredictable (RFC 3550 5.1)
   */
  constructor(
    spec: Pick<CopySpec, 'sampleRate' | 'ptimeMs'> & { readonly codec: AudioCodec },
    to: { readonly address: string; readonly port: number },
    socket: RtpSocket,
    sampleRate: number,
    random: () => number,
  ) {
    const payloadType = PAYLOAD_TYPES[spec.codec];
    const { clockRate, sampleRate: codecRate } = CODEC_RATES[spec.codec];
    const ssrc = Math.floor(random() * 0x1_0000_0000);
    let sequence = Math.floor(random() * 0x1_0000);
    let timestamp = Math.floor(random() * 0x1_0000_0000);
    this.#socket = socket;
    const room = { headroom: RTP_HEADER_LENGTH, buffers: SEND_BUFFERS };
    this.#packer = new AudioPacker(spec, sampleRate, room, (buffer, offset, length, samples) => {
      writeRtpHeader(buffer, payloadType, this.#packets === 0, sequence, timestamp, ssrc);
      socket.send(buffer, 0, offset + length, to.port, to.address);
      sequence = (sequence + 1) & 0xffff;
      timestamp = (timestamp + (samples * clockRate) / codecRate) >>> 0;
      this.#packets++;
    });
  }

  /** Sent so far. */
  get packets(): number {
    return this.#packets;
  }

  push(frame: Int16Array, count: number): void {
    this.#packer.push(frame, count);
  }

  close(): void {
    this.#packer.close();
    this.#socket.close();
  }
}
