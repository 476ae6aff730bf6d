import { createReadStream, type Dir } from 'node:fs';
import { open, opendir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { ignoreUnsupported } from '../files/folder-sync.ts';
import { StorageError, toStorageError } from './errors.ts';
import type { FileStore, StoredFile } from './file-store.ts';

/** Files below one folder. */
export class LocalFiles implements FileStore {
  readonly #root: string;

  /** @param root the data folder */
  constructor(root: string) {
    this.#root = path.resolve(root);
  }

  async open(name: string): Promise<StoredFile | undefined> {
    const file = this.#resolve(name);
    try {
      const found = await stat(file);
      if (!found.isFile()) return undefined;
      const read: StoredFile['read'] = (range) => createReadStream(file, range);
      return { size: found.size, modifiedMs: found.mtimeMs, read };
    } catch (error) {
      return undefinedIfMissing(error, file);
    }
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

  /** Every file below `folder`, in no order; none when there is no such folder. @throws StorageError */
  async *list(folder: string): AsyncGenerator<string> {
    const root = this.#resolve(folder);
    let entries: Dir;
    try {
      entries = await opendir(root, { recursive: true });
    } catch (error) {
      undefinedIfMissing(error, root);
      return;
    }
    for await (const entry of entries) {
      if (entry.isFile()) yield path.relative(this.#root, path.join(entry.parentPath, entry.name));
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
    await handle.sync().catch(ignoreUnsupported);
  } finally {
    await handle.close();
  }
}

function undefinedIfMissing(error: unknown, file: string): undefined {
  const wrapped = toStorageError(error, file);
  if (wrapped.code === 'not_found') return undefined;
  throw wrapped;
}
