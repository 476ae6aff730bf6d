import { getSystemErrorName } from 'node:util';
import { ERRNO, OPERATION, SQE } from '../io-uring/abi.ts';
import type { Reactor } from '../io-uring/reactor.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { type FileSystem, nodeFileSystem, type OnWritten } from './file-system.ts';

interface PendingWrite {
  /** Kept until the kernel has written it. */
  readonly bytes: Uint8Array;
  readonly position: number;
  readonly fd: number;
  readonly onWritten: OnWritten;
}

/** Writes wait for others until {@link UringFiles.flush}, but no longer than this, ms: a fraction of what they hold. */
const GATHER_MS = 100;
/** When somebody waits for them, results are looked for so soon, ms. */
const HURRY_MS = 5;

export interface UringFiles extends FileSystem {
  /** Promises {@link flush} before this turn of the event loop is over: until then, writes need no timer. */
  beginTurn(): void;
  /** Hands over the writes that wait: for who polls the reactor again and again, behind what makes many of them. */
  flush(): void;
}

/**
 * The machine's files, with writes by io_uring: those of all recordings of a thread go to the kernel together,
 * and none wakes the thread. Everything else is done by Node's own functions.
 */
export function uringFiles(reactor: Reactor, clock: Clock): UringFiles {
  const writes = new GatheredWrites(reactor, clock);
  return {
    ...nodeFileSystem,
    writeTogether: (fd, bytes, position, onWritten) => writes.write({ fd, bytes, position, onWritten }),
    hurry: () => writes.hurry(),
    beginTurn: () => writes.beginTurn(),
    flush: () => writes.flush(),
  };
}

class GatheredWrites {
  readonly #reactor: Reactor;
  readonly #clock: Clock;
  readonly #user: number;
  readonly #pending: (PendingWrite | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #gathered: PendingWrite[] = [];
  readonly #addresses = new WeakMap<ArrayBufferLike, number>();
  #underWay = 0;
  readonly #due = (): void => this.#go();
  #timer: Timer | undefined;
  /** Somebody waits for the timer. */
  #isHurried = false;
  /** {@link flush} is to come in this turn. */
  #inTurn = false;

  constructor(reactor: Reactor, clock: Clock) {
    this.#reactor = reactor;
    this.#clock = clock;
    this.#user = reactor.attach((index, result) => this.#written(index, result));
  }

  beginTurn(): void {
    this.#inTurn = true;
  }

  write(write: PendingWrite): void {
    this.#gathered.push(write);
    // One that is set and cancelled wakes the thread all the same, for nothing (time/timer-lists.ts).
    if (!this.#inTurn) this.#timer ??= this.#clock.after(GATHER_MS, this.#due);
  }

  flush(): void {
    this.#inTurn = false;
    if (this.#gathered.length > 0) this.#submit();
    if (this.#isHurried) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  hurry(): void {
    if (!this.#isBusy) return;
    this.#isHurried = true;
    this.#submit();
    this.#timer?.cancel();
    this.#timer = this.#clock.after(HURRY_MS, this.#due);
  }

  /** Unless somebody flushes, the timer runs while anything is under way: it also looks for results. */
  #go(): void {
    this.#submit();
    this.#reactor.poll();
    this.#isHurried = false;
    this.#timer = this.#isBusy ? this.#clock.after(GATHER_MS, this.#due) : undefined;
  }

  get #isBusy(): boolean {
    return this.#underWay > 0 || this.#gathered.length > 0;
  }

  #submit(): void {
    const refused: (() => void)[] = [];
    for (const write of this.#gathered.splice(0)) {
      const index = this.#free.pop() ?? this.#pending.length;
      const { bytes, position, fd } = write;
      try {
        const address = this.#addressOf(bytes.buffer) + bytes.byteOffset;
        const at = this.#reactor.request(this.#user, index, OPERATION.write, fd, address, bytes.length);
        this.#reactor.requests[at + SQE.offsetLow] = position;
        this.#reactor.requests[at + SQE.offsetHigh] = Math.floor(position / 2 ** 32);
      } catch {
        // The system takes no more for now: it is written by itself, as what a disk has not taken.
        this.#free.push(index);
        refused.push(() => write.onWritten(0));
        continue;
      }
      this.#pending[index] = write;
      this.#underWay++;
    }
    this.#reactor.enter();
    for (const tell of refused) tell();
  }

  #written(index: number, result: number): void {
    const write = this.#pending[index];
    if (write === undefined) return;
    this.#pending[index] = undefined;
    this.#free.push(index);
    this.#underWay--;
    if (result >= 0) write.onWritten(result);
    // No fault of the disk (io_uring_enter(2), CQE errors): Node's own functions wait, or do it again.
    else if (result === -ERRNO.EINTR || result === -ERRNO.EAGAIN) write.onWritten(0);
    else write.onWritten(0, systemError(result));
  }

  /** Buffers go round, so that few addresses are asked for. */
  #addressOf(buffer: ArrayBufferLike): number {
    let address = this.#addresses.get(buffer);
    if (address === undefined) {
      address = this.#reactor.libc.addressOf(buffer);
      this.#addresses.set(buffer, address);
    }
    return address;
  }
}

function systemError(result: number): Error {
  const code = getSystemErrorName(result);
  return Object.assign(new Error(`${code}: write`), { code, errno: result, syscall: 'write' });
}
