import type { Clock } from '../../time/clock.ts';
import { type ByteTarget, checkPatch, type TargetError } from '../byte-target.ts';
import { type FileSystem, nodeFileSystem } from '../file-system.ts';
import { FileTarget, type FileTargetOptions } from '../file-target.ts';
import type { RepairFile } from '../repair-file.ts';
import { ChunkSealer } from './chunk-cipher.ts';
import { encryptedFiles } from './encrypted-file.ts';
import { newFileKey, newHeader } from './file-key.ts';
import {
  CHUNK_BYTES,
  chunkCapacity,
  chunkStart,
  fileBytesFor,
  HEAD_BYTES,
  RECORD_BYTES,
  recordPosition,
} from './format.ts';
import { KeyRing, type RecordingKey } from './keys.ts';

export interface EncryptedTargetOptions extends FileTargetOptions {
  readonly key: RecordingKey;
  /** UUID, bound to the file: under another name it is refused. */
  readonly recordingId: string;
}

/** An unfinished chunk goes to the disk when this much is new in it, or when the last one went so long ago. */
const FLUSH_BYTES = 4096;
const FLUSH_MS = 250;

/**
 * A file that is encrypted while it grows (format.ts); {@link FileTarget} does the writing. A chunk that is full
 * is written to its place, once. What is in an unfinished one goes, again and again, to the places of the next
 * two chunks in turn, which are still free: so no write, broken off by the death of the process, can take away
 * what was on disk before it. The last ones of these lie behind the end of the file, and are cut off there.
 */
export class EncryptedTarget implements ByteTarget {
  readonly #file: FileTarget;
  readonly #files: FileSystem;
  readonly #readKeys: KeyRing;
  readonly #clock: Clock;
  readonly #header: Uint8Array;
  readonly #sealer: ChunkSealer;
  /** Plaintext of chunk 0, kept for patches. */
  readonly #head = new Uint8Array(HEAD_BYTES);
  /** Plaintext of the chunk that is being filled, when that is another one. */
  readonly #tail = new Uint8Array(CHUNK_BYTES);
  #index = 0;
  #filled = 0;
  #headPatched = false;
  #flushedMs = Number.NEGATIVE_INFINITY;
  /** Bytes that were appended since. */
  #unflushed = 0;
  /** Whether the unfinished chunk waits for the disk: a newer state of it then waits for the older. */
  #flushing = false;
  #secondPlace = false;
  #failed = false;

  /**
   * @param path of the finished file
   * @throws TypeError when the recording's id is no UUID
   */
  constructor(path: string, options: EncryptedTargetOptions) {
    this.#file = new FileTarget(path, options);
    this.#files = options.files ?? nodeFileSystem;
    this.#readKeys = KeyRing.of(options.key);
    this.#clock = options.clock;
    const fileKey = newFileKey();
    this.#header = newHeader(fileKey, options.key, options.recordingId);
    this.#sealer = new ChunkSealer(fileKey);
  }

  open(onError: (error: TargetError) => void, onOpen?: () => void): void {
    this.#file.open((error) => {
      this.#failed = true;
      onError(error);
    }, onOpen);
    this.#file.write(0, this.#header);
  }

  append(bytes: Uint8Array, release?: () => void): void {
    let at = 0;
    while (at < bytes.length) {
      const run = Math.min(bytes.length - at, chunkCapacity(this.#index) - this.#filled);
      this.#chunk.set(bytes.subarray(at, at + run), this.#filled);
      this.#filled += run;
      at += run;
      if (this.#filled === chunkCapacity(this.#index)) {
        this.#seal(this.#index, recordPosition(this.#index), this.#chunk, false);
        this.#index++;
        this.#filled = 0;
      }
    }
    this.#unflushed += bytes.length;
    release?.();
    if (this.#filled > 0) this.#flush();
  }

  patch(position: number, bytes: Uint8Array): void {
    checkPatch(position, bytes);
    this.#head.set(bytes, position);
    this.#headPatched = true;
  }

  drained(): Promise<void> {
    return this.#file.drained();
  }

  async finish(): Promise<number> {
    if (this.#headPatched && this.#index > 0) this.#seal(0, recordPosition(0), this.#head, false);
    const last = this.#chunk.subarray(0, this.#filled);
    this.#seal(this.#index, recordPosition(this.#index), last, true);
    const size = chunkStart(this.#index) + this.#filled;
    await this.#file.finish(fileBytesFor(size));
    return size;
  }

  reopen(): Promise<RepairFile> {
    return encryptedFiles({ keys: this.#readKeys })(this.#file.path, this.#files);
  }

  discard(): Promise<void> {
    return this.#file.discard();
  }

  abandon(): Promise<void> {
    return this.#file.abandon();
  }

  get #chunk(): Uint8Array {
    return this.#index === 0 ? this.#head : this.#tail;
  }

  /** Brings what is in the unfinished chunk to the disk, unless that was done a moment ago. */
  #flush(): void {
    const now = this.#clock.monotonic();
    const due = this.#unflushed >= FLUSH_BYTES || now - this.#flushedMs >= FLUSH_MS;
    if (!due || this.#flushing) return;
    this.#flushedMs = now;
    this.#unflushed = 0;
    this.#flushing = true;
    this.#secondPlace = !this.#secondPlace;
    // Chunk 0 stays within its page and needs no second place.
    const place = this.#index === 0 ? 0 : this.#index + (this.#secondPlace ? 2 : 1);
    this.#seal(this.#index, recordPosition(place), this.#chunk.subarray(0, this.#filled), false, () => {
      this.#flushing = false;
    });
  }

  #seal(index: number, position: number, plain: Uint8Array, final: boolean, done?: () => void): void {
    if (this.#failed) return;
    const record = freeRecords.pop() ?? new Uint8Array(RECORD_BYTES);
    const length = this.#sealer.seal(index, plain, final, record);
    this.#file.write(position, record.subarray(0, length), () => {
      if (freeRecords.length < MAX_FREE_RECORDS) freeRecords.push(record);
      done?.();
    });
  }
}

/** Buffers that go round between the recordings of a thread and the disk. */
const freeRecords: Uint8Array[] = [];
const MAX_FREE_RECORDS = 64;
