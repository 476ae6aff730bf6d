import type { Database } from './database.ts';
import { StorageError } from './errors.ts';
import type { SqlRow } from './statement.ts';

/**
 * `waiting`: its turn is at `dueAt`. `stored`: the object is there, whole; the local file is removed, or will be.
 * `lost`: there is neither a file nor an object.
 */
export type UploadState = 'waiting' | 'stored' | 'lost';

/** The way of one finished recording to the object store. */
export interface Upload {
  readonly recordingId: string;
  /** Of file and object. */
  readonly name: string;
  readonly state: UploadState;
  /** Failed ones since it began. */
  readonly attempts: number;
  /** Unix ms. */
  readonly dueAt: number;
  /** Of the stored object. */
  readonly etag: string | undefined;
  /** Why it failed last. */
  readonly error: string | undefined;
}

export type UploadChange = Partial<Pick<Upload, 'state' | 'attempts' | 'dueAt' | 'etag' | 'error'>>;

const INSERT = `INSERT OR IGNORE INTO uploads (recording_id, name, state, attempts, due_at, updated_at)
  VALUES (:recordingId, :name, 'waiting', 0, :now, :now)`;
/** At each start: those that have one are passed over by the index of kept recordings, whose condition it says. */
const INSERT_ALL = `INSERT OR IGNORE INTO uploads (recording_id, name, state, attempts, due_at, updated_at)
  SELECT id, path, 'waiting', 0, :now, :now FROM recordings WHERE id IN (
    SELECT id FROM recordings AS kept
    WHERE deleted_at IS NULL AND status NOT IN ('in-progress', 'paused') AND status = 'completed'
      AND NOT EXISTS (SELECT 1 FROM uploads WHERE recording_id = kept.id)
  )`;
const SAVE = `UPDATE uploads SET state = :state, attempts = :attempts, due_at = :dueAt, etag = :etag, error = :error,
  updated_at = :now WHERE recording_id = :recordingId`;
const WAITING = `SELECT * FROM uploads WHERE state = 'waiting' ORDER BY due_at, recording_id LIMIT :limit`;

const STORED = `SELECT * FROM uploads WHERE state = 'stored' AND recording_id > :after
  ORDER BY recording_id LIMIT :limit`;
const UNSETTLED = `SELECT * FROM uploads
  WHERE (state = 'lost' OR (state = 'stored' AND error IS NOT NULL)) AND recording_id > :after
  ORDER BY recording_id LIMIT :limit`;
const PAGE = 1_000;
/** The error of an upload that is `stored`, while its local file is not known to be removed. */
export const FILE_LEFT = 'its local file is yet to be removed';

/** Uploads that are to be done, and those that are. All methods throw StorageError. */
export class Uploads {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** In the transaction that completes the recording. No-op when there is one of it. */
  add(recordingId: string, name: string, now: number): void {
    this.#database.run(INSERT, { recordingId, name, now });
  }

  /** Finished recordings of before there was an object store. */
  addAll(now: number): void {
    this.#database.run(INSERT_ALL, { now });
  }

  get(recordingId: string): Upload | undefined {
    const row = this.#database.get('SELECT * FROM uploads WHERE recording_id = :recordingId', {
      recordingId,
    });
    return row === undefined ? undefined : fromSql(row);
  }

  /** As it stands also after a failure of the disk. */
  getCommitted(recordingId: string): Upload | undefined {
    return this.#database.readCommitted(() => this.get(recordingId));
  }

  /** The first to be done, soonest first. */
  waiting(limit: number): readonly Upload[] {
    return this.#database.all(WAITING, { limit }).map(fromSql);
  }

  /** Those that are there, a page at a time. */
  stored(): Generator<Upload> {
    return this.#pages(STORED);
  }

  /**
   * Those whose local file is to be looked for at a start: of those that are there, it may be here still, and of those
   * that were lost, again.
   */
  unsettled(): Generator<Upload> {
    return this.#pages(UNSETTLED);
  }

  *#pages(sql: string): Generator<Upload> {
    let after = '';
    for (;;) {
      const page = this.#database.all(sql, { after, limit: PAGE }).map(fromSql);
      yield* page;
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return;
      after = last.recordingId;
    }
  }

  /** How many wait. */
  get backlog(): number {
    return Number(this.#database.get("SELECT COUNT(*) AS n FROM uploads WHERE state = 'waiting'")?.['n']);
  }

  /** @throws StorageError also when there is no row of it any more (`not_found`) */
  save(upload: Upload, change: UploadChange, now: number): void {
    const { recordingId, state, attempts, dueAt, etag, error } = { ...upload, ...change };
    const params = { recordingId, state, attempts, dueAt, etag: etag ?? null, error: error ?? null, now };
    if (this.#database.run(SAVE, params).changes > 0) return;
    throw new StorageError('not_found', `There is no upload of recording ${recordingId} in the database.`);
  }

  /** The local file of one that is there is removed. No-op when there is no row of it any more. */
  fileRemoved(recordingId: string): void {
    const sql = "UPDATE uploads SET error = NULL WHERE recording_id = :recordingId AND state = 'stored'";
    this.#database.run(sql, { recordingId });
  }

  remove(recordingId: string): void {
    this.#database.run('DELETE FROM uploads WHERE recording_id = :recordingId', { recordingId });
  }
}

function fromSql(row: SqlRow): Upload {
  const text = (column: string): string | undefined =>
    row[column] === null ? undefined : String(row[column]);
  return {
    recordingId: String(row['recording_id']),
    name: String(row['name']),
    state: String(row['state']) as UploadState,
    attempts: Number(row['attempts']),
    dueAt: Number(row['due_at']),
    etag: text('etag'),
    error: text('error'),
  };
}
