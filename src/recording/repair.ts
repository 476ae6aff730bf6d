import { maxWavDataBytes, parseWavFormat, WAV_HEADER_BYTES, wavHeader } from '../media/wav-format.ts';
import { type FileSystem, nodeFileSystem } from './file-system.ts';
import type { AudioShape } from './recording-writer.ts';
import type { RecordFormat } from './types.ts';

/** What became of a recording that a crash had left unfinished. */
export type RepairResult =
  /** There is a valid file at its final path. */
  | { readonly state: 'complete'; readonly durationMs: number; readonly byteSize: number }
  /** There was not one sample; no file is left. */
  | { readonly state: 'absent' }
  /** There is something, but it cannot be made into a file of this format; it is left as it was. */
  | { readonly state: 'unreadable'; readonly error: string };

export interface RepairOptions {
  /** Used when the header of the file is destroyed; default 8000 Hz mono. */
  readonly shape?: AudioShape;
  readonly files?: FileSystem;
}

const DEFAULT_SHAPE: AudioShape = { sampleRate: 8000, channels: 1 };

/**
 * Makes a valid, finished file out of what a crash left of a recording: `<path>.part`, or the finished file
 * itself when only the report of it was lost. May be repeated, also after a crash within it.
 * @param path of the finished file
 * @throws Error when the disk fails
 */
export async function repairSpool(
  path: string,
  format: RecordFormat,
  options: RepairOptions = {},
): Promise<RepairResult> {
  const files = options.files ?? nodeFileSystem;
  const partPath = `${path}.part`;
  if (format !== 'wav') {
    const left = (await files.size(path)) ?? (await files.size(partPath));
    if (left === undefined || left === 0) return { state: 'absent' };
    return { state: 'unreadable', error: `${path}: files of the format "${format}" cannot be repaired` };
  }
  const finalSize = await files.size(path);
  const partSize = await files.size(partPath);
  if (finalSize !== undefined && finalSize > WAV_HEADER_BYTES) {
    // The final name is given to complete files only. A `.part` beside it is an older state of the same
    // recording (a copy put back, say); one that holds more is not touched.
    if (partSize !== undefined && partSize <= finalSize) await files.remove(partPath);
    return describe(path, finalSize, files);
  }
  if (finalSize !== undefined) await files.remove(path);
  if (partSize === undefined) return { state: 'absent' };
  return repairPart(path, partPath, partSize, options.shape ?? DEFAULT_SHAPE, files);
}

async function repairPart(
  path: string,
  partPath: string,
  partSize: number,
  fallback: AudioShape,
  files: FileSystem,
): Promise<RepairResult> {
  const fd = await files.open(partPath);
  let shape: AudioShape;
  let dataBytes: number;
  try {
    // A power cut can leave a file of the right length with zeros in place of its first block.
    shape = shapeOf(await readHeader(fd, files)) ?? fallback;
    const frameBytes = shape.channels * 2;
    const audible = Math.max(0, partSize - WAV_HEADER_BYTES);
    dataBytes = Math.min(audible - (audible % frameBytes), maxWavDataBytes(shape.channels));
    if (dataBytes > 0) {
      await files.truncate(fd, WAV_HEADER_BYTES + dataBytes);
      await writeAll(fd, wavHeader(shape, dataBytes), files);
      await files.sync(fd);
    }
  } finally {
    await files.close(fd);
  }
  if (dataBytes === 0) {
    await files.remove(partPath);
    return { state: 'absent' };
  }
  await files.rename(partPath, path);
  return complete(shape, dataBytes);
}

async function describe(path: string, size: number, files: FileSystem): Promise<RepairResult> {
  const fd = await files.open(path);
  try {
    const shape = shapeOf(await readHeader(fd, files));
    if (shape === undefined)
      return { state: 'unreadable', error: `${path}: its header is no WAV header of ours` };
    return complete(shape, size - WAV_HEADER_BYTES);
  } finally {
    await files.close(fd);
  }
}

function complete(shape: AudioShape, dataBytes: number): RepairResult {
  return {
    state: 'complete',
    durationMs: (dataBytes / (shape.channels * 2) / shape.sampleRate) * 1000,
    byteSize: WAV_HEADER_BYTES + dataBytes,
  };
}

/** Rate and channels of a header that {@link wavHeader} wrote; undefined when it is none. */
function shapeOf(header: Uint8Array): AudioShape | undefined {
  if (header.length < WAV_HEADER_BYTES) return undefined;
  try {
    const { encoding, sampleRate, channels, sampleBytes } = parseWavFormat(header.subarray(20, 36));
    if (encoding !== 'pcm' || sampleBytes !== 2 || (channels !== 1 && channels !== 2)) return undefined;
    const shape: AudioShape = { sampleRate, channels };
    const ours = wavHeader(shape);
    // Everything but the two sizes must be as we write it.
    const same = ours.every((byte, i) => (i >= 4 && i < 8) || i >= 40 || byte === header[i]);
    return same ? shape : undefined;
  } catch {
    return undefined;
  }
}

async function readHeader(fd: number, files: FileSystem): Promise<Uint8Array> {
  const header = new Uint8Array(WAV_HEADER_BYTES);
  let done = 0;
  while (done < header.length) {
    const count = await files.read(fd, header.subarray(done), done);
    if (count === 0) break;
    done += count;
  }
  return header.subarray(0, done);
}

async function writeAll(fd: number, bytes: Uint8Array, files: FileSystem): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const count = await files.write(fd, bytes.subarray(done), done);
    if (count === 0) throw new Error('the file takes no more bytes');
    done += count;
  }
}
