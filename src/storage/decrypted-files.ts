import { DecryptedSource } from '../recording/encryption/decrypted-source.ts';
import type { KeyRing } from '../recording/encryption/keys.ts';
import { isEncryptedPath, recordingIdOfPath } from '../recording/recording-path.ts';
import type { FileStore, StoredFile } from './file-store.ts';

/**
 * Another store, with encrypted recordings as what is inside them. Each is checked to be the recording that its
 * name says.
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
    if (file === undefined || !isEncryptedPath(name)) return file;
    const recordingId = recordingIdOfPath(name);
    const plain = await DecryptedSource.open(file, { keys: this.#keys, name, recordingId });
    return { size: plain.size, modifiedMs: file.modifiedMs, read: (range) => plain.read(range) };
  }

  remove(name: string): Promise<boolean> {
    return this.#inner.remove(name);
  }
}
