/** Sockets in memory whose packets wait for their batch, as those of io_uring do, for tests. */
import type { Batch, OnDatagram } from '../rtp/datagrams.ts';
import type { RtpSocket } from '../rtp/sockets.ts';
import type { Clock } from '../time/clock.ts';

export interface BatchedSockets {
  /** Puts batches before a socket. */
  wrap(socket: RtpSocket): RtpSocket;
  /** As {@link DatagramIo.receive}. */
  receive(look?: number, turn?: number): void;
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
    receive(look, turn) {
      for (const socket of open) if (socket.batch?.look === look) socket.look(turn);
    },
    get waited() {
      return waited;
    },
  };
}

interface Waiting {
  readonly payloadType: number;
  readonly deliver: () => void;
}

class BatchedSocket implements RtpSocket {
  readonly rtpPort: number;
  batch: Batch | undefined;
  onPacket: OnDatagram = () => {};
  readonly #socket: RtpSocket;
  readonly #open: Set<BatchedSocket>;
  readonly #waiting: Waiting[] = [];

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
        this.#waiting.push({ payloadType: kept[1]! & 0x7f, deliver });
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
    for (const socket of this.#open) if (socket.batch?.look === this.batch?.look) socket.look(undefined);
    this.#handOver();
  }

  /** All in its turn; otherwise up to the last packet that may not be put aside. */
  look(turn: number | undefined): void {
    const { aside } = this.batch ?? {};
    if (aside === undefined || aside.turn === turn) this.#handOver();
    else
      this.#handOver(1 + this.#waiting.findLastIndex(({ payloadType }) => payloadType !== aside.payloadType));
  }

  joinBatch(batch: Batch | undefined): boolean {
    this.receive();
    this.batch = batch;
    return true;
  }

  #handOver(count = this.#waiting.length): void {
    for (const { deliver } of this.#waiting.splice(0, count)) deliver();
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
