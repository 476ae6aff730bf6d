/** The sound of one caller of a load test: its line, what it sends, what it counts. */
import { DigitSender } from '../src/rtp/digit-sender.ts';
import { RTP_HEADER_LENGTH, writeRtpHeader } from '../src/rtp/packet.ts';
import type { Histogram } from './histogram.ts';
import type { Line, Lines } from './lines.ts';
import { PACKET_SAMPLES, type PutPacket, putPacket } from './speech.ts';

export const HOST = '127.0.0.1';

export interface TalkerOptions {
  readonly number: number;
  readonly lines: Lines;
  /** Takes the time between packets that come. */
  readonly gaps: Histogram;
  /** What is said: packet `index` of this caller; speech without a pause when left out. */
  readonly put?: PutPacket;
}

interface KeyPress {
  readonly sender: DigitSender;
  readonly payloadType: number;
  readonly done: () => void;
}

export class Talker {
  readonly number: number;
  readonly #gaps: Histogram;
  readonly #put: PutPacket;
  readonly #line: Line;
  readonly #packet = new Uint8Array(RTP_HEADER_LENGTH + PACKET_SAMPLES);
  /** Where the packets go; 0 before that is known. */
  #to = 0;
  #answeredAt = 0;
  #keys: KeyPress | undefined;
  #talking = false;
  #stopped = false;
  #sent = 0;
  /** Of them, ticks in which a key was pressed or nothing was sent after one. */
  #unspoken = 0;
  #sequence = 0;
  #received = 0;
  #receivedAt = 0;
  #leadMs = 0;

  private constructor({ number, gaps, put = putPacket }: TalkerOptions, line: Line) {
    this.number = number;
    this.#line = line;
    this.#gaps = gaps;
    this.#put = put;
    line.socket.listener = (_bytes, _address, _port, arrivedMs) => this.#hear(arrivedMs);
  }

  static async open(options: TalkerOptions): Promise<Talker> {
    return new Talker(options, await options.lines.open());
  }

  get port(): number {
    return this.#line.port;
  }

  /** Packets of speech that were sent. */
  get packetsSent(): number {
    return this.#sent - this.#unspoken;
  }

  get packetsReceived(): number {
    return this.#received;
  }

  /** From {@link answered} to the first packet, ms. */
  get leadMs(): number {
    return this.#leadMs;
  }

  /** The call is up: from here on time counts until the first packet. */
  answered(): void {
    this.#answeredAt = performance.now();
  }

  /** From the next tick on, packets go to `port`. */
  talkTo(port: number): void {
    this.#to = port;
    this.#talking = !this.#stopped;
  }

  /** For good. */
  stop(): void {
    this.#stopped = true;
    this.#talking = false;
  }

  /** Presses a key by RFC 4733, and says nothing more. Resolves when it is up again. */
  press(key: string, payloadType: number): Promise<void> {
    return new Promise((done) => {
      this.#keys = { sender: new DigitSender(key), payloadType, done };
    });
  }

  /** Sends anything at all to where the packets go. */
  throwIn(bytes: Uint8Array): void {
    if (this.#talking) this.#send(bytes);
  }

  /** Sends the packet of this 20 ms; to be called on that grid. */
  tick(): void {
    if (!this.#talking) return;
    if (this.#sent === 0) this.#leadMs = performance.now() - this.#answeredAt;
    const timestamp = this.#sent * PACKET_SAMPLES;
    if (this.#keys === undefined) this.#speak(timestamp);
    else this.#dial(this.#keys, timestamp);
    this.#sent++;
  }

  close(): void {
    this.stop();
    this.#line.socket.close();
  }

  #speak(timestamp: number): void {
    const packet = this.#packet;
    writeRtpHeader(packet, 0, this.#sent === 0, this.#sequence, timestamp, this.number + 1);
    this.#put(this.number, this.#sent, packet, RTP_HEADER_LENGTH);
    this.#sendNext(packet);
  }

  #dial({ sender, payloadType, done }: KeyPress, timestamp: number): void {
    this.#unspoken++;
    const step = sender.step(timestamp);
    if (step === 'done') done();
    if (step !== 'packet') return;
    const packet = new Uint8Array(RTP_HEADER_LENGTH + sender.payload.length);
    writeRtpHeader(packet, payloadType, sender.marker, this.#sequence, sender.timestamp, this.number + 1);
    packet.set(sender.payload, RTP_HEADER_LENGTH);
    this.#sendNext(packet);
  }

  #sendNext(packet: Uint8Array): void {
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#send(packet);
  }

  #send(bytes: Uint8Array): void {
    this.#line.socket.send(bytes, 0, bytes.length, this.#to, HOST);
  }

  /** @param arrivedMs when it reached the system, by a clock of its own; undefined: now */
  #hear(arrivedMs: number | undefined): void {
    const now = arrivedMs ?? performance.now();
    if (this.#received > 0 && this.#talking) this.#gaps.add(now - this.#receivedAt);
    this.#receivedAt = now;
    this.#received++;
  }
}
