import { createHash } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { makeFolder } from '../files/make-folder.ts';
import type { Logger } from '../log/logger.ts';
import type { Clock } from '../time/clock.ts';

export interface DiskCacheOptions {
  readonly folder: string;
  /** Size of all files together, bytes. */
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Entry {
  readonly bytes: number;
}

/**
 * A file: magic (8 bytes), sample rate, sample count, CRC-32 of the samples (u32 each), then the samples; all
 * little-endian.
 */
const MAGIC = 'OSWSAY01';
const HEADER_BYTES = 20;
const NAME = /^[0-9a-f]{64}\.pcm$/;
/** A half-written file of a process that is gone. */
const STALE_MS = 3_600_000;

/**
 * Utterances on disk, the ones used longest ago deleted first. A cache may lose: whatever goes wrong with it is
 * logged, and the utterance is made anew.
 */
export class DiskCache {
  readonly #options: DiskCacheOptions;
  readonly #log: Logger;
  /** In order of last use, oldest first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  #opening: Promise<void> | undefined;
  #tail: Promise<void> = Promise.resolve();
  #temporary = 0;

  constructor(options: DiskCacheOptions) {
    this.#options = options;
    this.#log = options.log;
  }

  /** Samples on a SharedArrayBuffer, or undefined when there is no sound entry. Never rejects. */
  async get(key: string, sampleRate: number): Promise<Int16Array | undefined> {
    await this.#open();
    const name = fileName(key);
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    try {
      const samples = decode(await readFile(this.#path(name)), sampleRate);
      this.#entries.delete(name);
      this.#entries.set(name, entry);
      const now = this.#options.clock.now() / 1000;
      await utimes(this.#path(name), now, now);
      return samples;
    } catch (error) {
      this.#log.warn({ err: error, file: this.#path(name) }, 'cached speech is unusable and is made anew');
      await this.#remove(name);
      return undefined;
    }
  }

  /** Stores behind the scenes, one file after the other. */
  put(key: string, samples: Int16Array, sampleRate: number): void {
    this.#tail = this.#tail.then(() => this.#store(fileName(key), encode(samples, sampleRate)));
  }

  /** Resolves when everything put so far is on disk. */
  settled(): Promise<void> {
    return this.#tail;
  }

  async #store(name: string, content: Uint8Array): Promise<void> {
    await this.#open();
    if (this.#entries.has(name) || content.length > this.#options.maxBytes) return;
    const temporary = this.#path(`${name}.${process.pid}-${this.#temporary++}.tmp`);
    try {
      await writeFile(temporary, content);
      await rename(temporary, this.#path(name));
    } catch (error) {
      this.#log.warn({ err: error, folder: this.#options.folder }, 'speech could not be cached on disk');
      await rm(temporary, { force: true }).catch(() => {});
      return;
    }
    this.#entries.set(name, { bytes: content.length });
    this.#bytes += content.length;
    while (this.#bytes > this.#options.maxBytes) {
      const [oldest] = this.#entries.keys();
      if (oldest === undefined) break;
      await this.#remove(oldest);
    }
  }

  async #remove(name: string): Promise<void> {
    this.#bytes -= this.#entries.get(name)?.bytes ?? 0;
    this.#entries.delete(name);
    await rm(this.#path(name), { force: true }).catch((error: unknown) => {
      this.#log.warn({ err: error, file: this.#path(name) }, 'cached speech could not be deleted');
    });
  }

  #open(): Promise<void> {
    this.#opening ??= this.#scan().catch((error: unknown) => {
      this.#log.warn(
        { err: error, folder: this.#options.folder },
        'the folder of cached speech cannot be used',
      );
    });
    return this.#opening;
  }

  async #scan(): Promise<void> {
    await makeFolder(this.#options.folder);
    const found: { name: string; bytes: number; usedAt: number }[] = [];
    for (const name of await readdir(this.#options.folder)) {
      const isTemporary = name.endsWith('.tmp');
      if (!isTemporary && !NAME.test(name)) continue;
      const info = await stat(this.#path(name)).catch(() => undefined);
      if (info === undefined) continue;
      if (!isTemporary) found.push({ name, bytes: info.size, usedAt: info.mtimeMs });
      else if (this.#options.clock.now() - info.mtimeMs > STALE_MS)
        await rm(this.#path(name), { force: true });
    }
    found.sort((a, b) => a.usedAt - b.usedAt);
    for (const { name, bytes } of found) {
      this.#entries.set(name, { bytes });
      this.#bytes += bytes;
    }
  }

  #path(name: string): string {
    return path.join(this.#options.folder, name);
  }
}

function fileName(key: string): string {
  return `${createHash('sha256').update(key).digest('hex')}.pcm`;
}

function encode(samples: Int16Array, sampleRate: number): Uint8Array {
  const content = Buffer.alloc(HEADER_BYTES + samples.byteLength);
  content.write(MAGIC, 'latin1');
  content.writeUInt32LE(sampleRate, 8);
  content.writeUInt32LE(samples.length, 12);
  content.set(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength), HEADER_BYTES);
  content.writeUInt32LE(crc32(content.subarray(HEADER_BYTES)), 16);
  return content;
}

function decode(content: Buffer, sampleRate: number): Int16Array {
  if (content.length < HEADER_BYTES || content.toString('latin1', 0, 8) !== MAGIC) {
    throw new Error('not a file of cached speech');
  }
  const length = content.readUInt32LE(12);
  const data = content.subarray(HEADER_BYTES);
  if (content.readUInt32LE(8) !== sampleRate || data.length !== 2 * length) {
    throw new Error('its length or sample rate is not right');
  }
  if (crc32(data) !== content.readUInt32LE(16)) throw new Error('its checksum is not right');
  const shared = new SharedArrayBuffer(data.length);
  new Uint8Array(shared).set(data);
  return new Int16Array(shared);
}
