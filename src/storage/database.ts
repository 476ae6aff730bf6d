import { existsSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Logger, silentLogger } from '../log/logger.ts';
import type { Clock } from '../time/clock.ts';
import { PacedWork } from '../time/paced-work.ts';
import { RealClock } from '../time/real-clock.ts';
import { CHECKPOINT_BYTES, Checkpoints, OWN_CHECKPOINT_PAGES } from './checkpoints.ts';
import { makeDataFolder, makeDatabaseFile } from './data-folder.ts';
import { type DataLock, lockDataFolder } from './data-lock.ts';
import { StorageError, toStorageError } from './errors.ts';
import { migrate, requireCurrent, schemaOf } from './migrate.ts';
import {
  type Prepared,
  prepare,
  type SqlParams,
  type SqlRow,
  type SqlValues,
  valuesOf,
} from './statement.ts';
import { hasWalResetBug, versionOf } from './wal-reset-bug.ts';
import { WalSync } from './wal-sync.ts';

export interface DatabaseOptions {
  readonly clock: Clock;
  readonly log?: Logger;
  /**
   * What a commit survives besides the death of the process, which it always survives: `normal`, a power cut
   * or kernel crash after at most {@link WalSync} interval (1 s) more; `full`, at once, at the price of one
   * disk flush on the calling thread for each commit. Neither can damage the file. Default `normal`.
   */
  readonly synchronous?: 'normal' | 'full';
  /** Of SQLite, for tests; default: what the library says. */
  readonly sqliteVersion?: string;
}

export const DATABASE_FILE = 'openswml.db';

/** How long a statement waits for another program that holds the database (a backup, the sqlite3 shell), ms. */
const BUSY_TIMEOUT_MS = 2_000;
/** The same for commands of an operator, ms: a server that gathers commits under full load leaves few gaps for them. */
const SHARED_TIMEOUT_MS = 10_000;
/**
 * Size to which the write-ahead log is cut back after a checkpoint, bytes. Where its length tells when the next one
 * is due, that is less, or each flush would have one.
 */
const WAL_SIZE_LIMIT = { full: 16 * 1024 * 1024, normal: CHECKPOINT_BYTES / 4 } as const;
const WAL_RESET_BUG =
  'the database log is written back by the main thread, which calls may notice: SQLite of this version could damage ' +
  'the database otherwise; a newer Node has one that is mended';
/** Commits that are gathered wait for each other no longer than this, ms; they hold the database as long. */
const GATHER_MS = 4;

/** Work that is done and waits for the common commit. */
interface Gathered {
  readonly listeners: readonly (() => void)[];
  readonly committed: () => void;
  readonly failed: (error: unknown) => void;
  /** The common commit failed: it is done anew, alone. */
  readonly again: () => void;
}

/**
 * The embedded database of one data folder: SQLite in write-ahead mode behind a synchronous interface. All
 * statements take their values by name or by place and are prepared once, so their text must be constant (values
 * never go into it).
 */
export class Database {
  static #finalSchema: string | undefined;
  /** Path for messages; `:memory:` for none. */
  readonly file: string;
  readonly #sqlite: DatabaseSync;
  readonly #lock: DataLock | undefined;
  readonly #walSync: WalSync | undefined;
  #checkpoints: Checkpoints | undefined;
  readonly #statements = new Map<string, Prepared>();
  readonly #pace: PacedWork | undefined;
  readonly #clock: Clock | undefined;
  readonly #log: Logger;
  #afterCommit: (() => void)[] = [];
  #depth = 0;
  /** Defined while a transaction is open that gathers. */
  #gathered: Gathered[] | undefined;

  private constructor(
    file: string,
    sqlite: DatabaseSync,
    log: Logger,
    served?: { readonly clock: Clock; readonly lock: DataLock; readonly walSync: WalSync | undefined },
  ) {
    this.file = file;
    this.#sqlite = sqlite;
    this.#log = log;
    this.#lock = served?.lock;
    this.#walSync = served?.walSync;
    if (served === undefined) return;
    this.#clock = served.clock;
    // Real time in any case: like that of files, which `holdWhile` tells of.
    this.#pace = new PacedWork(new RealClock(), GATHER_MS, () => this.#commitGathered());
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
      makeDatabaseFile(file);
      sqlite = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
      const full = options.synchronous === 'full';
      sqlite.exec('PRAGMA journal_mode = WAL');
      sqlite.exec(`PRAGMA synchronous = ${full ? 'FULL' : 'NORMAL'}`);
      sqlite.exec(`PRAGMA journal_size_limit = ${WAL_SIZE_LIMIT[full ? 'full' : 'normal']}`);
      const log = options.log ?? silentLogger;
      const version = options.sqliteVersion ?? versionOf(sqlite);
      // Such a one writes its log back itself, on this thread, where nothing else of ours commits at the same time.
      const isAlone = hasWalResetBug(version);
      if (isAlone && !full) log.warn({ file, sqlite: version }, WAL_RESET_BUG);
      const checkpoints = full || isAlone ? undefined : new Checkpoints(file, log);
      if (checkpoints !== undefined) sqlite.exec(`PRAGMA wal_autocheckpoint = ${OWN_CHECKPOINT_PAGES}`);
      // Where the file is a link (to a faster disk, say), its log lies beside what it leads to.
      const location = sqlite.location() ?? file;
      const walSync = full ? undefined : new WalSync(location, options.clock, log, checkpoints);
      const database = new Database(file, sqlite, log, { clock: options.clock, lock, walSync });
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
   * @param sqliteVersion as {@link DatabaseOptions.sqliteVersion}
   * @throws StorageError `not_found`, `cannot_open`, `corrupt`, `newer_schema`, `schema_mismatch`
   */
  static openShared(directory: string, sqliteVersion?: string): Database {
    const file = path.join(directory, DATABASE_FILE);
    if (!existsSync(file)) {
      throw new StorageError(
        'not_found',
        `There is no database in ${directory}: name the data folder of a server that has run (data_dir).`,
      );
    }
    let sqlite: DatabaseSync | undefined;
    try {
      sqlite = new DatabaseSync(file, { timeout: SHARED_TIMEOUT_MS });
      // The server does it, which may commit meanwhile; whoever is the last to close does it in any case.
      if (hasWalResetBug(sqliteVersion ?? versionOf(sqlite))) sqlite.exec('PRAGMA wal_autocheckpoint = 0');
      const database = new Database(file, sqlite, silentLogger);
      requireCurrent(database);
      return database;
    } catch (error) {
      sqlite?.close();
      throw toStorageError(error, file);
    }
  }

  /** A database that lives and dies with the process, for virtual calls and tests. */
  static inMemory(clock: Clock, log: Logger = silentLogger): Database {
    const database = new Database(':memory:', new DatabaseSync(':memory:'), log);
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
  run(
    sql: string,
    params: SqlParams | SqlValues = {},
  ): { readonly changes: number; readonly lastId: number } {
    const result = this.#write(() => {
      const { statement, places } = this.#prepare(sql);
      return statement.run(...valuesOf(places, params));
    });
    return { changes: Number(result.changes), lastId: Number(result.lastInsertRowid) };
  }

  /** The first row, if any. @throws StorageError */
  get(sql: string, params: SqlParams = {}): SqlRow | undefined {
    return this.#guard(() => {
      const { statement, places } = this.#prepare(sql);
      return statement.get(...valuesOf(places, params)) as SqlRow | undefined;
    });
  }

  /** Every row; give the statement a LIMIT. @throws StorageError */
  all(sql: string, params: SqlParams = {}): readonly SqlRow[] {
    return this.#guard(() => {
      const { statement, places } = this.#prepare(sql);
      return statement.all(...valuesOf(places, params)) as unknown as readonly SqlRow[];
    });
  }

  /**
   * What `read` returns where nothing that is gathered is seen by it: that is committed first. For what must not act
   * on a row that may never be there; not for use within a transaction, whose rows it would see.
   * @throws StorageError
   */
  readCommitted<T>(read: () => T): T {
    this.#endGathering();
    return read();
  }

  /**
   * Resolves when all that has been written by now outlives a power cut, too: for what is to be destroyed because
   * something else is written down.
   * @throws StorageError; NodeJS.ErrnoException when the disk cannot say so
   */
  async durable(): Promise<void> {
    this.#endGathering();
    await this.#walSync?.durable();
  }

  /** Runs statements without parameters that are used once (schema, pragmas). @throws StorageError */
  exec(sql: string): void {
    if (this.#depth === 0) this.#endGathering();
    this.#guard(() => this.#sqlite.exec(sql));
  }

  /**
   * Runs `work` as a whole or not at all, and returns what it returns, committed. Inside another transaction it
   * joins that one: its own failure undoes only its own part, the outer failure undoes both.
   * @throws StorageError; whatever `work` throws, after everything is undone
   * @throws TypeError when `work` is asynchronous: a transaction never spans a turn of the event loop
   */
  transaction<T>(work: () => T): T {
    if (this.#depth > 0) return this.#part(work);
    this.#endGathering();
    const result = this.#undoable(work, 'BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK');
    this.#committed();
    return result;
  }

  /**
   * As {@link transaction}, but its commit may wait up to {@link GATHER_MS} for others that are gathered, so that
   * many cost little more than one: a commit writes each page that was touched, however often it was. `work` runs at
   * once, and what it wrote is seen by all that runs later on this connection. Its failure undoes its own part; where
   * SQLite gives up everything (a full disk), the others run again, each alone: so `work` may run twice.
   * @returns what `work` returns, once that is committed
   * @throws as {@link transaction}, by rejection
   */
  gather<T>(work: () => T): Promise<T> {
    return this.#gather(work, () => this.#part(work));
  }

  /**
   * As {@link gather}, for work that is a single statement, which SQLite does as a whole or not at all by itself: it
   * needs no part of its own in the transaction. So what fails behind the statement would not undo it.
   */
  gatherOne<T>(work: () => T): Promise<T> {
    return this.#gather(work, () => this.#inside(work));
  }

  async #gather<T>(work: () => T, part: () => T): Promise<T> {
    if (this.#pace === undefined || this.#depth > 0) return this.transaction(work);
    if (this.#gathered === undefined) {
      this.#step('BEGIN IMMEDIATE');
      this.#gathered = [];
      this.#pace.ask();
    }
    let result = part();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#gathered.push({
      listeners: this.#afterCommit.splice(0),
      committed: resolve,
      failed: reject,
      again: () => {
        result = this.transaction(work);
      },
    });
    await this.#clock?.holdWhile(promise);
    return result;
  }

  /** Changes whenever another program has committed to the same file. @throws StorageError */
  get foreignVersion(): number {
    return Number(this.get('PRAGMA data_version')?.['data_version']);
  }

  /**
   * Calls `listener` once the present transaction is committed (never if it is undone); at once outside of one. What
   * it throws is logged: the write stands, and whoever waits for it is told so.
   */
  afterCommit(listener: () => void): void {
    if (this.#depth === 0) this.#tell([listener]);
    else this.#afterCommit.push(listener);
  }

  /** Resolves when nobody else of this process has the database open; call before {@link close}. */
  async leave(): Promise<void> {
    await this.#checkpoints?.close();
  }

  /** Writes everything back and frees the folder. No-op when closed. */
  close(): void {
    if (!this.#sqlite.isOpen) return;
    this.#endGathering();
    this.#statements.clear();
    this.#walSync?.close();
    this.#sqlite.close();
    this.#lock?.release();
  }

  /** A part of the open transaction. */
  #part<T>(work: () => T): T {
    return this.#undoable(work, 'SAVEPOINT part', 'RELEASE part', 'ROLLBACK TO part; RELEASE part');
  }

  #undoable<T>(work: () => T, begin: string, end: string, undo: string): T {
    this.#step(begin);
    try {
      return this.#inside(work, end);
    } catch (error) {
      // A full disk or an I/O error has SQLite roll back by itself (https://sqlite.org/lang_transaction.html 3).
      if (this.#sqlite.isOpen && this.#sqlite.isTransaction) this.#guard(() => this.#sqlite.exec(undo));
      throw error;
    }
  }

  /** `work` and the step that ends it, if any; of what fails, no listener is called. */
  #inside<T>(work: () => T, end?: string): T {
    const listeners = this.#afterCommit.length;
    this.#depth++;
    try {
      const result = work();
      if (result instanceof Promise) throw new TypeError('a database transaction must be synchronous');
      if (end !== undefined) this.#step(end);
      return result;
    } catch (error) {
      // None is left where SQLite gave up all.
      this.#afterCommit.length = Math.min(listeners, this.#afterCommit.length);
      throw error;
    } finally {
      this.#depth--;
    }
  }

  /** Leaves no transaction open: what listeners gather in their turn is committed, too. */
  #endGathering(): void {
    while (this.#gathered !== undefined) this.#commitGathered();
  }

  /** Who waits is told what came of it; nobody else is. */
  #commitGathered(): void {
    const gathered = this.#gathered;
    if (gathered === undefined) return;
    try {
      this.#step('COMMIT');
    } catch {
      // What fails now fails again where it is done alone, and there it is told.
      this.#failGathered();
      return;
    }
    this.#gathered = undefined;
    this.#walSync?.committed();
    for (const { listeners, committed } of gathered) {
      this.#tell(listeners);
      committed();
    }
  }

  /** Nothing of the open transaction is kept. */
  #failGathered(): void {
    const gathered = this.#gathered ?? [];
    this.#gathered = undefined;
    // Later, for the part that failed may not be over yet, and whatever comes of undoing the rest.
    queueMicrotask(() => {
      for (const one of gathered) doAgain(one);
    });
    if (this.#sqlite.isOpen && this.#sqlite.isTransaction) this.#guard(() => this.#sqlite.exec('ROLLBACK'));
  }

  /** Of transactions: prepared like others, which spares half of what it costs. */
  #step(sql: string): void {
    this.#guard(() => this.#prepare(sql).statement.run());
  }

  #committed(): void {
    this.#walSync?.committed();
    const listeners = this.#afterCommit;
    this.#afterCommit = [];
    this.#tell(listeners);
  }

  /** Each of them, whatever becomes of the others. */
  #tell(listeners: readonly (() => void)[]): void {
    for (const listener of listeners) {
      try {
        listener();
      } catch (error) {
        this.#log.error({ err: error }, 'what follows a commit failed; what was written stands');
      }
    }
  }

  #prepare(sql: string): Prepared {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const prepared = prepare(this.#sqlite, sql);
    this.#statements.set(sql, prepared);
    return prepared;
  }

  #write<T>(work: () => T): T {
    if (this.#depth > 0 && this.#sqlite.isOpen && !this.#sqlite.isTransaction) {
      // SQLite undid the whole transaction by itself; written on its own this would be half of it.
      throw new StorageError('io', `${this.file}: the transaction was undone by an earlier error.`);
    }
    if (this.#depth > 0) return this.#guard(work);
    this.#endGathering();
    const result = this.#guard(work);
    this.#walSync?.committed();
    return result;
  }

  #guard<T>(work: () => T): T {
    if (!this.#sqlite.isOpen)
      throw new StorageError('closed', `${this.file} is closed; the server is stopping.`);
    try {
      return work();
    } catch (cause) {
      const error = toStorageError(cause, this.file);
      if (this.#gathered !== undefined && !this.#sqlite.isTransaction) this.#failGathered();
      throw error;
    }
  }
}

/** Does it anew, and tells who waits whether it was done. */
function doAgain({ again, committed, failed }: Gathered): void {
  try {
    again();
    committed();
  } catch (error) {
    failed(error);
  }
}
