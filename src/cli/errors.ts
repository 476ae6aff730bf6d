import { accessSync, constants, statSync } from 'node:fs';

/** Exit statuses of every command. */
export const EXIT = {
  ok: 0,
  /** The command ran and found something wrong: a document with errors, a call that failed. */
  failed: 1,
  /** It could not run as asked: an option, a file, an address, a port. */
  usage: 2,
  /** Broken off by Ctrl-C, a second one where the first ends politely (128 + SIGINT). */
  interrupted: 130,
} as const;

/** What the user asked for cannot be done. The message is one line: what, where, the cure. */
export class UsageError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UsageError';
  }
}

const FILE_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'this is a folder, a file is needed',
  ENOTDIR: 'a part of this path is a file, not a folder',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the device',
};

/** Turns an error of the file system into a line for the user: `cannot read x.yaml: there is no such file`. */
export function fileError(action: string, path: string, cause: unknown): UsageError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new UsageError(`cannot ${action} ${path}: ${FILE_PROBLEMS[code ?? ''] ?? message}`, { cause });
}

/** @throws UsageError when it is no file, or may not be read */
export function checkReadable(file: string): void {
  try {
    accessSync(file, constants.R_OK);
    if (statSync(file).isDirectory()) throw Object.assign(new Error('folder'), { code: 'EISDIR' });
  } catch (error) {
    throw fileError('read', file, error);
  }
}
