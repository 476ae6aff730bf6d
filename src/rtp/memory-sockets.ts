import type { Clock } from '../time/clock.ts';
import { RtpPortError, type RtpSocket, type RtpSockets } from './sockets.ts';

/** What a network does to datagrams. Shares are 0 to 1. */
export interface NetworkConditions {
  /** Share of datagrams that never arrive. */
  readonly loss: number;
  /** Time that each datagram takes at least, ms. */
  readonly delayMs: number;
  /** Additional time, uniform between 0 and this, ms; more than the distance of packets reorders them. */
  readonly jitterMs: number;
  /** Share of datagrams that arrive twice. */
  readonly duplicates: number;
}

export interface MemorySocketsOptions {
  readonly clock: Clock;
  /** Uniform in [0, 1); decides on loss, jitter and duplicates, so a seed repeats a run exactly. */
  readonly random: () => number;
  /** Default: nothing is lost or repeated, and each datagram takes {@link DEFAULT_DELAY_MS}. */
  readonly conditions?: Partial<NetworkConditions>;
}

type Receive = (bytes: Uint8Array, address: string, port: number) => void;

export const DEFAULT_DELAY_MS = 5;
const FIRST_PORT = 20_000;
const LAST_PORT = 65_534;

/**
 * RTP sockets joined in memory on the injected clock: the network of virtual calls and of tests. Sockets
 * opened here reach one another by address and port, RTP and RTCP alike; what is sent elsewhere is lost.
 */
export class MemorySockets implements RtpSockets {
  /** May be changed at any time; what is on its way keeps its fate. */
  conditions: NetworkConditions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #ports = new Map<string, Receive>();
  #nextPort = FIRST_PORT;

  constructor(options: MemorySocketsOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.conditions = {
      loss: 0,
      delayMs: DEFAULT_DELAY_MS,
      jitterMs: 0,
      duplicates: 0,
      ...options.conditions,
    };
  }

  /** Sockets that are open; 0 when nothing leaks. */
  get openSockets(): number {
    return this.#ports.size / 2;
  }

  /** @throws RtpPortError when all ports were used up (they are not used twice) */
  async open(bindAddress: string): Promise<RtpSocket> {
    const port = this.#nextPort;
    if (port > LAST_PORT) throw new RtpPortError('no port is left in the network in memory');
    this.#nextPort += 2;
    const socket = new MemorySocket(this, bindAddress, port);
    this.#ports.set(keyOf(bindAddress, port), (...args) => socket.onPacket(...args));
    this.#ports.set(keyOf(bindAddress, port + 1), (...args) => socket.onRtcp(...args));
    return socket;
  }

  /** Puts a copy of `bytes` on its way. */
  carry(bytes: Uint8Array, from: number, fromAddress: string, to: number, toAddress: string): void {
    const { loss, duplicates } = this.conditions;
    if (loss > 0 && this.#random() < loss) return;
    const key = keyOf(toAddress, to);
    if (!this.#ports.has(key)) return;
    const copy = bytes.slice();
    const copies = duplicates > 0 && this.#random() < duplicates ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      this.#clock.after(this.#delay(), () => this.#ports.get(key)?.(copy, fromAddress, from));
    }
  }

  /** Takes the pair of ports off the network. */
  release(address: string, port: number): void {
    this.#ports.delete(keyOf(address, port));
    this.#ports.delete(keyOf(address, port + 1));
  }

  #delay(): number {
    const { delayMs, jitterMs } = this.conditions;
    return jitterMs > 0 ? delayMs + this.#random() * jitterMs : delayMs;
  }
}

class MemorySocket implements RtpSocket {
  readonly rtpPort: number;
  onPacket: Receive = ignore;
  onRtcp: Receive = ignore;
  readonly #network: MemorySockets;
  readonly #address: string;
  #closed = false;

  constructor(network: MemorySockets, address: string, rtpPort: number) {
    this.#network = network;
    this.#address = address;
    this.rtpPort = rtpPort;
  }

  send(buffer: Uint8Array, offset: number, length: number, port: number, address: string): void {
    this.#send(this.rtpPort, buffer.subarray(offset, offset + length), port, address);
  }

  sendRtcp(buffer: Uint8Array, offset: number, length: number, port: number, address: string): void {
    this.#send(this.rtpPort + 1, buffer.subarray(offset, offset + length), port, address);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#network.release(this.#address, this.rtpPort);
  }

  #send(from: number, bytes: Uint8Array, port: number, address: string): void {
    if (!this.#closed) this.#network.carry(bytes, from, this.#address, port, address);
  }
}

function keyOf(address: string, port: number): string {
  return `${address} ${port}`;
}

function ignore(): void {}
