import type { KeyRing } from '../recording/encryption/keys.ts';
import { DecryptedFiles } from '../storage/decrypted-files.ts';
import type { FileStore } from '../storage/file-store.ts';
import { LocalFiles } from '../storage/local-files.ts';
import type { Config } from './config-keys.ts';

/** Where the finished recordings of this configuration lie: for the server, and for commands beside it. */
export function recordingFiles(config: Config, keys: KeyRing): FileStore {
  return new DecryptedFiles(new LocalFiles(config.data_dir), keys);
}
