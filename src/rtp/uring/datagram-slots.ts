import { RECVMSG_OUT } from '../../io-uring/abi.ts';

/**
 * Received datagrams in places of equal size: each as struct io_uring_recvmsg_out has it, with the sender's
 * address, control data and the payload behind it.
 */
export class DatagramSlots {
  readonly words: Uint32Array;
  /** Bytes of a place, a multiple of 8. */
  readonly #size: number;
  /** For each place the payload of its last datagram: those of one stream are all alike. */
  readonly #views: (Uint8Array | undefined)[];

  constructor(buffer: ArrayBufferLike, size: number) {
    this.words = new Uint32Array(buffer);
    this.#size = size;
    this.#views = new Array<Uint8Array | undefined>(Math.floor(buffer.byteLength / size)).fill(undefined);
  }

  /** Where a datagram begins in {@link words}, bytes. */
  offsetOf(id: number): number {
    return id * this.#size;
  }

  flagsOf(id: number): number {
    return this.words[(id * this.#size + RECVMSG_OUT.flags) >>> 2]!;
  }

  /** Bytes of the payload. */
  lengthOf(id: number): number {
    return this.words[(id * this.#size + RECVMSG_OUT.payloadLength) >>> 2]!;
  }

  /** @param before bytes of the sender's address and control data; @returns valid until the place is used again */
  payloadOf(id: number, before: number): Uint8Array {
    const length = this.lengthOf(id);
    const from = id * this.#size + RECVMSG_OUT.size + before;
    let view = this.#views[id];
    if (view === undefined || view.length !== length || view.byteOffset !== from) {
      view = new Uint8Array(this.words.buffer, from, length);
      this.#views[id] = view;
    }
    return view;
  }
}
