import { existsSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { type Logger, silentLogger } from '../log/logger.ts';
import { makeFolderSync } from '../files/make-folder.ts';
import type { Clock } from '../time/clock.ts';
import { Checkpoints, OWN_CHECKPOINT_PAGES } from './checkpoints.ts';
import { type DataLock, lockDataFolder } from './data-lock.ts';
import { StorageError, toStorageError } from './errors.ts';
import { migrate, requireCurrent } from './migrate.ts';
import { WalSync } from './wal-sync.ts';

export type SqlValue = string | number | null | Uint8Array;
/** Values of the named parameters (`:name`) of a statement. */
export type SqlParams = Readonly<Record<string, SqlValue>>;
export type SqlRow = Readonly<Record<string, SqlValue>>;

export interface DatabaseOptions {
  readonly clock: Clock;
  readonly log?: Logger;
  /**
   * What a commit survives besides the death of the process, which it always survives: `normal`, a power cut
   * or kernel crash after at most {@link WalSync} interval (1 s) more; `full`, at once, at the price of one
   * disk flush on the calling thread for each commit. Neither can damage the file. Default `normal`.
   */
  readonly synchronous?: 'normal' | 'full';
}

export const DATABASE_FILE = 'openswml.db';

/** How long a statement waits for another program that holds the database (a backup, the sqlite3 shell), ms. */
const BUSY_TIMEOUT_MS = 2_000;
/** Size to which the write-ahead log is cut back after a checkpoint, bytes. */
const WAL_SIZE_LIMIT = 16 * 1024 * 1024;

/**
 * The embedded database of one data folder: SQLite in write-ahead mode behind a synchronous interface. All
 * statements take named parameters and are prepared once, so their text must be constant (values never go
 * into it).
 */
export class Database {
  static #finalSchema: string | undefined;
  /** Path for messages; `:memory:` for none. */
  readonly file: string;
  readonly #sqlite: DatabaseSync;
  readonly #lock: DataLock | undefined;
  readonly #walSync: WalSync | undefined;
  #checkpoints: Checkpoints | undefined;
  readonly #statements = new Map<string, StatementSync>();
  #afterCommit: (() => void)[] = [];
  #depth = 0;

  private constructor(
    file: string,
    sqlite: DatabaseSync,
    lock: DataLock | undefined,
    walSync: WalSync | undefined,
  ) {
    this.file = file;
    this.#sqlite = sqlite;
    this.#lock = lock;
    this.#walSync = walSync;
  }

  /**
   * Creates the folder when it is missing, locks it for this process, opens the database and brings its
   * schema up to date.
   * @throws StorageError `locked`, `cannot_open`, `read_only`, `disk_full`, `corrupt`, `newer_schema`,
   *   `schema_mismatch`
   */
  static open(directory: string, options: DatabaseOptions): Database {
    const file = path.join(directory, DATABASE_FILE);
    let lock: DataLock | undefined;
    let sqlite: DatabaseSync | undefined;
    try {
      makeDataFolder(directory);
      lock = lockDataFolder(directory);
      sqlite = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
      const full = options.synchronous === 'full';
      sqlite.exec('PRAGMA journal_mode = WAL');
      sqlite.exec(`PRAGMA synchronous = ${full ? 'FULL' : 'NORMAL'}`);
      sqlite.exec(`PRAGMA journal_size_limit = ${WAL_SIZE_LIMIT}`);
      const log = options.log ?? silentLogger;
      const checkpoints = full ? undefined : new Checkpoints(file, log);
      if (checkpoints !== undefined) sqlite.exec(`PRAGMA wal_autocheckpoint = ${OWN_CHECKPOINT_PAGES}`);
      const walSync = checkpoints && new WalSync(file, options.clock, log, checkpoints);
      const database = new Database(file, sqlite, lock, walSync);
      database.#checkpoints = checkpoints;
      const steps = migrate(database, options.clock.now());
      if (steps.length > 0) log.info({ file, steps }, 'database schema brought up to date');
      return database;
    } catch (error) {
      sqlite?.close();
      lock?.release();
      throw toStorageError(error, sqlite === undefined ? directory : file);
    }
  }

  /**
   * Opens the database of an existing data folder beside the server that may work on it: for commands of an
   * operator. Takes no lock and changes no schema; each write is a transaction of its own, for which the server
   * waits at most {@link BUSY_TIMEOUT_MS}.
   * @throws StorageError `not_found`, `cannot_open`, `corrupt`, `newer_schema`, `schema_mismatch`
   */
  static openShared(directory: string): Database {
    const file = path.join(directory, DATABASE_FILE);
    if (!existsSync(file)) {
      throw new StorageError(
        'not_found',
        `There is no database in ${directory}: name the data folder of a server that has run (data_dir).`,
      );
    }
    let sqlite: DatabaseSync | undefined;
    try {
      sqlite = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
      const database = new Database(file, sqlite, undefined, undefined);
      requireCurrent(database);
      return database;
    } catch (error) {
      sqlite?.close();
      throw toStorageError(error, file);
    }
  }

  /** A database that lives and dies with the process, for virtual calls and tests. */
  static inMemory(clock: Clock): Database {
    const database = new Database(':memory:', new DatabaseSync(':memory:'), undefined, undefined);
    // What the migrations lead to, without the way: every virtual call has a database of its own.
    if (Database.#finalSchema !== undefined) database.exec(Database.#finalSchema);
    migrate(database, clock.now());
    Database.#finalSchema ??= schemaOf(database);
    return database;
  }

  /**
   * Runs a statement that writes.
   * @returns the number of rows it touched, and the row id of the last insert
   * @throws StorageError
   */
  run(sql: string, params: SqlParams = {}): { readonly changes: number; readonly lastId: number } {
    const result = this.#write(() => this.#prepare(sql).run(params));
    return { changes: Number(result.changes), lastId: Number(result.lastInsertRowid) };
  }

  /** Runs a statement that writes and tells of one row (`RETURNING`). @throws StorageError */
  change(sql: string, params: SqlParams = {}): SqlRow | undefined {
    // To its end, for only there a statement on its own is committed, or fails.
    return this.#write(() => this.#prepare(sql).all(params))[0] as SqlRow | undefined;
  }

  /** The first row, if any. @throws StorageError */
  get(sql: string, params: SqlParams = {}): SqlRow | undefined {
    return this.#guard(() => this.#prepare(sql).get(params)) as SqlRow | undefined;
  }

  /** Every row; give the statement a LIMIT. @throws StorageError */
  all(sql: string, params: SqlParams = {}): readonly SqlRow[] {
    return this.#guard(() => this.#prepare(sql).all(params)) as unknown as readonly SqlRow[];
  }

  /** Runs statements without parameters that are used once (schema, pragmas). @throws StorageError */
  exec(sql: string): void {
    this.#guard(() => this.#sqlite.exec(sql));
  }

  /**
   * Runs `work` as a whole or not at all, and returns what it returns. Inside another transaction it joins
   * that one: its own failure undoes only its own part, the outer failure undoes both.
   * @throws StorageError; whatever `work` throws, after everything is undone
   * @throws TypeError when `work` is asynchronous: a transaction never spans a turn of the event loop
   */
  transaction<T>(work: () => T): T {
    const outermost = this.#depth === 0;
    const savepoint = `nested_${this.#depth}`;
    const listeners = this.#afterCommit.length;
    this.#step(outermost ? 'BEGIN IMMEDIATE' : `SAVEPOINT ${savepoint}`);
    this.#depth++;
    let result: T;
    try {
      result = work();
      if (result instanceof Promise) throw new TypeError('a database transaction must be synchronous');
      this.#step(outermost ? 'COMMIT' : `RELEASE ${savepoint}`);
    } catch (error) {
      this.#depth--;
      this.#afterCommit.length = listeners;
      // A full disk or an I/O error has SQLite roll back by itself (https://sqlite.org/lang_transaction.html 3).
      if (this.#sqlite.isOpen && this.#sqlite.isTransaction) {
        this.exec(outermost ? 'ROLLBACK' : `ROLLBACK TO ${savepoint}; RELEASE ${savepoint}`);
      }
      throw error;
    }
    this.#depth--;
    if (outermost) this.#committed();
    return result;
  }

  /** Changes whenever another program has committed to the same file. @throws StorageError */
  get foreignVersion(): number {
    return Number(this.get('PRAGMA data_version')?.['data_version']);
  }

  /** Calls `listener` once the present transaction is committed (never if it is undone); at once outside of one. */
  afterCommit(listener: () => void): void {
    if (this.#depth === 0) listener();
    else this.#afterCommit.push(listener);
  }

  /** Resolves when nobody else of this process has the database open; call before {@link close}. */
  async leave(): Promise<void> {
    await this.#checkpoints?.close();
  }

  /** Writes everything back and frees the folder. No-op when closed. */
  close(): void {
    if (!this.#sqlite.isOpen) return;
    this.#statements.clear();
    this.#walSync?.close();
    this.#sqlite.close();
    this.#lock?.release();
  }

  /** Of transactions: prepared like others, which spares half of what it costs. */
  #step(sql: string): void {
    this.#guard(() => this.#prepare(sql).run());
  }

  #committed(): void {
    this.#walSync?.committed();
    const listeners = this.#afterCommit;
    this.#afterCommit = [];
    for (const listener of listeners) listener();
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#sqlite.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #write<T>(work: () => T): T {
    if (this.#depth > 0 && this.#sqlite.isOpen && !this.#sqlite.isTransaction) {
      // SQLite undid the whole transaction by itself; written on its own this would be half of it.
      throw new StorageError('io', `${this.file}: the transaction was undone by an earlier error.`);
    }
    const result = this.#guard(work);
    if (this.#depth === 0) this.#walSync?.committed();
    return result;
  }

  #guard<T>(work: () => T): T {
    if (!this.#sqlite.isOpen)
      throw new StorageError('closed', `${this.file} is closed; the server is stopping.`);
    try {
      return work();
    } catch (error) {
      throw toStorageError(error, this.file);
    }
  }
}

/** Statements that make the layout of a database that was brought up to date, and its notes of how. */
function schemaOf(database: Database): string {
  const layout = database
    .all("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid")
    .map(({ sql }) => String(sql));
  const notes = database
    .all('SELECT version, name, checksum, applied_at FROM schema_migrations')
    .map((row) =>
      Object.values(row).map((value) => (typeof value === 'number' ? value : `'${String(value)}'`)),
    )
    .map((values) => `INSERT INTO schema_migrations VALUES (${values.join(', ')})`);
  const id = database.get('PRAGMA application_id')?.['application_id'];
  return ['BEGIN', `PRAGMA application_id = ${String(id)}`, ...layout, ...notes, 'COMMIT'].join(';\n');
}

/** @throws the error of the system, or a StorageError where that says no more than that it is missing */
function makeDataFolder(directory: string): void {
  try {
    makeFolderSync(directory, 0o700);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cause;
    const message = `${directory} is not there and cannot be made. Set data_dir to a folder on a disk.`;
    throw new StorageError('cannot_open', message, { cause });
  }
}
