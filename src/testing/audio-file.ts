import { MPEGDecoder } from 'mpg123-decoder';
import { WavStreamDecoder } from '../media/wav-stream-decoder.ts';
import type { RecordFormat } from '../recording/types.ts';

/** The sound in a file. */
export interface AudioFile {
  /** Hz. */
  readonly sampleRate: number;
  readonly channelCount: number;
  /** Samples of one channel. @throws Error for a format that is not decoded here */
  channel(index: number): Int16Array;
}

const NOTHING: AudioFile = { sampleRate: 8000, channelCount: 0, channel: () => new Int16Array(0) };

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

/** A finished recording of any format; what takes a moment to decode is decoded here. */
export async function readAudio(bytes: Uint8Array, format: RecordFormat): Promise<AudioFile> {
  if (bytes.length === 0) return NOTHING;
  switch (format) {
    case 'wav':
      return readWav(bytes);
    case 'mp3':
      return await readMp3(bytes);
    case 'mp4':
      return readMp4(bytes);
  }
}

async function readMp3(bytes: Uint8Array): Promise<AudioFile> {
  const decoder = new MPEGDecoder();
  await decoder.ready;
  try {
    const { channelData, sampleRate } = decoder.decode(bytes);
    return inMemory(sampleRate, channelData.map(toIntegers));
  } finally {
    decoder.free();
  }
}

/**
 * What the description of the sound says (ISO/IEC 14496-12 12.2.3): behind the name of the box, 16 bytes, then
 * channels (2 bytes), sample size (2), 4 bytes, and the rate as 16.16.
 */
function readMp4(bytes: Uint8Array): AudioFile {
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf('mp4a');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (at < 0 || at + 32 > bytes.length) throw new Error('there is no sound in this mp4 file');
  return {
    sampleRate: view.getUint16(at + 28),
    channelCount: view.getUint16(at + 20),
    channel: () => {
      throw new Error(
        'the samples of an mp4 recording cannot be looked at here: let the test record as wav or mp3',
      );
    },
  };
}

function inMemory(sampleRate: number, channels: readonly Int16Array[]): AudioFile {
  return {
    sampleRate,
    channelCount: channels.length,
    channel: (index) => channels[index] ?? new Int16Array(0),
  };
}

function toIntegers(samples: Float32Array): Int16Array {
  return Int16Array.from(samples, (sample) =>
    Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768))),
  );
}
