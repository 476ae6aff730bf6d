import type { Database } from './database.ts';
import type { SqlRow } from './statement.ts';

/** Who has a recording deleted. */
export interface DeletionOrigin {
  /** The REST API, a command line, or a limit of retention. */
  readonly by: 'rest' | 'command' | 'retention';
  /** What tells more: the user, the request, the limit; for machines and people to read. */
  readonly details?: Readonly<Record<string, string | number>>;
}

/** A line of the audit log. Lines are only added and, when their time is over, pruned; never changed. */
export interface AuditEntry {
  readonly id: number;
  /** Unix ms. */
  readonly at: number;
  readonly event: 'recording_deleted';
  readonly by: DeletionOrigin['by'] | 'unknown';
  readonly recordingId: string;
  readonly callId: string;
  /** Of the origin, and of the recording as it was. */
  readonly details: Readonly<Record<string, unknown>>;
}

export interface AuditFilter {
  readonly recordingId?: string | undefined;
  /** Unix ms, whole, exclusive: what was done within that very millisecond is not after it. */
  readonly after?: number | undefined;
  readonly before?: number | undefined;
  /** The newest ones. */
  readonly limit: number;
}

const INSERT = `INSERT INTO audit_log (at, event, actor, recording_id, call_id, details)
  VALUES (:at, :event, :by, :recordingId, :callId, :details)`;
/** Lines hold fractions of a millisecond that no reader sees: who asks behind the last one does not get it again. */
const LIST = `SELECT * FROM audit_log
  WHERE (:recordingId IS NULL OR recording_id = :recordingId)
    AND (:after IS NULL OR at >= :after + 1) AND (:before IS NULL OR at < :before)
  ORDER BY id DESC LIMIT :limit`;

const PRUNE = `DELETE FROM audit_log WHERE id IN
  (SELECT id FROM audit_log WHERE at < :before ORDER BY at LIMIT :limit)`;

/** What was deleted, when, and by whom. All methods throw StorageError. */
export class AuditLog {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** In the transaction of what it tells of. */
  append(entry: Omit<AuditEntry, 'id'>): void {
    this.#database.run(INSERT, { ...entry, details: JSON.stringify(entry.details) });
  }

  /** Oldest first. */
  list({ recordingId, after, before, limit }: AuditFilter): readonly AuditEntry[] {
    const params = { recordingId: recordingId ?? null, after: after ?? null, before: before ?? null, limit };
    return this.#database.all(LIST, params).map(fromSql).reverse();
  }

  /** Deletes at most `limit` lines from before `before` (Unix ms), the oldest. @returns how many */
  prune(before: number, limit: number): number {
    return this.#database.run(PRUNE, { before, limit }).changes;
  }
}

function fromSql(row: SqlRow): AuditEntry {
  return {
    id: Number(row['id']),
    at: Number(row['at']),
    event: 'recording_deleted',
    by: String(row['actor']) as AuditEntry['by'],
    recordingId: String(row['recording_id']),
    callId: String(row['call_id']),
    details: JSON.parse(String(row['details'])) as AuditEntry['details'],
  };
}
