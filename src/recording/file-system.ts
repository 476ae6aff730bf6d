import * as fs from 'node:fs';
import path from 'node:path';

import { SharedWork } from './shared-work.ts';
import { ignoreUnsupported } from '../files/folder-sync.ts';
import { makeFolder } from '../files/make-folder.ts';

/** @param written bytes, which may be fewer than asked for; @param error in the place of them */
export type OnWritten = (written: number, error?: Error) => void;

/** The few file operations that recordings need; tests put a disk with faults in its place. */
export interface FileSystem {
  /** Creates a file that must not exist yet; makes its folders. */
  create(file: string): Promise<number>;
  /** Opens an existing file for reading and writing. */
  open(file: string): Promise<number>;
  /** @returns bytes written, which may be fewer than asked for */
  write(fd: number, bytes: Uint8Array, position: number): Promise<number>;
  /**
   * As {@link write}, but may wait a moment for other writes to go with it, unless {@link hurry} is called.
   * @param onWritten called once, later: a promise for each of so many small writes costs as much as they do
   */
  writeTogether?(fd: number, bytes: Uint8Array, position: number, onWritten: OnWritten): void;
  /** Those that wait go now. */
  hurry?(): void;
  /** @returns bytes read, 0 at the end */
  read(fd: number, bytes: Uint8Array, position: number): Promise<number>;
  truncate(fd: number, length: number): Promise<void>;
  /** Makes contents and size durable. */
  sync(fd: number): Promise<void>;
  close(fd: number): Promise<void>;
  /** Renames within one folder and makes the new name durable. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; no error when it is not there. */
  remove(file: string): Promise<void>;
  /** Size in bytes, or undefined when there is no such file. */
  size(file: string): Promise<number | undefined>;
}

/** Recordings are private: only the service's user and group may read them. */
const FILE_MODE = 0o640;
const FOLDER_MODE = 0o750;

/** What makes names durable: files that end at the same time share it. */
const folderSyncs = new SharedWork(async (folder: string) => {
  const fd = await openFile(folder, 'r');
  try {
    await settle((done) => fs.fsync(fd, done)).catch(ignoreUnsupported);
  } finally {
    // Of a folder that was only read: the system has nothing to wait for.
    fs.closeSync(fd);
  }
});

/** The machine's files. Plain callbacks underneath: half the cost of `fs.promises` for small writes. */
export const nodeFileSystem: FileSystem = {
  async create(file) {
    try {
      return await openFile(file, 'wx');
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      await makeFolder(path.dirname(file), FOLDER_MODE);
      return openFile(file, 'wx');
    }
  },
  open(file) {
    return openFile(file, 'r+');
  },
  write(fd, bytes, position) {
    return new Promise((resolve, reject) => {
      fs.write(fd, bytes, 0, bytes.length, position, (error, written) =>
        error ? reject(error) : resolve(written),
      );
    });
  },
  read(fd, bytes, position) {
    return new Promise((resolve, reject) => {
      fs.read(fd, bytes, 0, bytes.length, position, (error, count) =>
        error ? reject(error) : resolve(count),
      );
    });
  },
  truncate(fd, length) {
    return settle((done) => fs.ftruncate(fd, length, done));
  },
  sync(fd) {
    return settle((done) => fs.fdatasync(fd, done));
  },
  close(fd) {
    return settle((done) => fs.close(fd, done));
  },
  async rename(from, to) {
    await settle((done) => fs.rename(from, to, done));
    await folderSyncs.do(path.dirname(to));
  },
  async remove(file) {
    await fs.promises.rm(file, { force: true });
  },
  async size(file) {
    try {
      return (await fs.promises.stat(file)).size;
    } catch (error) {
      if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
      throw error;
    }
  },
};

/** Fills `bytes` from `position` on. @returns bytes read: fewer only where the file ends */
export async function readFully(
  fd: number,
  bytes: Uint8Array,
  position: number,
  files: Pick<FileSystem, 'read'>,
): Promise<number> {
  let done = 0;
  while (done < bytes.length) {
    const count = await files.read(fd, bytes.subarray(done), position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

/** Writes all of `bytes`. @throws Error when the file takes no more */
export async function writeFully(
  fd: number,
  bytes: Uint8Array,
  position: number,
  files: Pick<FileSystem, 'write'>,
): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const count = await files.write(fd, bytes.subarray(done), position + done);
    if (count <= 0) throw new Error('the file takes no more bytes');
    done += count;
  }
}

/** `code` of a system error, or `UNKNOWN`. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN';
}

function openFile(file: string, flags: string): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.open(file, flags, FILE_MODE, (error, fd) => (error ? reject(error) : resolve(fd)));
  });
}

function settle(work: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    work((error) => (error ? reject(error) : resolve()));
  });
}
