import { type FileSystem, nodeFileSystem } from './file-system.ts';
import type { AudioShape } from './recording-writer.ts';
import { type OpenRepairFile, openPlainFile, type RepairFile } from './repair-file.ts';
import type { RecordFormat } from './types.ts';
import { wavRepair } from './wav-repair.ts';

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
  /** Opens the files of the recording; default: as they are. */
  readonly openFile?: OpenRepairFile;
}

/** The part of a file that is needed to look at it. */
export type ReadableFile = Pick<RepairFile, 'size' | 'read'>;

/** How one format is repaired. */
export interface FormatRepair {
  /** For messages. */
  readonly name: string;
  /** Length of a finished file, ms; undefined when it is none of ours. */
  describe(file: ReadableFile): Promise<number | undefined>;
  /**
   * Makes a finished file of what there is of one. May be repeated, also after a crash within it.
   * @param fallback for a file that does not tell any more what it holds
   * @returns its length, ms; 0: nothing is there that could be kept, and the file is as it was
   */
  mend(file: RepairFile, fallback: AudioShape): Promise<number>;
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
  const finalSize = await files.size(path);
  const partSize = await files.size(partPath);
  if (format !== 'wav') {
    if ((finalSize ?? partSize ?? 0) === 0) return { state: 'absent' };
    return { state: 'unreadable', error: `${path}: files of the format "${format}" cannot be repaired` };
  }
  const spool = new Spool(path, wavRepair, files, options);
  if (finalSize !== undefined && finalSize > 0) {
    const described = await spool.describe();
    // The final name is given to complete files only. A `.part` beside it is an older state of the same
    // recording (a copy put back, say); one that holds more is not touched.
    if (described !== 'empty') {
      if (partSize !== undefined && partSize <= finalSize) await files.remove(partPath);
      return described;
    }
  }
  if (finalSize !== undefined) await files.remove(path);
  return partSize === undefined ? { state: 'absent' } : spool.mend();
}

/** One recording under repair. */
class Spool {
  readonly #path: string;
  readonly #partPath: string;
  readonly #format: FormatRepair;
  readonly #files: FileSystem;
  readonly #open: OpenRepairFile;
  readonly #shape: AudioShape;

  constructor(path: string, format: FormatRepair, files: FileSystem, options: RepairOptions) {
    this.#path = path;
    this.#partPath = `${path}.part`;
    this.#format = format;
    this.#files = files;
    this.#open = options.openFile ?? openPlainFile;
    this.#shape = options.shape ?? DEFAULT_SHAPE;
  }

  /** The finished file as it is, or `empty` when it holds not one sample. */
  async describe(): Promise<RepairResult | 'empty'> {
    const file = await this.#open(this.#path, this.#files);
    try {
      const durationMs = await this.#format.describe(file);
      if (durationMs === 0) return 'empty';
      if (durationMs !== undefined) return { state: 'complete', durationMs, byteSize: file.size };
      return {
        state: 'unreadable',
        error: `${this.#path}: its header is no ${this.#format.name} header of ours`,
      };
    } finally {
      await file.close();
    }
  }

  async mend(): Promise<RepairResult> {
    const file = await this.#open(this.#partPath, this.#files);
    let durationMs: number;
    try {
      durationMs = await this.#format.mend(file, this.#shape);
      if (durationMs > 0) await file.sync();
    } finally {
      await file.close();
    }
    if (durationMs === 0) {
      await this.#files.remove(this.#partPath);
      return { state: 'absent' };
    }
    await this.#files.rename(this.#partPath, this.#path);
    return { state: 'complete', durationMs, byteSize: file.size };
  }
}
