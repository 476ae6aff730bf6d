import { WAV_SIZE_UNKNOWN } from '../../media/wav-format.ts';
import { WavStreamDecoder } from '../../media/wav-stream-decoder.ts';
import { type AudioDecoder, AudioError } from './audio-decoder.ts';

/** How samples lie in a file of the older UNIX and Macintosh kinds, in the terms of WAV. */
interface Samples {
  readonly tag: 'pcm' | 'float' | 'mulaw' | 'alaw';
  readonly bits: number;
  readonly channels: number;
  /** Hz. */
  readonly sampleRate: number;
  /** PCM of 8 bits is signed here, and unsigned in WAV. */
  readonly littleEndian: boolean;
  /** Bytes of samples; undefined: to the end of the file. */
  readonly length: number | undefined;
}

/** A header that is understood once enough of it has come. */
type ReadHeader = (start: Buffer) => { readonly samples: Samples; readonly dataAt: number } | undefined;

const TAGS = { pcm: 1, float: 3, alaw: 6, mulaw: 7 } as const;
/** Chunks before the samples (names, markers), in all. */
const MAX_HEADER_BYTES = 1024 * 1024;
/** Of these chunks: the header is gone through again whenever more of it has come. */
const MAX_CHUNKS = 1000;

/** AIFF and AIFF-C without compression or in G.711 (Apple, 1989 and 1991). */
export function aiffDecoder(): AudioDecoder {
  return new BigEndianDecoder('AIFF', readAiff);
}

/** AU (`.snd`) of Sun and NeXT. */
export function auDecoder(): AudioDecoder {
  return new BigEndianDecoder('AU', readAu);
}

/** Samples of µ-law without any header: `audio/basic` (RFC 2046 4.3), 8000 Hz, mono. */
export function mulawDecoder(): AudioDecoder {
  const samples = { tag: 'mulaw', bits: 8, channels: 1, sampleRate: 8000, littleEndian: false } as const;
  return new BigEndianDecoder('µ-law', () => ({ samples: { ...samples, length: undefined }, dataAt: 0 }));
}

/** Turns a file into a WAV file while it arrives, whose decoder knows all kinds of samples. */
class BigEndianDecoder implements AudioDecoder {
  readonly #name: string;
  readonly #readHeader: ReadHeader;
  readonly #wav = new WavStreamDecoder();
  #held: Buffer = Buffer.alloc(0);
  #samples: Samples | undefined;
  #left = Number.POSITIVE_INFINITY;

  constructor(name: string, readHeader: ReadHeader) {
    this.#name = name;
    this.#readHeader = readHeader;
  }

  get sampleRate(): number | undefined {
    return this.#wav.format?.sampleRate;
  }

  get complete(): boolean {
    return this.#left <= 0;
  }

  write(bytes: Uint8Array): Int16Array {
    this.#held = Buffer.concat([this.#held, bytes]);
    if (this.#samples === undefined) {
      const header = this.#readHeader(this.#held);
      if (header === undefined) {
        if (this.#held.length <= MAX_HEADER_BYTES) return new Int16Array(0);
        throw new AudioError(
          `there is no sound in the first ${MAX_HEADER_BYTES} bytes of the ${this.#name} file`,
        );
      }
      this.#samples = header.samples;
      this.#left = header.samples.length ?? Number.POSITIVE_INFINITY;
      this.#held = this.#held.subarray(header.dataAt);
      this.#wav.write(wavHeaderFor(header.samples));
    }
    const size = this.#samples.bits / 8;
    const available = Math.min(this.#held.length, this.#left);
    const usable = available - (available % size);
    const part = Buffer.from(this.#held.subarray(0, usable));
    this.#held = this.#held.subarray(usable);
    this.#left -= usable;
    if (this.#left < size) this.#left = 0;
    return this.#wav.write(asInWav(part, this.#samples));
  }

  end(): Int16Array {
    if (this.#samples === undefined) throw new AudioError(`the ${this.#name} file ends before its samples`);
    this.#wav.end();
    return new Int16Array(0);
  }

  close(): void {}
}

function asInWav(part: Buffer, { bits, littleEndian, tag }: Samples): Buffer {
  if (bits === 8) {
    if (tag === 'pcm') for (let i = 0; i < part.length; i++) part[i] = part[i]! ^ 0x80;
    return part;
  }
  if (littleEndian) return part;
  const size = bits / 8;
  for (let at = 0; at < part.length; at += size) part.subarray(at, at + size).reverse();
  return part;
}

function wavHeaderFor({ tag, bits, channels, sampleRate }: Samples): Buffer {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(WAV_SIZE_UNKNOWN, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(TAGS[tag], 20);
  header.writeUInt16LE(channels, 22);
  // What is too large for a WAV file is damage, which its decoder tells.
  header.writeUInt32LE(Math.min(sampleRate, 0xffff_ffff), 24);
  header.writeUInt32LE(Math.min((sampleRate * channels * bits) / 8, 0xffff_ffff), 28);
  header.writeUInt16LE(Math.min((channels * bits) / 8, 0xffff), 32);
  header.writeUInt16LE(bits, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(WAV_SIZE_UNKNOWN, 40);
  return header;
}

/** `FORM` size `AIFF`, then chunks: `COMM` describes the samples, `SSND` holds them. */
const readAiff: ReadHeader = (file) => {
  let samples: Samples | undefined;
  const isCompressed = file.toString('latin1', 8, 12) === 'AIFC';
  let chunks = 0;
  for (let at = 12; at + 8 <= file.length; ) {
    if (++chunks > MAX_CHUNKS)
      throw new AudioError(`more than ${MAX_CHUNKS} chunks before the samples of the AIFF file`);
    const name = file.toString('latin1', at, at + 4);
    const size = file.readUInt32BE(at + 4);
    const body = at + 8;
    if (name === 'SSND') {
      if (samples === undefined)
        throw new AudioError('the samples of the AIFF file stand before their description');
      if (body + 8 > file.length) return undefined;
      const dataAt = body + 8 + file.readUInt32BE(body);
      if (dataAt > MAX_HEADER_BYTES)
        throw new AudioError('the samples of the AIFF file begin too far inside it');
      if (dataAt > file.length) return undefined;
      const length = size > 8 ? size - (dataAt - body) : undefined;
      return { samples: { ...samples, length }, dataAt };
    }
    if (name === 'COMM') {
      if (body + size > file.length) return undefined;
      samples = readCommon(file.subarray(body, body + size), isCompressed);
    }
    at = body + size + (size % 2);
  }
  return undefined;
};

const AIFF_KINDS: Readonly<
  Record<string, Pick<Samples, 'tag' | 'littleEndian'> & { readonly bits?: number }>
> = {
  NONE: { tag: 'pcm', littleEndian: false },
  twos: { tag: 'pcm', littleEndian: false },
  sowt: { tag: 'pcm', littleEndian: true },
  fl32: { tag: 'float', littleEndian: false, bits: 32 },
  FL32: { tag: 'float', littleEndian: false, bits: 32 },
  fl64: { tag: 'float', littleEndian: false, bits: 64 },
  ulaw: { tag: 'mulaw', littleEndian: false, bits: 8 },
  ULAW: { tag: 'mulaw', littleEndian: false, bits: 8 },
  alaw: { tag: 'alaw', littleEndian: false, bits: 8 },
  ALAW: { tag: 'alaw', littleEndian: false, bits: 8 },
};

function readCommon(chunk: Buffer, isCompressed: boolean): Samples {
  if (chunk.length < (isCompressed ? 22 : 18))
    throw new AudioError('the AIFF file does not describe its samples');
  const kind = isCompressed ? chunk.toString('latin1', 18, 22) : 'NONE';
  const found = AIFF_KINDS[kind];
  if (found === undefined) throw new AudioError(`the AIFF file is compressed as "${kind}"`);
  const bits = found.bits ?? Math.ceil(chunk.readUInt16BE(6) / 8) * 8;
  return {
    ...found,
    bits: checkedBits(bits, 'AIFF'),
    channels: chunk.readUInt16BE(0),
    sampleRate: Math.round(readExtended(chunk.subarray(8, 18))),
    length: undefined,
  };
}

/** A number of 80 bits (IEEE 754 extended). */
function readExtended(bytes: Buffer): number {
  const exponent = bytes.readUInt16BE(0) & 0x7fff;
  const mantissa = bytes.readUInt32BE(2) * 2 ** 32 + bytes.readUInt32BE(6);
  return mantissa * 2 ** (exponent - 16_383 - 63);
}

const AU_KINDS: Readonly<Record<number, Pick<Samples, 'tag' | 'bits'>>> = {
  1: { tag: 'mulaw', bits: 8 },
  2: { tag: 'pcm', bits: 8 },
  3: { tag: 'pcm', bits: 16 },
  4: { tag: 'pcm', bits: 24 },
  5: { tag: 'pcm', bits: 32 },
  6: { tag: 'float', bits: 32 },
  7: { tag: 'float', bits: 64 },
  27: { tag: 'alaw', bits: 8 },
};

/** `.snd`, then offset of the samples, their size, encoding, rate and channels. */
const readAu: ReadHeader = (file) => {
  if (file.length < 24) return undefined;
  const dataAt = file.readUInt32BE(4);
  if (dataAt < 24 || dataAt > MAX_HEADER_BYTES) throw new AudioError('the header of the AU file is damaged');
  if (dataAt > file.length) return undefined;
  const size = file.readUInt32BE(8);
  const encoding = file.readUInt32BE(12);
  const kind = AU_KINDS[encoding];
  if (kind === undefined) throw new AudioError(`the AU file is compressed (encoding ${encoding})`);
  const samples = {
    ...kind,
    sampleRate: file.readUInt32BE(16),
    channels: file.readUInt32BE(20),
    littleEndian: false,
    length: size === WAV_SIZE_UNKNOWN ? undefined : size,
  };
  if (samples.channels > 65_535) throw new AudioError('the header of the AU file is damaged');
  return { samples, dataAt };
};

function checkedBits(bits: number, name: string): number {
  if (bits === 8 || bits === 16 || bits === 24 || bits === 32 || bits === 64) return bits;
  throw new AudioError(`the samples of the ${name} file have ${bits} bits`);
}
