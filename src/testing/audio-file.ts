import { WavStreamDecoder } from '../media/wav-stream-decoder.ts';
import type { RecordFormat } from '../recording/types.ts';

/** The sound in a file. */
export interface AudioFile {
  /** Hz. */
  readonly sampleRate: number;
  readonly channels: readonly Int16Array[];
  /** The channels' average. */
  mixed(): Int16Array;
}

const NOTHING: AudioFile = { sampleRate: 8000, channels: [], mixed: () => new Int16Array(0) };

/**
 * Decodes a finished recording.
 * @throws Error for a format that is not decoded here
 */
export function decodeAudio(bytes: Uint8Array, format: RecordFormat): AudioFile {
  if (bytes.length === 0) return NOTHING;
  if (format !== 'wav') throw new Error(`the samples of a recording in "${format}" cannot be looked at`);
  const decoder = new WavStreamDecoder({ layout: 'interleaved' });
  const samples = decoder.write(bytes);
  decoder.end();
  const { sampleRate, channels: count } = decoder.format!;
  const frames = samples.length / count;
  const channels = Array.from({ length: count }, (_, channel) =>
    count === 1 ? samples : Int16Array.from({ length: frames }, (__, i) => samples[i * count + channel]!),
  );
  return {
    sampleRate,
    channels,
    mixed: () =>
      count === 1
        ? samples
        : Int16Array.from({ length: frames }, (_, i) =>
            Math.round(channels.reduce((sum, channel) => sum + channel[i]!, 0) / count),
          ),
  };
}
