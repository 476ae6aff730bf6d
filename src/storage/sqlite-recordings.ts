import { endianness } from 'node:os';
import type { Peaks, VoiceActivity } from '../recording/types.ts';
import type { Clock } from '../time/clock.ts';
import { type AuditEntry, AuditLog, type DeletionOrigin } from './audit-log.ts';
import type { Database } from './database.ts';
import { OPEN_CALLBACK } from './migrations.ts';
import type { SqlParams, SqlRow, SqlValue } from './statement.ts';
import { StorageError } from './errors.ts';
import type {
  KeptFilter,
  RecordingChange,
  RecordingFilter,
  RecordingRow,
  RecordingStore,
} from './recordings.ts';

/** Default and largest page of a list; one more than the REST limit, to see whether another page follows. */
const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1_001;

/** Column of each field, in the order of the table. */
const COLUMNS: Readonly<Record<keyof RecordingRow, string>> = {
  id: 'id',
  controlId: 'control_id',
  callId: 'call_id',
  segmentId: 'segment_id',
  nodeId: 'node_id',
  projectId: 'project_id',
  spaceId: 'space_id',
  eventChannel: 'event_channel',
  legType: 'leg_type',
  status: 'status',
  endedBy: 'ended_by',
  terminator: 'terminator',
  format: 'format',
  direction: 'direction',
  stereo: 'stereo',
  path: 'path',
  statusUrl: 'status_url',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
  startTime: 'start_time',
  endTime: 'end_time',
  durationMs: 'duration_ms',
  byteSize: 'byte_size',
  error: 'error',
  tag: 'tag',
  hangupBy: 'hangup_by',
  hangupReason: 'hangup_reason',
};
const FIELDS = Object.entries(COLUMNS) as [keyof RecordingRow, string][];

const INSERT = `INSERT INTO recordings (${FIELDS.map(([, column]) => column).join(', ')})
  VALUES (${FIELDS.map(() => '?').join(', ')})`;
const GET = 'SELECT * FROM recordings WHERE id = :id AND deleted_at IS NULL';
const UNFINISHED = `SELECT * FROM recordings WHERE status IN ('in-progress', 'paused') ORDER BY created_at, id`;
/** Not those that were refused: nothing was ever begun of them, and there may be one of each call for a year. */
const FAILED = `SELECT * FROM recordings WHERE status = 'failed' AND byte_size = 0 AND deleted_at IS NULL
    AND (start_time IS NOT NULL OR ended_by IS NOT 'error')
  ORDER BY created_at, id`;
const BEGIN_DELETE = `UPDATE recordings SET deleted_at = :now, deleted_by = :origin
  WHERE id = :id AND deleted_at IS NULL AND status NOT IN ('in-progress', 'paused')`;
const SAVE_PEAKS = `INSERT OR REPLACE INTO recording_peaks (recording_id, channels, sample_rate, frames_per_point, data)
  SELECT id, :channels, :sampleRate, :framesPerPoint, :data FROM recordings WHERE id = :id`;
const PEAKS = 'SELECT * FROM recording_peaks WHERE recording_id = :id';
const SAVE_VOICE = `INSERT OR REPLACE INTO recording_voice (recording_id, activity)
  SELECT id, :activity FROM recordings WHERE id = :id`;
const KEPT = `deleted_at IS NULL AND status NOT IN ('in-progress', 'paused')`;
const DELETABLE = `SELECT * FROM recordings
  WHERE ${KEPT}
    AND (created_at, id) > (:newerAt, :newerId)
    AND created_at < :before AND COALESCE(end_time, created_at) < :before
    AND NOT EXISTS (
      SELECT 1 FROM callbacks
      WHERE operation_id = recordings.id AND ${OPEN_CALLBACK}
    )
  ORDER BY created_at, id LIMIT :limit`;
const TOTALS = `SELECT COUNT(*) AS count, TOTAL(byte_size) AS bytes FROM recordings WHERE ${KEPT}`;
/** Sorted by what is no column, or SQLite would go through all recordings in their order to find these few. */
const IN_DELETION = 'SELECT * FROM recordings WHERE deleted_at IS NOT NULL ORDER BY +created_at, id';

/** Fields of {@link RecordingChange}: only these may stand in an UPDATE. */
const CHANGEABLE = [
  'status',
  'endedBy',
  'terminator',
  'hangupBy',
  'hangupReason',
  'startTime',
  'endTime',
  'durationMs',
  'byteSize',
  'error',
] satisfies (keyof RecordingChange)[];
/** The bit of each in the key of its UPDATE. */
const BIT_OF = new Map<string, number>(CHANGEABLE.map((field, index) => [field, 1 << index]));

interface Update {
  readonly sql: string;
  /** Whose values go to its places, behind the time and before the id. */
  readonly fields: readonly (keyof RecordingChange)[];
}

/** The recordings table. */
export class SqliteRecordings implements RecordingStore {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #audit: AuditLog;
  /** By the fields that change together. */
  readonly #updates = new Map<number, Update>();

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#audit = new AuditLog(database);
    this.#clock = clock;
  }

  insert(row: RecordingRow): void {
    this.#database.run(
      INSERT,
      FIELDS.map(([field]) => toSql(row[field])),
    );
  }

  update(row: RecordingRow, change: RecordingChange): RecordingRow {
    const now = this.#clock.now();
    const { sql, fields } = this.#updateOf(change);
    const values: SqlValue[] = [now];
    for (const field of fields) values.push(toSql(change[field]));
    values.push(row.id);
    const { changes } = this.#database.run(sql, values);
    if (changes === 0) {
      throw new StorageError('not_found', `There is no recording ${row.id} in the database.`);
    }
    return { ...row, ...change, updatedAt: now };
  }

  /** @throws TypeError when a field of it does not change */
  #updateOf(change: RecordingChange): Update {
    let key = 0;
    for (const field in change) {
      const bit = BIT_OF.get(field);
      if (bit === undefined) throw new TypeError(`the ${field} of a recording does not change`);
      key |= bit;
    }
    const known = this.#updates.get(key);
    if (known !== undefined) return known;
    const fields = CHANGEABLE.filter((_, index) => (key & (1 << index)) !== 0);
    const sets = ['updated_at', ...fields.map((field) => COLUMNS[field])].map((column) => `${column} = ?`);
    const update = { sql: `UPDATE recordings SET ${sets.join(', ')} WHERE id = ?`, fields };
    this.#updates.set(key, update);
    return update;
  }

  get(id: string): RecordingRow | undefined {
    const row = this.#database.get(GET, { id });
    return row === undefined ? undefined : fromSql(row);
  }

  unfinished(): readonly RecordingRow[] {
    return this.#database.all(UNFINISHED).map(fromSql);
  }

  list(filter: RecordingFilter): readonly RecordingRow[] {
    const { sql, params, backwards } = listQuery(filter);
    const rows = this.#database.all(sql, params).map(fromSql);
    return backwards ? rows.reverse() : rows;
  }

  failedWithoutFile(): readonly RecordingRow[] {
    return this.#database.all(FAILED).map(fromSql);
  }

  deletable({ endedBefore, newerThan, limit }: KeptFilter): readonly RecordingRow[] {
    return this.#database
      .all(DELETABLE, {
        before: endedBefore ?? Number.MAX_VALUE,
        newerAt: newerThan?.createdAt ?? 0,
        newerId: newerThan?.id ?? '',
        limit,
      })
      .map(fromSql);
  }

  kept(): { readonly count: number; readonly bytes: number } {
    const row = this.#database.get(TOTALS);
    return { count: Number(row?.['count']), bytes: Number(row?.['bytes']) };
  }

  beginDelete(id: string, origin: DeletionOrigin): 'begun' | 'running' | 'absent' {
    const params = { id, now: this.#clock.now(), origin: JSON.stringify(origin) };
    const { changes } = this.#database.run(BEGIN_DELETE, params);
    if (changes > 0) return 'begun';
    return this.get(id) === undefined ? 'absent' : 'running';
  }

  async durable(): Promise<void> {
    await this.#database.durable();
  }

  cancelDelete(id: string): void {
    this.#database.run('UPDATE recordings SET deleted_at = NULL, deleted_by = NULL WHERE id = :id', { id });
  }

  inDeletion(): readonly RecordingRow[] {
    return this.#database.all(IN_DELETION).map(fromSql);
  }

  savePeaks(id: string, peaks: Peaks): void {
    const { channels, sampleRate, framesPerPoint } = peaks;
    const data = littleEndian(peaks.data);
    this.#database.run(SAVE_PEAKS, { id, channels, sampleRate, framesPerPoint, data });
  }

  peaks(id: string): Peaks | undefined {
    const row = this.#database.get(PEAKS, { id });
    if (row === undefined) return undefined;
    return {
      channels: Number(row['channels']),
      sampleRate: Number(row['sample_rate']),
      framesPerPoint: Number(row['frames_per_point']),
      data: fromLittleEndian(row['data'] as Uint8Array),
    };
  }

  saveVoiceActivity(id: string, voice: VoiceActivity): void {
    this.#database.run(SAVE_VOICE, { id, activity: JSON.stringify(voice) });
  }

  voiceActivity(id: string): VoiceActivity | undefined {
    const row = this.#database.get('SELECT activity FROM recording_voice WHERE recording_id = :id', { id });
    return row === undefined ? undefined : (JSON.parse(String(row['activity'])) as VoiceActivity);
  }

  delete(id: string): boolean {
    return this.#database.transaction(() => {
      const row = this.#database.get('SELECT * FROM recordings WHERE id = :id', { id });
      if (row === undefined) return false;
      this.#audit.append(deletionOf(row, this.#clock.now()));
      this.#database.run('DELETE FROM recordings WHERE id = :id', { id });
      // One that still waits is left to the uploader, which may be about it just now.
      this.#database.run("DELETE FROM uploads WHERE recording_id = :id AND state <> 'waiting'", { id });
      return true;
    });
  }
}

function listQuery(filter: RecordingFilter): { sql: string; params: SqlParams; backwards: boolean } {
  const conditions = ['deleted_at IS NULL'];
  const params: Record<string, SqlValue> = {
    limit: Math.min(Math.max(filter.limit ?? DEFAULT_LIMIT, 1), MAX_LIMIT),
    offset: Math.max(filter.offset ?? 0, 0),
  };
  const where = (condition: string, values: SqlParams): void => {
    conditions.push(condition);
    Object.assign(params, values);
  };
  if (filter.callId !== undefined) where('call_id = :callId', { callId: filter.callId });
  if (filter.status !== undefined) where('status = :status', { status: filter.status });
  // Rows hold fractions of a millisecond that no reader sees: who asks behind the time of a row does not get it again.
  if (filter.createdAfter !== undefined) where('created_at >= :after', { after: filter.createdAfter + 1 });
  if (filter.createdBefore !== undefined) where('created_at < :before', { before: filter.createdBefore });
  if (filter.olderThan !== undefined) {
    where('(created_at, id) < (:olderAt, :olderId)', {
      olderAt: filter.olderThan.createdAt,
      olderId: filter.olderThan.id,
    });
  }
  if (filter.newerThan !== undefined) {
    where('(created_at, id) > (:newerAt, :newerId)', {
      newerAt: filter.newerThan.createdAt,
      newerId: filter.newerThan.id,
    });
  }
  // The rows nearest to a cursor from its newer side come out in rising order.
  const backwards = filter.newerThan !== undefined;
  const order = backwards ? 'ASC' : 'DESC';
  const sql =
    `SELECT * FROM recordings WHERE ${conditions.join(' AND ')} ` +
    `ORDER BY created_at ${order}, id ${order} LIMIT :limit OFFSET :offset`;
  return { sql, params, backwards };
}

function littleEndian(samples: Int16Array): Uint8Array {
  if (endianness() === 'LE') return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  const bytes = new Uint8Array(samples.byteLength);
  const view = new DataView(bytes.buffer);
  for (const [index, sample] of samples.entries()) view.setInt16(index * 2, sample, true);
  return bytes;
}

function fromLittleEndian(bytes: Uint8Array): Int16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int16Array.from({ length: bytes.length >> 1 }, (_, index) => view.getInt16(index * 2, true));
}

function toSql(value: RecordingRow[keyof RecordingRow]): SqlValue {
  if (value === undefined) return null;
  return typeof value === 'boolean' ? Number(value) : value;
}

function fromSql(row: SqlRow): RecordingRow {
  const result: Record<string, unknown> = {};
  for (const [field, column] of FIELDS) result[field] = row[column] ?? undefined;
  result['stereo'] = row['stereo'] === 1;
  // The table is STRICT and only written above, so the columns hold what RecordingRow says.
  return result as unknown as RecordingRow;
}

/** What the audit log says of a deletion. */
function deletionOf(row: SqlRow, at: number): Omit<AuditEntry, 'id'> {
  const { id, callId, format, status, createdAt, durationMs, byteSize } = fromSql(row);
  const origin = row['deleted_by'];
  const { by, details } = (typeof origin === 'string' ? JSON.parse(origin) : {}) as Partial<DeletionOrigin>;
  return {
    at,
    event: 'recording_deleted',
    by: by ?? 'unknown',
    recordingId: id,
    callId,
    details: {
      ...details,
      status,
      format,
      created_at: createdAt,
      duration_ms: durationMs,
      byte_size: byteSize,
    },
  };
}
