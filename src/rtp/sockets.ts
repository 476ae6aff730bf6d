import {
  type Batch,
  type DatagramIo,
  type DatagramSocket,
  type OnDatagram,
  RtpPortError,
} from './datagrams.ts';
import { nodeDatagrams } from './node-datagrams.ts';
import { PortBook, type PortBookOptions } from './port-book.ts';

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

export interface RtpSocketsOptions extends PortBookOptions {
  /** Default: {@link nodeDatagrams}. */
  readonly io?: DatagramIo | undefined;
}

export interface RtpSockets {
  /** @throws RtpPortError when no pair is free or the address is not ours */
  open(bindAddress: string): Promise<RtpSocket>;
}

/** Pairs that one who looks for one finds in use by other programs before it counts as in vain. */
const MAX_TRIES = 16;
/** Tries in one turn of the loop, whoever looks: each takes a tenth of a millisecond at most. */
const TRIES_IN_TURN = 16;

/**
 * Opens pairs of ports that are free by the book, one after the other. With io_uring nothing here waits for
 * anything, so without turns between, many who ask at once would hold up the packets of all calls of the thread.
 */
export function createRtpSockets(options: RtpSocketsOptions): RtpSockets {
  const { io = nodeDatagrams, minPort, maxPort } = options;
  const book = new PortBook(options);
  let last: Promise<unknown> = Promise.resolve();
  let tries = 0;

  const find = async (bindAddress: string): Promise<RtpSocket> => {
    let tried = 0;
    for (; tried < MAX_TRIES; tried++) {
      if (++tries % TRIES_IN_TURN === 0) await nextTurn();
      const port = book.take();
      if (port === undefined) break;
      const pair = await openPair(io, bindAddress, port, book);
      if (pair !== undefined) return pair;
    }
    const inVain = tried === 0 ? '' : ` (${tried} tried)`;
    throw new RtpPortError(
      `no free pair of RTP ports between ${minPort} and ${maxPort} on ${bindAddress}${inVain}: widen the range (rtp.ports)`,
    );
  };

  return {
    open(bindAddress) {
      const found = last.then(() => find(bindAddress));
      last = found.catch(() => {});
      return found;
    },
  };
}

/** Behind what the loop has to do now, timers that are due among it. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** @returns undefined when one of the two ports is in use: the book knows then */
async function openPair(
  io: DatagramIo,
  address: string,
  port: number,
  book: PortBook,
): Promise<RtpSocket | undefined> {
  let rtp: DatagramSocket | undefined;
  let rtcp: DatagramSocket | undefined;
  try {
    rtp = await io.bind(address, port);
    rtcp = rtp && (await io.bind(address, port + 1));
  } catch (cause) {
    rtp?.close();
    book.putBack(port);
    throw cause;
  }
  if (rtp !== undefined && rtcp !== undefined) return new UdpPair(rtp, rtcp, port, book);
  rtp?.close();
  book.setAside(port);
  return undefined;
}

class UdpPair implements RtpSocket {
  readonly rtpPort: number;
  readonly receive?: () => void;
  readonly #rtp: DatagramSocket;
  readonly #rtcp: DatagramSocket;
  readonly #book: PortBook;
  #closed = false;

  constructor(rtp: DatagramSocket, rtcp: DatagramSocket, rtpPort: number, book: PortBook) {
    this.#book = book;
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
    if (this.#closed) return;
    this.#closed = true;
    this.#rtp.close();
    this.#rtcp.close();
    // The system has closed them at the end of the turn only: whoever was given the pair now would find it in use.
    setImmediate(() => this.#book.giveBack(this.rtpPort));
  }
}
