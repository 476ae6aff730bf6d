import { FLACDecoder } from '@wasm-audio-decoders/flac';
import { OggVorbisDecoder } from '@wasm-audio-decoders/ogg-vorbis';
import { MPEGDecoder } from 'mpg123-decoder';
import { OggOpusDecoder } from 'ogg-opus-decoder';
import type { CompressedCodec } from './messages.ts';

interface Decoded {
  readonly channelData: readonly Float32Array[];
  readonly samplesDecoded: number;
  readonly sampleRate: number;
}

/** What the WebAssembly decoders have in common. */
interface Decoder {
  readonly ready: Promise<void>;
  decode(bytes: Uint8Array): Decoded | Promise<Decoded>;
  flush?(): Promise<Decoded>;
  free(): unknown;
}

const DECODERS: Readonly<Record<CompressedCodec, () => Decoder>> = {
  // MPEG-1, 2 and 2.5 layers I to III, with or without tags.
  mp3: () => new MPEGDecoder(),
  opus: () => new OggOpusDecoder(),
  vorbis: () => new OggVorbisDecoder(),
  // Native or in Ogg.
  flac: () => new FLACDecoder(),
};

const NOTHING = new Int16Array(0);

/** Decodes one compressed file while it arrives, to mono. Takes the time it takes: made for a thread of its own. */
export class CompressedDecoder {
  readonly #decoder: Decoder;
  #sampleRate: number | undefined;

  static async open(codec: CompressedCodec): Promise<CompressedDecoder> {
    const decoder = DECODERS[codec]();
    await decoder.ready;
    return new CompressedDecoder(decoder);
  }

  private constructor(decoder: Decoder) {
    this.#decoder = decoder;
  }

  /** Hz, known when the first samples come. */
  get sampleRate(): number | undefined {
    return this.#sampleRate;
  }

  /** @throws Error in words for whoever made the file */
  async write(bytes: Uint8Array): Promise<Int16Array> {
    return this.#take(await this.#decoder.decode(bytes));
  }

  /** The samples that were held back. @throws Error as `write` */
  async end(): Promise<Int16Array> {
    const rest = await this.#decoder.flush?.();
    return rest === undefined ? NOTHING : this.#take(rest);
  }

  close(): void {
    this.#decoder.free();
  }

  #take({ channelData, samplesDecoded, sampleRate }: Decoded): Int16Array {
    if (samplesDecoded === 0) return NOTHING;
    this.#sampleRate ??= sampleRate;
    if (sampleRate !== this.#sampleRate) {
      throw new Error(
        `the sample rate changes within the file, from ${this.#sampleRate} to ${sampleRate} Hz`,
      );
    }
    return mixToMono(channelData, samplesDecoded);
  }
}

function mixToMono(channels: readonly Float32Array[], length: number): Int16Array {
  const samples = new Int16Array(length);
  for (let index = 0; index < length; index++) {
    let sum = 0;
    for (const channel of channels) sum += channel[index] ?? 0;
    const mean = sum / channels.length;
    samples[index] = Math.max(-32_768, Math.min(32_767, Math.round(mean * 32_768)));
  }
  return samples;
}
