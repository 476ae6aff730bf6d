import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StorageError, toStorageError } from './errors.ts';

/** The right to be the only server on a data folder. */
export interface DataLock {
  release(): void;
}

export const LOCK_FILE = 'openswml.lock';
/** Two lines, process id and host name of the holder: for the message to the second one, and for operators. */
export const PID_FILE = 'openswml.pid';

/**
 * Locks `directory` for this process. The lock is the kernel's own lock on an empty SQLite file: it ends
 * with the process, also after `kill -9`, and cannot go stale as a bare process id does (in containers every
 * server is process 1). The database itself stays readable for other programs.
 * @throws StorageError `locked` when another process (or this one) holds it
 */
export function lockDataFolder(directory: string): DataLock {
  const file = path.join(directory, LOCK_FILE);
  const pidFile = path.join(directory, PID_FILE);
  let handle: DatabaseSync | undefined;
  try {
    handle = new DatabaseSync(file, { timeout: 0 });
    handle.exec('BEGIN EXCLUSIVE');
    writeFileSync(pidFile, `${process.pid}\n${os.hostname()}\n`);
  } catch (error) {
    handle?.close();
    const wrapped = toStorageError(error, file);
    throw wrapped.code === 'locked' ? alreadyLocked(directory, pidFile, error) : wrapped;
  }
  const held = handle;
  return {
    release: () => {
      if (!held.isOpen) return;
      rmSync(pidFile, { force: true });
      held.close();
    },
  };
}

function alreadyLocked(directory: string, pidFile: string, cause: unknown): StorageError {
  return new StorageError(
    'locked',
    `Another OpenSWML server${describeHolder(pidFile)} already works on the data folder ${directory}. ` +
      'Stop it first, or give this one a data_dir of its own.',
    { cause },
  );
}

function describeHolder(pidFile: string): string {
  try {
    const [pid, host] = readFileSync(pidFile, 'utf8').split('\n');
    return pid === undefined || !/^\d+$/.test(pid) ? '' : ` (process ${pid} on ${host})`;
  } catch {
    // The holder writes the file a moment after it has the lock.
    return '';
  }
}
