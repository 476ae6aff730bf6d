import { createReadStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { StorageError, toStorageError } from './errors.ts';

/** Where finished recordings lie: bytes under a relative path. */
export interface FileStore {
  /** Size in bytes and time of the last change, Unix ms; undefined when there is no such file. @throws StorageError */
  stat(name: string): Promise<{ readonly size: number; readonly modifiedMs: number } | undefined>;
  /** Bytes `start` to `end`, both included; fails with the stream's `error` event. @throws StorageError */
  read(name: string, range: { readonly start: number; readonly end: number }): Readable;
  /** Durable when it resolves. @returns whether there was such a file @throws StorageError */
  remove(name: string): Promise<boolean>;
}

/** Files below one folder. */
export class LocalFiles implements FileStore {
  readonly #root: string;

  /** @param root the data folder */
  constructor(root: string) {
    this.#root = path.resolve(root);
  }

  async stat(name: string): Promise<{ readonly size: number; readonly modifiedMs: number } | undefined> {
    const file = this.#resolve(name);
    try {
      const found = await stat(file);
      return found.isFile() ? { size: found.size, modifiedMs: found.mtimeMs } : undefined;
    } catch (error) {
      return undefinedIfMissing(error, file);
    }
  }

  read(name: string, range: { readonly start: number; readonly end: number }): Readable {
    return createReadStream(this.#resolve(name), range);
  }

  async remove(name: string): Promise<boolean> {
    const file = this.#resolve(name);
    try {
      await rm(file);
      await syncFolder(path.dirname(file));
      return true;
    } catch (error) {
      undefinedIfMissing(error, file);
      return false;
    }
  }

  #resolve(name: string): string {
    const file = path.resolve(this.#root, name);
    if (file.startsWith(this.#root + path.sep)) return file;
    throw new StorageError('cannot_open', `The path ${JSON.stringify(name)} leads out of ${this.#root}.`);
  }
}

/** A power cut must not bring a removed file back. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function undefinedIfMissing(error: unknown, file: string): undefined {
  const wrapped = toStorageError(error, file);
  if (wrapped.code === 'not_found') return undefined;
  throw wrapped;
}
