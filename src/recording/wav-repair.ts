import { maxWavDataBytes, parseWavFormat, WAV_HEADER_BYTES, wavHeader } from '../media/wav-format.ts';
import type { FormatRepair } from './repair.ts';
import type { AudioShape } from './recording-writer.ts';

/** Every sample that is there is kept; only the header is written anew. */
export const wavRepair: FormatRepair = {
  name: 'WAV',

  async describe(file) {
    if (file.size <= WAV_HEADER_BYTES) return 0;
    const shape = shapeOf(await file.read(0, WAV_HEADER_BYTES));
    return shape === undefined ? undefined : durationMs(shape, file.size - WAV_HEADER_BYTES);
  },

  async mend(file, fallback) {
    // A power cut can leave a file of the right length with zeros in place of its first block.
    const shape = shapeOf(await file.read(0, WAV_HEADER_BYTES)) ?? fallback;
    const frameBytes = shape.channels * 2;
    const audible = Math.max(0, file.size - WAV_HEADER_BYTES);
    const dataBytes = Math.min(audible - (audible % frameBytes), maxWavDataBytes(shape.channels));
    if (dataBytes > 0) {
      await file.truncate(WAV_HEADER_BYTES + dataBytes);
      await file.patch(0, wavHeader(shape, dataBytes));
    }
    return durationMs(shape, dataBytes);
  },
};

function durationMs(shape: AudioShape, dataBytes: number): number {
  return (Math.max(0, dataBytes) / (shape.channels * 2) / shape.sampleRate) * 1000;
}

/** Rate and channels of a header that {@link wavHeader} wrote; undefined when it is none. */
function shapeOf(header: Uint8Array): AudioShape | undefined {
  if (header.length < WAV_HEADER_BYTES) return undefined;
  try {
    const { encoding, sampleRate, channels, sampleBytes } = parseWavFormat(header.subarray(20, 36));
    if (encoding !== 'pcm' || sampleBytes !== 2 || (channels !== 1 && channels !== 2)) return undefined;
    const shape: AudioShape = { sampleRate, channels };
    const ours = wavHeader(shape);
    // Everything but the two sizes must be as we write it.
    const same = ours.every((byte, i) => (i >= 4 && i < 8) || i >= 40 || byte === header[i]);
    return same ? shape : undefined;
  } catch {
    return undefined;
  }
}
