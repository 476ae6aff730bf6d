import {
  AAC_SAMPLE_RATES,
  fileType,
  fragment,
  fragmentDataOffset,
  type Mp4Audio,
} from '../media/mp4-boxes.ts';
import type { EncodedFrames } from './frame-layout.ts';
import { encodedRepair, type Reopened } from './encoded-repair.ts';
import { frameLayout } from './encoded-writer.ts';
import { defaultKbps } from './recording-writer.ts';
import type { RepairFile } from './repair-file.ts';

/** More than `ftyp`, `free` and the first `moov`, bytes. */
const HEAD_BYTES = 2048;
/** Of one fragment. */
const MAX_FRAMES = 100;
const MAX_FRAME_BYTES = 2 * 768;
/** Read at a time: more than the longest fragment. */
const BLOCK_BYTES = 256 * 1024;
/** Where the box stands that becomes `mdat`. */
const CLOSING = fileType().length;
/** Fields of the head, from the type of their box on. */
const TIME_SCALE = 16;
const CHANNELS = 20;
const BIT_RATE = 20;
/** In a fragment: the number of frames, and before it everything of fixed length. */
const FRAME_COUNT = 76;

/** Whole fragments are kept; they become one `mdat` with the `moov` that every reader takes. */
export const mp4Repair = encodedRepair({
  name: 'MP4',

  async describe(file) {
    const head = Buffer.from(await file.read(CLOSING, 8));
    if (head.length < 8 || head.toString('latin1', 4) !== 'mdat') return undefined;
    const position = CLOSING + head.readUInt32BE(0);
    const movie = Buffer.from(await file.read(position, 36));
    if (movie.length < 36 || movie.toString('latin1', 4, 8) !== 'moov') return undefined;
    if (position + movie.readUInt32BE(0) !== file.size) return undefined;
    const [timeScale, duration] = [movie.readUInt32BE(28), movie.readUInt32BE(32)];
    return timeScale === 0 ? undefined : (duration * 1000) / timeScale;
  },

  async reopen(file, fallback) {
    const found = audioOf(Buffer.from(await file.read(0, HEAD_BYTES)));
    const { sampleRate, channels } = found ?? fallback;
    const kbps = found?.kbps ?? defaultKbps('mp4', fallback);
    const layout = frameLayout('mp4', { sampleRate, channels }, kbps);
    const spec = { format: 'mp4', sampleRate, channels, kbps, skipFrames: 0 } as const;
    const size = await addFragments(file, layout.head().length, layout);
    return { layout, spec, intact: found !== undefined, size };
  },
});

/** What a head that we wrote says; undefined when it is none. */
function audioOf(bytes: Buffer): Mp4Audio | undefined {
  const field = (box: string, offset: number): number => {
    const at = bytes.indexOf(box);
    return at >= 0 && at + offset + 4 <= bytes.length ? bytes.readUInt32BE(at + offset) : 0;
  };
  const sampleRate = field('mvhd', TIME_SCALE);
  const channels = field('mp4a', CHANNELS) >>> 16 === 2 ? 2 : 1;
  const kbps = field('esds', BIT_RATE) / 1000;
  if (!(AAC_SAMPLE_RATES as readonly number[]).includes(sampleRate)) return undefined;
  const audio: Mp4Audio = { sampleRate, channels, kbps };
  const ours = frameLayout('mp4', audio, kbps).head();
  // Everything else must be as we write it, but for the box that changes in the end.
  const same = ours.every((byte, i) => byte === bytes[i] || (i >= CLOSING && i < CLOSING + 8));
  return same ? audio : undefined;
}

/** @returns position behind the last whole fragment */
async function addFragments(file: RepairFile, start: number, layout: Reopened['layout']): Promise<number> {
  let position = start;
  let sequence = 1;
  for (;;) {
    const block = Buffer.from(await file.read(position, BLOCK_BYTES));
    let at = 0;
    for (;;) {
      const found = fragmentAt(block.subarray(at), sequence, layout.frames);
      if (found === undefined) break;
      layout.add(found.frames);
      at += found.length;
      sequence++;
    }
    if (at === 0) return position;
    position += at;
  }
}

/** The fragment at the start of `bytes`; undefined when there is none of ours, or not all of it. */
function fragmentAt(
  bytes: Buffer,
  sequence: number,
  firstFrame: number,
): { readonly frames: EncodedFrames; readonly length: number } | undefined {
  if (bytes.length < FRAME_COUNT + 4) return undefined;
  const count = bytes.readUInt32BE(FRAME_COUNT);
  const dataOffset = fragmentDataOffset(count);
  if (count === 0 || count > MAX_FRAMES || bytes.length < dataOffset) return undefined;
  const sizes = Array.from({ length: count }, (_, i) => bytes.readUInt32BE(FRAME_COUNT + 8 + 4 * i));
  if (sizes.some((size) => size > MAX_FRAME_BYTES)) return undefined;
  const length = sizes.reduce((sum, size) => sum + size, dataOffset);
  if (bytes.length < length) return undefined;
  const data = bytes.subarray(dataOffset, length);
  const ours = fragment(sequence, firstFrame, sizes, data);
  return ours.equals(bytes.subarray(0, length)) ? { frames: { bytes: data, sizes }, length } : undefined;
}
