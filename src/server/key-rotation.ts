import path from 'node:path';
import type { KeyRing } from '../recording/encryption/keys.ts';
import { rewrapFile } from '../recording/encryption/rewrap.ts';
import { nodeFileSystem } from '../recording/file-system.ts';
import { isEncryptedPath } from '../recording/recording-path.ts';
import { isLocked } from '../storage/data-lock.ts';
import { LocalFiles } from '../storage/local-files.ts';

/** What became of one file. */
export interface RotatedFile {
  /** Relative to the data folder. */
  readonly name: string;
  readonly outcome: 'moved' | 'already' | 'failed';
  /** With `failed`. */
  readonly error?: string;
}

/**
 * Moves every encrypted file of a data folder to the current key; also beside the server that works on it, whose
 * unfinished files are left alone.
 * @throws StorageError; TypeError without a current key
 */
export async function* rotateKeys(dataDir: string, keys: KeyRing): AsyncGenerator<RotatedFile> {
  const serverRuns = isLocked(dataDir);
  for await (const name of new LocalFiles(dataDir).list('recordings')) {
    if (!isEncryptedPath(name) || (serverRuns && name.endsWith('.part'))) continue;
    try {
      const moved = await rewrapFile(path.join(dataDir, name), keys, nodeFileSystem);
      yield { name, outcome: moved ? 'moved' : 'already' };
    } catch (error) {
      // Deleted meanwhile, it need not be moved.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      yield { name, outcome: 'failed', error: error instanceof Error ? error.message : String(error) };
    }
  }
}
