import { decodePcma, decodePcmu } from './g711.ts';
import { parseWavFormat, WAV_SIZE_UNKNOWN, WavError, type WavFormat } from './wav-format.ts';

export interface WavStreamDecoderOptions {
  /** `mono` (default): the channels' average. `interleaved`: as in the file. */
  readonly layout?: 'mono' | 'interleaved';
}

/** Reads the value of the sample at `offset`, as 16 bits. */
type SampleReader = (bytes: Uint8Array, offset: number) => number;

const MAX_FORMAT_CHUNK_BYTES = 4096;
/** Up to the size of the samples, which is all that is wanted of `ds64` (EBU Tech 3306). */
const DS64_BYTES = 16;
/** Chunks before the samples (pictures, metadata) are passed over, up to this much in all. */
const MAX_BYTES_BEFORE_DATA = 64 * 1024 * 1024;

/**
 * Decodes a WAV file while it arrives, in chunks of any size: PCM of 8 to 32 bits, 32 and 64 bit floating
 * point, µ-law and A-law, plain or WAVE_FORMAT_EXTENSIBLE, RIFF or RF64. Nothing is held back but the bytes of
 * an incomplete frame.
 *
 * Size fields are not trusted: 0, all ones and sizes past the end mean "to the end", as in files that are
 * streamed or whose writer crashed.
 */
export class WavStreamDecoder {
  readonly #interleaved: boolean;
  #stage: 'riff' | 'chunk' | 'fmt' | 'ds64' | 'skip' | 'data' | 'behind' = 'riff';
  /** Bytes of the stage that are still to come; in `riff`, `chunk`, `fmt` and `ds64`, until it is complete. */
  #wanted = 12;
  /** What has come of a header, a `fmt ` chunk or a frame that is not complete. */
  #held = new Uint8Array(MAX_FORMAT_CHUNK_BYTES);
  #heldBytes = 0;
  #riffSize = 0;
  #bytesBeforeData = 0;
  #formatPadding = 0;
  /** Of the samples, as an RF64 file tells it; 0: it does not. */
  #longSize = 0;
  /** Bytes of the `ds64` chunk behind those that are wanted of it. */
  #ds64Rest = 0;
  #format: WavFormat | undefined;
  #read: SampleReader | undefined;
  #frames = 0;

  constructor(options: WavStreamDecoderOptions = {}) {
    this.#interleaved = options.layout === 'interleaved';
  }

  /** Known once the header has come. */
  get format(): WavFormat | undefined {
    return this.#format;
  }

  /** Sample instants decoded so far. */
  get frames(): number {
    return this.#frames;
  }

  /** Whether all samples that the file announced have come; false for ever when it announced no number. */
  get complete(): boolean {
    return this.#stage === 'behind';
  }

  /**
   * Takes the next bytes and returns the samples that became complete, mono or interleaved.
   * @throws WavError when this is no WAV file, or one that cannot be decoded
   */
  write(chunk: Uint8Array): Int16Array {
    let at = 0;
    while (at < chunk.length) {
      if (this.#stage === 'data') return this.#decode(chunk.subarray(at));
      if (this.#stage === 'behind') break;
      at += this.#stage === 'skip' ? this.#skip(chunk.length - at) : this.#gather(chunk, at);
    }
    return new Int16Array(0);
  }

  /**
   * Says that no more will come. A file that breaks off within its samples is good as far as it goes.
   * @throws WavError when the samples never began
   */
  end(): void {
    if (this.#stage === 'data' || this.#stage === 'behind') return;
    throw new WavError(
      this.#stage === 'riff'
        ? 'not a WAV file: it is shorter than a header'
        : `the WAV file ends before its samples (no "${this.#format === undefined ? 'fmt ' : 'data'}" chunk)`,
    );
  }

  #skip(available: number): number {
    const skipped = Math.min(available, this.#wanted);
    this.#wanted -= skipped;
    this.#countBeforeData(skipped);
    if (this.#wanted === 0) this.#expectChunk();
    return skipped;
  }

  #gather(chunk: Uint8Array, at: number): number {
    const taken = Math.min(chunk.length - at, this.#wanted - this.#heldBytes);
    this.#held.set(chunk.subarray(at, at + taken), this.#heldBytes);
    this.#heldBytes += taken;
    this.#countBeforeData(taken);
    if (this.#heldBytes < this.#wanted) return taken;
    const complete = this.#held.subarray(0, this.#heldBytes);
    this.#heldBytes = 0;
    if (this.#stage === 'riff') this.#openRiff(complete);
    else if (this.#stage === 'chunk') this.#openChunk(complete);
    else if (this.#stage === 'ds64') this.#openSizes(complete);
    else this.#openFormat(complete);
    return taken;
  }

  #openRiff(header: Uint8Array): void {
    const id = ascii(header, 0);
    if (id === 'RIFX') throw new WavError('a big-endian WAV file (RIFX): convert it to RIFF');
    if ((id !== 'RIFF' && id !== 'RF64' && id !== 'BW64') || ascii(header, 8) !== 'WAVE') {
      throw new WavError(`not a WAV file: it begins with "${printable(id)}", not with "RIFF" and "WAVE"`);
    }
    this.#riffSize = uint32(header, 4);
    this.#expectChunk();
  }

  #openChunk(header: Uint8Array): void {
    const id = ascii(header, 0);
    const size = uint32(header, 4);
    if (id === 'data') this.#openData(size);
    else if (id === 'fmt ' && this.#format === undefined) {
      if (size > MAX_FORMAT_CHUNK_BYTES) throw new WavError(`a "fmt " chunk of ${size} bytes`);
      this.#formatPadding = size % 2;
      this.#expect('fmt', size);
      if (size === 0) this.#openFormat(new Uint8Array(0));
    } else if (id === 'ds64' && size >= DS64_BYTES) {
      this.#ds64Rest = size + (size % 2) - DS64_BYTES;
      this.#expect('ds64', DS64_BYTES);
    } else {
      // Chunks start at even positions: an odd one is followed by a byte that does not count.
      this.#expect('skip', size + (size % 2));
      if (size === 0) this.#expectChunk();
    }
  }

  #openSizes(content: Uint8Array): void {
    this.#longSize = uint32(content, 8) + 2 ** 32 * uint32(content, 12);
    if (this.#ds64Rest > 0) this.#expect('skip', this.#ds64Rest);
    else this.#expectChunk();
  }

  #openFormat(content: Uint8Array): void {
    this.#format = parseWavFormat(content);
    this.#read = sampleReader(this.#format);
    if (this.#formatPadding > 0) this.#expect('skip', 1);
    else this.#expectChunk();
  }

  #openData(size: number): void {
    if (this.#format === undefined) throw new WavError('the samples come before the "fmt " chunk');
    if (size === WAV_SIZE_UNKNOWN && this.#longSize > 0) {
      this.#expect('data', this.#longSize);
      return;
    }
    // A writer that never came back to its header left 0 or all ones here, and the RIFF size no larger.
    const neverFilledIn = size === 0 && this.#riffSize <= this.#bytesBeforeData;
    const unknown =
      size === WAV_SIZE_UNKNOWN || neverFilledIn || (size === 0 && this.#riffSize === WAV_SIZE_UNKNOWN);
    this.#expect('data', unknown ? Number.POSITIVE_INFINITY : size);
    if (size === 0 && !unknown) this.#stage = 'behind';
  }

  #decode(bytes: Uint8Array): Int16Array {
    const format = this.#format!;
    const frameBytes = format.channels * format.sampleBytes;
    const available = Math.min(bytes.length, this.#wanted);
    const total = Math.floor((this.#heldBytes + available) / frameBytes);
    const samples = new Int16Array(this.#interleaved ? total * format.channels : total);
    let at = 0;
    let frame = 0;
    if (this.#heldBytes > 0) {
      at = Math.min(available, frameBytes - this.#heldBytes);
      this.#held.set(bytes.subarray(0, at), this.#heldBytes);
      this.#heldBytes += at;
      if (this.#heldBytes === frameBytes) {
        this.#decodeFrame(this.#held, 0, samples, frame++);
        this.#heldBytes = 0;
      }
    }
    for (; frame < total; frame++, at += frameBytes) this.#decodeFrame(bytes, at, samples, frame);
    this.#held.set(bytes.subarray(at, available), this.#heldBytes);
    this.#heldBytes += available - at;
    this.#frames += total;
    this.#wanted -= available;
    if (this.#wanted === 0) this.#stage = 'behind';
    return samples;
  }

  #decodeFrame(bytes: Uint8Array, offset: number, samples: Int16Array, frame: number): void {
    const { channels, sampleBytes } = this.#format!;
    const read = this.#read!;
    if (this.#interleaved) {
      for (let channel = 0; channel < channels; channel++) {
        samples[frame * channels + channel] = read(bytes, offset + channel * sampleBytes);
      }
      return;
    }
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += read(bytes, offset + channel * sampleBytes);
    samples[frame] = Math.round(sum / channels);
  }

  #expectChunk(): void {
    this.#expect('chunk', 8);
  }

  #expect(stage: 'chunk' | 'fmt' | 'ds64' | 'skip' | 'data', bytes: number): void {
    this.#stage = stage;
    this.#wanted = bytes;
    this.#heldBytes = 0;
  }

  #countBeforeData(bytes: number): void {
    this.#bytesBeforeData += bytes;
    if (this.#bytesBeforeData > MAX_BYTES_BEFORE_DATA) {
      throw new WavError(
        `no samples within the first ${MAX_BYTES_BEFORE_DATA / 1024 / 1024} MiB of the file`,
      );
    }
  }
}

/**
 * Decodes a whole WAV file in memory.
 * @throws WavError when it cannot be decoded
 */
export function decodeWav(
  file: Uint8Array,
  options: WavStreamDecoderOptions = {},
): { readonly format: WavFormat; readonly samples: Int16Array } {
  const decoder = new WavStreamDecoder(options);
  const samples = decoder.write(file);
  decoder.end();
  return { format: decoder.format!, samples };
}

function sampleReader(format: WavFormat): SampleReader {
  const { sampleBytes } = format;
  const code = new Uint8Array(1);
  const value = new Int16Array(1);
  switch (format.encoding) {
    case 'mulaw':
      return (bytes, offset) => {
        code[0] = bytes[offset]!;
        decodePcmu(code, 0, 1, value, 0);
        return value[0]!;
      };
    case 'alaw':
      return (bytes, offset) => {
        code[0] = bytes[offset]!;
        decodePcma(code, 0, 1, value, 0);
        return value[0]!;
      };
    case 'float': {
      const scratch = new DataView(new ArrayBuffer(8));
      return (bytes, offset) => {
        for (let i = 0; i < sampleBytes; i++) scratch.setUint8(i, bytes[offset + i]!);
        const sample = sampleBytes === 8 ? scratch.getFloat64(0, true) : scratch.getFloat32(0, true);
        return Number.isNaN(sample) ? 0 : Math.max(-32768, Math.min(32767, Math.round(sample * 32768)));
      };
    }
    case 'pcm':
      // 8-bit samples are unsigned, wider ones two's complement; the two upper bytes are what 16 bits can hold.
      if (sampleBytes === 1) return (bytes, offset) => (bytes[offset]! - 128) << 8;
      return (bytes, offset) =>
        ((bytes[offset + sampleBytes - 1]! << 24) >> 16) | bytes[offset + sampleBytes - 2]!;
  }
}

function ascii(bytes: Uint8Array, offset: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + 4));
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '.');
}

function uint32(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset, true);
}
