import { fstatSync, mkdirSync, openSync, readFileSync, write, writeSync } from 'node:fs';
import path from 'node:path';
import type { Clock, Timer } from '../time/clock.ts';

export interface LogFileOptions {
  /** A descriptor that is open (1: standard output, 2: standard error), or a path, whose folder is made. */
  readonly target: number | string;
  readonly clock: Clock;
  /** Text that waits at most, bytes; default 16 MiB: what comes beyond it is lost rather than kept in memory. */
  readonly maxWaitingBytes?: number;
  /** Told when writing goes on with nothing left to write, how many lines were lost before. */
  readonly onLost: (lines: number) => void;
}

const MAX_WAITING_BYTES = 16 * 1024 * 1024;
/** Texts are written together up to this length, in UTF-16 units. */
const WRITTEN_TOGETHER = 16 * 1024;
/** A pipe that is full, or a device that is busy, is tried again after this, ms. */
const BUSY_MS = 100;
/** So often without one byte taken: nobody reads, and nobody waits for it any more. */
const LAST_TRIES = 100;
/** At exit, for a thread to finish what it is writing, so that the order stays, ms. */
const MOMENT_MS = 20;
const O_NONBLOCK = 0o4000;

/**
 * Writes text to a file, pipe or terminal behind the scenes, in its order. Never throws once it is open, and never
 * blocks but for {@link flushSync}. While nothing can be written (a full disk), text waits, up to a limit, and each
 * further one has it tried again; when nobody reads any more (EPIPE), all is dropped from then on.
 */
export class LogFile {
  readonly #fd: number;
  readonly #isFile: boolean;
  readonly #clock: Clock;
  readonly #maxWaitingBytes: number;
  readonly #onLost: (lines: number) => void;
  /** What has not been begun yet. */
  #texts: string[] = [];
  /** What is being written, or what is left of it where that failed. */
  #rest: Buffer | undefined;
  #waitingBytes = 0;
  #lostLines = 0;
  /** A thread has {@link #rest}. */
  #isWriting = false;
  /** Writes {@link #rest} in the next turn. */
  #soon: NodeJS.Immediate | undefined;
  /** Until the next attempt, where the last one found the target busy, and how many in a row have. */
  #pause: Timer | undefined;
  #busyTries = 0;
  #wasBusy = false;
  #isGone = false;
  /** Who wait until everything is written, or cannot be. */
  #flushing: (() => void)[] = [];

  /** @throws the error of the system when the file cannot be opened */
  constructor({ target, clock, maxWaitingBytes, onLost }: LogFileOptions) {
    if (typeof target === 'string') mkdirSync(path.dirname(target), { recursive: true });
    this.#fd = typeof target === 'string' ? openSync(target, 'a') : target;
    this.#isFile = fstatSync(this.#fd).isFile();
    this.#clock = clock;
    this.#maxWaitingBytes = maxWaitingBytes ?? MAX_WAITING_BYTES;
    this.#onLost = onLost;
  }

  /** @param text whole lines */
  write(text: string): void {
    if (this.#isGone) return;
    const bytes = Buffer.byteLength(text);
    if (this.#waitingBytes + bytes > this.#maxWaitingBytes) {
      this.#lostLines += text.split('\n').length - 1;
    } else {
      this.#waitingBytes += bytes;
      const last = this.#texts.at(-1);
      if (last !== undefined && last.length + text.length <= WRITTEN_TOGETHER) {
        this.#texts[this.#texts.length - 1] = last + text;
      } else {
        this.#texts.push(text);
      }
    }
    if (this.#isIdle) this.#next();
  }

  /** Resolves when everything is written that can be. */
  flush(): Promise<void> {
    return new Promise((resolve) => {
      this.#flushing.push(resolve);
      if (this.#isIdle) this.#next();
    });
  }

  /** Writes out, before it returns, what can be. @param last whole lines, behind all others */
  flushSync(last = ''): void {
    if (last !== '') this.#texts.push(last);
    this.#pause?.cancel();
    this.#pause = undefined;
    clearImmediate(this.#soon);
    this.#soon = undefined;
    // What is under way is finished by the thread that has it.
    if (this.#isWriting) blockFor(MOMENT_MS);
    let rest = (this.#isWriting ? undefined : this.#rest) ?? this.#take();
    this.#rest = undefined;
    let tries = this.#busyTries;
    while (rest !== undefined) {
      try {
        rest = rest.subarray(writeSync(this.#fd, rest));
        tries = 0;
      } catch (error) {
        if (!isBusy(error) || ++tries >= LAST_TRIES) return;
        blockFor(BUSY_MS);
      }
      if (rest.length === 0) rest = this.#take();
    }
  }

  #next(): void {
    this.#rest ??= this.#take();
    if (this.#rest === undefined) {
      this.#settle();
      return;
    }
    const rest = this.#rest;
    const onDone = (error: NodeJS.ErrnoException | null, written: number): void => {
      if (error === null) this.#written(rest.subarray(written), written);
      else if (isBusy(error)) this.#busy();
      else this.#failed(error);
    };
    const byThread = (): void => {
      this.#isWriting = true;
      write(this.#fd, rest, (error, written) => {
        this.#isWriting = false;
        onDone(error, written);
      });
    };
    if (this.#isFile) {
      byThread();
      return;
    }
    this.#soon = setImmediate(() => {
      this.#soon = undefined;
      if (this.#mayBlock()) {
        byThread();
        return;
      }
      // Not by a thread: if the program ended meanwhile, nobody would learn that it was to be tried again.
      let written: number;
      try {
        written = writeSync(this.#fd, rest);
      } catch (error) {
        onDone(error as NodeJS.ErrnoException, 0);
        return;
      }
      onDone(null, written);
    });
  }

  get #isIdle(): boolean {
    return !this.#isWriting && this.#soon === undefined && this.#pause === undefined;
  }

  /** Asked right before each write: others who have the same pipe or terminal may change it. */
  #mayBlock(): boolean {
    try {
      const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${this.#fd}`, 'utf8'))?.[1];
      return flags === undefined || (Number.parseInt(flags, 8) & O_NONBLOCK) === 0;
    } catch {
      // A system that does not tell.
      return !this.#wasBusy;
    }
  }

  /** It is tried again, for as long as it takes; but nobody waits for a reader that has stopped. */
  #busy(): void {
    this.#wasBusy = true;
    if (++this.#busyTries >= LAST_TRIES) this.#settle();
    this.#pause = this.#clock.after(BUSY_MS, () => {
      this.#pause = undefined;
      this.#next();
    });
  }

  #written(rest: Buffer, written: number): void {
    this.#waitingBytes -= written;
    this.#rest = rest.length > 0 ? rest : undefined;
    this.#busyTries = 0;
    this.#next();
    if (!this.#isIdle || this.#lostLines === 0) return;
    const lines = this.#lostLines;
    this.#lostLines = 0;
    this.#onLost(lines);
  }

  #failed(error: NodeJS.ErrnoException): void {
    if (error.code === 'EPIPE') {
      this.#isGone = true;
      this.#texts = [];
      this.#rest = undefined;
    }
    this.#settle();
  }

  #settle(): void {
    for (const resolve of this.#flushing.splice(0)) resolve();
  }

  #take(): Buffer | undefined {
    const text = this.#texts.shift();
    return text === undefined ? undefined : Buffer.from(text);
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EBUSY');
}

function blockFor(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
