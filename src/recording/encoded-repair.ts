import { completeFromSpool, writeEnd } from './encoder/complete.ts';
import type { EncodingSpec } from './encoder/frame-encoder.ts';
import type { FrameLayout } from './frame-layout.ts';
import type { AudioShape } from './recording-writer.ts';
import type { FormatRepair, ReadableFile } from './repair.ts';
import type { RepairFile } from './repair-file.ts';

/** An unfinished file that can go on. */
export interface Reopened {
  /** With all whole frames of the file in it. */
  readonly layout: FrameLayout;
  readonly spec: EncodingSpec;
  /** The head of the file is there. */
  readonly intact: boolean;
  /** Up to which the file is of use, bytes. */
  readonly size: number;
}

/** What differs between the formats that are encoded. */
export interface EncodedFormatFiles {
  readonly name: string;
  describe(file: ReadableFile): Promise<number | undefined>;
  reopen(file: RepairFile, fallback: AudioShape): Promise<Reopened>;
}

/** Behind the head: first frames that are not whole, or too few to be heard. More is left for somebody to look at. */
const MAX_BROKEN_BYTES = 4096;

/** Repair of a format that is encoded: what has been encoded is kept, what waits in a spool is encoded now. */
export function encodedRepair(format: EncodedFormatFiles): FormatRepair {
  return {
    name: format.name,

    async describe(file) {
      return file.size === 0 ? 0 : format.describe(file);
    },

    async mend(file, fallback, waiting) {
      const { layout, spec, intact, size } = await format.reopen(file, waiting?.spool.head ?? fallback);
      const samples = layout.decodableSamples;
      const head = layout.head();
      if (samples === 0 && waiting === undefined) {
        if (file.size <= head.length + MAX_BROKEN_BYTES) return 0;
        throw new Error(`there are ${file.size} bytes, but no ${format.name} frames that could be played`);
      }
      await file.truncate(Math.min(size, file.size));
      if (file.size < head.length) {
        await file.truncate(0);
        await file.append(head);
      } else if (!intact) {
        await file.patch(0, head);
      }
      if (waiting === undefined) {
        await writeEnd(layout, samples, file);
        return (samples * 1000) / spec.sampleRate;
      }
      const { spool, encoders } = waiting;
      const all = await completeFromSpool(spool, layout, file, encoders, spec);
      return (all * 1000) / spec.sampleRate;
    },
  };
}
