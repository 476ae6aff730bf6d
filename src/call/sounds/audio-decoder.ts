import { joinSamples } from '../../media/copy-samples.ts';
import { Mp4SoundReader } from '../../media/mp4-sound.ts';
import { WavStreamDecoder } from '../../media/wav-stream-decoder.ts';

/** Decodes an audio file while it arrives. */
export interface AudioDecoder {
  /** Hz, known when the first samples come. */
  readonly sampleRate: number | undefined;
  /** Whether all samples have come, so that the rest of the file is of no interest. */
  readonly complete: boolean;
  /** Whether there is more to be had than the last {@link write} returned: write nothing to get it. */
  readonly pending?: boolean;
  /**
   * Takes the next bytes and returns samples that became complete, mono.
   * @throws AudioError, WavError or Mp4Error when the file cannot be decoded
   */
  write(bytes: Uint8Array): Int16Array | Promise<Int16Array>;
  /**
   * Says that no more will come, and returns the last samples, if there are any.
   * @throws AudioError, WavError or Mp4Error when there was nothing to play
   */
  end(): Int16Array | undefined | Promise<Int16Array>;
  /** Frees what the decoder holds. */
  close(): void;
}

/** AAC frames decoded at a time, about a second of a call: so long the thread does nothing else. */
const MAX_FRAMES = 16;

/** What is wrong with a file, in words for whoever made it. */
export class AudioError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AudioError';
  }
}

export class WavAudioDecoder implements AudioDecoder {
  readonly #decoder = new WavStreamDecoder();

  get sampleRate(): number | undefined {
    return this.#decoder.format?.sampleRate;
  }

  get complete(): boolean {
    return this.#decoder.complete;
  }

  write(bytes: Uint8Array): Int16Array {
    return this.#decoder.write(bytes);
  }

  end(): undefined {
    this.#decoder.end();
  }

  close(): void {}
}

/** AAC-LC in MP4. */
export class Mp4AudioDecoder implements AudioDecoder {
  readonly complete = false;
  readonly #reader = new Mp4SoundReader();
  pending = false;

  get sampleRate(): number | undefined {
    return this.#reader.config?.sampleRate;
  }

  write(bytes: Uint8Array): Int16Array {
    this.#reader.push(bytes);
    return this.#read(MAX_FRAMES);
  }

  end(): Int16Array {
    this.#reader.end();
    return this.#read(Number.POSITIVE_INFINITY);
  }

  close(): void {}

  #read(maxFrames: number): Int16Array {
    const pieces: Int16Array[] = [];
    this.pending = true;
    while (pieces.length < maxFrames) {
      const channels = this.#reader.read();
      this.pending = channels !== undefined;
      if (channels === undefined) break;
      pieces.push(mixToMono(channels, channels[0]!.length));
    }
    return joinSamples(pieces);
  }
}

function mixToMono(channels: readonly Float32Array[], length: number): Int16Array {
  const [left, right = left] = channels;
  const samples = new Int16Array(length);
  for (let index = 0; index < length; index++) {
    const mean = ((left?.[index] ?? 0) + (right?.[index] ?? 0)) / 2;
    samples[index] = Math.max(-32_768, Math.min(32_767, Math.round(mean)));
  }
  return samples;
}
