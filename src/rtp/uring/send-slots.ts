import { IOVEC, MSGHDR, SOCKADDR_IN6_SIZE } from '../../io-uring/abi.ts';
import type { Libc, SharedMemory } from '../../io-uring/libc.ts';

const SLOT_BYTES = 2048;
const IOVEC_AT = MSGHDR.size;
const NAME_AT = IOVEC_AT + IOVEC.size;
const DATA_AT = 128;
/** Longest datagram that is sent; longer ones would be split on their way. */
export const MAX_DATAGRAM_BYTES = SLOT_BYTES - DATA_AT;

/** Datagrams on their way out, each with the header that sendmsg(2) wants, one slot for each until it is taken. */
export class SendSlots {
  readonly count: number;
  readonly #memory: SharedMemory;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  /** @throws LibcError */
  constructor(libc: Libc, count: number) {
    this.count = count;
    this.#memory = libc.allocate(count * SLOT_BYTES);
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.#view = new DataView(this.#memory.buffer);
    for (let slot = 0; slot < count; slot++) {
      const at = slot * SLOT_BYTES;
      this.#pointer(at + MSGHDR.name, at + NAME_AT);
      this.#pointer(at + MSGHDR.iov, at + IOVEC_AT);
      this.#view.setUint32(at + MSGHDR.iovLength, 1, true);
      this.#pointer(at + IOVEC_AT + IOVEC.base, at + DATA_AT);
    }
  }

  /** Address of a slot's struct msghdr. */
  addressOf(slot: number): number {
    return this.#memory.address + slot * SLOT_BYTES;
  }

  /** @param name a struct sockaddr of either family; @param length at most {@link MAX_DATAGRAM_BYTES} */
  fill(slot: number, name: Uint8Array, buffer: Uint8Array, offset: number, length: number): void {
    const at = slot * SLOT_BYTES;
    this.#bytes.set(name, at + NAME_AT);
    this.#view.setUint32(at + MSGHDR.nameLength, Math.min(name.length, SOCKADDR_IN6_SIZE), true);
    this.#view.setUint32(at + IOVEC_AT + IOVEC.length, length, true);
    const whole = offset === 0 && length === buffer.length;
    this.#bytes.set(whole ? buffer : buffer.subarray(offset, offset + length), at + DATA_AT);
  }

  #pointer(at: number, to: number): void {
    this.#view.setBigUint64(at, BigInt(this.#memory.address + to), true);
  }
}
