import type { Clock } from '../time/clock.ts';
import { type ByteTarget, checkPatch, TargetError } from './byte-target.ts';
import { PART_SUFFIX } from './recording-path.ts';
import { openPlainFile, type RepairFile } from './repair-file.ts';
import { errorCode, type FileSystem, nodeFileSystem, writeFully } from './file-system.ts';

export interface FileTargetOptions {
  /** Waits for the disk in virtual time. */
  readonly clock: Clock;
  readonly files?: FileSystem;
  /** Bytes that may wait for the disk before it counts as too slow; default {@link DEFAULT_MAX_QUEUED_BYTES}. */
  readonly maxQueuedBytes?: number;
}

/** 16 s of narrow-band mono: longer than a disk that is alive makes anyone wait. */
export const DEFAULT_MAX_QUEUED_BYTES = 256 * 1024;

interface Write {
  readonly bytes: Uint8Array;
  readonly position: number;
  readonly release: (() => void) | undefined;
}

/** What an operator can do about it. */
const CURES: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: free space or move the recordings folder',
  EDQUOT: 'the disk quota is used up: raise it or delete recordings',
  EROFS: 'the file system is read-only: mount it for writing',
  EACCES: 'permission denied: let the user that runs OpenSWML write there',
  EPERM: 'permission denied: let the user that runs OpenSWML write there',
  EMFILE: 'too many open files: raise the limit (ulimit -n)',
  ENFILE: 'too many open files on this machine: raise fs.file-max',
  EIO: 'the disk reports an error: check it',
  EEXIST: 'a file of this name is already there: it is not overwritten',
  ENOTDIR: 'a part of the path is no folder',
};

/**
 * A file that grows as `<path>.part` and takes its final name when it is complete and durable.
 *
 * Nothing here blocks the thread: bytes wait in a bounded queue and go out one write at a time, at the end together.
 * Every write is in the kernel's hands within that time, so that the death of the process loses only what was not yet
 * appended. The disk itself is forced at the end only (data, then name, then folder), so that a power cut
 * may cost what the kernel had not written back of recordings still running, never a finished one.
 */
export class FileTarget implements ByteTarget {
  readonly path: string;
  readonly partPath: string;
  readonly #clock: Clock;
  readonly #files: FileSystem;
  readonly #maxQueuedBytes: number;
  readonly #queue: Write[] = [];
  #queuedBytes = 0;
  #size = 0;
  #fd: number | undefined;
  #onError: ((error: TargetError) => void) | undefined;
  #onOpen: (() => void) | undefined;
  #failure: TargetError | undefined;
  #finished = false;
  /** What was written is being made durable; never rejects. */
  #completing: Promise<void> | undefined;
  #pumping = false;
  /** Somebody waits for the queue to be empty. */
  #draining = 0;
  /** What is being written with others: one write, but at the end, when it may be several that do not touch. */
  readonly #together: Write[] = [];
  /** What does not go with others is being written. */
  #writesAlone = false;
  /** Those who wait until nothing is being written. */
  #idle: PromiseWithResolvers<void> | undefined;

  /** @param path of the finished file; its folders are made when they are not there */
  constructor(path: string, options: FileTargetOptions) {
    this.path = path;
    this.partPath = `${path}${PART_SUFFIX}`;
    this.#clock = options.clock;
    this.#files = options.files ?? nodeFileSystem;
    this.#maxQueuedBytes = options.maxQueuedBytes ?? DEFAULT_MAX_QUEUED_BYTES;
  }

  /** Bytes that wait for the disk. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  open(onError: (error: TargetError) => void, onOpen?: () => void): void {
    this.#onError = onError;
    this.#onOpen = onOpen;
    this.#startPump();
  }

  append(bytes: Uint8Array, release?: () => void): void {
    this.write(this.#size, bytes, release);
  }

  patch(position: number, bytes: Uint8Array): void {
    checkPatch(position, bytes);
    this.write(position, bytes);
  }

  drained(): Promise<void> {
    return this.#clock.holdWhile(this.#drain());
  }

  /** Writes at any position, also behind the end: for whoever arranges the bytes of the file itself. */
  write(position: number, bytes: Uint8Array, release?: () => void): void {
    this.#enqueue({ bytes, position, release });
    this.#size = Math.max(this.#size, position + bytes.length);
  }

  /** @param size to which the file is cut; default: all that was written */
  finish(size = this.#size): Promise<number> {
    return this.#clock.holdWhile(this.#finish(size));
  }

  reopen(): Promise<RepairFile> {
    return openPlainFile(this.path, this.#files);
  }

  discard(): Promise<void> {
    return this.#clock.holdWhile(this.#close(true));
  }

  abandon(): Promise<void> {
    return this.#clock.holdWhile(this.#close(false));
  }

  #enqueue(write: Write): void {
    if (this.#failure !== undefined) {
      write.release?.();
      return;
    }
    this.#queue.push(write);
    this.#queuedBytes += write.bytes.length;
    if (this.#queuedBytes > this.#maxQueuedBytes) {
      this.#fail(
        new TargetError(
          'TOO_SLOW',
          `recording ${this.partPath}: the disk is too slow: ${this.#queuedBytes} bytes are waiting for it`,
        ),
      );
      return;
    }
    this.#startPump();
  }

  #startPump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    if (!this.#writeTogether()) void this.#clock.holdWhile(this.#pump());
  }

  /** Writes until the queue is empty, one write at a time. @param first goes before those of the queue, by itself */
  async #pump(first?: Write): Promise<void> {
    this.#writesAlone = true;
    try {
      this.#fd ??= await this.#create();
      if (first !== undefined) await this.#write(this.#fd, first);
      while (!this.#writeTogether()) {
        const write = this.#queue.shift();
        if (write === undefined) break;
        await this.#write(this.#fd, write);
      }
    } catch (error) {
      this.#fail(this.#explain(error));
    } finally {
      this.#writesAlone = false;
      if (this.#together.length === 0) this.#rest();
    }
  }

  /** @returns whether the next write goes with those of others; nobody may wait for it, then */
  #writeTogether(): boolean {
    if (this.#fd === undefined || this.#draining > 0 || this.#files.writeTogether === undefined) return false;
    const write = this.#queue.shift();
    if (write === undefined) return false;
    this.#begin(this.#fd, write);
    return true;
  }

  /** The last writes go at once, where one is on its way with those of others, unless they touch it. */
  #writeRestTogether(): void {
    if (this.#fd === undefined || this.#together.length === 0 || this.#writesAlone) return;
    for (let next = this.#queue[0]; next !== undefined && !this.#touchesAny(next); next = this.#queue[0]) {
      this.#queue.shift();
      this.#begin(this.#fd, next);
    }
  }

  #touchesAny({ position, bytes }: Write): boolean {
    return this.#together.some(
      (other) => position < other.position + other.bytes.length && other.position < position + bytes.length,
    );
  }

  #begin(fd: number, write: Write): void {
    this.#together.push(write);
    this.#files.writeTogether?.(fd, write.bytes, write.position, (written, error) =>
      this.#written(write, written, error),
    );
  }

  #written(write: Write, written: number, error: Error | undefined): void {
    const { bytes, position, release } = write;
    this.#together.splice(this.#together.indexOf(write), 1);
    if (error === undefined && written < bytes.length) {
      // What the disk did not take at once is an exception, and goes on without company.
      this.#queuedBytes -= written;
      const rest = { bytes: bytes.subarray(written), position: position + written, release };
      if (this.#writesAlone) this.#queue.unshift(rest);
      else void this.#clock.holdWhile(this.#pump(rest));
      return;
    }
    release?.();
    this.#queuedBytes -= bytes.length;
    if (error !== undefined) {
      // Not in the midst of whoever looks for results.
      queueMicrotask(() => {
        try {
          this.#fail(this.#explain(error));
        } finally {
          if (!this.#isWriting) this.#rest();
        }
      });
    } else if (this.#isWriting) return;
    else if (this.#queue.length === 0) this.#rest();
    else if (!this.#writeTogether()) void this.#clock.holdWhile(this.#pump());
  }

  get #isWriting(): boolean {
    return this.#writesAlone || this.#together.length > 0;
  }

  #rest(): void {
    this.#pumping = false;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  async #create(): Promise<number> {
    const fd = await this.#files.create(this.partPath);
    if (this.#failure === undefined) this.#onOpen?.();
    return fd;
  }

  async #write(fd: number, write: Write): Promise<void> {
    try {
      await writeFully(fd, write.bytes, write.position, this.#files);
    } finally {
      // Only now: the kernel reads the bytes until the write is over, even when the recording has failed.
      write.release?.();
      this.#queuedBytes -= write.bytes.length;
    }
  }

  async #finish(size: number): Promise<number> {
    await this.#drain();
    if (this.#failure === undefined) {
      const completing = this.#complete(size);
      this.#completing = completing.catch(() => {});
      try {
        await completing;
        return size;
      } catch (error) {
        this.#failure = this.#explain(error);
      }
    }
    await this.#close(false);
    throw this.#failure;
  }

  async #complete(size: number): Promise<void> {
    if (size < this.#size) await this.#files.truncate(this.#fd!, size);
    await this.#files.sync(this.#fd!);
    await this.#files.close(this.#takeFd()!);
    await this.#files.rename(this.partPath, this.path);
    this.#finished = true;
  }

  async #close(remove: boolean): Promise<void> {
    this.#failure ??= new TargetError('CLOSED', `recording ${this.partPath} is closed`);
    this.#emptyQueue();
    await this.#drain();
    // Which has the descriptor.
    await this.#completing;
    try {
      const fd = this.#takeFd();
      if (fd !== undefined) {
        await this.#files.close(fd);
        if (remove) await this.#files.remove(this.partPath);
      } else if (remove && this.#finished) {
        await this.#files.remove(this.path);
      }
    } catch {
      // Nobody waits for this file any more; a `.part` that cannot be removed is found by repair.
    }
  }

  async #drain(): Promise<void> {
    this.#draining++;
    this.#writeRestTogether();
    this.#files.hurry?.();
    while (this.#pumping) {
      this.#idle ??= Promise.withResolvers();
      await this.#idle.promise;
    }
    this.#draining--;
  }

  #takeFd(): number | undefined {
    const fd = this.#fd;
    this.#fd = undefined;
    return fd;
  }

  #fail(error: TargetError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#emptyQueue();
    this.#onError?.(error);
  }

  #emptyQueue(): void {
    for (const write of this.#queue.splice(0)) {
      write.release?.();
      this.#queuedBytes -= write.bytes.length;
    }
  }

  #explain(error: unknown): TargetError {
    const code = errorCode(error);
    const cure = CURES[code] ?? (error instanceof Error ? error.message : String(error));
    return new TargetError(code, `recording ${this.partPath}: ${cure} (${code})`, { cause: error });
  }
}
