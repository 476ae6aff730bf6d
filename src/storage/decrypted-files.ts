import { DecryptedSource } from '../recording/encryption/decrypted-source.ts';
import type { KeyRing } from '../recording/encryption/keys.ts';
import { ENCRYPTED_SUFFIX, recordingIdOfPath } from '../recording/recording-path.ts';
import { toStorageError } from './errors.ts';
import type { FileStore, StoredFile } from './file-store.ts';

/**
 * Another store, with finished encrypted recordings as what is inside them. Each is checked to be the recording
 * that its name says. What is not finished (`.part`) is as it lies there.
 */
export class DecryptedFiles implements FileStore {
  readonly #inner: FileStore;
  readonly #keys: KeyRing;

  constructor(inner: FileStore, keys: KeyRing) {
    this.#inner = inner;
    this.#keys = keys;
  }

  /** @throws StorageError; EncryptionError when it cannot be decrypted, before anything of it is read */
  async open(name: string): Promise<StoredFile | undefined> {
    const file = await this.#inner.open(name);
    if (file === undefined || !name.endsWith(ENCRYPTED_SUFFIX)) return file;
    const recordingId = recordingIdOfPath(name);
    let plain: DecryptedSource;
    try {
      plain = await DecryptedSource.open(file, { keys: this.#keys, name, recordingId });
    } catch (cause) {
      // Removed between the look at it and the reading of its header.
      if (toStorageError(cause, name).code === 'not_found') return undefined;
      throw cause;
    }
    return { size: plain.size, modifiedMs: file.modifiedMs, read: (range) => plain.read(range) };
  }

  remove(name: string, signal?: AbortSignal): Promise<boolean> {
    return this.#inner.remove(name, signal);
  }
}
