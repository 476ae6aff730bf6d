import type { ByteSource } from '../recording/byte-source.ts';

/** A finished file, as it was when it was opened. */
export interface StoredFile extends ByteSource {
  /** Of the last change, Unix ms. */
  readonly modifiedMs: number;
}

/** Where finished recordings lie: files under names with slashes. */
export interface FileStore {
  /**
   * Undefined when there is no such file. What is read of it later may fail with `not_found`, since it can be removed.
   * @throws StorageError
   */
  open(name: string): Promise<StoredFile | undefined>;
  /** Durable when it resolves. @returns whether there was such a file @throws StorageError */
  remove(name: string): Promise<boolean>;
}
