import type { ByteSource } from '../recording/byte-source.ts';

/** What clients shall be told of a file that they fetch by a link. */
export interface FileLink {
  readonly contentType: string;
  /** `Content-Disposition`. */
  readonly disposition: string;
}

/** A finished file, as it was when it was opened. */
export interface StoredFile extends ByteSource {
  /** Of the last change, Unix ms. */
  readonly modifiedMs: number;
  /** Makes a URL where clients fetch the file by themselves, for a few minutes; undefined where they cannot. */
  readonly link?: (as: FileLink) => Promise<string>;
}

/** Where finished recordings lie: files under names with slashes. */
export interface FileStore {
  /**
   * Undefined when there is no such file. What is read of it later may fail with `not_found`, since it can be removed.
   * @throws StorageError
   */
  open(name: string): Promise<StoredFile | undefined>;
  /**
   * Durable when it resolves.
   * @param signal breaks off what waits for a store elsewhere
   * @returns whether there was such a file
   * @throws StorageError
   */
  remove(name: string, signal?: AbortSignal): Promise<boolean>;
}
