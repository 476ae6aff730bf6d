import { createSocket, type Socket } from 'node:dgram';
import { isIP, isIPv6 } from 'node:net';

/** An RTP port and the RTCP port above it (RFC 3550 11). */
export interface RtpSocket {
  /** Even; RTCP is the next one. */
  readonly rtpPort: number;
  /** Called for each datagram on the RTP port; `bytes` must not be kept. IPv4 comes as IPv4, whatever the socket. */
  onPacket: (bytes: Uint8Array, address: string, port: number) => void;
  onRtcp: (bytes: Uint8Array, address: string, port: number) => void;
  /**
   * The buffer must stay untouched until the system has taken it, which is a matter of microseconds.
   * `address` must be in numbers. What cannot be sent (host name, other family, port 0) is dropped.
   */
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

type LookupNumber = (
  hostname: string,
  options: unknown,
  callback: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
) => void;

/** Pairs that are tried before the range counts as full. */
const MAX_TRIES = 200;
/** Packets wait here while the thread is busy: about 400 of G.711. */
const RECEIVE_BUFFER_BYTES = 256 * 1024;
/** How a socket for both families writes an IPv4 address (RFC 4291 2.5.5.2). */
const MAPPED = '::ffff:';

/**
 * Opens pairs of ports in a range, from a random place on and in random steps, so that a peer cannot guess the
 * next one. The steps pass each pair once before they repeat; being another user's neither in size nor in place,
 * they also leave a stretch of ports in use (another worker's calls, another program's) at the next try.
 */
export function createRtpSockets(options: RtpSocketsOptions): RtpSockets {
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
        const socket = await openPair(bindAddress, port);
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
async function openPair(address: string, port: number): Promise<RtpSocket | undefined> {
  const rtp = await bind(address, port);
  if (rtp === undefined) return undefined;
  const rtcp = await bind(address, port + 1).catch((error: unknown) => {
    rtp.close();
    throw error;
  });
  if (rtcp === undefined) {
    rtp.close();
    return undefined;
  }
  return new UdpPair(new Port(rtp, isIPv6(address)), new Port(rtcp, isIPv6(address)), port);
}

function bind(address: string, port: number): Promise<Socket | undefined> {
  const family = isIPv6(address) ? 6 : 4;
  const lookup = numericLookup(family);
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: `udp${family}`, recvBufferSize: RECEIVE_BUFFER_BYTES, lookup });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      if (error.code === 'EADDRINUSE') resolve(undefined);
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
function numericLookup(family: 4 | 6): LookupNumber {
  return (hostname, _options, callback) => callback(null, hostname, family);
}

class UdpPair implements RtpSocket {
  readonly rtpPort: number;
  readonly #rtp: Port;
  readonly #rtcp: Port;

  constructor(rtp: Port, rtcp: Port, rtpPort: number) {
    this.rtpPort = rtpPort;
    this.#rtp = rtp;
    this.#rtcp = rtcp;
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

  close(): void {
    this.#rtp.close();
    this.#rtcp.close();
  }
}

/** One bound UDP socket. */
class Port {
  readonly #socket: Socket;
  readonly #isIPv6: boolean;
  listener: RtpSocket['onPacket'] = ignore;
  #closed = false;
  /** The address that was sent to last, and how the socket writes it; empty when it cannot be sent to. */
  #address = '';
  #native = '';

  constructor(socket: Socket, isIPv6: boolean) {
    this.#socket = socket;
    this.#isIPv6 = isIPv6;
    socket.on('message', (bytes, { address, port }) => {
      const isMapped = isIPv6 && address.startsWith(MAPPED);
      this.listener(bytes, isMapped ? address.slice(MAPPED.length) : address, port);
    });
  }

  send(buffer: Uint8Array, offset: number, length: number, port: number, address: string): void {
    if (address !== this.#address) {
      this.#address = address;
      this.#native = this.#nativeOf(address);
    }
    // dgram throws on a port out of range, and what the peer's SDP says must not end a session.
    if (this.#closed || this.#native === '' || port < 1 || port > 65_535) return;
    // Without a callback a failed send (no route, full queue) is an error event, which is ignored: RTP is lossy.
    this.#socket.send(buffer, offset, length, port, this.#native);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.listener = ignore;
    this.#socket.close();
  }

  #nativeOf(address: string): string {
    const family = isIP(address);
    if (family === 4) return this.#isIPv6 ? MAPPED + address : address;
    return family === 6 && this.#isIPv6 ? address : '';
  }
}

function ignore(): void {}
