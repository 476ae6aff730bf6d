/** An uploader with a folder, a database and an object store in memory, for tests. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type LogFields, type Logger, silentLogger } from '../log/logger.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { Database } from './database.ts';
import { StorageError } from './errors.ts';
import type { FileStore } from './file-store.ts';
import { LocalFiles } from './local-files.ts';
import { recordingRow } from './recordings.test-helper.ts';
import type { S3Object, S3Upload } from './s3/s3-client.ts';
import { SqliteRecordings } from './sqlite-recordings.ts';
import { Uploader, type UploadOutcome } from './uploader.ts';
import { Uploads } from './uploads.ts';

export const DOWN = new StorageError('unreachable', 'the object store cannot be reached');
export const CONTENT = Buffer.alloc(200_000, 'audio');

export const nameOf = (id: string): string => `recordings/${id}.wav`;

/** An object store in memory, told when to fail. */
export class Objects {
  readonly place = 'recordings at store.example';
  readonly stored = new Map<string, Buffer>();
  readonly types = new Map<string, string>();
  puts = 0;
  fault: (() => Error | undefined) | undefined;
  /** Runs when all of an upload has arrived. */
  onArrived: () => Promise<void> | void = () => {};

  async head(name: string): Promise<S3Object | undefined> {
    this.#fail();
    const bytes = this.stored.get(name);
    if (bytes === undefined) return undefined;
    const md5 = createHash('md5').update(bytes).digest('hex');
    return { size: bytes.length, modifiedMs: 0, etag: md5, md5 };
  }

  async put(name: string, upload: S3Upload): Promise<void> {
    this.#fail();
    this.puts++;
    const pieces: Uint8Array[] = [];
    for await (const piece of upload.open()) pieces.push(piece);
    await this.onArrived();
    upload.signal?.throwIfAborted();
    assert.equal(Buffer.concat(pieces).length, upload.length);
    this.stored.set(name, Buffer.concat(pieces));
    this.types.set(name, upload.contentType);
  }

  async remove(name: string): Promise<void> {
    this.#fail();
    this.stored.delete(name);
  }

  #fail(): void {
    const fault = this.fault?.();
    if (fault !== undefined) throw fault;
  }
}

/** To be disposed of with its test. */
export class UploadBench {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'openswml-uploads-'));
  readonly clock = new VirtualClock();
  readonly objects = new Objects();
  readonly outcomes: UploadOutcome[] = [];
  readonly logged: { level: string; fields: LogFields; message: string }[] = [];
  database = Database.inMemory(this.clock);
  recordings = new SqliteRecordings(this.database, this.clock);
  uploads = new Uploads(this.database);
  durable = (): Promise<void> => this.database.durable();

  constructor() {
    mkdirSync(path.join(this.folder, 'recordings'));
  }

  dispose(): void {
    this.database.close();
    rmSync(this.folder, { recursive: true });
  }

  /** From now on the database lies in the folder. */
  useFile(): void {
    this.database.close();
    this.database = Database.open(this.folder, { clock: this.clock });
    this.recordings = new SqliteRecordings(this.database, this.clock);
    this.uploads = new Uploads(this.database);
  }

  fileOf(id: string): string {
    return path.join(this.folder, 'recordings', `${id}.wav`);
  }

  /** A finished recording with its file, and its upload to be done. */
  add(id: string): void {
    const row = recordingRow({ id, status: 'completed', path: nameOf(id), byteSize: CONTENT.length });
    this.recordings.insert(row);
    writeFileSync(this.fileOf(id), CONTENT);
    this.uploads.add(id, nameOf(id), this.clock.now());
  }

  make(local: FileStore = new LocalFiles(this.folder)): Uploader {
    const { uploads, recordings, objects, clock } = this;
    const note =
      (level: string) =>
      (fields: LogFields, message: string): void =>
        void this.logged.push({ level, fields, message });
    return new Uploader({
      uploads,
      recordings,
      local,
      objects,
      durable: () => this.durable(),
      clock,
      log: { ...silentLogger, info: note('info'), error: note('error') } satisfies Logger,
      random: () => 0.5,
      onOutcome: (outcome) => void this.outcomes.push(outcome),
    });
  }
}
