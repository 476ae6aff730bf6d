/** One step of the schema. What has been released is never edited, only followed by another one. */
export interface Migration {
  /** 1, 2, 3 … without a gap. */
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

/**
 * Callbacks that are neither delivered nor dead, for queries: SQLite uses the indices of the last step that made them
 * where a query says it in their words.
 */
export const OPEN_CALLBACK = "state NOT IN ('delivered', 'dead')";

/** The whole schema of `openswml.db`, in order. Times are Unix ms, booleans 0 or 1. */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: 'recordings',
    sql: `
      CREATE TABLE recordings (
        id TEXT PRIMARY KEY,
        control_id TEXT NOT NULL,
        call_id TEXT NOT NULL,
        segment_id TEXT NOT NULL,
        node_id TEXT NOT NULL,
        project_id TEXT NOT NULL,
        space_id TEXT NOT NULL,
        event_channel TEXT,
        leg_type TEXT NOT NULL,
        status TEXT NOT NULL,
        ended_by TEXT,
        terminator TEXT,
        format TEXT NOT NULL,
        direction TEXT NOT NULL,
        stereo INTEGER NOT NULL,
        path TEXT NOT NULL,
        status_url TEXT,
        created_at REAL NOT NULL,
        updated_at REAL NOT NULL,
        start_time REAL,
        end_time REAL,
        duration_ms REAL NOT NULL,
        byte_size INTEGER NOT NULL,
        error TEXT
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX recordings_by_age ON recordings (created_at, id);
      CREATE INDEX recordings_by_call ON recordings (call_id, created_at, id);
      CREATE INDEX recordings_unfinished ON recordings (created_at)
        WHERE status IN ('in-progress', 'paused');
    `,
  },
  {
    version: 2,
    name: 'callbacks',
    sql: `
      CREATE TABLE callbacks (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        idempotency_key TEXT NOT NULL UNIQUE,
        url TEXT NOT NULL,
        method TEXT NOT NULL,
        operation_id TEXT NOT NULL,
        event_type TEXT NOT NULL,
        body TEXT NOT NULL,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        due_at REAL,
        deadline_at REAL NOT NULL,
        created_at REAL NOT NULL,
        updated_at REAL NOT NULL,
        http_status INTEGER,
        error TEXT
      ) STRICT;
      CREATE INDEX callbacks_open_by_operation ON callbacks (url, operation_id, id)
        WHERE state IN ('pending', 'sending', 'waiting');
      CREATE INDEX callbacks_closed_by_age ON callbacks (state, updated_at)
        WHERE state IN ('delivered', 'dead');
    `,
  },
  {
    version: 3,
    name: 'recording library',
    sql: `
      ALTER TABLE recordings ADD COLUMN deleted_at REAL;
      CREATE INDEX recordings_in_deletion ON recordings (deleted_at) WHERE deleted_at IS NOT NULL;
      CREATE INDEX recordings_failed ON recordings (created_at) WHERE status = 'failed';
      CREATE TABLE recording_peaks (
        recording_id TEXT PRIMARY KEY REFERENCES recordings (id) ON DELETE CASCADE,
        channels INTEGER NOT NULL,
        sample_rate INTEGER NOT NULL,
        frames_per_point INTEGER NOT NULL,
        data BLOB NOT NULL
      ) STRICT;
      CREATE TABLE server_state (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;
    `,
  },
  {
    version: 4,
    name: 'recording endings',
    sql: `
      ALTER TABLE recordings ADD COLUMN tag TEXT;
      ALTER TABLE recordings ADD COLUMN hangup_by TEXT;
      ALTER TABLE recordings ADD COLUMN hangup_reason TEXT;
    `,
  },
  {
    version: 5,
    name: 'audit and retention',
    sql: `
      ALTER TABLE recordings ADD COLUMN deleted_by TEXT;
      CREATE TABLE audit_log (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at REAL NOT NULL,
        event TEXT NOT NULL,
        actor TEXT NOT NULL,
        recording_id TEXT NOT NULL,
        call_id TEXT NOT NULL,
        details TEXT NOT NULL
      ) STRICT;
      CREATE INDEX audit_log_by_recording ON audit_log (recording_id);
      CREATE INDEX recordings_kept ON recordings (created_at, id, end_time, byte_size)
        WHERE deleted_at IS NULL AND status NOT IN ('in-progress', 'paused');
      CREATE INDEX callbacks_open_by_recording ON callbacks (operation_id)
        WHERE state IN ('pending', 'sending', 'waiting');
    `,
  },
  {
    version: 6,
    name: 'uploads',
    sql: `
      CREATE TABLE uploads (
        recording_id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        due_at REAL NOT NULL,
        etag TEXT,
        error TEXT,
        updated_at REAL NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX uploads_waiting ON uploads (due_at, recording_id) WHERE state = 'waiting';
    `,
  },
  {
    version: 7,
    name: 'voice activity',
    sql: `
      CREATE TABLE recording_voice (
        recording_id TEXT PRIMARY KEY REFERENCES recordings (id) ON DELETE CASCADE,
        activity TEXT NOT NULL
      ) STRICT;
    `,
  },
  {
    version: 8,
    name: 'pruning of the audit log',
    sql: 'CREATE INDEX audit_log_by_time ON audit_log (at);',
  },
  {
    version: 9,
    // A list of three makes SQLite open a table of its own for it, in each index and with each change of a callback; and
    // an index that lacks what its condition names has each row looked up in the table.
    name: 'indices without detours',
    sql: `
      DROP INDEX callbacks_open_by_operation;
      DROP INDEX callbacks_open_by_recording;
      CREATE INDEX callbacks_open_by_operation ON callbacks (url, operation_id, id)
        WHERE state NOT IN ('delivered', 'dead');
      CREATE INDEX callbacks_open_by_recording ON callbacks (operation_id)
        WHERE state NOT IN ('delivered', 'dead');
      DROP INDEX recordings_kept;
      CREATE INDEX recordings_kept ON recordings (created_at, id, end_time, byte_size, status, deleted_at)
        WHERE deleted_at IS NULL AND status NOT IN ('in-progress', 'paused');
    `,
  },
];
