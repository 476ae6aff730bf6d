import { userInfo } from 'node:os';
import { DurableOutbox } from '../callbacks/outbox.ts';
import { checkRecording, type Finding } from '../call/recording-check.ts';
import { type RecoveredRecording, RecordingService } from '../call/recording-service.ts';
import { silentLogger } from '../log/logger.ts';
import type { KeyRing } from '../recording/encryption/keys.ts';
import { FILE_SUFFIXES, isEncryptedPath, recordingIdOfPath } from '../recording/recording-path.ts';
import { isLocked, type DataLock, lockDataFolder } from '../storage/data-lock.ts';
import { AuditLog, type AuditEntry, type AuditFilter, type DeletionOrigin } from '../storage/audit-log.ts';
import type { Database } from '../storage/database.ts';
import { StorageError } from '../storage/errors.ts';
import type { FileStore } from '../storage/file-store.ts';
import { LocalFiles } from '../storage/local-files.ts';
import type { RecordingFilter, RecordingRow } from '../storage/recordings.ts';
import { finishRemovals, isStoreFault, type RemovalResult, removeRecording } from '../storage/removal.ts';
import { ServerState } from '../storage/server-state.ts';
import { SqliteRecordings } from '../storage/sqlite-recordings.ts';
import { Uploads } from '../storage/uploads.ts';
import type { Clock } from '../time/clock.ts';
import { publicUrlOf } from './addresses.ts';
import type { Config } from './config-keys.ts';
import { DownloadLinks, type SignedQuery } from './http/download-links.ts';
import { recordingIdOf, recordingUrl } from './http/recording-url.ts';
import { readIdentity } from './identity.ts';
import { type RotatedFile, rotateFiles, rotateObjects, rotateTraces } from './key-rotation.ts';
import { type ObjectStore, openObjectStore } from './object-store.ts';
import { recordingFiles } from './recording-files.ts';
import { loadRecordingKeys } from './recording-keys.ts';

export interface LibraryRepair {
  readonly repaired: readonly RecoveredRecording[];
  /** Recordings that are not finished and were left to the server that works on the folder. */
  readonly leftToServer: readonly string[];
  /** Deletions broken off by a crash that were finished. */
  readonly removed: number;
  /** Those that cannot be finished now: the recordings stay hidden. */
  readonly unremoved: readonly { readonly id: string; readonly error: string }[];
}

const PAGE = 1_000;

/** Of a recording in the object store, where the settings of this command name none. */
const OUT_OF_REACH = {
  kind: 'unreadable',
  message: 'the file is in an object store, and none is set here',
  cure: 'name the settings of the server (--config), with storage.s3 as the server has it',
} as const satisfies Pick<Finding, 'kind' | 'message' | 'cure'>;

/**
 * The recordings of a data folder for commands of an operator, beside the server that works on it or without one.
 * What is finished, both may change; what still runs is left to the server.
 */
export class RecordingLibrary {
  readonly #config: Config;
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #keys: KeyRing;
  readonly #objects: ObjectStore | undefined;
  readonly #uploads: Uploads;
  readonly #files: FileStore;
  readonly #recordings: SqliteRecordings;

  /**
   * @param database open for as long as the library is used
   * @throws ConfigError when a key of recordings cannot be read, or half an object store is set
   */
  constructor(config: Config, database: Database, clock: Clock) {
    this.#config = config;
    this.#database = database;
    this.#clock = clock;
    this.#keys = loadRecordingKeys(config, silentLogger).ring;
    this.#objects = openObjectStore(config, { clock, log: silentLogger });
    this.#uploads = new Uploads(database);
    this.#files = recordingFiles(config, this.#keys, this.#objects, this.#uploads, clock);
    this.#recordings = new SqliteRecordings(database, clock);
  }

  async close(): Promise<void> {
    await this.#objects?.close();
  }

  get(id: string): RecordingRow | undefined {
    return this.#recordings.get(id.toLowerCase());
  }

  /** Newest first, at most `most`; those of the filter that page through the list do not count. */
  *rows(filter: RecordingFilter = {}, most = Number.POSITIVE_INFINITY): Generator<RecordingRow> {
    let olderThan: RecordingRow | undefined;
    for (let left = most; left > 0; left -= PAGE) {
      const limit = Math.min(left, PAGE);
      const page = this.#recordings.list({ ...filter, olderThan, newerThan: undefined, limit });
      yield* page;
      olderThan = page.at(-1);
      if (olderThan === undefined || page.length < limit) return;
    }
  }

  /** URL of a recording, as the server announces it. */
  urlOf(id: string): string {
    return recordingUrl(this.#publicUrl(), id);
  }

  /**
   * A URL that works for `seconds` without credentials.
   * @throws ConfigError when no server has made the key yet
   */
  link(id: string, seconds: number): SignedQuery & { readonly url: string } {
    const links = new DownloadLinks(readIdentity(this.#config).linkKey, () => this.#clock.now());
    const signed = links.sign(id, seconds);
    return { ...signed, url: `${this.urlOf(id)}?${signed.query}` };
  }

  /** @throws StorageError */
  remove(id: string): Promise<RemovalResult> {
    const origin: DeletionOrigin = { by: 'command', details: { user: userName() } };
    return removeRecording(id.toLowerCase(), origin, { recordings: this.#recordings, files: this.#files });
  }

  /** The id of the key that recordings are encrypted with; undefined: they are not. */
  get keyId(): string | undefined {
    return this.#keys.current?.id;
  }

  /**
   * Moves every encrypted recording to that key, here and in the object store, and what traces hold.
   * @throws StorageError
   */
  async *rotateKeys(): AsyncGenerator<RotatedFile> {
    const { data_dir: dataDir, trace } = this.#config;
    yield* rotateFiles(dataDir, this.#keys, this.#recordings);
    if (trace.dir !== undefined) yield* rotateTraces(trace.dir, this.#keys);
    const stored = { uploads: this.#uploads, recordings: this.#recordings };
    if (this.#objects !== undefined) {
      yield* rotateObjects(this.#objects.client, stored, this.#keys, dataDir);
      return;
    }
    // Whoever hears of no failure throws the old key away.
    for (const { name } of this.#uploads.stored()) {
      if (isEncryptedPath(name)) yield { name, outcome: 'failed', error: OUT_OF_REACH.message };
    }
  }

  /** What was deleted and by whom, oldest first. */
  audit(filter: AuditFilter): readonly AuditEntry[] {
    return new AuditLog(this.#database).list(filter);
  }

  /** What is not as it should be with one recording. @throws StorageError */
  check(row: RecordingRow): Promise<readonly Finding[]> {
    return this.#check(row, isLocked(this.#config.data_dir));
  }

  async #check(row: RecordingRow, serverRuns: boolean): Promise<readonly Finding[]> {
    const findings = await checkRecording(row, { files: this.#files, serverRuns });
    // Deleted since it was listed, by the server or its retention.
    if (findings.length > 0 && this.#recordings.get(row.id) === undefined) return [];
    if (this.#objects !== undefined || this.#uploads.get(row.id)?.state !== 'stored') return findings;
    return findings.map((finding) =>
      finding.kind === 'file_missing' ? { ...finding, ...OUT_OF_REACH } : finding,
    );
  }

  /** The same for all recordings, and for files that belong to none. @throws StorageError */
  async *checkAll(): AsyncGenerator<Finding> {
    const serverRuns = isLocked(this.#config.data_dir);
    for (const row of this.rows()) yield* await this.#check(row, serverRuns);
    yield* this.#orphans();
  }

  /**
   * Finishes what a crash left of recordings and deletions, unless a server runs, and makes files of what failed
   * recordings have left.
   * @param wanted ids in lower case; default all
   * @throws StorageError
   */
  async repair(wanted?: ReadonlySet<string>): Promise<LibraryRepair> {
    const chosen = (id: string): boolean => wanted?.has(id) ?? true;
    const lock = tryLock(this.#config.data_dir);
    try {
      const service = this.#service();
      const unfinished = this.#recordings.unfinished().map(({ id }) => id);
      const recovered = lock === undefined ? [] : await service.recover(chosen);
      const failed = await service.repairFailed(chosen);
      const noRemovals = { removed: 0, unremoved: [] };
      return {
        repaired: [...recovered, ...failed],
        leftToServer: lock === undefined ? unfinished.filter(chosen) : [],
        ...(lock === undefined || wanted !== undefined ? noRemovals : await this.#finishRemovals()),
      };
    } finally {
      lock?.release();
    }
  }

  async #finishRemovals(): Promise<Pick<LibraryRepair, 'removed' | 'unremoved'>> {
    const tools = { recordings: this.#recordings, files: this.#files };
    const unremoved: LibraryRepair['unremoved'][number][] = [];
    const removed = await finishRemovals(tools, ({ id }, cause) => {
      // What waits for the object store is left to the server.
      if (isStoreFault(cause)) return;
      unremoved.push({ id, error: cause instanceof Error ? cause.message : String(cause) });
    });
    return { removed, unremoved };
  }

  #publicUrl(): string {
    const { http } = this.#config;
    const announced = new ServerState(this.#database).get('public_url');
    return http.public_url ?? announced ?? publicUrlOf(this.#config, http.listen);
  }

  /** Callbacks of recovered recordings are only stored: the next server on the folder sends them. */
  #service(): RecordingService {
    const sender = { send: () => Promise.reject(new Error('a command sends no callbacks')) };
    const giveUpAfterMs = this.#config.callbacks.give_up_after_seconds * 1_000;
    const clock = this.#clock;
    const database = this.#database;
    return new RecordingService({
      store: this.#recordings,
      outbox: new DurableOutbox({
        database,
        clock,
        sender,
        log: silentLogger,
        random: () => 0,
        limits: { giveUpAfterMs },
      }),
      database,
      dataDir: this.#config.data_dir,
      urlOf: (id) => this.urlOf(id),
      idOf: (url) => recordingIdOf(url, this.#publicUrl()),
      maxLengthSeconds: this.#config.limits.max_recording_seconds,
      keys: this.#keys,
      onCompleted: ({ id, path }) => {
        if (this.#objects !== undefined) new Uploads(database).add(id, path, clock.now());
      },
      clock,
      log: silentLogger,
    });
  }

  async *#orphans(): AsyncGenerator<Finding> {
    const onDisk = new LocalFiles(this.#config.data_dir);
    for await (const name of onDisk.list('recordings')) {
      const final = finishedName(name);
      const id = idOfFile(final);
      const row = id === undefined ? undefined : this.#recordings.get(id);
      if (row?.path === final) continue;
      if (this.#recordings.inDeletion().some((deleted) => deleted.path === final)) continue;
      // It may have gone with its recording, just now.
      const found = await onDisk.open(name);
      if (found === undefined) continue;
      yield {
        kind: 'orphan',
        path: name,
        message: `a file of ${found.size} bytes that belongs to no recording`,
        cure: 'listen to it, then move it elsewhere or remove it by hand',
      };
    }
  }
}

/** The lock of the folder; undefined when a server has it. */
function tryLock(directory: string): DataLock | undefined {
  try {
    return lockDataFolder(directory);
  } catch (error) {
    if (error instanceof StorageError && error.code === 'locked') return undefined;
    throw error;
  }
}

/** Of the recording that a file belongs to. */
function finishedName(name: string): string {
  const suffix = FILE_SUFFIXES.findLast((each) => name.endsWith(each)) ?? '';
  return name.slice(0, name.length - suffix.length);
}

function idOfFile(name: string): string | undefined {
  try {
    return recordingIdOfPath(name);
  } catch {
    return undefined;
  }
}

/** Who runs this command; in a container it may have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
