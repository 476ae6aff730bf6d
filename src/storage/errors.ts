/** Kind of a {@link StorageError}; stable, for programs. */
export type StorageErrorCode =
  /** Another process works on the same data folder. */
  | 'locked'
  | 'disk_full'
  | 'read_only'
  /** The folder or file cannot be created, opened or read. */
  | 'cannot_open'
  | 'corrupt'
  /** Written by a newer OpenSWML. */
  | 'newer_schema'
  /** A migration that already ran differs from the one in this program. */
  | 'schema_mismatch'
  /** A uniqueness or other rule of the tables was broken. */
  | 'constraint'
  | 'not_found'
  /** The object store cannot be reached, or does not do it now; it may later. */
  | 'unreachable'
  /** The object store refuses it until somebody changes the settings, the bucket or the rights. */
  | 'refused'
  | 'closed'
  | 'io';

/** A failed access to the data folder. The message says what failed, where, and what cures it. */
export class StorageError extends Error {
  readonly code: StorageErrorCode;

  constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StorageError';
    this.code = code;
  }
}

/** Primary result codes of SQLite (https://sqlite.org/rescode.html), the ones that a user can do something about. */
const KINDS: Readonly<Record<number, StorageErrorCode>> = {
  3: 'cannot_open', // SQLITE_PERM
  5: 'locked', // SQLITE_BUSY
  6: 'locked', // SQLITE_LOCKED
  8: 'read_only', // SQLITE_READONLY
  11: 'corrupt', // SQLITE_CORRUPT
  13: 'disk_full', // SQLITE_FULL
  14: 'cannot_open', // SQLITE_CANTOPEN
  19: 'constraint', // SQLITE_CONSTRAINT
  26: 'corrupt', // SQLITE_NOTADB
};

/** The same for errors of the file system. */
const FILE_KINDS: Readonly<Record<string, StorageErrorCode>> = {
  EACCES: 'cannot_open',
  EPERM: 'cannot_open',
  ENOTDIR: 'cannot_open',
  EEXIST: 'cannot_open',
  ENOENT: 'not_found',
  ENOSPC: 'disk_full',
  EDQUOT: 'disk_full',
  EROFS: 'read_only',
};

/** Wraps whatever SQLite or the file system threw about `file`; a `StorageError` passes unchanged. */
export function toStorageError(error: unknown, file: string): StorageError {
  if (error instanceof StorageError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  const code = kindOf(error);
  return new StorageError(code, describe(code, file, detail), { cause: error });
}

function kindOf(error: unknown): StorageErrorCode {
  if (typeof error !== 'object' || error === null) return 'io';
  if ('errcode' in error && typeof error.errcode === 'number') return KINDS[error.errcode & 0xff] ?? 'io';
  if ('code' in error && typeof error.code === 'string') return FILE_KINDS[error.code] ?? 'io';
  return 'io';
}

function describe(code: StorageErrorCode, file: string, detail: string): string {
  switch (code) {
    case 'disk_full':
      return `No space is left for ${file}; nothing was written. Free space on that disk, or move data_dir to a larger one.`;
    case 'read_only':
      return `${file} cannot be written (${detail}). Make the data folder writable for this user, or set data_dir to another one.`;
    case 'cannot_open':
      return `${file} cannot be opened (${detail}). Check that data_dir names a folder which this user may read and write.`;
    case 'corrupt':
      return (
        `The database ${file} is damaged or is not a database (${detail}). Stop the server and keep a copy; then put ` +
        `back a backup, or salvage it: sqlite3 ${file} .recover | sqlite3 recovered.db. The recordings themselves are ` +
        'files of their own beside it and are not touched by this.'
      );
    case 'locked':
      return `${file} is held by another program (${detail}). End the program that keeps a transaction open on it.`;
    case 'not_found':
      return `${file} does not exist.`;
    default:
      return `${file}: ${detail}`;
  }
}
