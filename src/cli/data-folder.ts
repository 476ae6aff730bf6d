/** Options and opening of a data folder, for commands that an operator runs beside the server or without it. */
import type { Command } from 'commander';

import { ConfigError } from '../server/config-error.ts';
import type { Config } from '../server/config-keys.ts';
import { loadConfig } from '../server/config.ts';
import { Database } from '../storage/database.ts';
import { StorageError } from '../storage/errors.ts';
import { UsageError } from './errors.ts';

export interface DataFolderFlags {
  readonly config?: string;
  readonly data?: string;
}

/** Adds `--data` and `--config`. */
export function addDataFolderOptions(command: Command): Command {
  return command
    .option('--data <folder>', 'data folder of the server (default: ./data)')
    .option('-c, --config <file>', 'settings of the server (default: openswml.yaml, if there)');
}

/** The settings that the server on this folder would use. @throws UsageError naming every setting that is wrong */
export function dataFolderConfig(flags: DataFolderFlags): Config {
  const values = flags.data === undefined ? {} : { data_dir: flags.data };
  try {
    return loadConfig({ file: flags.config, env: process.env, flags: values, cwd: process.cwd() }).config;
  } catch (cause) {
    if (cause instanceof ConfigError) throw new UsageError(cause.message, { cause });
    throw cause;
  }
}

/**
 * Gives `work` the database of the folder, whether a server runs on it or not, and closes it.
 * @throws UsageError when there is none, or it cannot be used
 */
export async function withDatabase<T>(
  config: Config,
  work: (database: Database) => T | Promise<T>,
): Promise<T> {
  let database: Database | undefined;
  try {
    database = Database.openShared(config.data_dir);
    return await work(database);
  } catch (cause) {
    if (cause instanceof StorageError) throw new UsageError(cause.message, { cause });
    throw cause;
  } finally {
    database?.close();
  }
}
