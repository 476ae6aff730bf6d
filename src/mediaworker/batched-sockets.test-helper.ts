/** Sockets in memory whose packets wait for their batch, as those of io_uring do, for tests. */
import type { OnDatagram } from '../rtp/datagrams.ts';
import type { RtpSocket } from '../rtp/sockets.ts';
import type { Clock } from '../time/clock.ts';

export interface BatchedSockets {
  /** Puts batches before a socket. */
  wrap(socket: RtpSocket): RtpSocket;
  /** As {@link DatagramIo.receive}. */
  receive(batch?: number): void;
  /** Packets that have waited for their batch so far. */
  readonly waited: number;
}

export function batchedSockets(clock: Clock): BatchedSockets {
  const open = new Set<BatchedSocket>();
  let waited = 0;
  return {
    wrap(socket) {
      const wrapped = new BatchedSocket(socket, clock, open, () => waited++);
      open.add(wrapped);
      return wrapped;
    },
    receive(batch) {
      for (const socket of open) if (socket.batch === batch) socket.handOver();
    },
    get waited() {
      return waited;
    },
  };
}

class BatchedSocket implements RtpSocket {
  readonly rtpPort: number;
  batch: number | undefined;
  onPacket: OnDatagram = () => {};
  readonly #socket: RtpSocket;
  readonly #open: Set<BatchedSocket>;
  readonly #waiting: (() => void)[] = [];

  constructor(socket: RtpSocket, clock: Clock, open: Set<BatchedSocket>, onWait: () => void) {
    this.#socket = socket;
    this.#open = open;
    this.rtpPort = socket.rtpPort;
    socket.onPacket = (bytes, address, port) => {
      const arrivedMs = clock.monotonic();
      const kept = bytes.slice();
      const deliver = (): void => {
        this.onPacket(kept, address, port, arrivedMs);
        // Whoever keeps the bytes must notice.
        kept.fill(0xaa);
      };
      if (this.batch === undefined) {
        deliver();
      } else {
        onWait();
        this.#waiting.push(deliver);
      }
    };
  }

  get onRtcp(): OnDatagram {
    return this.#socket.onRtcp;
  }

  set onRtcp(listener: OnDatagram) {
    this.#socket.onRtcp = listener;
  }

  receive(): void {
    for (const socket of this.#open) if (socket.batch === this.batch) socket.handOver();
  }

  handOver(): void {
    for (const deliver of this.#waiting.splice(0)) deliver();
  }

  joinBatch(batch: number | undefined): boolean {
    this.receive();
    this.batch = batch;
    return true;
  }

  send(buffer: Uint8Array, offset: number, length: number, port: number, address: string): void {
    this.#socket.send(buffer, offset, length, port, address);
  }

  sendRtcp(buffer: Uint8Array, offset: number, length: number, port: number, address: string): void {
    this.#socket.sendRtcp(buffer, offset, length, port, address);
  }

  close(): void {
    this.#open.delete(this);
    this.#socket.close();
  }
}
