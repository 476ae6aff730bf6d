import { type FileSystem, nodeFileSystem, readFully, writeFully } from './file-system.ts';

/**
 * A file of a recording, finished or not, that is open for repair. Positions and sizes count bytes of the
 * recording, whatever the file makes of them.
 */
export interface RepairFile {
  readonly size: number;
  /** @returns fewer bytes than asked for only at the end of the file */
  read(position: number, length: number): Promise<Uint8Array>;
  /** Cuts off what lies behind `size`. */
  truncate(size: number): Promise<void>;
  append(bytes: Uint8Array): Promise<void>;
  /** Writes over bytes that are there, where {@link ByteTarget.patch} may. */
  patch(position: number, bytes: Uint8Array): Promise<void>;
  /** Makes contents and size durable. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Opens an existing file for repair. */
export type OpenRepairFile = (path: string, files: FileSystem) => Promise<RepairFile>;

/** A file whose bytes are those of the recording. */
export async function openPlainFile(path: string, files: FileSystem = nodeFileSystem): Promise<RepairFile> {
  const fd = await files.open(path);
  return new PlainFile(fd, (await files.size(path)) ?? 0, files);
}

class PlainFile implements RepairFile {
  readonly #fd: number;
  readonly #files: FileSystem;
  #size: number;

  constructor(fd: number, size: number, files: FileSystem) {
    this.#fd = fd;
    this.#size = size;
    this.#files = files;
  }

  get size(): number {
    return this.#size;
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.#size - position)));
    return bytes.subarray(0, await readFully(this.#fd, bytes, position, this.#files));
  }

  async truncate(size: number): Promise<void> {
    await this.#files.truncate(this.#fd, size);
    this.#size = size;
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.patch(this.#size, bytes);
    this.#size += bytes.length;
  }

  patch(position: number, bytes: Uint8Array): Promise<void> {
    return writeFully(this.#fd, bytes, position, this.#files);
  }

  sync(): Promise<void> {
    return this.#files.sync(this.#fd);
  }

  close(): Promise<void> {
    return this.#files.close(this.#fd);
  }
}

/** Bytes in memory as a file. */
export class MemoryFile implements RepairFile {
  #bytes: Buffer;

  /** @param bytes are copied */
  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes);
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get size(): number {
    return this.#bytes.length;
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    return this.#bytes.subarray(position, position + length);
  }

  async truncate(size: number): Promise<void> {
    this.#bytes = this.#bytes.subarray(0, size);
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
  }

  async patch(position: number, bytes: Uint8Array): Promise<void> {
    this.#bytes.set(bytes, position);
  }

  async sync(): Promise<void> {}

  async close(): Promise<void> {}
}
