import { maxWavDataBytes, wavHeader } from '../media/wav-format.ts';
import type { ByteTarget, TargetError } from './byte-target.ts';
import type { AudioShape, RecordingWriter } from './recording-writer.ts';
import { type SampleBuffers, sampleBytes } from './sample-buffers.ts';

/**
 * Writes 16-bit PCM WAV. While the file grows, its header says that the sizes are unknown, which readers take
 * as "to the end of the file": so it is readable at every moment without being touched up; the end fills the
 * sizes in.
 */
export class WavWriter implements RecordingWriter {
  readonly mimeType = 'audio/wav';
  readonly extension = 'wav';
  readonly maxFrames: number;
  readonly #target: ByteTarget;
  readonly #shape: AudioShape;
  readonly #buffers: SampleBuffers;
  readonly #bufferFrames: number;
  #dataBytes = 0;

  /** @param bufferFrames size of the buffers that go round, sample instants */
  constructor(target: ByteTarget, shape: AudioShape, buffers: SampleBuffers, bufferFrames: number) {
    this.#target = target;
    this.#shape = shape;
    this.#buffers = buffers;
    this.#bufferFrames = bufferFrames;
    this.maxFrames = maxWavDataBytes(shape.channels) / (2 * shape.channels);
  }

  begin(onError: (error: TargetError) => void, onOpen?: () => void): Int16Array {
    this.#target.open(onError, onOpen);
    this.#target.append(wavHeader(this.#shape));
    return this.#acquire();
  }

  write(buffer: Int16Array, frames: number): Int16Array {
    this.#append(buffer, frames);
    return this.#acquire();
  }

  finish(buffer: Int16Array, frames: number): Promise<number> {
    if (frames > 0) this.#append(buffer, frames);
    else this.#buffers.release(buffer);
    this.#target.patch(0, wavHeader(this.#shape, this.#dataBytes));
    return this.#target.finish();
  }

  discard(): Promise<void> {
    return this.#target.discard();
  }

  abandon(): Promise<void> {
    return this.#target.abandon();
  }

  #acquire(): Int16Array {
    return this.#buffers.acquire(this.#bufferFrames * this.#shape.channels);
  }

  #append(buffer: Int16Array, frames: number): void {
    const samples = frames * this.#shape.channels;
    const bytes = sampleBytes(samples === buffer.length ? buffer : buffer.subarray(0, samples));
    this.#dataBytes += bytes.length;
    this.#target.append(bytes, () => this.#buffers.release(buffer));
  }
}
