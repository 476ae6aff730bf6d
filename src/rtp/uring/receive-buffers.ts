import { BUFFER_ENTRY, BUFFER_REGISTRATION, REGISTER_PBUF_RING } from '../../io-uring/abi.ts';
import type { Libc, SharedMemory } from '../../io-uring/libc.ts';
import { DatagramSlots } from './datagram-slots.ts';

/** Bytes of a buffer: header of the kernel, address of the sender, and a datagram that no network would split. */
const BUFFER_BYTES = 2048;
export const GROUP = 0;

/**
 * Buffers that the kernel puts datagrams into, whichever socket they come from (io_uring_register(2),
 * IORING_REGISTER_PBUF_RING). Each is given back when its datagram has been looked at.
 */
export class ReceiveBuffers {
  readonly slots: DatagramSlots;
  readonly #pool: SharedMemory;
  readonly #ring: DataView;
  readonly #mask: number;
  #tail = 0;

  /** @param count a power of two, up to 32768. @throws LibcError */
  constructor(libc: Libc, ringFd: number, count: number) {
    this.#mask = count - 1;
    this.#pool = libc.allocate(count * BUFFER_BYTES);
    this.slots = new DatagramSlots(this.#pool.buffer, BUFFER_BYTES);
    const ring = libc.allocate(count * BUFFER_ENTRY.size);
    this.#ring = new DataView(ring.buffer);
    const registration = new DataView(new ArrayBuffer(BUFFER_REGISTRATION.size));
    registration.setBigUint64(BUFFER_REGISTRATION.address, BigInt(ring.address), true);
    registration.setUint32(BUFFER_REGISTRATION.entries, count, true);
    registration.setUint16(BUFFER_REGISTRATION.group, GROUP, true);
    libc.ioUringRegister(ringFd, REGISTER_PBUF_RING, new Uint8Array(registration.buffer), 1);
    for (let id = 0; id < count; id++) this.giveBack(id);
  }

  giveBack(id: number): void {
    const at = (this.#tail & this.#mask) * BUFFER_ENTRY.size;
    const ring = this.#ring;
    const address = this.#pool.address + id * BUFFER_BYTES;
    ring.setUint32(at + BUFFER_ENTRY.address, address >>> 0, true);
    ring.setUint32(at + BUFFER_ENTRY.address + 4, Math.floor(address / 2 ** 32), true);
    ring.setUint32(at + BUFFER_ENTRY.length, BUFFER_BYTES, true);
    ring.setUint16(at + BUFFER_ENTRY.id, id, true);
    this.#tail = (this.#tail + 1) & 0xffff;
    ring.setUint16(BUFFER_ENTRY.ringTail, this.#tail, true);
  }
}
