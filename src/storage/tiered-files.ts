import { Readable } from 'node:stream';
import type { ByteRange } from '../recording/byte-source.ts';
import { toStorageError } from './errors.ts';
import type { FileStore, StoredFile } from './file-store.ts';

/** Whether a file is one that still grows, or waits to be encoded, by its name. */
export function isUnfinishedName(name: string): boolean {
  return /\.(?:part|pcm)$/.test(name);
}

/**
 * Local files first, then those of another store, to which they move. Who has opened one that moves meanwhile
 * reads on from where it is.
 */
export class TieredFiles implements FileStore {
  readonly #local: FileStore;
  readonly #remote: FileStore;

  constructor(local: FileStore, remote: FileStore) {
    this.#local = local;
    this.#remote = remote;
  }

  async open(name: string): Promise<StoredFile | undefined> {
    const file = await this.#local.open(name);
    if (file === undefined) return await this.#finished(name, () => this.#remote.open(name));
    const read = (range: ByteRange): Readable =>
      Readable.from(this.#readOn(name, file, range), { objectMode: false });
    return { size: file.size, modifiedMs: file.modifiedMs, read };
  }

  /** From both. @throws StorageError; when it comes from the other store, the local file is gone already */
  async remove(name: string, signal?: AbortSignal): Promise<boolean> {
    const hadLocal = await this.#local.remove(name);
    const hadRemote = await this.#finished(name, () => this.#remote.remove(name, signal));
    return hadLocal || hadRemote === true;
  }

  /** What still grows is never anywhere else. */
  async #finished<T>(name: string, ask: () => Promise<T>): Promise<T | undefined> {
    return isUnfinishedName(name) ? undefined : await ask();
  }

  async *#readOn(name: string, file: StoredFile, range: ByteRange): AsyncGenerator<Buffer> {
    let begun = false;
    try {
      for await (const piece of file.read(range)) {
        begun = true;
        yield piece as Buffer;
      }
      return;
    } catch (error) {
      if (begun || toStorageError(error, name).code !== 'not_found') throw error;
    }
    const moved = await this.#remote.open(name);
    if (moved === undefined) throw toStorageError(Object.assign(new Error(name), { code: 'ENOENT' }), name);
    for await (const piece of moved.read(range)) yield piece as Buffer;
  }
}
