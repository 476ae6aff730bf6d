import { readFileSync, statSync } from 'node:fs';
import type { Logger } from '../log/logger.ts';
import { KeyRing, parseKey } from '../recording/encryption/keys.ts';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import type { Config } from './config-keys.ts';

/** Keys of recordings, as the settings name them. */
export interface RecordingKeys {
  readonly ring: KeyRing;
  /** The bytes of the current key, for the threads that write; undefined: recordings are not encrypted. */
  readonly current: Uint8Array | undefined;
}

/** A key takes 65 characters at most. */
const MAX_FILE_BYTES = 1024;

/**
 * Reads the keys that recordings are encrypted with.
 * @throws ConfigError with every file that cannot be read or holds no key; never with anything out of one
 */
export function loadRecordingKeys(config: Pick<Config, 'recording'>, log: Logger): RecordingKeys {
  const { key, key_file: keyFile, previous_key_files: previousFiles } = config.recording.encryption;
  const problems: ConfigProblem[] = [];
  if (key !== undefined && keyFile !== undefined) {
    problems.push({
      where: 'recording.encryption.key',
      message: 'expected either a key or a key_file, found both: one would be ignored',
    });
  }
  const read = (file: string): Uint8Array | undefined => {
    try {
      if (statSync(file).size > MAX_FILE_BYTES) throw new Error('the file is too large for a key');
      const bytes = parseKey(readFileSync(file, 'utf8'));
      if ((statSync(file).mode & 0o077) !== 0) {
        log.warn({ file }, 'a key of recordings can be read by other users: chmod 600 it');
      }
      return bytes;
    } catch (error) {
      problems.push({ where: file, message: error instanceof Error ? error.message : String(error) });
      return undefined;
    }
  };
  const current = keyFile === undefined ? key : read(keyFile);
  const previous = previousFiles.flatMap((file) => read(file) ?? []);
  if (problems.length > 0) throw new ConfigError(problems);
  return { ring: new KeyRing(current, previous), current };
}
