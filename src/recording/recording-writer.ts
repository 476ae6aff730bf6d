import { mp3Kbps } from '../media/mp3-frame.ts';
import type { Clock } from '../time/clock.ts';
import type { ByteTarget, TargetError } from './byte-target.ts';
import { EncodedWriter } from './encoded-writer.ts';
import { type Encoders, sharedEncoders } from './encoder/encoder-thread.ts';
import { SampleBuffers } from './sample-buffers.ts';
import type { RecordSpec } from './types.ts';
import { WavWriter } from './wav-writer.ts';

/** What a recording sounds like, before it is encoded. */
export interface AudioShape {
  /** Hz. */
  readonly sampleRate: number;
  readonly channels: 1 | 2;
}

/** Turns samples into a file of one format. It knows what bytes mean; a {@link ByteTarget} knows where they go. */
export interface RecordingWriter {
  readonly mimeType: string;
  /** Of the file name, without a dot. */
  readonly extension: string;
  /** Sample instants that the format can hold. */
  readonly maxFrames: number;
  /**
   * Begins the file; call once, first. What goes wrong later is told to `onError`, at most once; that there is
   * a file to write to, to `onOpen` (see {@link ByteTarget.open}); what an operator should know though the
   * recording goes on, to `onNotice`.
   * @returns the buffer to fill first: interleaved samples, room for {@link BUFFER_MS} or less
   */
  begin(
    onError: (error: TargetError) => void,
    onOpen?: () => void,
    onNotice?: (text: string) => void,
  ): Int16Array;
  /**
   * Takes over `buffer` with `frames` sample instants in it.
   * @returns the buffer to fill next
   */
  write(buffer: Int16Array, frames: number): Int16Array;
  /**
   * Ends the file with the last `frames` of `buffer`.
   * @returns its size in bytes, once it is durable under its final name
   * @throws TargetError
   */
  finish(buffer: Int16Array, frames: number): Promise<number>;
  /** Throws the file away. Never rejects. */
  discard(): Promise<void>;
  /** Stops and leaves what is there for repair. Never rejects. */
  abandon(): Promise<void>;
}

/**
 * Audio that is gathered before it is written. It bounds what a crash can cost: this much that was not handed
 * on yet, and as much again that may be on its way to the kernel.
 */
export const BUFFER_MS = 250;

/**
 * Bit rate of a format that is encoded, kb/s, where nothing else is asked for (spec/record.md 3.7): 32 for a channel;
 * of AAC twice that above 24 kHz, where it would be heard to stumble.
 */
export function defaultKbps(format: 'mp3' | 'mp4', shape: AudioShape): number {
  return shape.channels * (format === 'mp4' && shape.sampleRate > 24_000 ? 64 : 32);
}

/** What a writer needs beside its target. */
export interface WriterOptions {
  readonly clock: Clock;
  /** Default: the encoder thread of this thread. */
  readonly encoders?: Encoders | undefined;
  /** Makes the target of samples that cannot be encoded yet. */
  readonly createSpool: () => ByteTarget;
}

const sharedBuffers = new SampleBuffers();

/** The writer for a format. */
export function createRecordingWriter(
  spec: Pick<RecordSpec, 'format' | 'kbps'>,
  target: ByteTarget,
  shape: AudioShape,
  options: WriterOptions,
): RecordingWriter {
  const { format } = spec;
  if (format === 'wav') {
    return new WavWriter(target, shape, sharedBuffers, (shape.sampleRate * BUFFER_MS) / 1000);
  }
  const { clock, encoders = sharedEncoders(), createSpool } = options;
  const kbps = spec.kbps ?? defaultKbps(format, shape);
  return new EncodedWriter(target, {
    ...shape,
    format,
    kbps: format === 'mp3' ? mp3Kbps(kbps, shape.sampleRate) : kbps,
    clock,
    encoders,
    createSpool,
  });
}
