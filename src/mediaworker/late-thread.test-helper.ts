/** A media thread that stands still now and then, in virtual time, for tests. */
import type { Batch, OnDatagram } from '../rtp/datagrams.ts';
import type { RtpSocket } from '../rtp/sockets.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { VirtualClock } from '../time/virtual-clock.ts';

/**
 * Whether packets come by themselves, as they are read, or when they are asked for, with the time they arrived; or with
 * the time at which the thread goes on, as where the system has stood still with it.
 */
export type LateThreadIo = 'node' | 'io_uring' | 'io_uring, late stamps';

/**
 * What a thread sees that gets no processor for a while: time goes on, packets wait in their sockets, commands
 * in their queue. Then come its timers first, then packets and commands.
 */
export class LateThread {
  /** The thread's own: the time of all, and timers that wait with it. */
  readonly clock: Clock;
  readonly #world: VirtualClock;
  readonly #io: LateThreadIo;
  readonly #timers = new Set<() => void>();
  readonly #sockets = new Set<WaitingSocket>();
  readonly #commands: (() => void)[] = [];
  #stands = false;

  constructor(world: VirtualClock, io: LateThreadIo) {
    this.#world = world;
    this.#io = io;
    this.clock = {
      now: () => world.now(),
      monotonic: () => world.monotonic(),
      after: (ms, callback) => this.#after(ms, callback),
      every: (ms, callback) => world.every(ms, callback),
      holdWhile: (work) => world.holdWhile(work),
    };
  }

  wrap(socket: RtpSocket): RtpSocket {
    const waiting = new WaitingSocket(socket, () => this.#world.monotonic(), this.#io);
    waiting.mayWait = () => this.#io !== 'node' || this.#stands;
    waiting.onClose = () => this.#sockets.delete(waiting);
    this.#sockets.add(waiting);
    return waiting;
  }

  /** As {@link DatagramIo.receive}. */
  receive(look?: number, _turn?: number): void {
    if (this.#io === 'node') return;
    for (const socket of this.#sockets) if (socket.batch?.look === look) socket.handOver();
  }

  /** Does what waits to be done. */
  obey(): void {
    for (const command of this.#commands.splice(0)) command();
  }

  /** Does it when the thread comes to it. */
  send(command: () => void): void {
    if (this.#stands) this.#commands.push(command);
    else command();
  }

  /** Stands still for `ms`, in which `meanwhile` happens outside. */
  async standStill(ms: number, meanwhile?: () => Promise<void>): Promise<void> {
    const until = this.#world.monotonic() + ms;
    this.#stands = true;
    await meanwhile?.();
    await this.#world.advance(until - this.#world.monotonic());
    this.#stands = false;
    const timers = [...this.#timers];
    this.#timers.clear();
    for (const fire of timers) fire();
    if (this.#io === 'node') for (const socket of this.#sockets) socket.handOver();
    this.obey();
    await this.#world.settle();
  }

  #after(ms: number, callback: () => void): Timer {
    let cancelled = false;
    const fire = (): void => {
      if (cancelled) return;
      if (this.#stands) this.#timers.add(fire);
      else callback();
    };
    const timer = this.#world.after(ms, fire);
    return {
      cancel: () => {
        cancelled = true;
        timer.cancel();
      },
    };
  }
}

/** Keeps packets until somebody asks for them. */
class WaitingSocket implements RtpSocket {
  readonly rtpPort: number;
  onPacket: OnDatagram = () => {};
  mayWait: () => boolean = () => false;
  onClose: () => void = () => {};
  batch: Batch | undefined;
  readonly receive?: () => void;
  readonly joinBatch?: (batch: Batch | undefined) => boolean;
  readonly #socket: RtpSocket;
  readonly #waiting: (() => void)[] = [];

  constructor(socket: RtpSocket, monotonic: () => number, io: LateThreadIo) {
    const isAsked = io !== 'node';
    this.#socket = socket;
    this.rtpPort = socket.rtpPort;
    if (isAsked) {
      this.receive = () => this.handOver();
      this.joinBatch = (batch) => this.#join(batch);
    }
    socket.onPacket = (bytes, address, port) => {
      const arrivedMs = isAsked ? monotonic() : undefined;
      const stampMs = (): number | undefined => (io === 'io_uring, late stamps' ? monotonic() : arrivedMs);
      this.#waiting.push(() => this.onPacket(bytes, address, port, stampMs()));
      if (!this.mayWait()) this.handOver();
    };
  }

  get onRtcp(): OnDatagram {
    return this.#socket.onRtcp;
  }

  set onRtcp(listener: OnDatagram) {
    this.#socket.onRtcp = listener;
  }

  handOver(): void {
    for (const deliver of this.#waiting.splice(0)) deliver();
  }

  #join(batch: Batch | undefined): boolean {
    this.handOver();
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
    this.onClose();
    this.#socket.close();
  }
}
