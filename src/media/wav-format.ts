/**
 * RIFF WAVE ("Multimedia Programming Interface and Data Specifications 1.0", 1991, and Microsoft's
 * WAVEFORMATEXTENSIBLE): the header that we write, and the `fmt ` chunks that we understand.
 */

/** A `fmt ` chunk that we can decode. */
export interface WavFormat {
  readonly encoding: 'pcm' | 'float' | 'mulaw' | 'alaw';
  /** Hz. */
  readonly sampleRate: number;
  readonly channels: number;
  /** Bytes that one sample of one channel takes; its value is left-justified in them. */
  readonly sampleBytes: number;
}

/** What is wrong with a WAV file, in words for whoever made it. */
export class WavError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WavError';
  }
}

/** Length of what {@link wavHeader} returns: `RIFF`, `fmt ` with 16 bytes, and the head of `data`. */
export const WAV_HEADER_BYTES = 44;

/** Size field of a file that is still being written: readers take everything to the end of the file. */
export const WAV_SIZE_UNKNOWN = 0xffffffff;

const MAX_CHANNELS = 16;
export const MIN_SAMPLE_RATE = 1000;
export const MAX_SAMPLE_RATE = 384_000;

const TAG_PCM = 0x0001;
const TAG_FLOAT = 0x0003;
const TAG_ALAW = 0x0006;
const TAG_MULAW = 0x0007;
const TAG_EXTENSIBLE = 0xfffe;

/** Compressed kinds that people do send, for the error message (RFC 2361). */
const UNSUPPORTED: Readonly<Record<number, string>> = {
  2: 'Microsoft ADPCM',
  17: 'IMA ADPCM',
  49: 'GSM 6.10',
  64: 'G.721 ADPCM',
  80: 'MPEG',
  85: 'MP3',
};

/** Most bytes of 16-bit samples that a file of `channels` can hold: the size fields have 32 bits (4 GiB). */
export function maxWavDataBytes(channels: number): number {
  const blockBytes = channels * 2;
  return Math.floor((WAV_SIZE_UNKNOWN - 1 - (WAV_HEADER_BYTES - 8)) / blockBytes) * blockBytes;
}

/**
 * The 44 bytes in front of 16-bit little-endian samples.
 * @param dataBytes size of the samples; undefined while the file still grows
 * @throws WavError when the file would pass the 4 GiB of the format
 */
export function wavHeader(
  format: { readonly sampleRate: number; readonly channels: number },
  dataBytes?: number,
): Uint8Array {
  const { sampleRate, channels } = format;
  if (dataBytes !== undefined && dataBytes > maxWavDataBytes(channels)) {
    throw new WavError(
      `a WAV file holds at most 4 GiB: ${dataBytes} bytes of samples do not fit; record shorter or as mp3`,
    );
  }
  const header = headOf(sampleRate, channels).slice();
  if (dataBytes === undefined) return header;
  const view = new DataView(header.buffer);
  view.setUint32(4, WAV_HEADER_BYTES - 8 + dataBytes, true);
  view.setUint32(40, dataBytes, true);
  return header;
}

/** Of the last kind: most files are of one, and each of many has two headers. */
let lastHead:
  | { readonly sampleRate: number; readonly channels: number; readonly header: Uint8Array }
  | undefined;

/** The header of a file that still grows; not to be changed. */
function headOf(sampleRate: number, channels: number): Uint8Array {
  if (lastHead?.sampleRate !== sampleRate || lastHead.channels !== channels)
    lastHead = { sampleRate, channels, header: makeHead(sampleRate, channels) };
  return lastHead.header;
}

function makeHead(sampleRate: number, channels: number): Uint8Array {
  //   0  'RIFF'  size of the rest        20  1 = PCM     28  bytes per second
  //   8  'WAVE'                          22  channels    32  bytes per frame   36  'data'
  //  12  'fmt '  16                      24  rate        34  bits per sample   40  size
  const header = new Uint8Array(WAV_HEADER_BYTES);
  const view = new DataView(header.buffer);
  setAscii(header, 0, 'RIFF');
  view.setUint32(4, WAV_SIZE_UNKNOWN, true);
  setAscii(header, 8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, TAG_PCM, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * channels * 2, true);
  view.setUint16(32, channels * 2, true);
  view.setUint16(34, 16, true);
  setAscii(header, 36, 'data');
  view.setUint32(40, WAV_SIZE_UNKNOWN, true);
  return header;
}

//   0  tag       4  rate         12  bytes per frame    16  size of the extension    20  channel mask
//   2  channels  8  bytes/s      14  bits per sample    18  valid bits               24  GUID: tag in 2 bytes
/**
 * Reads the content of a `fmt ` chunk, forgiving what other writers get wrong (byte rate, frame size).
 * @throws WavError saying what cannot be decoded
 */
export function parseWavFormat(chunk: Uint8Array): WavFormat {
  if (chunk.length < 16)
    throw new WavError(`the "fmt " chunk has ${chunk.length} bytes, at least 16 are needed`);
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
  let tag = view.getUint16(0, true);
  if (tag === TAG_EXTENSIBLE && chunk.length >= 26) tag = view.getUint16(24, true);
  const channels = view.getUint16(2, true);
  const sampleRate = view.getUint32(4, true);
  const frameBytes = view.getUint16(12, true);
  const bits = view.getUint16(14, true);
  if (channels < 1 || channels > MAX_CHANNELS) {
    throw new WavError(`${channels} channels: 1 to ${MAX_CHANNELS} can be read`);
  }
  if (sampleRate < MIN_SAMPLE_RATE || sampleRate > MAX_SAMPLE_RATE) {
    throw new WavError(
      `a sample rate of ${sampleRate} Hz: ${MIN_SAMPLE_RATE} to ${MAX_SAMPLE_RATE} can be read`,
    );
  }
  const sampleBytes = containerBytes(bits, frameBytes / channels);
  switch (tag) {
    case TAG_PCM:
      if (bits < 1 || bits > 32) throw new WavError(`PCM of ${bits} bits: 8, 16, 24 and 32 can be read`);
      return { encoding: 'pcm', sampleRate, channels, sampleBytes };
    case TAG_FLOAT:
      if (bits !== 32 && bits !== 64)
        throw new WavError(`floating point of ${bits} bits: 32 and 64 can be read`);
      return { encoding: 'float', sampleRate, channels, sampleBytes: bits / 8 };
    case TAG_MULAW:
      return { encoding: 'mulaw', sampleRate, channels, sampleBytes: 1 };
    case TAG_ALAW:
      return { encoding: 'alaw', sampleRate, channels, sampleBytes: 1 };
    default: {
      const name = UNSUPPORTED[tag] ?? 'an unknown encoding';
      throw new WavError(`${name} (format 0x${tag.toString(16).padStart(4, '0')}): convert the file to PCM`);
    }
  }
}

/** Bytes of one sample: as the frame size says when that makes sense, else the least that hold the bits. */
function containerBytes(bits: number, stated: number): number {
  const least = Math.ceil(bits / 8);
  return Number.isInteger(stated) && stated >= least && stated <= 4 ? stated : least;
}

function setAscii(target: Uint8Array, offset: number, text: string): void {
  for (let i = 0; i < text.length; i++) target[offset + i] = text.charCodeAt(i);
}
