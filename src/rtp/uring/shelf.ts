import { RECVMSG_OUT } from '../../io-uring/abi.ts';
import { CONTROL_BYTES } from './arrival-times.ts';
import { DatagramSlots } from './datagram-slots.ts';
import type { UringSocket } from './uring-datagrams.ts';

/** Bytes of a place: 20 ms of G.711, with room for IPv6 and a header extension. */
const SLOT_BYTES = 320;
/** Longer payloads are not put aside. */
const MAX_PAYLOAD_BYTES = SLOT_BYTES - RECVMSG_OUT.size - 28 - CONTROL_BYTES;
const FIRST_SLOTS = 16;
/** A shelf that is full takes nothing more. */
const MAX_SLOTS = 4096;

/** Datagrams that were looked at and put aside, in their order, because nobody is in a hurry. */
export class Shelf {
  #slots = new DatagramSlots(new ArrayBuffer(FIRST_SLOTS * SLOT_BYTES), SLOT_BYTES);
  #capacity = FIRST_SLOTS;
  /** Whose they are; undefined when they are no more here. */
  readonly #sockets: (UringSocket | undefined)[] = [];
  #count = 0;

  /** Copies a datagram from its buffer. @param before bytes in front of its payload; @returns false when there is no room for it */
  put(socket: UringSocket, from: DatagramSlots, id: number, before: number): boolean {
    const length = from.lengthOf(id);
    if (length > MAX_PAYLOAD_BYTES) return false;
    if (this.#count === this.#capacity && !this.#grow()) return false;
    const slot = this.#count++;
    this.#sockets[slot] = socket;
    const source = from.words;
    const target = this.#slots.words;
    const shift = (this.#slots.offsetOf(slot) - from.offsetOf(id)) >> 2;
    const first = from.offsetOf(id) >>> 2;
    for (let at = first, end = first + ((before + length + 3) >>> 2); at < end; at++)
      target[at + shift] = source[at]!;
    return true;
  }

  /**
   * Gives away what is here, of one socket or all, in its order. What comes meanwhile is given away, too.
   * @param take what it takes is valid until it returns
   */
  clear(
    only: UringSocket | undefined,
    take: (socket: UringSocket, slots: DatagramSlots, id: number) => void,
  ): void {
    for (let slot = 0; slot < this.#count; slot++) {
      const socket = this.#sockets[slot];
      if (socket === undefined || (only !== undefined && socket !== only)) continue;
      this.#sockets[slot] = undefined;
      take(socket, this.#slots, slot);
    }
    if (only === undefined) this.#count = 0;
  }

  #grow(): boolean {
    if (this.#capacity === MAX_SLOTS) return false;
    this.#capacity *= 2;
    const grown = new DatagramSlots(new ArrayBuffer(this.#capacity * SLOT_BYTES), SLOT_BYTES);
    grown.words.set(this.#slots.words);
    this.#slots = grown;
    return true;
  }
}
