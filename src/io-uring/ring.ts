import {
  CQ_OFFSETS,
  CQE,
  ENTER_GETEVENTS,
  FEATURE_SINGLE_MMAP,
  MMAP_RING,
  MMAP_SQES,
  PARAMS,
  SETUP,
  SQ_OFFSETS,
  SQ_CQ_OVERFLOW,
  SQ_TASKRUN,
  SQE,
} from './abi.ts';
import type { Libc } from './libc.ts';

/** @param result what the operation gave, or minus an errno; @param flags see CQE_… */
export type OnCompletion = (dataLow: number, dataHigh: number, result: number, flags: number) => void;

/** Each {@link Ring.step} lets the kernel post about twenty completions; so many at most in a row. */
export const MAX_STEPS = 4096;

/**
 * An io_uring of one thread (io_uring(7)): requests are written into shared memory, and one call hands all of
 * them over and has the kernel post what is complete. Nothing wakes the thread: it looks when it likes.
 * Needs Linux 6.1.
 */
export class Ring {
  readonly fd: number;
  readonly #libc: Libc;
  readonly #entries: number;
  /** The memory of both queues. */
  readonly #ring: Uint32Array;
  readonly #sqes: Uint32Array;
  /** Places in {@link #ring}. */
  readonly #sqTail: number;
  readonly #sqFlags: number;
  readonly #cqHead: number;
  readonly #cqTail: number;
  readonly #cqes: number;
  readonly #cqMask: number;
  #tail = 0;
  #queued = 0;

  /** @param entries requests that may wait, and @param completions that may; powers of two. @throws LibcError */
  constructor(libc: Libc, entries: number, completions: number) {
    this.#libc = libc;
    this.#entries = entries;
    const params = new Uint8Array(PARAMS.size);
    const given = new DataView(params.buffer);
    given.setUint32(PARAMS.cqEntries, completions, true);
    given.setUint32(
      PARAMS.flags,
      SETUP.cqSize | SETUP.submitAll | SETUP.taskrunFlag | SETUP.singleIssuer | SETUP.deferTaskrun,
      true,
    );
    this.fd = libc.ioUringSetup(entries, params);
    const told = (at: number): number => given.getUint32(at, true);
    if ((told(PARAMS.features) & FEATURE_SINGLE_MMAP) === 0) throw new Error('io_uring of an old kernel');
    const array = told(PARAMS.sqOffsets + SQ_OFFSETS.array);
    const cqes = told(PARAMS.cqOffsets + CQ_OFFSETS.cqes);
    const bytes = Math.max(array + entries * 4, cqes + completions * CQE.words * 4);
    this.#ring = new Uint32Array(libc.map(this.fd, bytes, MMAP_RING).buffer, 0, bytes >>> 2);
    this.#sqes = new Uint32Array(libc.map(this.fd, entries * SQE.words * 4, MMAP_SQES).buffer);
    this.#sqTail = told(PARAMS.sqOffsets + SQ_OFFSETS.tail) >>> 2;
    this.#sqFlags = told(PARAMS.sqOffsets + SQ_OFFSETS.flags) >>> 2;
    this.#cqHead = told(PARAMS.cqOffsets + CQ_OFFSETS.head) >>> 2;
    this.#cqTail = told(PARAMS.cqOffsets + CQ_OFFSETS.tail) >>> 2;
    this.#cqes = cqes >>> 2;
    this.#cqMask = completions - 1;
    for (let i = 0; i < entries; i++) this.#ring[(array >>> 2) + i] = i;
  }

  /** Requests that wait for {@link enter}. */
  get queued(): number {
    return this.#queued;
  }

  get isFull(): boolean {
    return this.#queued >= this.#entries;
  }

  /** Requests, to be written at the place that {@link next} gives. */
  get requests(): Uint32Array {
    return this.#sqes;
  }

  /** @returns where in {@link requests} the next request goes; zeros. The queue must not be full. */
  next(): number {
    const at = (this.#tail & (this.#entries - 1)) * SQE.words;
    this.#tail = (this.#tail + 1) >>> 0;
    this.#queued++;
    this.#sqes.fill(0, at, at + SQE.words);
    return at;
  }

  /** Hands over what is queued and has completions posted. What the kernel does not take now stays queued. */
  enter(): void {
    for (let i = 0; i < MAX_STEPS; i++) if (!this.step()) return;
  }

  /**
   * One call to the system of {@link enter}; none where the kernel says, in the memory of the ring, that it has
   * nothing for us, and we have nothing for it. @returns whether another one would bring more
   */
  step(): boolean {
    if (!this.#hasWork) return false;
    this.#ring[this.#sqTail] = this.#tail;
    const taken = this.#libc.ioUringEnter(this.fd, this.#queued, ENTER_GETEVENTS);
    if (taken < 0 || (taken === 0 && this.#queued > 0)) return false;
    this.#queued -= taken;
    return this.#queued > 0 || (this.#ring[this.#sqFlags]! & SQ_TASKRUN) !== 0;
  }

  /** Neither requests nor completions wait. */
  get isIdle(): boolean {
    return !this.#hasWork && this.#ring[this.#cqHead] === this.#ring[this.#cqTail];
  }

  get #hasWork(): boolean {
    return this.#queued > 0 || (this.#ring[this.#sqFlags]! & (SQ_TASKRUN | SQ_CQ_OVERFLOW)) !== 0;
  }

  /** Takes all completions that are posted. @returns how many; of those that a nested call takes it counts none */
  drain(onCompletion: OnCompletion): number {
    const ring = this.#ring;
    let count = 0;
    // Read again each time: what the listener does may take further completions, and have others posted.
    for (; ring[this.#cqHead] !== ring[this.#cqTail]; count++) {
      const head = ring[this.#cqHead]!;
      const at = this.#cqes + (head & this.#cqMask) * CQE.words;
      const low = ring[at + CQE.userDataLow]!;
      const high = ring[at + CQE.userDataHigh]!;
      const result = ring[at + CQE.result]! | 0;
      const flags = ring[at + CQE.flags]!;
      ring[this.#cqHead] = head + 1;
      onCompletion(low, high, result, flags);
    }
    return count;
  }
}
