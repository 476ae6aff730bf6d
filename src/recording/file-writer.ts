import type { Clock } from '../time/clock.ts';
import type { ByteTarget, CreateTarget } from './byte-target.ts';
import type { Encoders } from './encoder/encoder-thread.ts';
import { diskTargets } from './disk-targets.ts';
import { SPOOL_SUFFIX } from './recording-path.ts';
import { createRecordingWriter, type RecordingWriter } from './recording-writer.ts';
import { MAX_ORDER_DELAY_MS, type RecordSpec } from './types.ts';

export interface FileWriterOptions {
  /** Hz. */
  readonly sampleRate: number;
  readonly clock: Clock;
  /** Makes the targets of this recording; default: files. */
  readonly createTarget?: CreateTarget | undefined;
  /** Default: what `createTarget` makes for the specification's path. */
  readonly target?: ByteTarget | undefined;
  /** Default: the encoder thread of this thread. */
  readonly encoders?: Encoders | undefined;
}

/** Seconds of audio that may wait for a slow disk, beside those with which a late recording begins. */
const MAX_QUEUED_SECONDS = 8 + MAX_ORDER_DELAY_MS / 1000;
const MIN_QUEUED_BYTES = 256 * 1024;
/** More of it may wait for a spool: it begins with everything that the encoder owes. */
const SPOOL_QUEUES = 3;

/** The writer of what a specification asks for, onto the disk unless it is told otherwise. */
export function createFileWriter(spec: RecordSpec, options: FileWriterOptions): RecordingWriter {
  const { sampleRate, clock, encoders } = options;
  const channels = spec.stereo ? 2 : 1;
  const maxQueuedBytes = Math.max(MIN_QUEUED_BYTES, MAX_QUEUED_SECONDS * sampleRate * channels * 2);
  const { createTarget = diskTargets({ clock, key: undefined }) } = options;
  return createRecordingWriter(
    spec,
    options.target ?? createTarget(spec.path, maxQueuedBytes),
    { sampleRate, channels },
    {
      clock,
      encoders,
      createSpool: () => createTarget(`${spec.path}${SPOOL_SUFFIX}`, SPOOL_QUEUES * maxQueuedBytes),
    },
  );
}
