import type { Clock } from '../time/clock.ts';
import type { CreateTarget } from './byte-target.ts';
import { EncryptedTarget } from './encryption/encrypted-target.ts';
import type { RecordingKey } from './encryption/keys.ts';
import type { FileSystem } from './file-system.ts';
import { FileTarget } from './file-target.ts';
import { isEncryptedPath, recordingIdOfPath } from './recording-path.ts';

export interface DiskTargetsOptions {
  readonly clock: Clock;
  /** Encrypts files whose name says that they are encrypted. */
  readonly key: RecordingKey | undefined;
  /** Default: those of Node. */
  readonly files?: FileSystem | undefined;
}

/**
 * Files on disk, encrypted where their name says so.
 * @throws Error from the function made, for an encrypted file without a key: it is never written as it is
 */
export function diskTargets({ clock, key, files }: DiskTargetsOptions): CreateTarget {
  return (path, maxQueuedBytes) => {
    const options = {
      clock,
      ...(files !== undefined && { files }),
      ...(maxQueuedBytes !== undefined && { maxQueuedBytes }),
    };
    if (!isEncryptedPath(path)) return new FileTarget(path, options);
    if (key === undefined) throw new Error(`${path} is to be encrypted, but there is no key`);
    return new EncryptedTarget(path, { ...options, key, recordingId: recordingIdOfPath(path) });
  };
}
