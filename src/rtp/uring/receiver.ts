import {
  CQE_BUFFER,
  CQE_MORE,
  ERRNO,
  MSG,
  MSGHDR,
  OPERATION,
  RECV_MULTISHOT,
  RECVMSG_OUT,
  SQE,
  SQE_BUFFER_SELECT,
} from '../../io-uring/abi.ts';
import type { SharedMemory } from '../../io-uring/libc.ts';
import type { Reactor } from '../../io-uring/reactor.ts';
import { ArrivalTimes, CONTROL_BYTES } from './arrival-times.ts';
import type { DatagramSlots } from './datagram-slots.ts';
import { GROUP, ReceiveBuffers } from './receive-buffers.ts';
import { Shelf } from './shelf.ts';
import { SenderAddress } from './socket-address.ts';
import type { UringSocket } from './uring-datagrams.ts';

/** What came while the thread stood still is taken in so many portions at most, the rest at the next look. */
const MAX_PORTIONS = 64;
/** In the place of a payload type: nothing of the request is put aside. */
const NOTHING = 0xff;
const PAYLOAD_TYPE_BITS = 0x7f;

/** Receives for sockets that are looked at together: one request for each, which gives all its datagrams. */
export class Receiver {
  readonly #reactor: Reactor;
  readonly #user: number;
  readonly #buffers: ReceiveBuffers;
  readonly #times: ArrivalTimes;
  /** One struct msghdr for each family: it tells how much room the sender's address has. */
  readonly #headers: SharedMemory;
  /** By request: whose datagrams it brings. A socket that has left may still have one here that ends. */
  readonly #requests: (UringSocket | undefined)[] = [];
  /**
   * By request, side by side, since for most packets this is all that is looked at: the payload type that is put
   * aside, until which turn, and the bytes that the kernel puts before the payload.
   */
  #asides = {
    payloadTypes: new Uint8Array(64).fill(NOTHING),
    turns: new Uint8Array(64),
    before: new Uint8Array(64),
  };
  /** By turn: what was put aside until then. */
  readonly #shelves: (Shelf | undefined)[] = [];
  readonly #giveAway = (socket: UringSocket, slots: DatagramSlots, id: number): void =>
    this.#take(socket, slots, id);
  readonly #free: number[] = [];
  /** Whose datagrams found no buffer: they still wait in the socket. */
  readonly #starved: UringSocket[] = [];
  /** Whose request ended otherwise; it is renewed at the next look. */
  readonly #failed: UringSocket[] = [];

  /** @param count of buffers, a power of two; @param monotonic the clock's reading, ms. @throws Error when the system cannot do it */
  constructor(reactor: Reactor, count: number, monotonic: () => number) {
    const { libc } = reactor;
    this.#reactor = reactor;
    this.#user = reactor.attach((request, result, flags) => this.#received(request, result, flags));
    this.#buffers = new ReceiveBuffers(libc, reactor.fd, count);
    this.#times = new ArrivalTimes(libc, monotonic);
    this.#headers = libc.allocate(2 * MSGHDR.size);
    const headers = new DataView(this.#headers.buffer);
    for (const [at, isIPv6] of [
      [0, false],
      [MSGHDR.size, true],
    ] as const) {
      headers.setUint32(at + MSGHDR.nameLength, new SenderAddress(isIPv6).bytes, true);
      headers.setUint32(at + MSGHDR.controlLength, CONTROL_BYTES, true);
    }
  }

  /** Hands what has arrived to its listeners, and what was put aside until this turn. */
  receive(turn?: number): void {
    this.#renew(this.#failed);
    // Found by somebody else who looked at the ring (recording/uring-files.ts), which may be idle now.
    this.#renew(this.#starved);
    for (let i = 0; i < MAX_PORTIONS && !this.#reactor.isIdle; i++) {
      this.#times.look();
      this.#reactor.poll();
      if (this.#starved.length === 0) break;
      this.#renew(this.#starved);
    }
    if (turn !== undefined) this.#shelves[turn]?.clear(undefined, this.#giveAway);
  }

  /** Hands what has arrived to its listeners; of this socket also what was put aside. */
  receiveFor(socket: UringSocket): void {
    this.receive();
    if (socket.aside !== undefined) this.#shelves[socket.aside.turn]?.clear(socket, this.#giveAway);
  }

  /** From now on packets of the socket are put aside as it says. */
  putAside(socket: UringSocket, aside: UringSocket['aside']): void {
    if (socket.aside !== undefined && socket.aside.turn !== aside?.turn) this.receiveFor(socket);
    socket.aside = aside;
    if (this.#requests[socket.request] === socket) this.#noteAside(socket);
  }

  add(socket: UringSocket): void {
    const request = this.#free.pop() ?? this.#requests.length;
    this.#requests[request] = socket;
    socket.receiver = this;
    socket.request = request;
    this.#noteAside(socket);
    const operation = OPERATION.recvmsg | (SQE_BUFFER_SELECT << 8) | (RECV_MULTISHOT << 16);
    const header = this.#headers.address + (socket.isIPv6 ? MSGHDR.size : 0);
    const at = this.#reactor.request(this.#user, request, operation, socket.fd, header, 1);
    this.#reactor.requests[at + SQE.bufferGroup] = GROUP;
  }

  /**
   * What has arrived for it so far still comes at the next look. What comes from now on does not come here: a ring takes
   * datagrams only when it is entered, at the end of this turn at the latest, and then the cancellation goes first.
   */
  remove(socket: UringSocket): void {
    if (socket.receiver !== this) return;
    this.putAside(socket, undefined);
    socket.receiver = undefined;
    this.#reactor.cancel(this.#user, socket.request);
  }

  #received(request: number, result: number, flags: number): void {
    const socket = this.#requests[request];
    if ((flags & CQE_BUFFER) !== 0) {
      const id = flags >>> 16;
      try {
        if (result >= 0 && socket !== undefined && !this.#putsAside(request, socket, id)) {
          // What was put aside came before.
          const { aside } = socket;
          if (aside !== undefined) this.#shelves[aside.turn]?.clear(socket, this.#giveAway);
          this.#take(socket, this.#buffers.slots, id);
        }
      } finally {
        this.#buffers.giveBack(id);
      }
    }
    if ((flags & CQE_MORE) !== 0) return;
    this.#requests[request] = undefined;
    this.#asides.payloadTypes[request] = NOTHING;
    this.#free.push(request);
    if (socket?.receiver !== this || socket.request !== request) return;
    (result === -ERRNO.ENOBUFS ? this.#starved : this.#failed).push(socket);
  }

  #noteAside({ request, aside, sender }: UringSocket): void {
    const { payloadTypes } = this.#asides;
    if (request >= payloadTypes.length) this.#asides = grown(this.#asides);
    this.#asides.payloadTypes[request] = aside?.payloadType ?? NOTHING;
    this.#asides.turns[request] = aside?.turn ?? 0;
    this.#asides.before[request] = RECVMSG_OUT.size + sender.bytes + CONTROL_BYTES;
  }

  #putsAside(request: number, socket: UringSocket, id: number): boolean {
    const { payloadTypes, turns, before } = this.#asides;
    const payloadType = payloadTypes[request]!;
    if (payloadType === NOTHING) return false;
    const { slots } = this.#buffers;
    // The second octet of RTP, in a little-endian word.
    const rtp = slots.words[(slots.offsetOf(id) + before[request]!) >>> 2]!;
    if (((rtp >>> 8) & PAYLOAD_TYPE_BITS) !== payloadType || (slots.flagsOf(id) & MSG.truncated) !== 0)
      return false;
    const turn = turns[request]!;
    const shelf = this.#shelves[turn] ?? new Shelf();
    this.#shelves[turn] = shelf;
    return shelf.put(socket, slots, id, before[request]!);
  }

  #take(socket: UringSocket, slots: DatagramSlots, id: number): void {
    if (socket.isClosed || (slots.flagsOf(id) & MSG.truncated) !== 0) return;
    const { sender } = socket;
    const name = slots.offsetOf(id) + RECVMSG_OUT.size;
    sender.read(slots.words, name >>> 2);
    const arrivedMs = this.#times.read(slots.words, (name + sender.bytes) >>> 2);
    const bytes = slots.payloadOf(id, sender.bytes + CONTROL_BYTES);
    socket.listener(bytes, sender.address, sender.port, arrivedMs);
  }

  #renew(ended: UringSocket[]): void {
    if (ended.length === 0) return;
    for (const socket of ended.splice(0)) if (!socket.isClosed && socket.receiver === this) this.add(socket);
  }
}

/** The same with room for twice as many requests. */
function grown<Lists extends Readonly<Record<string, Uint8Array>>>(lists: Lists): Lists {
  const twice = (list: Uint8Array): Uint8Array => {
    const longer = new Uint8Array(2 * list.length).fill(NOTHING);
    longer.set(list);
    return longer;
  };
  return Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, twice(list)])) as Lists;
}
