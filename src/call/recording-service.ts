import path from 'node:path';
import type { Outbox } from '../callbacks/events.ts';
import { type RecordEventState, recordEnvelope } from '../callbacks/record-event.ts';
import type { Logger } from '../log/logger.ts';
import { encryptedFiles } from '../recording/encryption/encrypted-file.ts';
import { KeyRing } from '../recording/encryption/keys.ts';
import { isEncryptedPath, recordingFileName } from '../recording/recording-path.ts';
import { repairSpool } from '../recording/repair.ts';
import type { OpenRepairFile } from '../recording/repair-file.ts';
import type { RecordFormat, RecordOutcome, RecordSpec } from '../recording/types.ts';
import type { Database } from '../storage/database.ts';
import { StorageError } from '../storage/errors.ts';
import type {
  RecordingChange,
  RecordingRow,
  RecordingStatus,
  RecordingStore,
} from '../storage/recordings.ts';
import { timeOrderedId } from '../storage/time-ordered-id.ts';
import type { Clock } from '../time/clock.ts';
import type { CallInfo, RecordOptions } from './leg.ts';
import { type OwedEnding, OwedEndings } from './owed-endings.ts';

export interface RecordingServiceOptions {
  readonly store: RecordingStore;
  readonly outbox: Outbox;
  /** What store and outbox write to, so that changes of both stand or fall together. */
  readonly database: Pick<Database, 'gather' | 'gatherOne' | 'transaction'>;
  /** Absolute path of the data folder. */
  readonly dataDir: string;
  /** The URL under which a recording is announced. */
  readonly urlOf: (recordingId: string) => string;
  /** The id of the recording that a URL of ours names; undefined for any other URL. */
  readonly idOf: (url: string) => string | undefined;
  /** Longest recording when the document sets none or a longer one, seconds. */
  readonly maxLengthSeconds: number;
  /** Bit rate of a format that is encoded, kb/s; default that of the format. */
  readonly kbps?: (format: RecordFormat, stereo: boolean) => number | undefined;
  /** Whether recordings are kept free of the tones of keys; default false. */
  readonly maskDtmf?: boolean;
  /** With a current key, new recordings are encrypted; default: none. */
  readonly keys?: KeyRing;
  /** Told of each recording that is complete, within the transaction that says so. */
  readonly onCompleted?: ((row: RecordingRow) => void) | undefined;
  /** Fresh UUIDs; default {@link timeOrderedId}. */
  readonly newId?: () => string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Only used when a crash destroyed even the file's header: the rate of G.711, Hz. */
const RATE_OF_A_LOST_HEADER = 8000;
const NO_KEYS = new KeyRing(undefined);

/** How a recording ended that a crash broke off. */
interface RepairedEnd {
  readonly change: RecordingChange;
  readonly state: RecordEventState;
}

/** A recording that was found unfinished or failed, and what became of it. */
export interface RecoveredRecording {
  readonly id: string;
  readonly status: RecordingStatus;
  readonly durationMs: number;
  /** With `failed`: why it cannot be repaired. */
  readonly error?: string;
}

/**
 * The library of recordings: a row before the first sample, a state change and its callback in one
 * transaction, a terminal state only after the file is durable, and repair of what a crash left behind.
 */
export class RecordingService {
  readonly #options: RecordingServiceOptions;
  /** Rows of the recordings that run. */
  readonly #running = new Map<string, RecordingRow>();
  readonly #owed: OwedEndings;

  constructor(options: RecordingServiceOptions) {
    this.#options = options;
    const { clock, log } = options;
    this.#owed = new OwedEndings({ clock, log, store: ({ write }) => options.database.gather(write) });
  }

  /** Stores what is still owed, if it can, and tries no more; call before the database is closed. */
  async close(): Promise<void> {
    await this.#owed.close();
  }

  /** Keys that sound are silenced in recordings. */
  get maskDtmf(): boolean {
    return this.#options.maskDtmf === true;
  }

  urlOf(recordingId: string): string {
    return this.#options.urlOf(recordingId);
  }

  /** The finished file behind one of our own recording URLs: where it is written, and its name in the store. */
  localFile(url: string): { readonly path: string; readonly name: string } | undefined {
    const id = this.#options.idOf(url);
    const row = id === undefined ? undefined : this.#options.store.get(id);
    if (row?.status !== 'completed') return undefined;
    return { path: path.join(this.#options.dataDir, row.path), name: row.path };
  }

  /**
   * Writes the row of a new recording.
   * @throws StorageError when that cannot be written now; it is registered and told of as failed then, as of
   *   {@link ended}
   */
  async create(
    call: CallInfo,
    eventChannel: string | undefined,
    options: RecordOptions,
  ): Promise<RecordSpec> {
    const { dataDir, store, database } = this.#options;
    const row = this.#newRow(call, eventChannel, options);
    try {
      await database.gatherOne(() => store.insert(row));
    } catch (cause) {
      // The script goes on without it; who waits for its callback is told once that can be stored.
      this.#owed.add(this.#notBegun(row, `the recording could not start: ${messageOf(cause)}`), cause);
      throw cause;
    }
    this.#running.set(row.id, row);
    const cap = this.#options.maxLengthSeconds;
    const kbps = this.#options.kbps?.(options.format, options.stereo);
    return {
      recordingId: row.id,
      controlId: options.controlId,
      path: path.join(dataDir, row.path),
      format: options.format,
      ...(kbps !== undefined && { kbps }),
      direction: options.direction,
      stereo: options.stereo,
      beep: options.beep,
      ...(this.maskDtmf && { maskDtmf: true }),
      terminators: options.terminators.toUpperCase(),
      inputSensitivity: options.inputSensitivity,
      initialTimeoutMs: options.initialTimeout * 1000,
      endSilenceTimeoutMs: options.endSilenceTimeout * 1000,
      maxLengthMs: Math.min(options.maxLength > 0 ? options.maxLength : cap, cap) * 1000,
    };
  }

  /**
   * A recording that may not be made is registered and told of like one that could not start (spec/record.md 3.8).
   * @throws StorageError when that cannot be written now; it is tried again as of {@link ended}
   */
  async refused(
    call: CallInfo,
    eventChannel: string | undefined,
    options: RecordOptions,
    error: string,
  ): Promise<void> {
    await this.#storeEnd(this.#notBegun(this.#newRow(call, eventChannel, options), error));
  }

  /** The end of a recording that has no row: it never began. */
  #notBegun(before: RecordingRow, error: string): OwedEnding {
    const write = (): void => {
      this.#options.store.insert(before);
      this.#write(before, { status: 'failed', endedBy: 'error', error }, 'error', before.createdAt);
    };
    return { before, neverBegan: true, write };
  }

  /** As all that follow: written at once, resolves when it is durable. @throws StorageError */
  async started(id: string, startTimeMs: number): Promise<void> {
    await this.#change(id, { startTime: startTimeMs }, 'recording');
  }

  async paused(id: string, behavior: 'skip' | 'silence'): Promise<void> {
    await this.#change(id, { status: 'paused' }, 'paused', behavior);
  }

  async resumed(id: string): Promise<void> {
    await this.#change(id, { status: 'in-progress' }, 'recording');
  }

  /**
   * The file is durable (or given up): the row and the terminal callback. Where they cannot be written now, that is
   * tried again until it is done, or {@link close}.
   */
  async ended(id: string, outcome: RecordOutcome): Promise<void> {
    const before = this.#rowOf(id);
    this.#running.delete(id);
    const nowMs = this.#options.clock.now();
    await this.#storeEnd({ before, write: () => this.#writeEnd(before, outcome, nowMs) });
  }

  /** @throws StorageError */
  async #storeEnd(ending: OwedEnding): Promise<void> {
    try {
      await this.#options.database.gather(ending.write);
    } catch (cause) {
      this.#owed.add(ending, cause);
      throw cause;
    }
  }

  #writeEnd(before: RecordingRow, outcome: RecordOutcome, nowMs: number): void {
    const { store } = this.#options;
    const row = this.#write(before, changeOf(outcome), outcome.state, nowMs);
    // Of an encrypted recording nothing is kept in the open, not even how loud it is.
    const open = !isEncryptedPath(row.path);
    if (outcome.peaks !== undefined && open) store.savePeaks(row.id, outcome.peaks);
    if (outcome.voice !== undefined && open) store.saveVoiceActivity(row.id, outcome.voice);
  }

  /**
   * Finishes what a crash left behind; call before calls are taken, or while none can be.
   * @param wanted which ones; default all
   */
  async recover(
    wanted: (recordingId: string) => boolean = () => true,
  ): Promise<readonly RecoveredRecording[]> {
    const recovered: RecoveredRecording[] = [];
    const { store, database } = this.#options;
    for (const row of store.unfinished()) {
      if (!wanted(row.id)) continue;
      const end = await this.#findEnd(row);
      const nowMs = this.#options.clock.now();
      database.transaction(() => this.#write(row, end.change, end.state, nowMs));
      recovered.push(this.#recovered(row, end.change));
    }
    return recovered;
  }

  /**
   * Makes files of what recordings that failed (a full disk, say) have left on disk. The failure was reported
   * when it happened and stays the last callback of each; the row keeps cause and error.
   * @param wanted which ones; default all
   * @returns those of which something was left: `completed`, or `failed` when it cannot be repaired
   */
  async repairFailed(
    wanted: (recordingId: string) => boolean = () => true,
  ): Promise<readonly RecoveredRecording[]> {
    const repaired: RecoveredRecording[] = [];
    for (const row of this.#options.store.failedWithoutFile()) {
      const result = wanted(row.id) ? await this.#repairFailedOne(row) : undefined;
      if (result !== undefined) repaired.push(result);
    }
    return repaired;
  }

  /**
   * Repairs one recording whose media side has died, and tells how it ended.
   * @throws StorageError when row or callback cannot be written now; that is tried again as of {@link ended}
   */
  async salvage(recordingId: string): Promise<RecordOutcome> {
    const row = this.#options.store.get(recordingId);
    if (row === undefined) throw new Error(`recording ${recordingId} has no row`);
    const { change, state } = await this.#findEnd(row, 'the thread of its audio');
    const nowMs = this.#options.clock.now();
    await this.#storeEnd({ before: row, write: () => void this.#write(row, change, state, nowMs) });
    this.#recovered(row, change);
    const after = this.#options.store.get(recordingId) ?? row;
    return {
      state: after.status === 'completed' ? 'finished' : 'error',
      endedBy: 'crash',
      durationMs: after.durationMs,
      byteSize: after.byteSize,
      startTimeMs: after.startTime ?? after.createdAt,
      endTimeMs: after.endTime ?? after.createdAt,
      missingSamples: 0,
      ...(after.error !== undefined && { error: after.error }),
    };
  }

  async #repairFailedOne(row: RecordingRow): Promise<RecoveredRecording | undefined> {
    const { store, log } = this.#options;
    const about = { call_id: row.callId, recording_id: row.id };
    try {
      const repaired = await this.#repair(row);
      if (repaired === undefined) return undefined;
      const start = row.startTime ?? row.createdAt;
      const status = 'completed';
      const change = { status, startTime: start, endTime: start + repaired.durationMs, ...repaired } as const;
      this.#options.database.transaction(() => {
        const after = store.update(row, change);
        this.#options.onCompleted?.(after);
      });
      log.warn(
        { ...about, status, duration_ms: repaired.durationMs },
        'recording that had failed was repaired',
      );
      return { id: row.id, status, durationMs: repaired.durationMs };
    } catch (cause) {
      log.error({ ...about, err: cause }, 'recording that had failed could not be repaired');
      return { id: row.id, status: 'failed', durationMs: 0, error: messageOf(cause) };
    }
  }

  /** Length and size of the file that was made, or found; undefined when there was not one sample. */
  async #repair(row: RecordingRow): Promise<Pick<RecordingRow, 'durationMs' | 'byteSize'> | undefined> {
    const { clock, dataDir } = this.#options;
    const shape = { sampleRate: RATE_OF_A_LOST_HEADER, channels: row.stereo ? 2 : 1 } as const;
    const options = { shape, ...(isEncryptedPath(row.path) && { openFile: this.#openEncrypted(row) }) };
    const repaired = await clock.holdWhile(repairSpool(path.join(dataDir, row.path), row.format, options));
    if (repaired.state === 'unreadable') throw new Error(repaired.error);
    if (repaired.state === 'absent') return undefined;
    return { durationMs: repaired.durationMs, byteSize: repaired.byteSize };
  }

  #openEncrypted(row: RecordingRow): OpenRepairFile {
    const { keys = NO_KEYS, log } = this.#options;
    return encryptedFiles({
      keys,
      onLost: (file, chunks) =>
        log.warn(
          { call_id: row.callId, recording_id: row.id, file, chunks },
          'parts of a recording were lost in a crash and are silence now',
        ),
    });
  }

  #newRow(call: CallInfo, eventChannel: string | undefined, options: RecordOptions): RecordingRow {
    const { clock, newId, keys = NO_KEYS } = this.#options;
    const now = clock.now();
    const id = newId?.() ?? timeOrderedId(now);
    const folder = path.join('recordings', new Date(now).toISOString().slice(0, 10));
    return {
      id,
      controlId: options.controlId,
      callId: call.call_id,
      segmentId: call.segment_id,
      nodeId: call.node_id,
      projectId: call.project_id,
      spaceId: call.space_id,
      eventChannel,
      tag: call.tag,
      legType: call.type,
      status: 'in-progress',
      endedBy: undefined,
      terminator: undefined,
      hangupBy: undefined,
      hangupReason: undefined,
      format: options.format,
      direction: options.direction,
      stereo: options.stereo,
      path: path.join(folder, recordingFileName(id, options.format, keys.current !== undefined)),
      statusUrl: options.statusUrl,
      createdAt: now,
      updatedAt: now,
      startTime: undefined,
      endTime: undefined,
      durationMs: 0,
      byteSize: 0,
      error: undefined,
    };
  }

  /**
   * Makes a file of what is there of a recording, and tells what that means for its row.
   * @param stopped what did, in the midst of it
   */
  async #findEnd(row: RecordingRow, stopped = 'the server'): Promise<RepairedEnd> {
    const { log } = this.#options;
    const start = row.startTime ?? row.createdAt;
    let change: RecordingChange;
    let state: RecordEventState = 'finished';
    try {
      const repaired = await this.#repair(row);
      if (repaired !== undefined) {
        change = {
          status: 'completed',
          endedBy: 'crash',
          startTime: start,
          endTime: start + repaired.durationMs,
          ...repaired,
        };
      } else {
        state = 'error';
        const error = `${stopped} stopped before anything was recorded`;
        change = { status: 'absent', endedBy: 'crash', error };
      }
    } catch (cause) {
      state = 'error';
      const error = `the file could not be repaired: ${messageOf(cause)}`;
      change = { status: 'failed', endedBy: 'crash', error };
      log.error({ call_id: row.callId, recording_id: row.id, err: cause }, error);
    }
    this.#running.delete(row.id);
    return { change, state };
  }

  /** It is stored. */
  #recovered(row: RecordingRow, change: RecordingChange): RecoveredRecording {
    this.#options.log.warn(
      {
        call_id: row.callId,
        recording_id: row.id,
        status: change.status,
        duration_ms: change.durationMs ?? 0,
      },
      'recording left unfinished by a crash was recovered',
    );
    return {
      id: row.id,
      status: change.status ?? row.status,
      durationMs: change.durationMs ?? 0,
      ...(change.status === 'failed' && change.error !== undefined && { error: change.error }),
    };
  }

  /** @throws StorageError */
  async #change(
    id: string,
    change: RecordingChange,
    state: RecordEventState,
    pauseBehavior?: 'skip' | 'silence',
  ): Promise<void> {
    const { database } = this.#options;
    const before = this.#rowOf(id);
    const nowMs = this.#options.clock.now();
    const work = (): void => {
      const row = this.#write(before, change, state, nowMs, pauseBehavior);
      // Done anew behind a commit that failed, it may have ended meanwhile.
      if (this.#running.has(id)) this.#running.set(id, row);
    };
    // Without a callback the row is all that is written: none of these changes completes a recording.
    await (before.statusUrl === undefined ? database.gatherOne(work) : database.gather(work));
  }

  /** @throws StorageError when there is none */
  #rowOf(id: string): RecordingRow {
    const row = this.#running.get(id) ?? this.#options.store.get(id);
    if (row === undefined)
      throw new StorageError('not_found', `There is no recording ${id} in the database.`);
    return row;
  }

  /**
   * A change and its callback; to be called in a transaction.
   * @param nowMs when it happened, which may be long before it can be stored, Unix ms
   */
  #write(
    before: RecordingRow,
    change: RecordingChange,
    state: RecordEventState,
    nowMs: number,
    pauseBehavior?: 'skip' | 'silence',
  ): RecordingRow {
    const { store, outbox } = this.#options;
    const row = store.update(before, change);
    if (change.status === 'completed') this.#options.onCompleted?.(row);
    if (row.statusUrl === undefined) return row;
    outbox.enqueue({
      url: row.statusUrl,
      operationId: row.id,
      envelope: recordEnvelope(row, state, {
        url: this.urlOf(row.id),
        nowMs,
        ...(pauseBehavior !== undefined && { pauseBehavior }),
      }),
    });
    return row;
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function changeOf(outcome: RecordOutcome): RecordingChange {
  const kept = outcome.byteSize > 0;
  return {
    status: outcome.state === 'error' ? 'failed' : kept ? 'completed' : 'absent',
    endedBy: outcome.endedBy,
    ...(outcome.terminator !== undefined && { terminator: outcome.terminator }),
    ...(outcome.hangup !== undefined && {
      hangupBy: outcome.hangup.by,
      hangupReason: outcome.hangup.reason,
    }),
    startTime: outcome.startTimeMs,
    endTime: outcome.endTimeMs,
    durationMs: outcome.durationMs,
    byteSize: outcome.byteSize,
    ...(outcome.error !== undefined && { error: outcome.error }),
  };
}
