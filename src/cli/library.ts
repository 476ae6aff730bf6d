import { ConfigError } from '../server/config-error.ts';
import { RecordingLibrary } from '../server/library.ts';
import { RealClock } from '../time/real-clock.ts';
import { type DataFolderFlags, dataFolderConfig, withDatabase } from './data-folder.ts';
import { UsageError } from './errors.ts';

/**
 * Gives `work` the recordings of a data folder, whether a server runs on it or not.
 * @throws UsageError when the folder or the settings cannot be used
 */
export async function withLibrary(
  flags: DataFolderFlags,
  work: (library: RecordingLibrary) => void | Promise<void>,
): Promise<void> {
  const config = dataFolderConfig(flags);
  try {
    await withDatabase(config, async (database) => {
      const library = new RecordingLibrary(config, database, new RealClock());
      try {
        await work(library);
      } finally {
        await library.close();
      }
    });
  } catch (cause) {
    if (cause instanceof ConfigError) throw new UsageError(cause.message, { cause });
    throw cause;
  }
}
