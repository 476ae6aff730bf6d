import { MPEGDecoder } from 'mpg123-decoder';
import { wavHeader } from '../media/wav-format.ts';
import { parseMp3Header } from '../media/mp3-frame.ts';
import { Mp4SoundReader } from '../media/mp4-sound.ts';
import { WavStreamDecoder } from '../media/wav-stream-decoder.ts';
import type { RecordFormat } from '../recording/types.ts';

/** The sound in a file. */
export interface AudioFile {
  /** Hz. */
  readonly sampleRate: number;
  readonly channelCount: number;
  /** Samples of one channel. */
  channel(index: number): Int16Array;
}

/** Of MP4, read at a time. */
const MP4_PORTION_BYTES = 1024 * 1024;

const NOTHING: AudioFile = { sampleRate: 8000, channelCount: 0, channel: () => new Int16Array(0) };

/** A WAV file, 16 bits, mono. */
export function wavFile(samples: Int16Array, sampleRate: number): Uint8Array {
  const data = Buffer.alloc(samples.length * 2);
  for (const [index, sample] of samples.entries()) data.writeInt16LE(sample, index * 2);
  return Buffer.concat([wavHeader({ sampleRate, channels: 1 }, data.length), data]);
}

/** A finished recording as WAV. @throws WavError */
export function readWav(bytes: Uint8Array): AudioFile {
  if (bytes.length === 0) return NOTHING;
  const decoder = new WavStreamDecoder({ layout: 'interleaved' });
  const samples = decoder.write(bytes);
  decoder.end();
  const { sampleRate, channels: count } = decoder.format!;
  const channels = Array.from({ length: count }, (_, channel) =>
    count === 1
      ? samples
      : Int16Array.from({ length: samples.length / count }, (__, i) => samples[i * count + channel]!),
  );
  return inMemory(sampleRate, channels);
}

/**
 * A finished recording of any format. It is decoded when somebody looks into it, which takes longer than the call
 * did; here, what that needs is made ready.
 * @returns decodes it, once
 */
export async function audioReader(bytes: Uint8Array, format: RecordFormat): Promise<() => AudioFile> {
  if (bytes.length === 0) return () => NOTHING;
  switch (format) {
    case 'wav':
      return () => readWav(bytes);
    case 'mp3': {
      const decoder = new MPEGDecoder();
      await decoder.ready;
      return once(() => readMp3(bytes, decoder));
    }
    case 'mp4':
      return once(() => readMp4(bytes));
  }
}

function once(read: () => AudioFile): () => AudioFile {
  let audio: AudioFile | undefined;
  return () => {
    audio ??= read();
    return audio;
  };
}

function readMp3(bytes: Uint8Array, decoder: MPEGDecoder): AudioFile {
  const { channelData, sampleRate } = decoder.decode(bytes);
  decoder.free();
  // The decoder gives two channels of every file.
  const count = parseMp3Header(bytes)?.channels ?? channelData.length;
  return inMemory(
    sampleRate,
    channelData.slice(0, count).map((samples) => toIntegers([samples], 32_768)),
  );
}

/** @throws Mp4Error */
function readMp4(bytes: Uint8Array): AudioFile {
  const reader = new Mp4SoundReader();
  const pieces: (readonly Float32Array[])[] = [];
  const take = (): void => {
    for (let piece = reader.read(); piece !== undefined; piece = reader.read()) pieces.push(piece);
  };
  // In portions: of what it has not decoded, the reader keeps no more than files of others have before their index.
  for (let at = 0; at < bytes.length; at += MP4_PORTION_BYTES) {
    reader.push(bytes.subarray(at, at + MP4_PORTION_BYTES));
    take();
  }
  reader.end();
  take();
  const { sampleRate, channels: count } = reader.config!;
  const channels = Array.from({ length: count }, (_, channel) =>
    toIntegers(
      pieces.map((piece) => piece[channel]!),
      1,
    ),
  );
  return inMemory(sampleRate, channels);
}

function inMemory(sampleRate: number, channels: readonly Int16Array[]): AudioFile {
  return {
    sampleRate,
    channelCount: channels.length,
    channel: (index) => channels[index] ?? new Int16Array(0),
  };
}

/** @param scale full scale is 32768 behind it */
function toIntegers(pieces: readonly Float32Array[], scale: number): Int16Array {
  const samples = new Int16Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    for (let index = 0; index < piece.length; index++) {
      samples[at++] = Math.max(-32_768, Math.min(32_767, Math.round(piece[index]! * scale)));
    }
  }
  return samples;
}
