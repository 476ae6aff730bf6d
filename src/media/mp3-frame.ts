/**
 * Frames of MPEG audio layer III (ISO/IEC 11172-3 2.4, ISO/IEC 13818-3 2.4 for the lower rates, and the
 * customary "MPEG 2.5" for 8 to 12 kHz): as much of them as cutting, counting and tagging needs.
 */

/** The 32 bits in front of a frame:
 *
 *     0          11 12 13 15 16    20 22 23 24   26   28 29 30
 *     sync (11)  ver lay prot rate  freq pad priv mode ext  c o  emphasis
 */
export interface Mp3Header {
  /** Bytes of the whole frame, header included. */
  readonly frameBytes: number;
  /** Hz. */
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  /** Sample instants in a frame. */
  readonly samples: number;
  /** Bytes between header and main data (no CRC, as we write none). */
  readonly sideInfoBytes: number;
}

/** Header and side information of any frame fit in this, bytes. */
export const MP3_MIN_FRAME_BYTES = 36;

/** kb/s by index; MPEG 1, then MPEG 2 and 2.5. */
const KBPS_MPEG1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320] as const;
const KBPS_MPEG2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160] as const;

/** Constant bit rates that LAME is asked for, kb/s. */
const KBPS_OF_LAME = [8, 16, 24, 32, 40, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320] as const;

/** Hz by version bits and index. */
const SAMPLE_RATES: Readonly<Record<number, readonly number[]>> = {
  0: [11_025, 12_000, 8_000],
  2: [22_050, 24_000, 16_000],
  3: [44_100, 48_000, 32_000],
};
const MPEG1 = 3;
const LAYER_III = 1;
const MODE_JOINT_STEREO = 1;
const MODE_MONO = 3;

/**
 * Reads the header at the start of `bytes` (4 or more).
 * @returns undefined when there is none of a layer III frame without CRC and of known length
 */
export function parseMp3Header(bytes: Uint8Array): Mp3Header | undefined {
  const [b0 = 0, b1 = 0, b2 = 0, b3 = 0] = bytes;
  if (b0 !== 0xff || (b1 & 0xe0) !== 0xe0) return undefined;
  const version = (b1 >> 3) & 3;
  const sampleRate = SAMPLE_RATES[version]?.[(b2 >> 2) & 3];
  const kbps = (version === MPEG1 ? KBPS_MPEG1 : KBPS_MPEG2)[b2 >> 4];
  if (((b1 >> 1) & 3) !== LAYER_III || (b1 & 1) === 0 || sampleRate === undefined || !kbps) return undefined;
  return describe(version, sampleRate, kbps, b3 >> 6 === MODE_MONO ? 1 : 2, (b2 >> 1) & 1);
}

/**
 * The header of a frame with at least `minBytes`, at the lowest bit rate that gives as many.
 * @throws RangeError when no frame at that rate is as long, or MP3 has no such rate
 */
export function mp3HeaderFor(sampleRate: number, channels: 1 | 2, minBytes: number): Uint8Array {
  for (const version of [0, 2, MPEG1]) {
    const rateIndex = SAMPLE_RATES[version]!.indexOf(sampleRate);
    if (rateIndex < 0) continue;
    const table = version === MPEG1 ? KBPS_MPEG1 : KBPS_MPEG2;
    const index = table.findIndex(
      (kbps) => kbps > 0 && describe(version, sampleRate, kbps, channels, 0).frameBytes >= minBytes,
    );
    if (index < 0) break;
    const mode = channels === 1 ? MODE_MONO : MODE_JOINT_STEREO;
    return Uint8Array.of(
      0xff,
      0xe0 | (version << 3) | (LAYER_III << 1) | 1,
      (index << 4) | (rateIndex << 2),
      (mode << 6) | 4,
    );
  }
  throw new RangeError(`MP3 has no frame of ${minBytes} bytes at ${sampleRate} Hz`);
}

/** Sample instants in a frame (ISO/IEC 11172-3 2.4.2.1, 13818-3 2.4.2.1). */
export function mp3FrameSamples(sampleRate: number): number {
  return sampleRate >= 32_000 ? 1152 : 576;
}

/** The constant bit rate nearest to the one wished for that MP3 has at a sample rate. */
export function mp3Kbps(wished: number, sampleRate: number): (typeof KBPS_OF_LAME)[number] {
  // MPEG 1 starts at 32, MPEG 2 ends at 160; at the lowest rates ("MPEG 2.5") LAME ends at 64.
  const [least, most] = sampleRate >= 32_000 ? [32, 320] : sampleRate >= 16_000 ? [8, 160] : [8, 64];
  const possible = KBPS_OF_LAME.filter((kbps) => kbps >= least && kbps <= most);
  return possible.reduce((best, kbps) => (Math.abs(kbps - wished) < Math.abs(best - wished) ? kbps : best));
}

/** How many bytes of main data before this frame its own begins: the bit reservoir (2.4.2.7 main_data_begin). */
export function mainDataBegin(frame: Uint8Array): number {
  const first = frame[4] ?? 0;
  return isMpeg1(frame) ? (first << 1) | ((frame[5] ?? 0) >> 7) : first;
}

/**
 * Makes a frame silent, in place: its side information says that none of its main data is its own. What it
 * holds for frames behind it stays.
 */
export function muteMp3Frame(frame: Uint8Array): void {
  const header = parseMp3Header(frame);
  if (header === undefined) return;
  const reservoirBits = isMpeg1(frame) ? 9 : 8;
  const kept = isMpeg1(frame) ? (frame[5] ?? 0) & 0x80 : 0;
  frame.fill(0, 4 + (reservoirBits >> 3), 4 + header.sideInfoBytes);
  if (kept !== 0) frame[5] = kept;
}

function isMpeg1(frame: Uint8Array): boolean {
  return (((frame[1] ?? 0) >> 3) & 3) === MPEG1;
}

function describe(
  version: number,
  sampleRate: number,
  kbps: number,
  channels: 1 | 2,
  padding: number,
): Mp3Header {
  const samples = mp3FrameSamples(sampleRate);
  return {
    frameBytes: Math.floor((samples * kbps * 125) / sampleRate) + padding,
    sampleRate,
    channels,
    samples,
    sideInfoBytes: version === MPEG1 ? (channels === 1 ? 17 : 32) : channels === 1 ? 9 : 17,
  };
}
