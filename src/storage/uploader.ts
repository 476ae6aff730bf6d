import { createHash } from 'node:crypto';
import type { Logger } from '../log/logger.ts';
import type { ByteSource } from '../recording/byte-source.ts';
import { HEADER_BYTES } from '../recording/encryption/format.ts';
import { mimeTypeOf } from '../recording/mime-type.ts';
import { ENCRYPTED_SUFFIX } from '../recording/recording-path.ts';
import { StorageError } from './errors.ts';
import type { FileStore } from './file-store.ts';
import type { RecordingRow, RecordingStore } from './recordings.ts';
import type { S3Client, S3Object } from './s3/s3-client.ts';
import { FILE_LEFT, type Upload, type Uploads } from './uploads.ts';
import type { Clock, Timer } from '../time/clock.ts';

export interface UploaderOptions {
  readonly uploads: Uploads;
  readonly recordings: RecordingStore;
  /** Files as they lie there, encrypted or not. */
  readonly local: FileStore;
  readonly objects: Pick<S3Client, 'head' | 'put' | 'remove' | 'place'>;
  /** As {@link Database.durable}, of what `uploads` and `recordings` lie in. */
  readonly durable: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Uniform in [0, 1): spreads retries. */
  readonly random: () => number;
  /** Told how each attempt ended that was not broken off by {@link Uploader.close}. */
  readonly onOutcome?: (outcome: UploadOutcome) => void;
}

/** `failed` is tried again; `lost`: there is neither a file nor an object. */
export type UploadOutcome = 'stored' | 'failed' | 'lost';

/** Uploads at once. */
const CONCURRENCY = 2;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 300_000;
/** No retry waits for longer. */
const LONGEST_RETRY_MS = LAST_RETRY_MS * 1.2;
const LOOK_INTERVAL_MS = 60_000;

/**
 * Brings finished recordings to the object store, and removes the local file once the store has shown that it holds
 * the same bytes. Nothing is given up: what fails is tried again, ever more slowly, also after a restart, and until
 * then the recording is served from the local file.
 */
export class Uploader {
  readonly #options: UploaderOptions;
  readonly #running = new Map<string, Promise<void>>();
  readonly #abort = new AbortController();
  #timer: Timer | undefined;
  #ticker: Timer | undefined;
  /** By recording, when those are tried again whose row could not be told so, Unix ms. */
  readonly #heldBack = new Map<string, number>();
  #cleaning: Promise<void> | undefined;
  /** Whether the store did not answer when it was last asked: told once, not for each recording. */
  #down = false;

  constructor(options: UploaderOptions) {
    this.#options = options;
  }

  /** Takes up what was left, what is there of before there was a store, and whatever is added from then on. */
  start(): void {
    const { uploads, clock } = this.#options;
    uploads.addAll(clock.now());
    // Commands beside the server add some without a word.
    this.#ticker = clock.every(LOOK_INTERVAL_MS, () => this.wake());
    this.#cleaning = clock.holdWhile(this.#settleLeft());
    this.wake();
  }

  /** Something was added. Where that cannot be read, it is looked for again within a minute. */
  wake(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#abort.signal.aborted) return;
    try {
      this.#look();
    } catch (cause) {
      this.#options.log.error({ err: cause }, 'it cannot be read which recordings are to be uploaded');
    }
  }

  /** @throws StorageError */
  #look(): void {
    const { uploads, clock } = this.#options;
    const next = uploads
      .waiting(CONCURRENCY * 2)
      .filter(({ recordingId }) => !this.#running.has(recordingId));
    let shortest = Number.POSITIVE_INFINITY;
    for (const upload of next) {
      const wait = this.#waitOf(upload, clock.now());
      shortest = Math.min(shortest, wait);
      if (wait > 0) continue;
      // Whichever ends first looks again.
      if (this.#running.size >= CONCURRENCY) return;
      this.#begin(upload);
    }
    if (shortest > 0 && next.length > 0) this.#timer = clock.after(shortest, () => this.wake());
  }

  /** ms; not above 0: it is due. */
  #waitOf({ recordingId, dueAt }: Upload, now: number): number {
    const wait = Math.max(dueAt, this.#heldBack.get(recordingId) ?? 0) - now;
    // The clock has been set back since.
    return wait > LONGEST_RETRY_MS ? 0 : wait;
  }

  /** Recordings that are yet to be brought; undefined where that cannot be read. */
  get backlog(): number | undefined {
    try {
      return this.#options.uploads.backlog;
    } catch {
      return undefined;
    }
  }

  /** Breaks off what is under way: it is taken up at the next start. */
  async close(): Promise<void> {
    this.#abort.abort();
    this.#timer?.cancel();
    this.#ticker?.cancel();
    await Promise.all([this.#cleaning, ...this.#running.values()]);
  }

  #begin(upload: Upload): void {
    const { clock } = this.#options;
    const work = clock.holdWhile(this.#run(upload)).finally(() => {
      this.#running.delete(upload.recordingId);
      this.wake();
    });
    this.#running.set(upload.recordingId, work);
  }

  async #run(upload: Upload): Promise<void> {
    const { uploads, clock, log, objects } = this.#options;
    this.#heldBack.delete(upload.recordingId);
    try {
      await this.#bring(upload);
      if (this.#down) log.info({ store: objects.place }, 'the object store takes recordings again');
      this.#down = false;
    } catch (cause) {
      if (this.#abort.signal.aborted) return;
      this.#options.onOutcome?.('failed');
      const attempts = upload.attempts + 1;
      const error = cause instanceof Error ? cause.message : String(cause);
      const dueAt = clock.now() + retryDelay(attempts, this.#options.random());
      try {
        uploads.save(upload, { attempts, dueAt, error }, clock.now());
      } catch (again) {
        // Or it would be tried again at once, for as long as nothing can be stored.
        this.#heldBack.set(upload.recordingId, dueAt);
        log.error(
          { err: again, recording_id: upload.recordingId },
          'the state of an upload cannot be stored',
        );
      }
      const about = { recording_id: upload.recordingId, attempts, retry_ms: Math.round(dueAt - clock.now()) };
      const isStore = cause instanceof StorageError && ['unreachable', 'refused'].includes(cause.code);
      if (isStore && this.#down) log.debug({ ...about, error }, 'a recording cannot be uploaded');
      else log.error({ ...about, error }, 'a recording cannot be uploaded; it stays here and is tried again');
      if (isStore) this.#down = true;
    }
  }

  async #bring(upload: Upload): Promise<void> {
    const { uploads, recordings, local, objects, durable, clock, log } = this.#options;
    const { recordingId, name } = upload;
    // Undone with what completed the recording, whose commit had still been gathered.
    if (uploads.getCommitted(recordingId) === undefined) return;
    const row = recordings.get(recordingId);
    if (row === undefined) return await this.#forget(upload);
    if (row.status !== 'completed') {
      throw new StorageError('io', `${name}: the recording is ${row.status}, and not yet to be uploaded`);
    }
    const file = await local.open(name);
    if (file === undefined) return await this.#withoutFile(upload, row);
    const header = await headerOf(file);
    // Before the file is gone through: while the store does not answer, all that wait would be, again and again.
    const before = await this.#leftBehind(name);
    const { md5, sha256 } = await sumsOf(file);
    const isThere = before?.size === file.size && before.md5 === md5.toString('hex');
    if (!isThere) {
      await objects.put(name, {
        length: file.size,
        open: () => pieces(file),
        contentType: name.endsWith(ENCRYPTED_SUFFIX) ? 'application/octet-stream' : mimeTypeOf(row.format),
        md5,
        sha256,
        signal: this.#abort.signal,
      });
    }
    const stored = isThere ? before : await objects.head(name, this.#abort.signal);
    if (stored?.size !== file.size || (stored.md5 ?? md5.toString('hex')) !== md5.toString('hex')) {
      throw new StorageError('unreachable', `${name}: the object store does not show what was uploaded`);
    }
    const headerNow = await headerOf(file).catch(() => undefined);
    // Deleted meanwhile: the deletion may have come to the store before the upload.
    if (recordings.get(recordingId) === undefined) return await this.#forget(upload);
    // It lies here with another key than it was sent with (openswml recordings rotate-key).
    if (headerNow?.equals(header) !== true) {
      throw new StorageError('io', `${name}: the file was changed while it was uploaded`);
    }
    // Throws where there is no row to say where the recording is now: then the file stays.
    uploads.save(upload, { state: 'stored', etag: stored.etag, error: FILE_LEFT }, clock.now());
    // A power cut that takes the last second of what was committed must find the file: nothing else would tell of it.
    await durable();
    await local.remove(name);
    uploads.fileRemoved(recordingId);
    this.#options.onOutcome?.('stored');
    log.info({ recording_id: recordingId, bytes: file.size, store: objects.place }, 'recording uploaded');
  }

  /** What an upload left that was broken off behind its end. */
  async #leftBehind(name: string): Promise<S3Object | undefined> {
    try {
      return await this.#options.objects.head(name, this.#abort.signal);
    } catch (cause) {
      // AWS refuses the look at what is not there to whoever may not list the bucket (HeadObject, Permissions). Where
      // more than that is refused, the upload says it.
      if (cause instanceof StorageError && cause.code === 'refused') return undefined;
      throw cause;
    }
  }

  /** Removes local files that were to be removed when the last run ended, and takes up those that are here again. */
  async #settleLeft(): Promise<void> {
    const { uploads, local, durable, log } = this.#options;
    try {
      await durable();
      for (const { recordingId, name, state } of uploads.unsettled()) {
        if (this.#abort.signal.aborted) return;
        if (state === 'lost') {
          await this.#findAgain(recordingId, name);
          continue;
        }
        await local.remove(name);
        uploads.fileRemoved(recordingId);
      }
    } catch (cause) {
      log.error(
        { err: cause },
        'local files of uploaded recordings cannot be removed; tried at the next start',
      );
    }
  }

  /** A disk was not there when its file was looked for, or somebody has put that back from a backup. */
  async #findAgain(recordingId: string, name: string): Promise<void> {
    const { uploads, local, clock } = this.#options;
    const file = await local.open(name).catch(() => undefined);
    const upload = uploads.get(recordingId);
    // Its recording may be deleted by now.
    if (file === undefined || upload?.state !== 'lost' || this.#abort.signal.aborted) return;
    const now = clock.now();
    uploads.save(upload, { state: 'waiting', attempts: 0, dueAt: now, error: undefined }, now);
    this.wake();
  }

  /** Its recording is deleted; an upload that was broken off may have left an object. */
  async #forget({ recordingId, name }: Upload): Promise<void> {
    await this.#options.objects.remove(name, this.#abort.signal);
    this.#options.uploads.remove(recordingId);
  }

  /** The local file was removed, but that was not noted any more; or somebody else removed it. */
  async #withoutFile(upload: Upload, { callId }: RecordingRow): Promise<void> {
    const { uploads, objects, clock, log } = this.#options;
    const object = await objects.head(upload.name, this.#abort.signal);
    const state = object === undefined ? 'lost' : 'stored';
    uploads.save(upload, { state, etag: object?.etag }, clock.now());
    this.#options.onOutcome?.(state);
    if (object !== undefined) return;
    const ids = { recording_id: upload.recordingId, call_id: callId };
    log.error({ ...ids, path: upload.name }, 'the file of a recording is gone before it was uploaded');
  }
}

/** Doubles from a second to five minutes, ±20 % so that many do not come together. */
export function retryDelay(attempts: number, random: number): number {
  const delay = Math.min(FIRST_RETRY_MS * 2 ** Math.min(attempts - 1, 30), LAST_RETRY_MS);
  return delay * (0.8 + 0.4 * random);
}

/** What an upload is held against. */
export async function sumsOf(file: ByteSource): Promise<{ readonly md5: Buffer; readonly sha256: Buffer }> {
  const md5 = createHash('md5');
  const sha256 = createHash('sha256');
  for await (const piece of pieces(file)) {
    md5.update(piece);
    sha256.update(piece);
  }
  return { md5: md5.digest(), sha256: sha256.digest() };
}

/** The part of an encrypted file that changes with its key. */
async function headerOf(file: ByteSource): Promise<Buffer> {
  const start: Uint8Array[] = [];
  for await (const piece of pieces(file, HEADER_BYTES)) start.push(piece);
  return Buffer.concat(start);
}

async function* pieces(file: ByteSource, length = file.size): AsyncGenerator<Uint8Array> {
  const end = Math.min(length, file.size) - 1;
  if (end < 0) return;
  for await (const piece of file.read({ start: 0, end })) yield piece as Uint8Array;
}
