import { decodePcma, decodePcmu } from '../media/g711.ts';
import { parseRtp, RtpHeader } from '../rtp/packet.ts';
import type { RtpSocket } from '../rtp/sockets.ts';
import type { Clock } from '../time/clock.ts';

export interface ReceivedPacket {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Uint8Array;
  /** `address:port`. */
  readonly from: string;
  /** Since the start of the call, seconds. */
  readonly at: number;
}

const PCMA = 8;

/** Where a `tap` sends RTP to, in memory. */
export class RtpReceiver {
  readonly #packets: ReceivedPacket[] = [];

  constructor(socket: RtpSocket, clock: Clock) {
    const header = new RtpHeader();
    socket.onPacket = (bytes, address, port) => {
      if (parseRtp(bytes, header) !== 'ok') return;
      const { payloadType, marker, sequence, timestamp, ssrc, payloadOffset, payloadLength } = header;
      const payload = bytes.slice(payloadOffset, payloadOffset + payloadLength);
      const from = `${address}:${port}`;
      const at = clock.monotonic() / 1000;
      this.#packets.push({ payloadType, marker, sequence, timestamp, ssrc, payload, from, at });
    };
  }

  /** In the order of arrival. */
  get packets(): readonly ReceivedPacket[] {
    return this.#packets;
  }

  /** What was received of G.711, laid out by timestamp, silence where nothing came; 8 kHz. */
  audio(): Int16Array {
    const [first] = this.#packets;
    if (first === undefined) return new Int16Array(0);
    const places = this.#packets.map(({ timestamp }) => (timestamp - first.timestamp) | 0);
    // One by one: of a tap of an hour there are more than a call takes arguments.
    const length = places.reduce((end, at, i) => Math.max(end, at + this.#packets[i]!.payload.length), 0);
    const samples = new Int16Array(length);
    for (const [index, { payload, payloadType }] of this.#packets.entries()) {
      const at = places[index]!;
      if (at < 0) continue;
      const decode = payloadType === PCMA ? decodePcma : decodePcmu;
      decode(payload, 0, payload.length, samples, at);
    }
    return samples;
  }
}
