import type { Clock } from '../time/clock.ts';
import { RtpPortError, type RtpSocket, type RtpSockets } from './sockets.ts';

/** What happens to datagrams on their way. */
export interface NetworkConditions {
  /** Share that is lost, 0 to 1. */
  readonly loss: number;
  /** Time that each takes, ms. */
  readonly delayMs: number;
  /** Additional time, uniform from 0 to this, ms; more than the distance of packets reorders them. */
  readonly jitterMs: number;
  /** Share that arrives twice, 0 to 1. */
  readonly duplication: number;
}

export interface MemoryRtpNetwork extends RtpSockets {
  /** Opens this very port and the one above it. @throws RtpPortError when it is in use */
  openAt(address: string, port: number): RtpSocket;
  /** Changes conditions for what is sent from now on; those not named stay. */
  set(conditions: Partial<NetworkConditions>): void;
  readonly conditions: NetworkConditions;
  /** Datagrams that were sent, and those that came to an open socket. */
  readonly counts: { readonly sent: number; readonly delivered: number };
}

export interface MemoryRtpNetworkOptions extends Partial<NetworkConditions> {
  /** Uniform in [0, 1). Default: a generator that gives the same numbers in each run. */
  readonly random?: () => number;
}

type Endpoints = Map<string, MemoryPort>;
type Transmit = (bytes: Uint8Array, to: string, from: MemoryPort) => void;

const PERFECT: NetworkConditions = { loss: 0, delayMs: 0, jitterMs: 0, duplication: 0 };
const FIRST_PORT = 10_000;
const LAST_PORT = 65_534;

/**
 * A network in memory, on the clock's time: what is sent to the address and port of one of its sockets
 * arrives there as the conditions have it, in the order of arrival times; the rest is lost.
 */
export function createMemoryRtpNetwork(
  clock: Clock,
  options: MemoryRtpNetworkOptions = {},
): MemoryRtpNetwork {
  const { random = repeatableRandom(), ...given } = options;
  const endpoints: Endpoints = new Map();
  const counts = { sent: 0, delivered: 0 };
  let conditions: NetworkConditions = { ...PERFECT, ...given };
  let next = FIRST_PORT;

  const deliver = (bytes: Uint8Array, to: string, from: MemoryPort): void => {
    const delayMs = conditions.delayMs + (conditions.jitterMs > 0 ? random() * conditions.jitterMs : 0);
    clock.after(delayMs, () => {
      const end = endpoints.get(to);
      if (end === undefined) return;
      counts.delivered++;
      end.listener(bytes, from.address, from.port);
    });
  };
  const transmit: Transmit = (bytes, to, from) => {
    counts.sent++;
    if (conditions.loss > 0 && random() < conditions.loss) return;
    deliver(bytes, to, from);
    if (conditions.duplication > 0 && random() < conditions.duplication) deliver(bytes, to, from);
  };

  return {
    async open(address) {
      for (let tried = FIRST_PORT; tried <= LAST_PORT; tried += 2) {
        const port = next;
        next = next >= LAST_PORT ? FIRST_PORT : next + 2;
        if (!endpoints.has(key(address, port)))
          return new MemoryRtpSocket(address, port, endpoints, transmit);
      }
      throw new RtpPortError(`all ports of ${address} are in use`);
    },
    openAt(address, port) {
      if (endpoints.has(key(address, port))) throw new RtpPortError(`port ${port} of ${address} is in use`);
      return new MemoryRtpSocket(address, port, endpoints, transmit);
    },
    set(changed) {
      conditions = { ...conditions, ...changed };
    },
    get conditions() {
      return conditions;
    },
    get counts() {
      return { ...counts };
    },
  };
}

interface MemoryPort {
  readonly address: string;
  readonly port: number;
  listener: RtpSocket['onPacket'];
}

class MemoryRtpSocket implements RtpSocket {
  readonly rtpPort: number;
  readonly #rtp: MemoryPort;
  readonly #rtcp: MemoryPort;
  readonly #endpoints: Endpoints;
  readonly #transmit: Transmit;
  #closed = false;

  constructor(address: string, port: number, endpoints: Endpoints, transmit: Transmit) {
    this.rtpPort = port;
    this.#rtp = { address, port, listener: ignore };
    this.#rtcp = { address, port: port + 1, listener: ignore };
    this.#endpoints = endpoints;
    this.#transmit = transmit;
    for (const end of [this.#rtp, this.#rtcp]) endpoints.set(key(address, end.port), end);
  }

  get onPacket(): RtpSocket['onPacket'] {
    return this.#rtp.listener;
  }

  set onPacket(listener: RtpSocket['onPacket']) {
    this.#rtp.listener = listener;
  }

  get onRtcp(): RtpSocket['onRtcp'] {
    return this.#rtcp.listener;
  }

  set onRtcp(listener: RtpSocket['onRtcp']) {
    this.#rtcp.listener = listener;
  }

  send(buffer: Uint8Array, offset: number, length: number, port: number, address: string): void {
    if (!this.#closed) this.#transmit(copy(buffer, offset, length), key(address, port), this.#rtp);
  }

  sendRtcp(buffer: Uint8Array, offset: number, length: number, port: number, address: string): void {
    if (!this.#closed) this.#transmit(copy(buffer, offset, length), key(address, port), this.#rtcp);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const end of [this.#rtp, this.#rtcp]) {
      end.listener = ignore;
      this.#endpoints.delete(key(end.address, end.port));
    }
  }
}

function ignore(): void {}

/** A copy even of a Buffer, whose own `slice` shares its memory. */
function copy(buffer: Uint8Array, offset: number, length: number): Uint8Array {
  return new Uint8Array(buffer.subarray(offset, offset + length));
}

function key(address: string, port: number): string {
  return `${address} ${port}`;
}

/** Numbers in [0, 1), the same sequence for the same seed in each run (mulberry32: 32 bits of state). */
export function repeatableRandom(seed = 0x5eed): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
