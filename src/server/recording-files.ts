import type { KeyRing } from '../recording/encryption/keys.ts';
import { DecryptedFiles } from '../storage/decrypted-files.ts';
import type { FileStore } from '../storage/file-store.ts';
import { FilesWithoutStore } from '../storage/files-without-store.ts';
import { LocalFiles } from '../storage/local-files.ts';
import { S3Files } from '../storage/s3/s3-files.ts';
import { TieredFiles } from '../storage/tiered-files.ts';
import type { Uploads } from '../storage/uploads.ts';
import type { Clock } from '../time/clock.ts';
import type { Config } from './config-keys.ts';
import type { ObjectStore } from './object-store.ts';

/**
 * Where the finished recordings of this configuration lie: for the server, and for commands beside it.
 * @param store the object store that they move to, if one is set
 * @param uploads which ones have moved to one
 */
export function recordingFiles(
  config: Pick<Config, 'data_dir'>,
  keys: KeyRing,
  store: ObjectStore | undefined,
  uploads: Uploads,
  clock: Clock,
): FileStore {
  const local = new LocalFiles(config.data_dir);
  if (store === undefined) return new DecryptedFiles(new FilesWithoutStore(local, uploads), keys);
  return new DecryptedFiles(
    new TieredFiles(local, new S3Files(store.client, { links: store.links, clock })),
    keys,
  );
}
