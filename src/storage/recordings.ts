import type {
  EndCause,
  HangUp,
  Peaks,
  RecordDirection,
  RecordFormat,
  VoiceActivity,
} from '../recording/types.ts';
import type { DeletionOrigin } from './audit-log.ts';

/** REST vocabulary (spec/record.md 6.2). */
export type RecordingStatus = 'in-progress' | 'paused' | 'completed' | 'absent' | 'failed';

/** A row of the recordings table. Times are Unix ms. */
export interface RecordingRow {
  readonly id: string;
  readonly controlId: string;
  readonly callId: string;
  readonly segmentId: string;
  readonly nodeId: string;
  readonly projectId: string;
  readonly spaceId: string;
  /** `swml:<session>` of the script that started it; copied into callbacks, also into those after a crash. */
  readonly eventChannel: string | undefined;
  /** Of the call; copied into callbacks. */
  readonly tag: string | undefined;
  readonly legType: 'sip' | 'phone' | 'webrtc';
  readonly status: RecordingStatus;
  readonly endedBy: EndCause | undefined;
  readonly terminator: string | undefined;
  /** Who ended the call, when `endedBy` is `hangup`, and why. */
  readonly hangupBy: HangUp['by'] | undefined;
  readonly hangupReason: string | undefined;
  readonly format: RecordFormat;
  readonly direction: RecordDirection;
  readonly stereo: boolean;
  /** Path of the finished file, relative to the data folder. */
  readonly path: string;
  readonly statusUrl: string | undefined;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** First and behind the last sample. */
  readonly startTime: number | undefined;
  readonly endTime: number | undefined;
  readonly durationMs: number;
  readonly byteSize: number;
  readonly error: string | undefined;
}

/** What changes in a row after its start. */
export type RecordingChange = Partial<
  Pick<
    RecordingRow,
    | 'status'
    | 'endedBy'
    | 'terminator'
    | 'hangupBy'
    | 'hangupReason'
    | 'startTime'
    | 'endTime'
    | 'durationMs'
    | 'byteSize'
    | 'error'
  >
>;

/** Place of a row in the list, newest first. */
export type RecordingCursor = Pick<RecordingRow, 'createdAt' | 'id'>;

export interface RecordingFilter {
  readonly callId?: string | undefined;
  readonly status?: RecordingStatus | undefined;
  /** Unix ms, whole, exclusive: what was made within that very millisecond is not after it. */
  readonly createdAfter?: number | undefined;
  /** Unix ms, exclusive. */
  readonly createdBefore?: number | undefined;
  /** Only rows behind (older than) this one; stays right while new rows come in, unlike `offset`. */
  readonly olderThan?: RecordingCursor | undefined;
  /** Only rows before (newer than) this one: the `limit` of them that are nearest to it. */
  readonly newerThan?: RecordingCursor | undefined;
  readonly offset?: number | undefined;
  /** 1 to 1001, default 50. */
  readonly limit?: number | undefined;
}

/** What may be deleted by retention: finished, and with no callback of it on its way. */
export interface KeptFilter {
  /** Ended before this time, Unix ms. */
  readonly endedBefore?: number | undefined;
  /** Only rows newer than this one. */
  readonly newerThan?: RecordingCursor | undefined;
  readonly limit: number;
}

export interface RecordingStore {
  /** @throws StorageError */
  insert(row: RecordingRow): void;
  /**
   * Sets `updatedAt` too.
   * @param row as it is so far
   * @returns the row as it is now
   * @throws StorageError when there is no such row
   */
  update(row: RecordingRow, change: RecordingChange): RecordingRow;
  /** Not those that are being deleted. */
  get(id: string): RecordingRow | undefined;
  /** Rows still `in-progress` or `paused`: at start-up, what a crash left behind. */
  unfinished(): readonly RecordingRow[];
  /** Newest first. */
  list(filter: RecordingFilter): readonly RecordingRow[];
  /** Finished rows that retention may delete, oldest first. */
  deletable(filter: KeptFilter): readonly RecordingRow[];
  /** All finished rows. */
  kept(): { readonly count: number; readonly bytes: number };
  /**
   * Failed rows of which no file was kept, oldest first: the spool of each may still be there. Not those that were
   * refused, which never began.
   */
  failedWithoutFile(): readonly RecordingRow[];
  /**
   * Hides a row from `get`, `list` and the others, so that its file can be removed; see removal.ts.
   * @returns `running`: it is not finished, so nothing was done; `absent`: there is no such row
   */
  beginDelete(id: string, origin: DeletionOrigin): 'begun' | 'running' | 'absent';
  /** As {@link Database.durable}: for what is to be removed because a row says that it is being deleted. */
  durable(): Promise<void>;
  /** Shows the row again: its file could not be removed. */
  cancelDelete(id: string): void;
  /** Hidden rows: deletions under way, those that a crash broke off, and those that wait for the object store. */
  inDeletion(): readonly RecordingRow[];
  /** Keeps the peaks of a recording, in place of older ones. No-op when there is no such row. */
  savePeaks(id: string, peaks: Peaks): void;
  peaks(id: string): Peaks | undefined;
  /** Keeps when somebody spoke in a recording, in place of what was known. No-op when there is no such row. */
  saveVoiceActivity(id: string, voice: VoiceActivity): void;
  voiceActivity(id: string): VoiceActivity | undefined;
  /**
   * Removes the row, hidden or not, and adds a line to the audit log, in one transaction.
   * @returns whether there was one
   */
  delete(id: string): boolean;
}
