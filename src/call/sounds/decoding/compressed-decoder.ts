import { FLACDecoder } from '@wasm-audio-decoders/flac';
import { OggVorbisDecoder } from '@wasm-audio-decoders/ogg-vorbis';
import { MPEGDecoder } from 'mpg123-decoder';
import { OggOpusDecoder } from 'ogg-opus-decoder';
import { joinSamples } from '../../../media/copy-samples.ts';
import { dbToGain } from '../../../media/level.ts';
import { MAX_SAMPLE_RATE, MIN_SAMPLE_RATE } from '../../../media/wav-format.ts';
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
const FULL_SCALE = 32_768;
/** In a file of Ogg Opus, whose first page holds its header alone: the gain with which it is to be played (RFC 7845 5.1). */
const OPUS_GAIN_AT = 28 + 16;
const OPUS_GAIN_BYTES = 2;
/** Bytes decoded at a time: where nothing sounds, one of them may stand for thousands of samples. */
const PART_BYTES = 512;
/** So many samples are enough for once; those of the last part may go beyond. */
const ENOUGH_SAMPLES = 480_000;

/** Decodes one compressed file while it arrives, to mono. Takes the time it takes: made for a thread of its own. */
export class CompressedDecoder {
  readonly #decoder: Decoder;
  #sampleRate: number | undefined;
  /** What was written and is not decoded yet. */
  #rest: Uint8Array = new Uint8Array(0);
  /** The beginning of the file, until the gain in it has come; undefined where there is none. */
  #head: Buffer | undefined;
  /** What a sample of the decoder is multiplied with. */
  #scale = FULL_SCALE;

  static async open(codec: CompressedCodec): Promise<CompressedDecoder> {
    const decoder = DECODERS[codec]();
    await decoder.ready;
    return new CompressedDecoder(decoder, codec);
  }

  private constructor(decoder: Decoder, codec: CompressedCodec) {
    this.#decoder = decoder;
    if (codec === 'opus') this.#head = Buffer.alloc(0);
  }

  /** Hz, known when the first samples come. */
  get sampleRate(): number | undefined {
    return this.#sampleRate;
  }

  /** Whether there is more to be had than the last {@link write} returned: write nothing to get it. */
  get pending(): boolean {
    return this.#rest.length > 0;
  }

  /** @throws Error in words for whoever made the file */
  async write(bytes: Uint8Array): Promise<Int16Array> {
    this.#readGain(bytes);
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const pieces: Int16Array[] = [];
    let length = 0;
    while (this.#rest.length > 0 && length < ENOUGH_SAMPLES) {
      const part = this.#rest.subarray(0, PART_BYTES);
      this.#rest = this.#rest.subarray(PART_BYTES);
      const piece = this.#take(await this.#decoder.decode(part));
      pieces.push(piece);
      length += piece.length;
    }
    return joinSamples(pieces);
  }

  /** The samples that were held back, behind all that was written. @throws Error as `write` */
  async end(): Promise<Int16Array> {
    const rest = await this.#decoder.flush?.();
    return rest === undefined ? NOTHING : this.#take(rest);
  }

  close(): void {
    this.#decoder.free();
  }

  /** No sample comes before the whole of the first page. */
  #readGain(bytes: Uint8Array): void {
    if (this.#head === undefined) return;
    this.#head = Buffer.concat([this.#head, bytes.subarray(0, OPUS_GAIN_AT + OPUS_GAIN_BYTES)]);
    if (this.#head.length < OPUS_GAIN_AT + OPUS_GAIN_BYTES) return;
    this.#scale = FULL_SCALE * dbToGain(this.#head.readInt16LE(OPUS_GAIN_AT) / 256);
    this.#head = undefined;
  }

  #take({ channelData, samplesDecoded, sampleRate }: Decoded): Int16Array {
    if (samplesDecoded === 0) return NOTHING;
    // A file of one sample a second would be one of thousands when it is played.
    if (!(sampleRate >= MIN_SAMPLE_RATE && sampleRate <= MAX_SAMPLE_RATE)) {
      throw new Error(
        `a sample rate of ${sampleRate} Hz: ${MIN_SAMPLE_RATE} to ${MAX_SAMPLE_RATE} can be played`,
      );
    }
    this.#sampleRate ??= sampleRate;
    if (sampleRate !== this.#sampleRate) {
      throw new Error(
        `the sample rate changes within the file, from ${this.#sampleRate} to ${sampleRate} Hz`,
      );
    }
    return mixToMono(channelData, samplesDecoded, this.#scale);
  }
}

function mixToMono(channels: readonly Float32Array[], length: number, scale: number): Int16Array {
  const samples = new Int16Array(length);
  for (let index = 0; index < length; index++) {
    let sum = 0;
    for (const channel of channels) sum += channel[index] ?? 0;
    const mean = sum / channels.length;
    samples[index] = Math.max(-32_768, Math.min(32_767, Math.round(mean * scale)));
  }
  return samples;
}
