/**
 * The first frame of an MP3 file with constant bit rate: silent for decoders that know nothing of it, and for
 * the others the number of frames and what to cut off at both ends. The layout is that of LAME's "Info" tag,
 * which is Xing's with 36 bytes of LAME's behind it.
 *
 *     header, side information (zeros)
 *     'Info'  flags (4)  frames (4)  bytes (4)  places of the percents (100)  quality (4)
 *     encoder (9)  method (1)  low pass (1)  gain (8)  flags (1)  kb/s (1)
 *     delay (12 bits)  padding (12 bits)  misc (1)  gain (1)  preset (2)  music bytes (4)  CRC (2)  CRC of the tag (2)
 */
import { mp3HeaderFor, parseMp3Header } from './mp3-frame.ts';

/** What the tag tells. */
export interface Mp3Info {
  /** Frames behind this one, and bytes of them and this one; undefined while the file still grows. */
  readonly frames: number | undefined;
  readonly bytes: number;
  /** Samples to cut off at the end, for a decoder without delay of its own; 0 to 4095. */
  readonly padding: number;
  /** Of the encoder, kb/s. */
  readonly kbps: number;
}

/** Samples that LAME puts in front of the first one (its ENCDELAY), at any rate. */
export const LAME_DELAY = 576;
/** Samples by which every decoder of layer III is late (analysis and synthesis filters: 528, and one). */
export const DECODER_DELAY = 529;

const XING_BYTES = 120;
const LAME_BYTES = 36;
const FLAG_FRAMES = 1;
const FLAG_BYTES = 2;
const FLAG_TOC = 4;
const FLAG_QUALITY = 8;
const ENCODER = 'LAME3.100';
const METHOD_CBR = 1;

/** The frame. Its length depends on rate and channels alone. */
export function mp3InfoFrame(sampleRate: number, channels: 1 | 2, info: Mp3Info): Uint8Array {
  const bare = 4 + (parseMp3Header(mp3HeaderFor(sampleRate, channels, 0))?.sideInfoBytes ?? 0);
  const header = mp3HeaderFor(sampleRate, channels, bare + XING_BYTES + LAME_BYTES);
  const { frameBytes = 0, sideInfoBytes = 0 } = parseMp3Header(header) ?? {};
  const frame = Buffer.alloc(frameBytes);
  frame.set(header);
  const xing = 4 + sideInfoBytes;
  const known = info.frames !== undefined;
  frame.write('Info', xing, 'latin1');
  frame.writeUInt32BE(known ? FLAG_FRAMES | FLAG_BYTES | FLAG_TOC | FLAG_QUALITY : FLAG_QUALITY, xing + 4);
  let at = xing + 8;
  if (info.frames !== undefined) {
    frame.writeUInt32BE(info.frames, at);
    frame.writeUInt32BE(info.bytes, at + 4);
    // With constant bit rate, time and place go together.
    for (let percent = 0; percent < 100; percent++) frame[at + 8 + percent] = (percent * 256) / 100;
    at += 108;
  }
  // Quality: 0 is the best.
  at += 4;
  const lame = at;
  frame.write(ENCODER, lame, 'latin1');
  frame[lame + 9] = METHOD_CBR;
  frame[lame + 20] = Math.min(info.kbps, 255);
  frame.writeUIntBE((LAME_DELAY << 12) | info.padding, lame + 21, 3);
  frame.writeUInt32BE(known ? info.bytes : 0, lame + 28);
  frame.writeUInt16BE(crc16(frame.subarray(0, lame + 34)), lame + 34);
  return frame;
}

/**
 * Reads a frame that {@link mp3InfoFrame} made.
 * @returns undefined when it is none
 */
export function parseMp3Info(bytes: Uint8Array): Mp3Info | undefined {
  const header = parseMp3Header(bytes);
  if (header === undefined || bytes.length < header.frameBytes) return undefined;
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, header.frameBytes);
  const xing = 4 + header.sideInfoBytes;
  const known = (frame[xing + 7]! & FLAG_FRAMES) !== 0;
  const lame = xing + (known ? XING_BYTES : XING_BYTES - 108);
  const info: Mp3Info = {
    frames: known ? frame.readUInt32BE(xing + 8) : undefined,
    bytes: known ? frame.readUInt32BE(xing + 12) : 0,
    padding: frame.readUIntBE(lame + 21, 3) & 0xfff,
    kbps: frame[lame + 20]!,
  };
  return frame.equals(mp3InfoFrame(header.sampleRate, header.channels, info)) ? info : undefined;
}

/** CRC-16 with polynomial 0x8005, reflected, from 0: that of the tag. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  }
  return crc;
}
