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
import { GROUP, ReceiveBuffers } from './receive-buffers.ts';
import { SenderAddress } from './socket-address.ts';
import type { UringSocket } from './uring-datagrams.ts';

/** What came while the thread stood still is taken in so many portions at most, the rest at the next look. */
const MAX_PORTIONS = 64;

/** Receives for sockets that are looked at together: one request for each, which gives all its datagrams. */
export class Receiver {
  readonly #reactor: Reactor;
  readonly #user: number;
  readonly #count: number;
  readonly #buffers: ReceiveBuffers;
  readonly #times: ArrivalTimes;
  /** One struct msghdr for each family: it tells how much room the sender's address has. */
  readonly #headers: SharedMemory;
  /** By request: whose datagrams it brings. A socket that has left may still have one here that ends. */
  readonly #requests: (UringSocket | undefined)[] = [];
  readonly #free: number[] = [];
  /** Whose datagrams found no buffer: they still wait in the socket. */
  readonly #starved: UringSocket[] = [];
  /** Whose request ended otherwise; it is renewed at the next look. */
  readonly #failed: UringSocket[] = [];

  /** @param count of buffers, a power of two; @param monotonic the clock's reading, ms. @throws Error when the system cannot do it */
  constructor(reactor: Reactor, count: number, monotonic: () => number) {
    const { libc } = reactor;
    this.#reactor = reactor;
    this.#count = count;
    this.#user = reactor.attach((request, result, flags) => this.#received(request, result, flags));
    this.#buffers = new ReceiveBuffers(libc, reactor.fd, count);
    this.#times = new ArrivalTimes(libc, this.#buffers.words, monotonic);
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

  /** Hands all that has arrived to its listeners. */
  receive(): void {
    this.#renew(this.#failed);
    for (let i = 0; i < MAX_PORTIONS; i++) {
      this.#times.look();
      const taken = this.#reactor.poll();
      if (this.#starved.length === 0 && taken < this.#count) return;
      this.#renew(this.#starved);
    }
  }

  add(socket: UringSocket): void {
    const request = this.#free.pop() ?? this.#requests.length;
    this.#requests[request] = socket;
    socket.receiver = this;
    socket.request = request;
    const operation = OPERATION.recvmsg | (SQE_BUFFER_SELECT << 8) | (RECV_MULTISHOT << 16);
    const header = this.#headers.address + (socket.isIPv6 ? MSGHDR.size : 0);
    const at = this.#reactor.request(this.#user, request, operation, socket.fd, header, 1);
    this.#reactor.requests[at + SQE.bufferGroup] = GROUP;
  }

  /** What has arrived for it so far still comes at the next look. */
  remove(socket: UringSocket): void {
    if (socket.receiver !== this) return;
    socket.receiver = undefined;
    this.#reactor.cancel(this.#user, socket.request);
  }

  #received(request: number, result: number, flags: number): void {
    const socket = this.#requests[request];
    if ((flags & CQE_BUFFER) !== 0) {
      const id = flags >>> 16;
      try {
        if (result >= 0 && socket !== undefined) this.#take(socket, id);
      } finally {
        this.#buffers.giveBack(id);
      }
    }
    if ((flags & CQE_MORE) !== 0) return;
    this.#requests[request] = undefined;
    this.#free.push(request);
    if (socket?.receiver !== this || socket.request !== request) return;
    (result === -ERRNO.ENOBUFS ? this.#starved : this.#failed).push(socket);
  }

  #take(socket: UringSocket, id: number): void {
    const buffers = this.#buffers;
    if (socket.isClosed || (buffers.flagsOf(id) & MSG.truncated) !== 0) return;
    const { sender } = socket;
    const name = buffers.offsetOf(id) + RECVMSG_OUT.size;
    sender.read(buffers.words, name >>> 2);
    const arrivedMs = this.#times.read((name + sender.bytes) >>> 2);
    const bytes = buffers.payloadOf(id, sender.bytes + CONTROL_BYTES);
    socket.listener(bytes, sender.address, sender.port, arrivedMs);
  }

  #renew(ended: UringSocket[]): void {
    if (ended.length === 0) return;
    for (const socket of ended.splice(0)) if (!socket.isClosed && socket.receiver === this) this.add(socket);
  }
}
