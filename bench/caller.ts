/** One caller of the load test: its INVITE, its packets, its BYE. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

import { RTP_HEADER_LENGTH, writeRtpHeader } from '../src/rtp/packet.ts';
import type { SipCall, SipEndpoint } from '../src/sip/api.ts';
import { SdpNegotiation } from '../src/sip/sdp/negotiation.ts';
import type { Histogram } from './histogram.ts';
import type { CallReport } from './messages.ts';
import { PACKET_SAMPLES, putPacket } from './speech.ts';

const HOST = '127.0.0.1';
const ANSWER_WITHIN_MS = 20_000;

export class Caller {
  readonly #number: number;
  readonly #gaps: Histogram;
  readonly #socket: Socket;
  readonly #packet = new Uint8Array(RTP_HEADER_LENGTH + PACKET_SAMPLES);
  readonly #settled = Promise.withResolvers<void>();
  #call: SipCall | undefined;
  #talking = false;
  #sent = 0;
  #received = 0;
  #receivedAt = 0;
  #answerMs: number | undefined;
  #answeredAt = 0;
  #leadMs = 0;
  #problem: string | undefined;
  #hangingUp = false;

  private constructor(number: number, socket: Socket, gaps: Histogram) {
    this.#number = number;
    this.#socket = socket;
    this.#gaps = gaps;
    socket.on('message', () => this.#hear());
    // A port that is closed already answers by ICMP, which is no matter here.
    socket.on('error', () => {});
  }

  static async open(number: number, gaps: Histogram): Promise<Caller> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 256 * 1024 });
    socket.bind(0, HOST);
    await once(socket, 'listening');
    return new Caller(number, socket, gaps);
  }

  /** Resolves when the call is up or has failed. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  get report(): CallReport {
    return {
      number: this.#number,
      answerMs: this.#answerMs,
      leadMs: this.#leadMs,
      packetsSent: this.#sent,
      packetsReceived: this.#received,
      problem: this.#problem,
    };
  }

  /** @param media whether to talk once the call is up */
  dial(endpoint: SipEndpoint, to: string, media: boolean): void {
    const local = { address: HOST, rtpPort: this.#socket.address().port, codecs: ['PCMU'] } as const;
    const negotiation = new SdpNegotiation(local, String(this.#number + 1));
    const dialledAt = performance.now();
    this.#call = endpoint.call(
      { to, protocol: 'udp', sdp: negotiation.offer(), timeoutMs: ANSWER_WITHIN_MS },
      {
        offer: (sdp) => negotiation.answer(sdp).sdp,
        makeOffer: () => negotiation.offer(),
        answer: () => {},
        info: () => {},
        confirmed: (sdp) => {
          this.#answeredAt = performance.now();
          this.#answerMs = this.#answeredAt - dialledAt;
          if (media) this.talkTo(negotiation.accept(sdp ?? '').remotePort);
          this.#settled.resolve();
        },
        ended: ({ how, status, reason }) => {
          if (!this.#hangingUp) this.#problem = `${how} ${status ?? ''} ${reason ?? ''}`.trim();
          this.#talking = false;
          this.#settled.resolve();
        },
      },
    );
  }

  talkTo(port: number): void {
    // Connected, so that sending costs no look-up of the address for each packet.
    this.#socket.connect(port, HOST, () => {
      this.#talking = !this.#hangingUp;
    });
    this.#settled.resolve();
  }

  /** Sends the packet of this 20 ms; to be called on that grid. */
  tick(): void {
    if (!this.#talking) return;
    const packet = this.#packet;
    if (this.#sent === 0) this.#leadMs = performance.now() - this.#answeredAt;
    writeRtpHeader(
      packet,
      0,
      this.#sent === 0,
      this.#sent & 0xffff,
      this.#sent * PACKET_SAMPLES,
      this.#number + 1,
    );
    putPacket(this.#number, this.#sent, packet, RTP_HEADER_LENGTH);
    this.#sent++;
    this.#socket.send(packet);
  }

  /** Stops talking and says BYE. */
  async hangup(): Promise<void> {
    this.#talking = false;
    this.#hangingUp = true;
    if (this.#problem === undefined) await this.#call?.hangup();
  }

  #hear(): void {
    const now = performance.now();
    if (this.#received > 0 && this.#talking) this.#gaps.add(now - this.#receivedAt);
    this.#receivedAt = now;
    this.#received++;
  }
}
