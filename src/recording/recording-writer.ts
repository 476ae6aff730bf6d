import type { ByteTarget, TargetError } from './byte-target.ts';
import { SampleBuffers } from './sample-buffers.ts';
import type { RecordFormat } from './types.ts';
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
   * a file to write to, to `onOpen` (see {@link ByteTarget.open}).
   * @returns the buffer to fill first: interleaved samples, room for {@link BUFFER_MS}
   */
  begin(onError: (error: TargetError) => void, onOpen?: () => void): Int16Array;
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
export const BUFFER_MS = 500;

/** A format that this build cannot write. */
export class UnsupportedFormatError extends Error {
  constructor(format: string) {
    super(`recordings in the format "${format}" cannot be written: use "wav"`);
    this.name = 'UnsupportedFormatError';
  }
}

const sharedBuffers = new SampleBuffers();

/**
 * The writer for a format.
 * @throws UnsupportedFormatError
 */
export function createRecordingWriter(
  format: RecordFormat,
  target: ByteTarget,
  shape: AudioShape,
): RecordingWriter {
  if (format !== 'wav') throw new UnsupportedFormatError(format);
  return new WavWriter(target, shape, sharedBuffers, (shape.sampleRate * BUFFER_MS) / 1000);
}
