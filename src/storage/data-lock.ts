import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** So long may {@link isLocked} of another process be in the way, ms. */
const LOCK_TIMEOUT_MS = 200;

/** Whether a server works on `directory` right now. @throws StorageError */
export function isLocked(directory: string): boolean {
  const file = path.join(directory, LOCK_FILE);
  if (!existsSync(file)) return false;
  let handle: DatabaseSync | undefined;
  try {
    handle = new DatabaseSync(file, { readOnly: true, timeout: 0 });
    // Reading takes a shared lock, for as long as it reads.
    handle.prepare('SELECT 1 FROM sqlite_schema').get();
    return false;
  } catch (error) {
    const wrapped = toStorageError(error, file);
    if (wrapped.code === 'locked') return true;
    throw wrapped;
  } finally {
    handle?.close();
  }
}

/** Held until they are released: one that is collected as garbage would free its folder. */
const heldLocks = new Set<DatabaseSync>();

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
    handle = new DatabaseSync(file, { timeout: LOCK_TIMEOUT_MS });
    handle.exec('BEGIN EXCLUSIVE');
    writeFileSync(pidFile, `${process.pid}\n${os.hostname()}\n`);
  } catch (error) {
    handle?.close();
    const wrapped = toStorageError(error, file);
    throw wrapped.code === 'locked' ? alreadyLocked(directory, pidFile, error) : wrapped;
  }
  const held = handle;
  heldLocks.add(held);
  return {
    release: () => {
      if (!held.isOpen) return;
      rmSync(pidFile, { force: true });
      heldLocks.delete(held);
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
