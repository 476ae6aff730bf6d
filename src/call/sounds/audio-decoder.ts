import { MPEGDecoder } from 'mpg123-decoder';
import { WavStreamDecoder } from '../../media/wav-stream-decoder.ts';

/** Decodes an audio file while it arrives. */
export interface AudioDecoder {
  /** Hz, known when the first samples come. */
  readonly sampleRate: number | undefined;
  /** Whether all samples have come, so that the rest of the file is of no interest. */
  readonly complete: boolean;
  /**
   * Takes the next bytes and returns the samples that became complete, mono.
   * @throws AudioError or WavError when the file cannot be decoded
   */
  write(bytes: Uint8Array): Int16Array;
  /** Says that no more will come. @throws AudioError or WavError when there was nothing to play */
  end(): void;
  /** Frees what the decoder holds. */
  close(): void;
}

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

  end(): void {
    this.#decoder.end();
  }

  close(): void {}
}

/** MPEG-1, 2 and 2.5 layers I to III, with or without tags. */
export class Mp3AudioDecoder implements AudioDecoder {
  readonly complete = false;
  readonly #decoder: MPEGDecoder;
  #sampleRate: number | undefined;
  #closed = false;

  static async create(): Promise<Mp3AudioDecoder> {
    const decoder = new MPEGDecoder();
    await decoder.ready;
    return new Mp3AudioDecoder(decoder);
  }

  private constructor(decoder: MPEGDecoder) {
    this.#decoder = decoder;
  }

  get sampleRate(): number | undefined {
    return this.#sampleRate;
  }

  write(bytes: Uint8Array): Int16Array {
    const { channelData, samplesDecoded, sampleRate } = this.#decoder.decode(bytes);
    if (samplesDecoded === 0) return new Int16Array(0);
    this.#sampleRate ??= sampleRate;
    if (sampleRate !== this.#sampleRate) {
      throw new AudioError(
        `the sample rate changes within the file, from ${this.#sampleRate} to ${sampleRate} Hz`,
      );
    }
    return mixToMono(channelData, samplesDecoded);
  }

  end(): void {
    if (this.#sampleRate === undefined) throw new AudioError('there is no MP3 audio in the file');
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#decoder.free();
  }
}

function mixToMono(channels: readonly Float32Array[], length: number): Int16Array {
  const [left, right = left] = channels;
  const samples = new Int16Array(length);
  for (let index = 0; index < length; index++) {
    const mean = ((left?.[index] ?? 0) + (right?.[index] ?? 0)) / 2;
    samples[index] = Math.max(-32_768, Math.min(32_767, Math.round(mean * 32_768)));
  }
  return samples;
}
