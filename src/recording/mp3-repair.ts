import { parseMp3Header } from '../media/mp3-frame.ts';
import { LAME_DELAY, parseMp3Info } from '../media/mp3-info.ts';
import { encodedRepair, type Reopened } from './encoded-repair.ts';
import { frameLayout } from './encoded-writer.ts';
import type { AudioShape } from './recording-writer.ts';
import { defaultKbps } from './recording-writer.ts';
import type { RepairFile } from './repair-file.ts';

/** More than the longest frame, bytes. */
const HEAD_BYTES = 2048;
/** Hz, of legs. */
const SAMPLE_RATES = [8000, 16_000, 24_000, 48_000];
/** Read at a time. */
const BLOCK_BYTES = 64 * 1024;

/** Whole frames are kept; the frame in front that counts them is written anew. */
export const mp3Repair = encodedRepair({
  name: 'MP3',

  async describe(file) {
    const head = await file.read(0, HEAD_BYTES);
    const header = parseMp3Header(head);
    const info = parseMp3Info(head);
    if (header === undefined || info?.frames === undefined || info.bytes !== file.size) return undefined;
    return ((info.frames * header.samples - LAME_DELAY - info.padding) * 1000) / header.sampleRate;
  },

  async reopen(file, fallback) {
    const head = await file.read(0, HEAD_BYTES);
    const info = parseMp3Info(head);
    const shape = shapeOf(head) ?? fallback;
    const { sampleRate, channels } = shape;
    const kbps = kbpsOf(head, shape) ?? info?.kbps ?? defaultKbps('mp3', shape);
    const layout = frameLayout('mp3', shape, kbps);
    const spec = { format: 'mp3', sampleRate, channels, kbps, skipFrames: 0 } as const;
    const size = await addFrames(file, layout.head().length, shape, layout);
    return { layout, spec, intact: info !== undefined, size };
  },
});

/** What the frames are: told by the first one behind a head of the right length, whatever the head itself is like. */
function shapeOf(bytes: Uint8Array): AudioShape | undefined {
  const header = parseMp3Header(bytes);
  const shapes = SAMPLE_RATES.flatMap((sampleRate) => [
    { sampleRate, channels: 1 } as const,
    { sampleRate, channels: 2 } as const,
  ]);
  const found = shapes.find((shape) => {
    const first = parseMp3Header(bytes.subarray(frameLayout('mp3', shape, 0).head().length));
    return first?.sampleRate === shape.sampleRate && first.channels === shape.channels;
  });
  return found ?? header;
}

/** Of the first frame, kb/s: the head has room for 255 alone, and may be lost. */
function kbpsOf(bytes: Uint8Array, shape: AudioShape): number | undefined {
  const first = parseMp3Header(bytes.subarray(frameLayout('mp3', shape, 0).head().length));
  if (first?.sampleRate !== shape.sampleRate) return undefined;
  return Math.round((first.frameBytes * first.sampleRate) / (first.samples * 125));
}

/** @returns position behind the last whole frame */
async function addFrames(
  file: RepairFile,
  start: number,
  shape: AudioShape,
  layout: Reopened['layout'],
): Promise<number> {
  let position = start;
  for (;;) {
    const block = await file.read(position, BLOCK_BYTES);
    const sizes: number[] = [];
    let at = 0;
    while (at + 4 <= block.length) {
      const header = parseMp3Header(block.subarray(at));
      if (header?.sampleRate !== shape.sampleRate || header.channels !== shape.channels) break;
      if (at + header.frameBytes > block.length) break;
      sizes.push(header.frameBytes);
      at += header.frameBytes;
    }
    if (at === 0) return position;
    layout.add({ bytes: block.subarray(0, at), sizes });
    position += at;
  }
}
