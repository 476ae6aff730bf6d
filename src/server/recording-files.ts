import type { KeyRing } from '../recording/encryption/keys.ts';
import { DecryptedFiles } from '../storage/decrypted-files.ts';
import type { FileStore } from '../storage/file-store.ts';
import { LocalFiles } from '../storage/local-files.ts';
import { S3Files } from '../storage/s3/s3-files.ts';
import { TieredFiles } from '../storage/tiered-files.ts';
import type { Clock } from '../time/clock.ts';
import type { Config } from './config-keys.ts';
import type { ObjectStore } from './object-store.ts';

/**
 * Where the finished recordings of this configuration lie: for the server, and for commands beside it.
 * @param store the object store that they move to, if there is one
 */
export function recordingFiles(
  config: Pick<Config, 'data_dir'>,
  keys: KeyRing,
  store: ObjectStore | undefined,
  clock: Clock,
): FileStore {
  const local = new LocalFiles(config.data_dir);
  if (store === undefined) return new DecryptedFiles(local, keys);
  return new DecryptedFiles(
    new TieredFiles(local, new S3Files(store.client, { links: store.links, clock })),
    keys,
  );
}
