/** The parts of the server that keep something: the database, the outbox, and recordings with their files. */
import type { CallbackRequest } from '../callbacks/events.ts';
import { HttpSender } from '../callbacks/http-sender.ts';
import { DurableOutbox } from '../callbacks/outbox.ts';
import { RecordingService } from '../call/recording-service.ts';
import type { Logger } from '../log/logger.ts';
import type { HttpClient } from '../net/http-client.ts';
import type { KeyRing } from '../recording/encryption/keys.ts';
import { Database } from '../storage/database.ts';
import type { FileStore } from '../storage/file-store.ts';
import { LocalFiles } from '../storage/local-files.ts';
import { SqliteRecordings } from '../storage/sqlite-recordings.ts';
import { Uploader, type UploadOutcome } from '../storage/uploader.ts';
import { Uploads } from '../storage/uploads.ts';
import type { Clock } from '../time/clock.ts';
import type { Config } from './config-keys.ts';
import { recordingIdOf, recordingUrl } from './http/recording-url.ts';
import { openObjectStore } from './object-store.ts';
import { recordingFiles } from './recording-files.ts';

export interface StoredPartsOptions {
  readonly config: Config;
  /** Delivers callbacks. */
  readonly http: HttpClient;
  /** Of recordings. */
  readonly keys: KeyRing;
  /** How clients reach this server, without a slash at the end; known once it listens. */
  readonly publicUrl: () => string;
  /** Told of every callback that is put in. */
  readonly onEnqueue: (request: CallbackRequest) => void;
  /** Told how each upload ended. */
  readonly onUpload: (outcome: UploadOutcome) => void;
  /** Told of each part that is open how to close it; the last one is to be closed first. */
  readonly onOpened: (close: () => Promise<void> | void) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Open, but nothing is repaired, delivered or uploaded yet. */
export interface StoredParts {
  readonly database: Database;
  readonly outbox: DurableOutbox;
  readonly store: SqliteRecordings;
  readonly recordings: RecordingService;
  /** Finished recordings, wherever they lie. */
  readonly files: FileStore;
  /** Undefined where the settings name no object store. */
  readonly uploader: Uploader | undefined;
}

/**
 * What was opened before a part that fails has been told to `onOpened`.
 * @throws ConfigError naming what is missing of the object store; StorageError as {@link Database.open}
 */
export function openStoredParts(options: StoredPartsOptions): StoredParts {
  const { config, keys, publicUrl, onOpened, clock, log } = options;
  const objects = openObjectStore(config, { clock, log });
  if (objects !== undefined) onOpened(() => objects.close());
  const database = Database.open(config.data_dir, { clock, log, synchronous: config.storage.synchronous });
  onOpened(async () => {
    await database.leave();
    database.close();
  });
  const outbox = openOutbox(database, options);
  const store = new SqliteRecordings(database, clock);
  const uploads = new Uploads(database);
  const recordings = new RecordingService({
    store,
    outbox,
    database,
    dataDir: config.data_dir,
    urlOf: (id) => recordingUrl(publicUrl(), id),
    idOf: (url) => recordingIdOf(url, publicUrl()),
    maxLengthSeconds: config.limits.max_recording_seconds,
    maskDtmf: config.recording.mask_dtmf,
    keys,
    kbps: (format, stereo) =>
      format === 'wav' ? undefined : config.recording[format][stereo ? 'stereo_kbps' : 'mono_kbps'],
    onCompleted: (row) => {
      if (uploader === undefined) return;
      uploads.add(row.id, row.path, clock.now());
      database.afterCommit(() => uploader.wake());
    },
    clock,
    log,
  });
  onOpened(() => recordings.close());
  const files = recordingFiles(config, keys, objects, uploads, clock);
  const uploader =
    objects &&
    new Uploader({
      uploads,
      recordings: store,
      local: new LocalFiles(config.data_dir),
      objects: objects.client,
      durable: () => database.durable(),
      clock,
      log: log.child({ component: 'uploads' }),
      random: Math.random,
      onOutcome: options.onUpload,
    });
  if (uploader !== undefined) onOpened(() => uploader.close());
  return { database, outbox, store, recordings, files, uploader };
}

function openOutbox(
  database: Database,
  { config, http, onEnqueue, onOpened, clock, log }: StoredPartsOptions,
): DurableOutbox {
  const outbox = new DurableOutbox({
    database,
    clock,
    log,
    random: Math.random,
    onEnqueue,
    sender: new HttpSender({
      http,
      clock,
      signingKey: config.signing_key,
      httpsOnly: config.network.https_only,
    }),
    limits: {
      concurrency: config.callbacks.concurrency,
      perOrigin: config.callbacks.per_receiver,
      giveUpAfterMs: config.callbacks.give_up_after_seconds * 1000,
    },
  });
  onOpened(() => outbox.close());
  return outbox;
}
