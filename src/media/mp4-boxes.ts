/**
 * Boxes of an MP4 file with one AAC track (ISO/IEC 14496-12, -14, and 14496-3 for what describes the audio).
 * All times count samples: the time scale of movie and track is the sample rate.
 */

/** What the one track holds: AAC-LC with 1024 samples in a frame. */
export interface Mp4Audio {
  /** Hz, one of {@link AAC_SAMPLE_RATES}. */
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  /** For information, kb/s. */
  readonly kbps: number;
}

/** Every frame of the file, and where the chunks of frames lie. */
export interface Mp4Samples {
  /** Bytes of each frame. */
  readonly sizes: ArrayLike<number>;
  /** Position in the file of each chunk. */
  readonly chunkOffsets: ArrayLike<number>;
  /** Frames in each chunk. */
  readonly chunkFrames: ArrayLike<number>;
  /** Sample instants to be heard, behind the {@link AAC_DELAY} ones that are not. */
  readonly audible: number;
}

/** Sample instants in an AAC frame (14496-3 4.5.1.1, frameLengthFlag 0). */
export const AAC_FRAME_SAMPLES = 1024;
/** Samples that our encoder puts in front of the first one. */
export const AAC_DELAY = 1024;

/** By samplingFrequencyIndex (14496-3 1.6.3.4). */
export const AAC_SAMPLE_RATES = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
] as const;

const TRACK = 1;
/** Sample flags of 14496-12 8.8.3.1: depends on no other. */
const SYNC_SAMPLE = 0x0200_0000;
const MFHD_BYTES = 16;
const TFHD_BYTES = 16;
const TFDT_BYTES = 16;
const TRUN_BYTES = 20;
/** Flags of `tfhd` and `trun` (14496-12 8.8.7, 8.8.8). */
const DEFAULT_BASE_IS_MOOF = 0x02_0000;
const DATA_OFFSET_AND_SIZES = 0x0201;
const AAC_LC = 2;
const AAC_MAX_BYTES = 768;

/** A box (14496-12 4.2). */
export function box(type: string, ...parts: readonly Uint8Array[]): Buffer {
  let size = 8;
  for (const part of parts) size += part.length;
  const bytes = Buffer.allocUnsafe(size);
  bytes.writeUInt32BE(size, 0);
  bytes.write(type, 4, 'latin1');
  let at = 8;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** `ftyp` of the file. */
export function fileType(): Buffer {
  return box('ftyp', text('mp42'), u32(0), text('mp42'), text('isom'), text('iso5'), text('M4A '));
}

/** `moov` in front of fragments, which bring the frames (14496-12 8.8). */
export function fragmentedMovie(audio: Mp4Audio): Buffer {
  const none: Mp4Samples = { sizes: [], chunkOffsets: [], chunkFrames: [], audible: 0 };
  const defaults = full('trex', 0, 0, u32(TRACK), u32(1), u32(AAC_FRAME_SAMPLES), u32(0), u32(SYNC_SAMPLE));
  return movie(audio, none, box('mvex', defaults));
}

/** `moov` that tells where each frame lies. */
export function completeMovie(audio: Mp4Audio, samples: Mp4Samples): Buffer {
  return movie(audio, samples);
}

/**
 * `moof` and `mdat` with these frames. Written out flat, since it is made three times a second for every recording:
 *
 *     moof ( mfhd sequence   traf ( tfhd track   tfdt time   trun count, place of the data, sizes ) )   mdat ( … )
 *
 * @param sequence from 1
 * @param firstFrame its number in the track, from 0
 * @param data the frames, one behind the other
 */
export function fragment(
  sequence: number,
  firstFrame: number,
  sizes: ArrayLike<number>,
  data: Uint8Array,
): Buffer {
  const dataPlace = fragmentDataOffset(sizes.length);
  const bytes = Buffer.allocUnsafe(dataPlace + data.length);
  let at = 0;
  const put = (value: number): void => {
    at = bytes.writeUInt32BE(value, at);
  };
  const head = (size: number, type: string, flags?: number): void => {
    put(size);
    at += bytes.write(type, at, 'latin1');
    if (flags !== undefined) put(flags);
  };
  const trunBytes = TRUN_BYTES + 4 * sizes.length;
  head(dataPlace - 8, 'moof');
  head(MFHD_BYTES, 'mfhd', 0);
  put(sequence);
  head(8 + TFHD_BYTES + TFDT_BYTES + trunBytes, 'traf');
  head(TFHD_BYTES, 'tfhd', DEFAULT_BASE_IS_MOOF);
  put(TRACK);
  head(TFDT_BYTES, 'tfdt', 0);
  put(firstFrame * AAC_FRAME_SAMPLES);
  head(trunBytes, 'trun', DATA_OFFSET_AND_SIZES);
  put(sizes.length);
  put(dataPlace);
  for (let i = 0; i < sizes.length; i++) put(sizes[i]!);
  head(8 + data.length, 'mdat');
  bytes.set(data, at);
  return bytes;
}

/** Where in a {@link fragment} its data begin. */
export function fragmentDataOffset(frames: number): number {
  return 8 + MFHD_BYTES + 8 + TFHD_BYTES + TFDT_BYTES + TRUN_BYTES + 4 * frames + 8;
}

/** Size and type alone. */
export function boxHead(type: string, size: number): Buffer {
  const head = Buffer.allocUnsafe(8);
  head.writeUInt32BE(size, 0);
  head.write(type, 4, 'latin1');
  return head;
}

/**
 * AudioSpecificConfig (14496-3 1.6.2.1), saying outright that there is no spectral band replication, which
 * readers would else expect at such low rates (1.6.5, syncExtensionType 0x2b7).
 */
export function audioSpecificConfig(sampleRate: number, channels: 1 | 2): Uint8Array {
  const index = (AAC_SAMPLE_RATES as readonly number[]).indexOf(sampleRate);
  if (index < 0) throw new RangeError(`AAC has no sample rate of ${sampleRate} Hz`);
  const config = (AAC_LC << 11) | (index << 7) | (channels << 3);
  return Uint8Array.of(config >> 8, config & 0xff, 0x56, 0xe5, 0x00);
}

function movie(audio: Mp4Audio, samples: Mp4Samples, ...extra: readonly Uint8Array[]): Buffer {
  const { sampleRate } = audio;
  const { audible } = samples;
  const header = full(
    'mvhd',
    0,
    0,
    ...[0, 0, sampleRate, audible, 0x0001_0000, 0x0100_0000, 0, 0].map(u32),
    MATRIX,
    ...[0, 0, 0, 0, 0, 0, TRACK + 1].map(u32),
  );
  return box('moov', header, trackBox(audio, samples), ...extra);
}

function trackBox(audio: Mp4Audio, samples: Mp4Samples): Buffer {
  const { sampleRate, channels } = audio;
  const { audible } = samples;
  const enabledInMovie = 3;
  const volume = 0x0100_0000;
  const header = full(
    'tkhd',
    0,
    enabledInMovie,
    ...[0, 0, TRACK, 0, audible, 0, 0, 0, volume].map(u32),
    MATRIX,
    ...[0, 0].map(u32),
  );
  // What the encoder put in front is not to be heard, nor what fills up the last frame.
  const edits = box('edts', full('elst', 0, 0, u32(1), u32(audible), u32(AAC_DELAY), u32(0x0001_0000)));
  const undetermined = 0x55c4_0000;
  const media = box(
    'mdia',
    full('mdhd', 0, 0, ...[0, 0, sampleRate, mediaDuration(samples), undetermined].map(u32)),
    full('hdlr', 0, 0, u32(0), text('soun'), ...[0, 0, 0].map(u32), text('SoundHandler\0')),
    box(
      'minf',
      full('smhd', 0, 0, u32(0)),
      box('dinf', full('dref', 0, 0, u32(1), full('url ', 0, 1))),
      sampleTable(audio, channels, samples),
    ),
  );
  return box('trak', header, edits, media);
}

function sampleTable(audio: Mp4Audio, channels: 1 | 2, samples: Mp4Samples): Buffer {
  const { sizes, chunkOffsets } = samples;
  const frames = sizes.length;
  const entry = box(
    'mp4a',
    ...[0, 1, 0, 0, (channels << 16) | 16, 0, audio.sampleRate << 16].map((value) => u32(value >>> 0)),
    elementaryStream(audio),
  );
  const boxes = [
    full('stsd', 0, 0, u32(1), entry),
    full('stts', 0, 0, ...timesToSamples(samples)),
    full('stsc', 0, 0, ...samplesToChunks(samples.chunkFrames)),
    full('stsz', 0, 0, u32(0), u32(frames), table(sizes)),
    full('stco', 0, 0, u32(chunkOffsets.length), table(chunkOffsets)),
  ];
  if (frames > 0) {
    // A frame is right only behind the one before it (14496-12 10.1, as Apple asks of AAC).
    boxes.push(
      full('sgpd', 1, 0, text('roll'), u32(2), u32(1), Uint8Array.of(0xff, 0xff)),
      full('sbgp', 0, 0, text('roll'), u32(1), u32(frames), u32(1)),
    );
  }
  return box('stbl', ...boxes);
}

/** Runs of frames equally long (14496-12 8.6.1.2): the last one ends where the recording does. */
function timesToSamples(samples: Mp4Samples): Buffer[] {
  if (samples.sizes.length === 0) return [u32(0)];
  const whole = samples.sizes.length - 1;
  const last = u32(mediaDuration(samples) - whole * AAC_FRAME_SAMPLES);
  if (whole === 0) return [u32(1), u32(1), last];
  return [u32(2), u32(whole), u32(AAC_FRAME_SAMPLES), u32(1), last];
}

/** Of all frames, with what is not to be heard at the start, in samples. */
function mediaDuration({ sizes, audible }: Mp4Samples): number {
  const least = (sizes.length - 1) * AAC_FRAME_SAMPLES + 1;
  return sizes.length === 0
    ? 0
    : Math.max(least, Math.min(AAC_DELAY + audible, sizes.length * AAC_FRAME_SAMPLES));
}

/** Runs of chunks with equally many frames (14496-12 8.7.4). */
function samplesToChunks(chunkFrames: ArrayLike<number>): Buffer[] {
  const runs: Buffer[] = [];
  for (let chunk = 0; chunk < chunkFrames.length; chunk++) {
    if (chunk > 0 && chunkFrames[chunk] === chunkFrames[chunk - 1]) continue;
    runs.push(u32(chunk + 1), u32(chunkFrames[chunk]!), u32(1));
  }
  return [u32(runs.length / 3), ...runs];
}

/** `esds`: descriptors of 14496-1 7.2.6 for the decoder (14496-14 3.1.2). */
function elementaryStream(audio: Mp4Audio): Buffer {
  const { sampleRate, channels, kbps } = audio;
  const mpeg4Audio = 0x40;
  const audioStream = 0x15;
  const config = descriptor(
    4,
    Uint8Array.of(mpeg4Audio, audioStream),
    u32(AAC_MAX_BYTES * channels).subarray(1),
    u32(kbps * 1000),
    u32(kbps * 1000),
    descriptor(5, audioSpecificConfig(sampleRate, channels)),
  );
  const reservedForMp4 = 2;
  return full(
    'esds',
    0,
    0,
    descriptor(3, Uint8Array.of(0, 0, 0), config, descriptor(6, Uint8Array.of(reservedForMp4))),
  );
}

function descriptor(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Uint8Array.of(tag, body.length), body]);
}

function full(type: string, version: number, flags: number, ...parts: readonly Uint8Array[]): Buffer {
  return box(type, u32((version << 24) | flags), ...parts);
}

function u32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value, 0);
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.from(value, 'latin1');
}

function table(values: ArrayLike<number>): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * 4);
  for (let i = 0; i < values.length; i++) bytes.writeUInt32BE(values[i]!, i * 4);
  return bytes;
}

/** Unity: nothing is turned or scaled. */
const MATRIX = Buffer.concat([0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000].map(u32));
