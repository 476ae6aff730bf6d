import {
  AF_INET,
  AF_INET6,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  MSG,
  OPERATION,
  SO_RCVBUF,
  SO_TIMESTAMPNS,
  SOCK_DGRAM_CLOEXEC,
  SOL_SOCKET,
  SQE,
  SQE_SKIP_SUCCESS,
} from '../../io-uring/abi.ts';
import { NOBODY, Reactor } from '../../io-uring/reactor.ts';
import {
  type Batch,
  type DatagramIo,
  type DatagramSocket,
  ignoreDatagram,
  RECEIVE_BUFFER_BYTES,
  RtpPortError,
} from '../datagrams.ts';
import { Receiver } from './receiver.ts';
import { MAX_DATAGRAM_BYTES, SendSlots } from './send-slots.ts';
import { SenderAddress, writeSocketAddress } from './socket-address.ts';

/** Buffers for what comes in and what goes out; a burst that needs more is taken in portions. */
const BUFFERS = 512;
const BATCH_BUFFERS = 128;
const BATCH_REQUESTS = 128;
const SLOTS = 512;

/**
 * Datagrams by io_uring, for threads that look for them at each frame: one call to the system for many sockets
 * instead of several for each datagram, and nothing to allocate. Sends leave together at the end of the turn.
 * Needs Linux 6.1.
 */
export class UringDatagrams implements DatagramIo {
  readonly name = 'io_uring';
  readonly #reactor: Reactor;
  readonly #monotonic: () => number;
  readonly #receiver: Receiver;
  /** By their look, each with a ring of its own, made when somebody needs it. */
  readonly #batches = new Map<number, { readonly reactor: Reactor; readonly receiver: Receiver }>();
  readonly #slots: SendSlots;
  readonly #sockets = new Set<UringSocket>();
  #usedSlots = 0;
  /** A ring for a batch was refused. */
  #isFull = false;

  /** @param monotonic reading of the clock, ms. @throws Error when the system cannot do it */
  constructor(reactor: Reactor, monotonic: () => number) {
    this.#reactor = reactor;
    this.#monotonic = monotonic;
    this.#receiver = new Receiver(reactor, BUFFERS, monotonic);
    this.#slots = new SendSlots(reactor.libc, SLOTS);
  }

  async bind(address: string, port: number): Promise<DatagramSocket | undefined> {
    return this.open(address, port);
  }

  /** As {@link bind}, at once. */
  open(address: string, port: number): UringSocket | undefined {
    const v6 = address.includes(':');
    const name = writeSocketAddress(v6, address, port);
    if (name === undefined)
      throw new RtpPortError(
        `RTP cannot be bound to ${address}: expected an IPv4 or IPv6 address without a zone; rtp.io: node takes others`,
      );
    const fd = this.#bound(v6, name, address);
    if (fd === undefined) return undefined;
    const socket = new UringSocket(this, fd, v6);
    this.#sockets.add(socket);
    this.#receiver.add(socket);
    return socket;
  }

  receive(look?: number, turn?: number): void {
    if (look === undefined) this.#receiver.receive();
    else this.#batches.get(look)?.receiver.receive(turn);
  }

  /** Has what was sent in this turn leave. */
  flush(): void {
    if (this.#reactor.queued > 0) this.#reactor.enter();
  }

  close(): void {
    // A request that goes on would keep its socket bound: a ring stays as long as its memory, to the end of the process.
    for (const socket of this.#sockets) socket.close();
    for (const { reactor } of this.#batches.values()) reactor.enter();
    this.#reactor.enter();
    for (const { reactor } of this.#batches.values()) reactor.close();
    this.#batches.clear();
  }

  /** @param name where to, a struct sockaddr */
  send(socket: UringSocket, name: Uint8Array, buffer: Uint8Array, offset: number, length: number): void {
    if (length > MAX_DATAGRAM_BYTES) return;
    const reactor = this.#reactor;
    if (this.#usedSlots >= SLOTS) reactor.enter();
    // Each slot is free again when all that was queued has been taken: datagrams are sent at once or not at all.
    if (reactor.queued === 0) this.#usedSlots = 0;
    // The kernel takes nothing more for now (no memory): RTP is lossy.
    if (this.#usedSlots >= SLOTS || !reactor.hasRoom()) return;
    const slot = this.#usedSlots++;
    this.#slots.fill(slot, name, buffer, offset, length);
    const operation = OPERATION.sendmsg | (SQE_SKIP_SUCCESS << 8);
    const at = reactor.request(NOBODY, 0, operation, socket.fd, this.#slots.addressOf(slot), 1);
    reactor.requests[at + SQE.operationFlags] = MSG.dontWait | MSG.noSignal;
  }

  /** Has a socket looked at with those of a batch, or with all that are in none. @returns whether it is now */
  move(socket: UringSocket, batch: Batch | undefined): boolean {
    const receiver = batch === undefined ? this.#receiver : this.#batchOf(batch.look);
    if (receiver === undefined) return false;
    const former = socket.receiver;
    if (former !== receiver) {
      // First what came under the former one, so that the order stays.
      former?.receiveFor(socket);
      former?.remove(socket);
      receiver.add(socket);
    }
    receiver.putAside(socket, batch?.aside);
    return true;
  }

  /** Ends the request that receives, then the socket; behind what it has still to send. */
  release(socket: UringSocket): void {
    socket.receiver?.remove(socket);
    this.#sockets.delete(socket);
    this.#reactor.request(NOBODY, 0, OPERATION.close, socket.fd, 0, 0);
    this.#reactor.libc.leave(socket.fd);
  }

  /** @returns undefined when the system has no room for another ring: nobody waits then */
  #batchOf(look: number): Receiver | undefined {
    const known = this.#batches.get(look);
    if (known !== undefined || this.#isFull) return known?.receiver;
    let reactor: Reactor | undefined;
    try {
      reactor = new Reactor(this.#reactor.libc, BATCH_REQUESTS);
      const receiver = new Receiver(reactor, BATCH_BUFFERS, this.#monotonic);
      this.#batches.set(look, { reactor, receiver });
      return receiver;
    } catch {
      reactor?.close();
      this.#isFull = true;
      return undefined;
    }
  }

  /** @returns undefined when the port is in use */
  #bound(v6: boolean, name: Uint8Array, address: string): number | undefined {
    const { libc } = this.#reactor;
    let fd: number | undefined;
    try {
      fd = libc.socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM_CLOEXEC);
      libc.setOption(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_BYTES);
      libc.setOption(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
      if (v6) libc.setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
      if (libc.bind(fd, name)) return fd;
      libc.close(fd);
      return undefined;
    } catch (cause) {
      if (fd !== undefined) libc.close(fd);
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new RtpPortError(`RTP cannot be bound to ${address}: ${reason}`, { cause });
    }
  }
}

/** One bound UDP socket. */
export class UringSocket implements DatagramSocket {
  readonly fd: number;
  readonly isIPv6: boolean;
  readonly sender: SenderAddress;
  listener: DatagramSocket['listener'] = ignoreDatagram;
  isClosed = false;
  /** Who receives for it, by which request. */
  receiver: Receiver | undefined;
  request = -1;
  /** Until when packets of one payload type are put aside; undefined: they are not. */
  aside: Batch['aside'];
  readonly #io: UringDatagrams;
  /** Where was sent to last, and its struct sockaddr; undefined when it cannot be sent to. */
  #address = '';
  #port = -1;
  #name: Uint8Array | undefined;

  constructor(io: UringDatagrams, fd: number, isIPv6: boolean) {
    this.#io = io;
    this.fd = fd;
    this.isIPv6 = isIPv6;
    this.sender = new SenderAddress(isIPv6);
  }

  receive(): void {
    this.receiver?.receiveFor(this);
  }

  joinBatch(batch: Batch | undefined): boolean {
    return !this.isClosed && this.#io.move(this, batch);
  }

  send(buffer: Uint8Array, offset: number, length: number, port: number, address: string): void {
    if (port !== this.#port || address !== this.#address) {
      this.#port = port;
      this.#address = address;
      this.#name = port < 1 || port > 65_535 ? undefined : writeSocketAddress(this.isIPv6, address, port);
    }
    if (!this.isClosed && this.#name !== undefined) this.#io.send(this, this.#name, buffer, offset, length);
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.listener = ignoreDatagram;
    this.#io.release(this);
  }
}
