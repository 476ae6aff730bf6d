import { type Encoders, sharedEncoders } from './encoder/encoder-thread.ts';
import { type FileSystem, nodeFileSystem } from './file-system.ts';
import { mp3Repair } from './mp3-repair.ts';
import { mp4Repair } from './mp4-repair.ts';
import { PcmSpool } from './pcm-spool.ts';
import { PART_SUFFIX, SPOOL_SUFFIX } from './recording-path.ts';
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
  /** Default: the encoder thread of this thread. */
  readonly encoders?: Encoders;
}

/** The part of a file that is needed to look at it. */
export type ReadableFile = Pick<RepairFile, 'size' | 'read'>;

/** How one format is repaired. */
export interface FormatRepair {
  /** For messages. */
  readonly name: string;
  /** Length of a finished file, ms; undefined when it is none of ours, 0 when nothing is in it. */
  describe(file: ReadableFile): Promise<number | undefined>;
  /**
   * Makes a finished file of what there is of one. May be repeated, also after a crash within it.
   * @param fallback for a file that does not tell any more what it holds
   * @param waiting samples that were still to be encoded
   * @returns its length, ms; 0: nothing is there that could be kept, and the file is as it was
   */
  mend(
    file: RepairFile,
    fallback: AudioShape,
    waiting: { readonly spool: PcmSpool; readonly encoders: Encoders } | undefined,
  ): Promise<number>;
}

const REPAIRS: Readonly<Record<RecordFormat, FormatRepair>> = {
  wav: wavRepair,
  mp3: mp3Repair,
  mp4: mp4Repair,
};

/** How files of a format are looked at and repaired. */
export function formatRepair(format: RecordFormat): FormatRepair {
  return REPAIRS[format];
}

const DEFAULT_SHAPE: AudioShape = { sampleRate: 8000, channels: 1 };

/**
 * Makes a valid, finished file out of what a crash left of a recording: `<path>.part` and what may wait beside it
 * to be encoded, or the finished file itself when only the report of it was lost. May be repeated, also after a
 * crash within it.
 * @param path of the finished file
 * @throws Error when the disk or the encoder fails
 */
export async function repairSpool(
  path: string,
  format: RecordFormat,
  options: RepairOptions = {},
): Promise<RepairResult> {
  const files = options.files ?? nodeFileSystem;
  const partPath = `${path}${PART_SUFFIX}`;
  const finalSize = await files.size(path);
  const partSize = await files.size(partPath);
  const remains = new Remains(path, formatRepair(format), files, options);
  if (finalSize !== undefined && finalSize > 0) {
    const described = await remains.describe();
    if (described !== 'empty') {
      // Beside what cannot be read, everything is kept: it may be all that is left.
      if (described.state !== 'complete') return described;
      // The final name is given to complete files only. A `.part` beside it is an older state of the same
      // recording (a copy put back, say); one that holds more is not touched.
      if (partSize !== undefined && partSize <= finalSize) await files.remove(partPath);
      await remains.removeSpools();
      return described;
    }
  }
  if (finalSize !== undefined) await files.remove(path);
  return remains.mend(partSize !== undefined);
}

/** What is left of one recording. */
class Remains {
  readonly #path: string;
  readonly #partPath: string;
  readonly #format: FormatRepair;
  readonly #files: FileSystem;
  readonly #open: OpenRepairFile;
  readonly #options: RepairOptions;

  constructor(path: string, format: FormatRepair, files: FileSystem, options: RepairOptions) {
    this.#path = path;
    this.#partPath = `${path}${PART_SUFFIX}`;
    this.#format = format;
    this.#files = files;
    this.#open = options.openFile ?? openPlainFile;
    this.#options = options;
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

  /** @param partExists otherwise, what waits to be encoded may be all there is */
  async mend(partExists: boolean): Promise<RepairResult> {
    const spool = await this.#openSpool();
    try {
      if (!partExists && spool === undefined) return { state: 'absent' };
      if (!partExists) await this.#files.close(await this.#files.create(this.#partPath));
      return await this.#finish(spool?.spool);
    } finally {
      await spool?.file.close();
    }
  }

  async removeSpools(): Promise<void> {
    for (const path of this.#spoolPaths) await this.#files.remove(path);
  }

  async #finish(spool: PcmSpool | undefined): Promise<RepairResult> {
    const { shape = DEFAULT_SHAPE, encoders = sharedEncoders() } = this.#options;
    const file = await this.#open(this.#partPath, this.#files);
    let durationMs: number;
    try {
      durationMs = await this.#format.mend(file, shape, spool && { spool, encoders });
      if (durationMs > 0) await file.sync();
    } finally {
      await file.close();
    }
    if (durationMs > 0) await this.#files.rename(this.#partPath, this.#path);
    else await this.#files.remove(this.#partPath);
    await this.removeSpools();
    return durationMs > 0 ? { state: 'complete', durationMs, byteSize: file.size } : { state: 'absent' };
  }

  get #spoolPaths(): readonly string[] {
    return [`${this.#path}${SPOOL_SUFFIX}`, `${this.#path}${SPOOL_SUFFIX}${PART_SUFFIX}`];
  }

  /** What waits to be encoded; undefined when there is not one sample of it. */
  async #openSpool(): Promise<{ readonly file: RepairFile; readonly spool: PcmSpool } | undefined> {
    for (const path of this.#spoolPaths) {
      if ((await this.#files.size(path)) === undefined) continue;
      const file = await this.#open(path, this.#files);
      const spool = await PcmSpool.open(file).catch(async (error: unknown) => {
        await file.close();
        throw error;
      });
      if (spool !== undefined && spool.until > spool.head.from) return { file, spool };
      await file.close();
    }
    return undefined;
  }
}
