import {
  type Batch,
  type DatagramIo,
  type DatagramSocket,
  type OnDatagram,
  RtpPortError,
} from './datagrams.ts';
import { nodeDatagrams } from './node-datagrams.ts';

export { RtpPortError } from './datagrams.ts';

/** An RTP port and the RTCP port above it (RFC 3550 11). */
export interface RtpSocket {
  /** Even; RTCP is the next one. */
  readonly rtpPort: number;
  /** Called for each datagram on the RTP port; as {@link DatagramSocket.listener}. */
  onPacket: OnDatagram;
  onRtcp: OnDatagram;
  /** As {@link DatagramSocket.send}. */
  send(buffer: Uint8Array, offset: number, length: number, port: number, address: string): void;
  sendRtcp(buffer: Uint8Array, offset: number, length: number, port: number, address: string): void;
  /** As {@link DatagramSocket.receive}, for both ports. */
  readonly receive?: () => void;
  /** As {@link DatagramSocket.joinBatch}, for the RTP port. */
  joinBatch?(batch: Batch | undefined): boolean;
  close(): void;
}

export interface RtpSocketsOptions {
  /** Lowest and highest UDP port, at least two. */
  readonly minPort: number;
  readonly maxPort: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Default: {@link nodeDatagrams}. */
  readonly io?: DatagramIo | undefined;
}

export interface RtpSockets {
  /** @throws RtpPortError when no pair is free or the address is not ours */
  open(bindAddress: string): Promise<RtpSocket>;
}

/** Pairs that are tried before the range counts as full. */
const MAX_TRIES = 200;

/**
 * Opens pairs of ports in a range, from a random place on and in random steps, so that a peer cannot guess the
 * next one. The steps pass each pair once before they repeat; being another user's neither in size nor in place,
 * they also leave a stretch of ports in use (another worker's calls, another program's) at the next try.
 */
export function createRtpSockets(options: RtpSocketsOptions): RtpSockets {
  const { io = nodeDatagrams } = options;
  const first = options.minPort + (options.minPort % 2);
  const pairs = Math.floor((options.maxPort - first + 1) / 2);
  if (pairs < 1)
    throw new RangeError(
      `RTP ports ${options.minPort} to ${options.maxPort}: expected at least one even-odd pair`,
    );
  let next = Math.floor(options.random() * pairs);
  let step = 1 + Math.floor(options.random() * (pairs - 1));
  while (greatestCommonDivisor(step, pairs) !== 1) step++;

  return {
    async open(bindAddress) {
      const tries = Math.min(pairs, MAX_TRIES);
      for (let i = 0; i < tries; i++) {
        const port = first + 2 * next;
        next = (next + step) % pairs;
        const socket = await openPair(io, bindAddress, port);
        if (socket !== undefined) return socket;
      }
      throw new RtpPortError(
        `no free pair of RTP ports between ${options.minPort} and ${options.maxPort} on ${bindAddress} (${tries} tried): widen the range (rtp.ports)`,
      );
    },
  };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** @returns undefined when one of the two ports is in use */
async function openPair(io: DatagramIo, address: string, port: number): Promise<RtpSocket | undefined> {
  const rtp = await io.bind(address, port);
  if (rtp === undefined) return undefined;
  const rtcp = await io.bind(address, port + 1).catch((error: unknown) => {
    rtp.close();
    throw error;
  });
  if (rtcp === undefined) {
    rtp.close();
    return undefined;
  }
  return new UdpPair(rtp, rtcp, port);
}

class UdpPair implements RtpSocket {
  readonly rtpPort: number;
  readonly receive?: () => void;
  readonly #rtp: DatagramSocket;
  readonly #rtcp: DatagramSocket;

  constructor(rtp: DatagramSocket, rtcp: DatagramSocket, rtpPort: number) {
    this.rtpPort = rtpPort;
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    if (rtp.receive === undefined) return;
    this.receive = () => {
      rtp.receive?.();
      rtcp.receive?.();
    };
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
    this.#rtp.send(buffer, offset, length, port, address);
  }

  sendRtcp(buffer: Uint8Array, offset: number, length: number, port: number, address: string): void {
    this.#rtcp.send(buffer, offset, length, port, address);
  }

  joinBatch(batch: Batch | undefined): boolean {
    return this.#rtp.joinBatch?.(batch) ?? false;
  }

  close(): void {
    this.#rtp.close();
    this.#rtcp.close();
  }
}
