import { WAV_HEADER_BYTES, parseWavFormat, wavHeader } from '../media/wav-format.ts';
import { EncryptionError } from '../recording/encryption/errors.ts';
import { readRange } from '../recording/byte-source.ts';
import { FILE_SUFFIXES } from '../recording/recording-path.ts';
import { formatRepair, type ReadableFile } from '../recording/repair.ts';
import type { FileStore, StoredFile } from '../storage/file-store.ts';
import type { RecordingRow } from '../storage/recordings.ts';
import { isStoreFault } from '../storage/removal.ts';

export type FindingKind =
  | 'file_missing'
  | 'size_differs'
  | 'duration_differs'
  | 'channels_differ'
  | 'header_differs'
  | 'unreadable'
  | 'unexpected_file'
  | 'spool_left'
  | 'unfinished'
  | 'repairable'
  | 'orphan';

/** Something about a recording that is not as its row says. */
export interface Finding {
  readonly kind: FindingKind;
  readonly recordingId?: string;
  /** Relative to the data folder. */
  readonly path: string;
  /** What was expected and what was found. */
  readonly message: string;
  readonly cure: string;
}

export interface CheckOptions {
  readonly files: FileStore;
  /** Whether a server works on the folder: unfinished recordings are its own then. */
  readonly serverRuns: boolean;
}

/** Lengths are counted in samples, so this only takes up the rounding of a division, ms. */
const DURATION_TOLERANCE_MS = 0.5;

/** Holds the row of a recording to its file: there, of the size, the length and the kind that the row says. */
export async function checkRecording(row: RecordingRow, options: CheckOptions): Promise<readonly Finding[]> {
  switch (row.status) {
    case 'completed':
      return await checkCompleted(row, options.files);
    case 'absent':
      return await checkAbsent(row, options.files);
    case 'failed':
      return await checkFailed(row, options.files);
    case 'in-progress':
    case 'paused':
      if (options.serverRuns) return [];
      return [
        finding(row, 'unfinished', {
          message: `it is ${row.status}, but no server runs`,
          cure: 'the next start of the server, or openswml recordings repair, finishes it',
        }),
      ];
  }
}

async function checkCompleted(row: RecordingRow, files: FileStore): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const differs = (kind: FindingKind, message: string): void => {
    findings.push(finding(row, kind, { message, cure: 'put the file back from a backup' }));
  };
  try {
    const found = await files.open(row.path);
    if (found === undefined) {
      return [
        finding(row, 'file_missing', {
          message: `the file of ${row.byteSize} bytes is missing`,
          cure: 'put it back from a backup, or delete the recording',
        }),
      ];
    }
    if (found.size !== row.byteSize) {
      differs('size_differs', `the file has ${found.size} bytes, not ${row.byteSize}`);
    }
    await checkContent(row, readable(found), differs);
  } catch (error) {
    // It does not decrypt, or a disk or a store fails: the check of others goes on.
    const message = `the file cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    const words = { message, cure: 'mend that, or put the file back from a backup' };
    return [...findings, finding(row, 'unreadable', words)];
  }
  findings.push(...(await checkSpool(row, files)));
  return findings;
}

async function checkContent(
  row: RecordingRow,
  file: ReadableFile,
  differs: (kind: FindingKind, message: string) => void,
): Promise<void> {
  const format = formatRepair(row.format);
  const durationMs = await format.describe(file);
  if (durationMs === undefined) {
    differs('unreadable', `the file is no ${format.name} file of ours`);
    return;
  }
  if (Math.abs(durationMs - row.durationMs) > DURATION_TOLERANCE_MS) {
    differs('duration_differs', `the file is ${seconds(durationMs)} long, not ${seconds(row.durationMs)}`);
  }
  if (row.format === 'wav') await checkWavHeader(row, file, differs);
}

/** That it is a header of ours has been seen already. */
async function checkWavHeader(
  row: RecordingRow,
  file: ReadableFile,
  differs: (kind: FindingKind, message: string) => void,
): Promise<void> {
  const header = await file.read(0, WAV_HEADER_BYTES);
  const shape = parseWavFormat(header.subarray(20, 36));
  const channels = row.stereo ? 2 : 1;
  if (shape.channels !== channels) {
    differs('channels_differ', `the file has ${shape.channels} channels, not ${channels}`);
  }
  const right = wavHeader(shape, file.size - WAV_HEADER_BYTES);
  if (!Buffer.from(right).equals(header)) {
    differs('header_differs', 'the sizes in the header are not those of the file');
  }
}

async function checkAbsent(row: RecordingRow, files: FileStore): Promise<readonly Finding[]> {
  const found = await sizeOf(row.path, files);
  if (found === undefined) return await checkSpool(row, files);
  return [
    finding(row, 'unexpected_file', {
      message: `nothing was recorded, but there is ${found.text}`,
      cure: 'look where it comes from; deleting the recording deletes it',
    }),
  ];
}

async function checkFailed(row: RecordingRow, files: FileStore): Promise<readonly Finding[]> {
  for (const suffix of FILE_SUFFIXES) {
    const left = await sizeOf(row.path + suffix, files);
    if (left === undefined || left.bytes === 0) continue;
    const message = `it failed (${row.error ?? 'for a reason unknown'}), but there is ${left.text} of it`;
    return [finding(row, 'repairable', { message, cure: `openswml recordings repair ${row.id}` })];
  }
  return [];
}

/** What may be left of the time before it was finished. */
async function checkSpool(row: RecordingRow, files: FileStore): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const suffix of FILE_SUFFIXES.slice(1)) {
    const left = await sizeOf(row.path + suffix, files);
    if (left === undefined) continue;
    const words = {
      message: `beside the finished recording there is ${left.text} that was not finished`,
      cure: 'listen to it, then remove it by hand; it holds more, or something else, than the recording',
    };
    findings.push({ ...finding(row, 'spool_left', words), path: row.path + suffix });
  }
  return findings;
}

/**
 * A file that may be broken off or not be ours: that it is there counts. What is not complete never goes to the object
 * store, which may be away, or not show what is not there (AWS, to whoever may not list the bucket).
 */
async function sizeOf(
  name: string,
  files: FileStore,
): Promise<{ readonly bytes: number | undefined; readonly text: string } | undefined> {
  try {
    const file = await files.open(name);
    return file && { bytes: file.size, text: `a file of ${file.size} bytes` };
  } catch (error) {
    if (isStoreFault(error)) return undefined;
    if (!(error instanceof EncryptionError)) throw error;
    return { bytes: undefined, text: 'an encrypted file' };
  }
}

function finding(
  row: RecordingRow,
  kind: FindingKind,
  words: { readonly message: string; readonly cure: string },
): Finding {
  return { kind, recordingId: row.id, path: row.path, ...words };
}

function readable(file: StoredFile): ReadableFile {
  return {
    size: file.size,
    read: (start, length) => readRange(file, { start, end: Math.min(start + length, file.size) - 1 }),
  };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(3)} s`;
}
