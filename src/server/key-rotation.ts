import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HEADER_BYTES, parseHeader } from '../recording/encryption/format.ts';
import type { KeyRing } from '../recording/encryption/keys.ts';
import { readHeader } from '../recording/encryption/read-header.ts';
import { rewrapFile } from '../recording/encryption/rewrap.ts';
import { nodeFileSystem } from '../recording/file-system.ts';
import {
  ENCRYPTED_SUFFIX,
  isEncryptedPath,
  PART_SUFFIX,
  recordingIdOfPath,
} from '../recording/recording-path.ts';
import { isLocked } from '../storage/data-lock.ts';
import { StorageError } from '../storage/errors.ts';
import { LocalFiles } from '../storage/local-files.ts';
import type { RecordingStore } from '../storage/recordings.ts';
import type { S3Client } from '../storage/s3/s3-client.ts';
import type { Uploads } from '../storage/uploads.ts';
import { sumsOf } from '../storage/uploader.ts';

/** What became of one file or object. */
export interface RotatedFile {
  /** Relative to the data folder, to where the folder of the traces lies, or to the prefix of the bucket. */
  readonly name: string;
  readonly outcome: 'moved' | 'already' | 'failed';
  /** With `failed`. */
  readonly error?: string;
}

/** `FOLDER/DAY/ID.wav.enc`. Other files may lie in the folder of the traces, too: recordings, where it is the data folder. */
const TRACED_AUDIO =
  /^[^\\/]+[\\/]\d{4}-\d\d-\d\d[\\/][0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.wav\.enc(?:\.part)?$/;

/**
 * Moves every encrypted file of a data folder to the current key; also beside the server that works on it. What that
 * one still records or repairs is left alone, and told of as failed where it has another key: nobody else would look at
 * it again before the old key is thrown away.
 * @throws StorageError; TypeError without a current key
 */
export async function* rotateFiles(
  dataDir: string,
  keys: KeyRing,
  recordings: Pick<RecordingStore, 'get'>,
): AsyncGenerator<RotatedFile> {
  const serverRuns = isLocked(dataDir);
  for await (const name of new LocalFiles(dataDir).list('recordings')) {
    if (!isEncryptedPath(name)) continue;
    yield* attempt(name, () =>
      whereverItIs(path.join(dataDir, name), async (file) => {
        if (serverRuns && isUnfinished(file) && runs(file, recordings)) {
          if (await isCurrent(file, keys)) return false;
          throw new Error('it is not finished yet, and has another key: do this again when it is');
        }
        return await rewrapFile(file, keys, nodeFileSystem);
      }),
    );
  }
}

/**
 * The same for what parties of traced calls said, also of calls that are up: the header, where the key is, is written
 * once, at the beginning. Traces are deleted by when they were last written to, so that stays.
 * @param folder of the traces
 * @throws StorageError; TypeError without a current key
 */
export async function* rotateTraces(folder: string, keys: KeyRing): AsyncGenerator<RotatedFile> {
  const parent = path.dirname(folder);
  for await (const name of new LocalFiles(parent).list(path.basename(folder))) {
    if (!TRACED_AUDIO.test(name)) continue;
    yield* attempt(name, () =>
      whereverItIs(path.join(parent, name), async (file) => {
        const { atime, mtime } = await stat(file);
        const isMoved = await rewrapFile(file, keys, nodeFileSystem);
        if (isMoved) await utimes(file, atime, mtime);
        return isMoved;
      }),
    );
  }
}

/**
 * Moves a file that may have been finished since it was listed: then it has lost its `.part`.
 * @param move whether anything had to be done
 */
async function whereverItIs(file: string, move: (file: string) => Promise<boolean>): Promise<boolean> {
  if (!isUnfinished(file)) return await move(file);
  try {
    // Nothing is in it: a crash has left it so, or its header is on the way, with the key of its server.
    if ((await stat(file)).size < HEADER_BYTES) return false;
    return await move(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return await move(file.slice(0, -PART_SUFFIX.length));
  }
}

function isUnfinished(file: string): boolean {
  return file.endsWith(PART_SUFFIX);
}

/** Whether the recording that a file belongs to has not ended, by its row. */
function runs(file: string, recordings: Pick<RecordingStore, 'get'>): boolean {
  let id: string;
  try {
    id = recordingIdOfPath(file);
  } catch {
    // A file of somebody else.
    return false;
  }
  const status = recordings.get(id)?.status;
  return status === 'in-progress' || status === 'paused';
}

/** Whether a file opens with the current key, and no other. */
async function isCurrent(file: string, keys: KeyRing): Promise<boolean> {
  const fd = await nodeFileSystem.open(file);
  try {
    const { slots } = await readHeader(fd, file, nodeFileSystem);
    return slots.length === 1 && slots[0]?.keyId === keys.current?.id;
  } finally {
    await nodeFileSystem.close(fd);
  }
}

/**
 * The same for the objects of a store: those that need it are fetched, one at a time, and put back, unless their
 * recording is deleted meanwhile.
 * @param folder where each is kept meanwhile
 * @throws StorageError; TypeError without a current key
 */
export async function* rotateObjects(
  objects: S3Client,
  { uploads, recordings }: { readonly uploads: Uploads; readonly recordings: Pick<RecordingStore, 'get'> },
  keys: KeyRing,
  folder: string,
): AsyncGenerator<RotatedFile> {
  for (const { name, recordingId } of uploads.stored()) {
    if (!name.endsWith(ENCRYPTED_SUFFIX)) continue;
    yield* attempt(name, async () => {
      const isMoved = await rotateObject(name, objects, keys, folder);
      if (!isMoved || recordings.get(recordingId) !== undefined) return isMoved;
      // Its deletion may have come to the store before it was put back, and nobody would ever look for it again.
      await objects.remove(name);
      throw new StorageError('not_found', `${name}: the recording is deleted`);
    });
  }
}

async function* attempt(name: string, work: () => Promise<boolean>): AsyncGenerator<RotatedFile> {
  try {
    yield { name, outcome: (await work()) ? 'moved' : 'already' };
  } catch (error) {
    // Deleted meanwhile, it need not be moved.
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'not_found') return;
    yield { name, outcome: 'failed', error: error instanceof Error ? error.message : String(error) };
  }
}

async function rotateObject(
  name: string,
  objects: S3Client,
  keys: KeyRing,
  parent: string,
): Promise<boolean> {
  const start: Buffer[] = [];
  for await (const piece of objects.get(name, { start: 0, end: HEADER_BYTES - 1 })) start.push(piece);
  const { slots } = parseHeader(Buffer.concat(start), name);
  if (slots.length === 1 && slots[0]?.keyId === keys.current?.id) return false;

  const before = await objects.head(name);
  if (before === undefined) throw new StorageError('not_found', `${name}: there is no such object any more`);
  const folder = await mkdtemp(path.join(parent, 'rotation-'));
  const file = path.join(folder, path.basename(name));
  let isSafe = true;
  try {
    const { size } = before;
    const all = objects.get(name, { start: 0, end: size - 1 });
    await pipeline(Readable.from(all), createWriteStream(file, { mode: 0o600 }));
    await rewrapFile(file, keys, nodeFileSystem);
    const read = (range: { start: number; end: number }): Readable => createReadStream(file, range);
    const { md5, sha256 } = await sumsOf({ size, read });
    // From here on the store may hold half of it, if it is one that does not replace objects as a whole.
    isSafe = false;
    const open = (): Readable => createReadStream(file);
    await objects.put(name, { length: size, open, contentType: 'application/octet-stream', md5, sha256 });
    const after = await objects.head(name);
    isSafe = after?.size === size && (after.md5 ?? md5.toString('hex')) === md5.toString('hex');
    if (!isSafe) throw new Error('the object store does not show what was put back');
    return true;
  } catch (error) {
    if (isSafe) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${reason}; what was to be put back is kept in ${file}`, { cause: error });
  } finally {
    if (isSafe) await rm(folder, { recursive: true, force: true });
  }
}
