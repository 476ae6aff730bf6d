import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';

/** An RTP port and the RTCP port above it (RFC 3550 11). */
export interface RtpSocket {
  /** Even; RTCP is the next one. */
  readonly rtpPort: number;
  /** Called for each datagram on the RTP port; `bytes` must not be kept. */
  onPacket: (bytes: Uint8Array, address: string, port: number) => void;
  onRtcp: (bytes: Uint8Array, address: string, port: number) => void;
  /** The buffer must stay untouched until the system has taken it, which is a matter of microseconds. */
  send(buffer: Uint8Array, offset: number, length: number, port: number, address: string): void;
  sendRtcp(buffer: Uint8Array, offset: number, length: number, port: number, address: string): void;
  close(): void;
}

export interface RtpSocketsOptions {
  /** Lowest and highest UDP port, at least two. */
  readonly minPort: number;
  readonly maxPort: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export interface RtpSockets {
  /** @throws RtpPortError when no pair is free or the address is not ours */
  open(bindAddress: string): Promise<RtpSocket>;
}

/** No RTP port could be had; the message names the range and the cure. */
export class RtpPortError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RtpPortError';
  }
}

/** Pairs that are tried before the range counts as full. */
const MAX_TRIES = 200;
/** Packets wait here while the thread is busy: about 400 of G.711. */
const RECEIVE_BUFFER_BYTES = 256 * 1024;

/** Opens pairs of ports in a range, from a random place on, so that a peer cannot guess the next one. */
export function createRtpSockets(options: RtpSocketsOptions): RtpSockets {
  const first = options.minPort + (options.minPort % 2);
  const pairs = Math.floor((options.maxPort - first + 1) / 2);
  if (pairs < 1)
    throw new RangeError(
      `RTP ports ${options.minPort} to ${options.maxPort}: expected at least one even-odd pair`,
    );
  let next = Math.floor(options.random() * pairs);

  return {
    async open(bindAddress) {
      const tries = Math.min(pairs, MAX_TRIES);
      for (let i = 0; i < tries; i++) {
        const port = first + 2 * next;
        next = (next + 1) % pairs;
        const socket = await openPair(bindAddress, port);
        if (socket !== undefined) return socket;
      }
      throw new RtpPortError(
        `no free pair of RTP ports between ${options.minPort} and ${options.maxPort} on ${bindAddress} (${tries} tried): widen the range (rtp.ports)`,
      );
    },
  };
}

/** @returns undefined when one of the two ports is in use */
async function openPair(address: string, port: number): Promise<RtpSocket | undefined> {
  const rtp = await bind(address, port);
  if (rtp === undefined) return undefined;
  const rtcp = await bind(address, port + 1);
  if (rtcp === undefined) {
    rtp.close();
    return undefined;
  }
  return new UdpPair(rtp, rtcp, port);
}

function bind(address: string, port: number): Promise<Socket | undefined> {
  const type = isIPv6(address) ? 'udp6' : 'udp4';
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type, recvBufferSize: RECEIVE_BUFFER_BYTES, lookup: numericLookup });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined);
      else reject(new RtpPortError(`RTP cannot be bound to ${address}: ${error.message}`, { cause: error }));
    });
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      // Of a connectionless socket: an ICMP answer to something sent, which is no reason to stop.
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}

/** Addresses are numbers here; Node would ask the resolver for each packet and answer a tick later. */
function numericLookup(
  hostname: string,
  _options: unknown,
  callback: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  callback(null, hostname, isIPv6(hostname) ? 6 : 4);
}

class UdpPair implements RtpSocket {
  readonly rtpPort: number;
  onPacket: (bytes: Uint8Array, address: string, port: number) => void = ignore;
  onRtcp: (bytes: Uint8Array, address: string, port: number) => void = ignore;
  readonly #rtp: Socket;
  readonly #rtcp: Socket;
  #closed = false;

  constructor(rtp: Socket, rtcp: Socket, rtpPort: number) {
    this.rtpPort = rtpPort;
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    rtp.on('message', (bytes, remote) => this.onPacket(bytes, remote.address, remote.port));
    rtcp.on('message', (bytes, remote) => this.onRtcp(bytes, remote.address, remote.port));
  }

  send(buffer: Uint8Array, offset: number, length: number, port: number, address: string): void {
    // Without a callback a failed send (no route, full queue) is an error event, which is ignored: RTP is lossy.
    if (!this.#closed) this.#rtp.send(buffer, offset, length, port, address);
  }

  sendRtcp(buffer: Uint8Array, offset: number, length: number, port: number, address: string): void {
    if (!this.#closed) this.#rtcp.send(buffer, offset, length, port, address);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.onPacket = ignore;
    this.onRtcp = ignore;
    this.#rtp.close();
    this.#rtcp.close();
  }
}

function ignore(): void {}
