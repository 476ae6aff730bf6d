/** What has to be on the disk before the database can be opened. */
import { closeSync, openSync } from 'node:fs';
import { makeFolderSync } from '../files/make-folder.ts';
import { errorCode } from '../recording/file-system.ts';
import { StorageError } from './errors.ts';

/** As of recordings: only the service's user and group may read it. SQLite makes what lies beside it with the same. */
const FILE_MODE = 0o640;

/**
 * Makes the data folder, and those above it, where they are missing.
 * @throws the error of the system, or a StorageError where that says no more than that it is missing
 */
export function makeDataFolder(directory: string): void {
  try {
    makeFolderSync(directory, 0o700);
  } catch (cause) {
    if (errorCode(cause) !== 'ENOENT') throw cause;
    const message = `${directory} is not there and cannot be made. Set data_dir to a folder on a disk.`;
    throw new StorageError('cannot_open', message, { cause });
  }
}

/**
 * Makes the file of the database, empty, where it is missing.
 * Who made the folder (systemd, a package) may have left it open to others, and callbacks have passwords in their URLs.
 * A file that is there is not opened: to close it here would free the locks that this process has on it.
 * @throws the error of the system
 */
export function makeDatabaseFile(file: string): void {
  try {
    closeSync(openSync(file, 'wx', FILE_MODE));
  } catch (cause) {
    if (errorCode(cause) !== 'EEXIST') throw cause;
  }
}
