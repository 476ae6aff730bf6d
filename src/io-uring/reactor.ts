import { OPERATION, SQE } from './abi.ts';
import type { Libc } from './libc.ts';
import { MAX_STEPS, Ring } from './ring.ts';

/** @param index that the request carries; @param result of the operation, or minus an errno; @param flags CQE_… */
export type OnResult = (index: number, result: number, flags: number) => void;

const REQUESTS = 512;
const COMPLETIONS_PER_REQUEST = 4;

/**
 * The io_uring of one thread and who uses it. Requests are handed over together, at the end of the turn or at
 * the next {@link poll}; results come in {@link poll} only, which somebody must call while any are expected.
 */
export class Reactor {
  readonly libc: Libc;
  readonly #ring: Ring;
  readonly #users: OnResult[] = [];
  /** Hands over at the end of this turn what nobody has by then. */
  #soon: NodeJS.Immediate | undefined;
  readonly #flush = (): void => {
    this.#soon = undefined;
    if (this.#ring.queued > 0) this.#ring.enter();
  };
  readonly #complete = (index: number, user: number, result: number, flags: number): void => {
    this.#users[user]?.(index, result, flags);
  };

  /** @param requests that may wait, a power of two. @throws Error when the system has no io_uring, one before Linux 6.1, or does not allow it */
  constructor(libc: Libc, requests = REQUESTS) {
    this.libc = libc;
    this.#ring = new Ring(libc, requests, COMPLETIONS_PER_REQUEST * requests);
  }

  get fd(): number {
    return this.#ring.fd;
  }

  /** Requests that the system has not taken yet. */
  get queued(): number {
    return this.#ring.queued;
  }

  /** Neither requests nor results wait: {@link poll} would do nothing. */
  get isIdle(): boolean {
    return this.#ring.isIdle;
  }

  /** Whether {@link request} would take one: the system may have no memory for what is queued. */
  hasRoom(): boolean {
    if (this.#ring.isFull) this.#ring.enter();
    return !this.#ring.isFull;
  }

  /** Requests, to be written at the place that {@link request} gives. */
  get requests(): Uint32Array {
    return this.#ring.requests;
  }

  /** @returns by what the requests of this user are known */
  attach(onResult: OnResult): number {
    return this.#users.push(onResult) - 1;
  }

  /**
   * Queues a request; the caller fills in what is not named here.
   * @param operation opcode | flags << 8 | ioprio << 16
   * @param address, length of memory that stays where it is until the request has its result
   * @param index 32 bits that come back with the result
   * @returns where in {@link requests} it stands
   * @throws Error when the system takes no more
   */
  request(
    user: number,
    index: number,
    operation: number,
    fd: number,
    address: number,
    length: number,
  ): number {
    if (!this.hasRoom()) throw new Error('io_uring takes no more requests (rtp.io: node does without it)');
    this.#soon ??= setImmediate(this.#flush);
    const at = this.#ring.next();
    const { requests } = this;
    requests[at + SQE.head] = operation;
    requests[at + SQE.fd] = fd;
    requests[at + SQE.addressLow] = address;
    requests[at + SQE.addressHigh] = Math.floor(address / 2 ** 32);
    requests[at + SQE.length] = length;
    requests[at + SQE.userDataLow] = index;
    requests[at + SQE.userDataHigh] = user;
    return at;
  }

  /** Ends a request of this user; it has its result nonetheless. */
  cancel(user: number, index: number): void {
    const at = this.request(user, index, OPERATION.asyncCancel, -1, index, 0);
    this.requests[at + SQE.addressHigh] = user;
    // The cancellation has a result of its own, which is nobody's.
    this.requests[at + SQE.userDataHigh] = NOBODY;
  }

  /** Hands over what is queued. */
  enter(): void {
    this.#ring.enter();
    this.#spareFlush();
  }

  /** Hands over what is queued, and gives all results to their users as they come. @returns how many */
  poll(): number {
    let count = 0;
    for (let i = 0; i < MAX_STEPS; i++) {
      const isMore = this.#ring.step();
      count += this.#ring.drain(this.#complete);
      if (!isMore) break;
    }
    this.#spareFlush();
    return count;
  }

  close(): void {
    this.libc.close(this.#ring.fd);
  }

  /** All was handed over: the loop is not to go round once more, without waiting, for nothing. */
  #spareFlush(): void {
    if (this.#soon === undefined || this.#ring.queued > 0) return;
    clearImmediate(this.#soon);
    this.#soon = undefined;
  }
}

/** Whose results are not looked at. */
export const NOBODY = 0xffff_ffff;
