import { createHash } from 'node:crypto';
import { type FileHandle, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import type { Logger } from '../log/logger.ts';
import type { Clock } from '../time/clock.ts';
import { makeFolder } from './make-folder.ts';

export interface BlobCacheOptions {
  readonly folder: string;
  /** Size of all files together, bytes. */
  readonly maxBytes: number;
  /** What lies in it, for the log: `cached speech`. */
  readonly what: string;
  /** Of the files' names. */
  readonly extension: string;
  /** Eight letters at their beginning: the kind of the content and its version. */
  readonly magic: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A file: magic (8 bytes), CRC-32 of the content and its length (u32 each, little-endian), the content. */
const HEADER_BYTES = 16;
const NAME = /^[0-9a-f]{64}\.[a-z]+$/;
/** A half-written file of a process that is gone. */
const STALE_MS = 3_600_000;
/** What may wait to be written: a slow disk must not fill the memory, bytes. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/**
 * Contents on disk by key, over restarts, the ones used longest ago deleted first. A cache may lose: whatever goes
 * wrong with it is logged, and what was kept is had anew. Files are readable by their owner alone.
 */
export class BlobCache {
  readonly #options: BlobCacheOptions;
  /** Sizes, in order of last use, oldest first. */
  readonly #entries = new Map<string, number>();
  #bytes = 0;
  #waitingBytes = 0;
  #opening: Promise<void> | undefined;
  /** The folder could not be used when it was last tried: told once, not for each content. */
  #isUnusable = false;
  #tail: Promise<void> = Promise.resolve();
  #temporary = 0;

  constructor(options: BlobCacheOptions) {
    this.#options = options;
  }

  /** The content, or undefined when there is none, or none that is sound. Never rejects. */
  async get(key: string): Promise<Buffer | undefined> {
    await this.#open();
    const name = this.#nameOf(key);
    if (!this.#entries.has(name)) return undefined;
    try {
      const content = this.#contentOf(await readFile(this.#path(name)));
      this.#used(name);
      const now = this.#options.clock.now() / 1000;
      await utimes(this.#path(name), now, now);
      return content;
    } catch (error) {
      const { log, what } = this.#options;
      log.warn({ err: error, file: this.#path(name) }, `${what} is unusable and is made anew`);
      await this.#remove(name);
      return undefined;
    }
  }

  /**
   * Stores behind the scenes, one file after the other, in the place of what the key has.
   * @param pieces of the content; must not change until they are stored
   */
  put(key: string, pieces: readonly Uint8Array[]): void {
    const size = HEADER_BYTES + pieces.reduce((sum, { length }) => sum + length, 0);
    if (size > this.#options.maxBytes || this.#waitingBytes + size > MAX_WAITING_BYTES) return;
    this.#waitingBytes += size;
    this.#tail = this.#tail
      .then(() => this.#store(this.#nameOf(key), pieces, size))
      .finally(() => {
        this.#waitingBytes -= size;
      });
  }

  /** What the key has is not to be had any more. */
  drop(key: string): void {
    this.#tail = this.#tail.then(async () => {
      await this.#open();
      const name = this.#nameOf(key);
      if (this.#entries.has(name)) await this.#remove(name);
    });
  }

  /** Resolves when everything put so far is on disk. */
  settled(): Promise<void> {
    return this.#tail;
  }

  async #store(name: string, pieces: readonly Uint8Array[], size: number): Promise<void> {
    await this.#open();
    const { folder, log, what } = this.#options;
    const temporary = this.#path(`${name}.${process.pid}-${this.#temporary++}.tmp`);
    let file: FileHandle | undefined;
    try {
      file = await this.#create(temporary);
      await file.writev([this.#headerOf(pieces), ...pieces]);
      if ((await file.stat()).size !== size) throw new Error('not all of it was written');
      await file.close();
      file = undefined;
      await rename(temporary, this.#path(name));
    } catch (error) {
      log.warn({ err: error, folder }, `${what} could not be written`);
      await file?.close().catch(() => {});
      await rm(temporary, { force: true }).catch(() => {});
      return;
    }
    this.#bytes += size - (this.#entries.get(name) ?? 0);
    this.#entries.delete(name);
    this.#entries.set(name, size);
    await this.#makeRoom();
  }

  async #create(temporary: string): Promise<FileHandle> {
    try {
      return await open(temporary, 'w', 0o600);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      // Somebody has removed the folder, to have room on the disk say.
      await makeFolder(this.#options.folder, 0o700);
      return await open(temporary, 'w', 0o600);
    }
  }

  #used(name: string): void {
    const size = this.#entries.get(name);
    if (size === undefined) return;
    this.#entries.delete(name);
    this.#entries.set(name, size);
  }

  async #remove(name: string): Promise<void> {
    this.#bytes -= this.#entries.get(name) ?? 0;
    this.#entries.delete(name);
    await rm(this.#path(name), { force: true }).catch((error: unknown) => {
      const { log, what } = this.#options;
      log.warn({ err: error, file: this.#path(name) }, `${what} could not be deleted`);
    });
  }

  #open(): Promise<void> {
    this.#opening ??= this.#scan().then(
      () => {
        this.#isUnusable = false;
      },
      (error: unknown) => {
        // A full disk, too many open files: that passes, so whoever comes next tries again.
        this.#opening = undefined;
        const { folder, log, what } = this.#options;
        if (!this.#isUnusable) log.warn({ err: error, folder }, `the folder of ${what} cannot be used`);
        this.#isUnusable = true;
      },
    );
    return this.#opening;
  }

  async #scan(): Promise<void> {
    const { folder, extension, clock } = this.#options;
    await makeFolder(folder, 0o700);
    const found: { name: string; bytes: number; usedAt: number }[] = [];
    for (const name of await readdir(folder)) {
      const isTemporary = name.endsWith('.tmp');
      if (!isTemporary && !(NAME.test(name) && name.endsWith(`.${extension}`))) continue;
      const info = await stat(this.#path(name)).catch(() => undefined);
      if (info === undefined) continue;
      if (!isTemporary) found.push({ name, bytes: info.size, usedAt: info.mtimeMs });
      else if (clock.now() - info.mtimeMs > STALE_MS)
        await rm(this.#path(name), { force: true }).catch(() => {});
    }
    found.sort((a, b) => a.usedAt - b.usedAt);
    for (const { name, bytes } of found) {
      // Stored while the folder could not be read.
      if (this.#entries.has(name)) continue;
      this.#entries.set(name, bytes);
      this.#bytes += bytes;
    }
    await this.#makeRoom();
  }

  async #makeRoom(): Promise<void> {
    while (this.#bytes > this.#options.maxBytes) {
      const [oldest] = this.#entries.keys();
      if (oldest === undefined) break;
      await this.#remove(oldest);
    }
  }

  #headerOf(pieces: readonly Uint8Array[]): Buffer {
    const header = Buffer.alloc(HEADER_BYTES);
    header.write(this.#options.magic, 'latin1');
    header.writeUInt32LE(
      pieces.reduce((sum, piece) => crc32(piece, sum), 0),
      8,
    );
    header.writeUInt32LE(
      pieces.reduce((sum, { length }) => sum + length, 0),
      12,
    );
    return header;
  }

  /** @throws Error when it is not whole */
  #contentOf(file: Buffer): Buffer {
    const { magic, what } = this.#options;
    if (file.length < HEADER_BYTES || file.toString('latin1', 0, 8) !== magic)
      throw new Error(`not a file of ${what}`);
    const content = file.subarray(HEADER_BYTES);
    if (content.length !== file.readUInt32LE(12)) throw new Error('its length is not right');
    if (crc32(content) !== file.readUInt32LE(8)) throw new Error('its checksum is not right');
    return content;
  }

  #nameOf(key: string): string {
    return `${createHash('sha256').update(key).digest('hex')}.${this.#options.extension}`;
  }

  #path(name: string): string {
    return path.join(this.#options.folder, name);
  }
}
