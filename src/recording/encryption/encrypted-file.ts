import type { KeyObject } from 'node:crypto';
import { checkPatch } from '../byte-target.ts';
import { type FileSystem, readFully, writeFully } from '../file-system.ts';
import type { OpenRepairFile, RepairFile } from '../repair-file.ts';
import { ChunkSealer, openRecord } from './chunk-cipher.ts';
import { recordingIdOfPath } from '../recording-path.ts';
import { EncryptionError } from './errors.ts';
import { newFileKey, newHeader, unwrapFileKey } from './file-key.ts';
import {
  chunkAt,
  chunkCapacity,
  chunkStart,
  FIRST_PAGE_BYTES,
  fileBytesFor,
  HEADER_BYTES,
  RECORD_BYTES,
  RECORD_OVERHEAD,
  recordPosition,
} from './format.ts';
import type { KeyRing } from './keys.ts';
import { readHeader } from './read-header.ts';

export interface EncryptedFileOptions {
  readonly keys: KeyRing;
  /** Told of chunks of an unfinished file that were lost, and are zeros (silence) now. */
  readonly onLost?: ((file: string, chunks: number) => void) | undefined;
}

interface OpenFile {
  readonly fd: number;
  readonly files: FileSystem;
  /** Of the file, for messages. */
  readonly name: string;
  readonly fileBytes: number;
  readonly fileKey: KeyObject;
  /** Makes the header of a file that has none. @throws EncryptionError `unknown_key` */
  readonly header?: () => Uint8Array;
}

/**
 * Opens encrypted files for repair. In an unfinished one (`.part`), chunks that cannot be read are zeros from then on,
 * such as a power cut leaves them; a finished one is never mended so, since there they may mean that somebody
 * has changed it.
 */
export function encryptedFiles(options: EncryptedFileOptions): OpenRepairFile {
  return async (path, files) => {
    const fd = await files.open(path);
    try {
      const fileBytes = (await files.size(path)) ?? 0;
      const found = { fd, files, name: path };
      // A crash in its first moment: there is nothing inside, and nobody needs a key to see that. What waits beside it
      // to be encoded may be put into it.
      if (fileBytes < HEADER_BYTES) {
        const fileKey = newFileKey();
        const header = (): Uint8Array => headerFor(path, fileKey, options.keys);
        return await EncryptedFile.open({ ...found, fileBytes: 0, fileKey, header });
      }
      const { fileKey } = unwrapFileKey(await readHeader(fd, path, files), options.keys, path);
      const file = await EncryptedFile.open({ ...found, fileBytes, fileKey });
      const lost = path.endsWith('.part') ? await file.heal() : 0;
      if (lost > 0) options.onLost?.(path, lost);
      return file;
    } catch (error) {
      await files.close(fd);
      throw error;
    }
  };
}

function headerFor(path: string, fileKey: KeyObject, { current }: KeyRing): Uint8Array {
  if (current !== undefined) return newHeader(fileKey, current, recordingIdOfPath(path));
  throw new EncryptionError(
    'unknown_key',
    `${path} is to be encrypted, but no key is set: set recording.encryption.key_file`,
  );
}

/** What was found where, when nobody knows how the file was left. */
interface Found {
  /** Chunks that are full and in their places. */
  readonly full: number;
  /** Plaintext behind these. */
  readonly tail: Uint8Array;
  /** Copies of chunks behind the end, by index: what a crash within {@link EncryptedFile.sync} leaves. */
  readonly copies: ReadonlyMap<number, Uint8Array>;
  /** Whether the last chunk says that it is. */
  readonly final: boolean;
}

/**
 * An encrypted file as its recording, also an unfinished one as a crash has left it. What is changed here is kept in
 * memory (repair changes little) and reaches the file at {@link sync}, which leaves a finished file. A crash
 * within that costs nothing.
 */
class EncryptedFile implements RepairFile {
  readonly #file: OpenFile;
  readonly #found: Found;
  readonly #sealer: ChunkSealer;
  readonly #record = new Uint8Array(RECORD_BYTES);
  /** Plaintext of chunks that were written to here, each with the length of a full one. */
  readonly #changed = new Map<number, Uint8Array>();
  #size: number;

  private constructor(file: OpenFile, found: Found) {
    this.#file = file;
    this.#found = found;
    this.#sealer = new ChunkSealer(file.fileKey);
    this.#size = chunkStart(found.full) + found.tail.length;
  }

  /** Finds out what is there, without touching it. */
  static async open(file: OpenFile): Promise<EncryptedFile> {
    return new EncryptedFile(file, await find(file));
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Puts silence (zeros) in the place of chunks that cannot be read, such as a power cut leaves.
   * @returns how many
   */
  async heal(): Promise<number> {
    let lost = 0;
    for (let index = 0; index < this.#found.full; index++) {
      if ((await this.#inPlace(index)) !== undefined) continue;
      const copy = this.#found.copies.get(index);
      if (copy === undefined) lost++;
      // What stands there is worth nothing, so it may be written over at once.
      await this.#write(index, recordPosition(index), padded(copy ?? new Uint8Array(0), index), false);
    }
    return lost;
  }

  /** @throws EncryptionError `damaged` */
  async read(position: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.#size - position)));
    for (let done = 0; done < bytes.length; ) {
      const index = chunkAt(position + done);
      const at = position + done - chunkStart(index);
      const plain = (await this.#chunk(index)).subarray(at, at + bytes.length - done);
      bytes.set(plain, done);
      done += plain.length;
    }
    return bytes;
  }

  async truncate(size: number): Promise<void> {
    this.#size = Math.min(this.#size, size);
  }

  async append(bytes: Uint8Array): Promise<void> {
    const position = this.#size;
    this.#size += bytes.length;
    await this.#change(position, bytes);
  }

  async patch(position: number, bytes: Uint8Array): Promise<void> {
    checkPatch(position, bytes);
    await this.#change(position, bytes);
  }

  /** Brings all to the disk, as a finished file. */
  async sync(): Promise<void> {
    const { fd, files, fileBytes, header } = this.#file;
    if (header !== undefined) await writeFully(fd, header(), 0, files);
    const last = chunkAt(this.#size);
    const finalBytes = fileBytesFor(this.#size);
    const isFinished = this.#found.final && this.#found.full === last && fileBytes === finalBytes;
    if (isFinished && this.#changed.size === 0) return;
    const end = (await this.#chunk(last)).subarray(0, this.#size - chunkStart(last));
    const rewritten = [...this.#changed].filter(([index]) => index < last);
    // A write that is broken off takes what it was to replace with it, so first there is a copy behind the end.
    let free = Math.max(slotsIn(fileBytes), last + 1);
    for (const [index, plain] of rewritten) await this.#write(index, recordPosition(free++), plain, false);
    if (last < this.#found.full) await this.#write(last, recordPosition(free++), end, true);
    await files.sync(fd);
    for (const [index, plain] of rewritten) await this.#write(index, recordPosition(index), plain, false);
    await this.#write(last, recordPosition(last), end, true);
    await files.sync(fd);
    await files.truncate(fd, finalBytes);
    await files.sync(fd);
  }

  close(): Promise<void> {
    return this.#file.files.close(this.#file.fd);
  }

  async #change(position: number, bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const index = chunkAt(position + done);
      const at = position + done - chunkStart(index);
      const changed = this.#changed.get(index) ?? padded(await this.#chunk(index), index);
      const piece = bytes.subarray(done, done + changed.length - at);
      changed.set(piece, at);
      this.#changed.set(index, changed);
      done += piece.length;
    }
  }

  /** Plaintext of a chunk, at least as much of it as counts. */
  async #chunk(index: number): Promise<Uint8Array> {
    const changed = this.#changed.get(index);
    if (changed !== undefined) return changed;
    if (index === this.#found.full) return padded(this.#found.tail, index);
    if (index > this.#found.full) return new Uint8Array(chunkCapacity(index));
    const plain = await this.#inPlace(index);
    if (plain !== undefined) return plain;
    throw new EncryptionError(
      'damaged',
      `${this.#file.name} was changed since it was written, at byte ${recordPosition(index)} or behind`,
    );
  }

  async #inPlace(index: number): Promise<Uint8Array | undefined> {
    const opened = await readRecord(this.#file, index);
    return opened?.index === index && opened.length === chunkCapacity(index) ? opened.plain : undefined;
  }

  async #write(index: number, position: number, plain: Uint8Array, final: boolean): Promise<void> {
    const { fd, files } = this.#file;
    const length = this.#sealer.seal(index, plain, final, this.#record);
    await writeFully(fd, this.#record.subarray(0, length), position, files);
  }
}

/** Places of records that a file of this size reaches into, as far as a record can be there. */
function slotsIn(fileBytes: number): number {
  if (fileBytes < HEADER_BYTES + RECORD_OVERHEAD) return 0;
  const behind = fileBytes - FIRST_PAGE_BYTES - RECORD_OVERHEAD;
  return behind < 0 ? 1 : 2 + Math.floor(behind / RECORD_BYTES);
}

/** Walks from the end of the file to the last chunk that stands in its place. */
async function find(file: OpenFile): Promise<Found> {
  const copies = new Map<number, Uint8Array>();
  let full = 0;
  for (let slot = slotsIn(file.fileBytes) - 1; slot >= 0; slot--) {
    const opened = await readRecord(file, slot);
    if (opened === undefined || opened.index > slot) continue;
    const { index, plain, final } = opened;
    if (index < slot) {
      if (plain.length > (copies.get(index)?.length ?? 0)) copies.set(index, plain);
      continue;
    }
    if (plain.length < chunkCapacity(slot)) return { full: slot, tail: plain, copies, final };
    full = slot + 1;
    break;
  }
  // The copy of a full chunk says that it was in its place, until a crash broke off its being written again.
  while (copies.get(full)?.length === chunkCapacity(full)) full++;
  return { full, tail: copies.get(full) ?? new Uint8Array(0), copies, final: false };
}

async function readRecord(
  { fd, files, fileKey }: OpenFile,
  slot: number,
): Promise<ReturnType<typeof openRecord>> {
  const record = new Uint8Array(slot === 0 ? FIRST_PAGE_BYTES - HEADER_BYTES : RECORD_BYTES);
  const count = await readFully(fd, record, recordPosition(slot), files);
  return openRecord(record.subarray(0, count), fileKey);
}

/** A copy with the length of a full chunk. */
function padded(plain: Uint8Array, index: number): Uint8Array {
  const whole = new Uint8Array(chunkCapacity(index));
  whole.set(plain);
  return whole;
}
