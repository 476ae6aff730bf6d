import { recordingIdOfPath } from '../recording/recording-path.ts';
import { StorageError } from './errors.ts';
import type { FileStore, StoredFile } from './file-store.ts';
import { isUnfinishedName } from './tiered-files.ts';
import type { Uploads } from './uploads.ts';

/**
 * Local files where no object store is set. Recordings may have moved to one nevertheless, when it was set, or by the
 * server beside this command: what is there is not taken for removed, or nobody would ever look for it again.
 */
export class FilesWithoutStore implements FileStore {
  readonly #local: FileStore;
  readonly #uploads: Pick<Uploads, 'get'>;

  constructor(local: FileStore, uploads: Pick<Uploads, 'get'>) {
    this.#local = local;
    this.#uploads = uploads;
  }

  open(name: string): Promise<StoredFile | undefined> {
    return this.#local.open(name);
  }

  /** @throws StorageError `unreachable` when there is an object of it; the local file is gone then */
  async remove(name: string, signal?: AbortSignal): Promise<boolean> {
    const hadLocal = await this.#local.remove(name, signal);
    if (isUnfinishedName(name) || this.#uploads.get(recordingIdOfPath(name))?.state !== 'stored')
      return hadLocal;
    throw new StorageError(
      'unreachable',
      `${name}: it is in an object store, and none is set here: set storage.s3 as it was, or is for the server`,
    );
  }
}
