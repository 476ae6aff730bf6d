/**
 * What the index of an MP4 file says of its first AAC track (ISO/IEC 14496-12): `moov` and `moof` boxes, from our own
 * files and from others.
 */

/** What is wrong with an MP4 file, in words for whoever made it. */
export class Mp4Error extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Mp4Error';
  }
}

/** Where a frame lies in the file. */
export interface FramePlace {
  readonly position: number;
  readonly size: number;
}

export interface Mp4Track {
  readonly id: number;
  /** AudioSpecificConfig. */
  readonly config: Uint8Array;
  /**
   * To be gone through once, as they are played: a few bytes of the index may stand for millions. None when fragments
   * bring the frames. @throws Mp4Error from the iteration
   */
  readonly frames: Iterable<FramePlace>;
  /** Bytes of a frame of which a fragment says no other. */
  readonly defaultSize: number;
  /** What is not to be heard at the start, and how much is to be heard behind it (undefined: all), s. */
  readonly delay: number;
  readonly audible: number | undefined;
}

/** Four hours of AAC at 48 kHz are 675,000. */
export const MAX_FRAMES = 5_000_000;
/** Boxes side by side. */
const MAX_BOXES = 10_000;

interface Box {
  readonly type: string;
  readonly body: Buffer;
}

/**
 * @param body of a `moov` box
 * @throws Mp4Error when there is no AAC in it, or the index is damaged
 */
export function readMovie(body: Buffer): Mp4Track {
  return guarded(() => {
    const boxes = boxesOf(body);
    const timeScale = timeScaleOf(find(boxes, 'mvhd'));
    const tracks = boxes.filter(({ type }) => type === 'trak').map((box) => boxesOf(box.body));
    const audio = tracks.find((track) => handlerOf(track) === 'soun');
    if (audio === undefined) throw new Mp4Error('there is no sound in it');
    return readTrack(audio, boxes, timeScale);
  });
}

/**
 * @param body of a `moof` box
 * @param start position of the box in the file
 * @returns the frames of the track in this fragment, as {@link Mp4Track.frames}
 * @throws Mp4Error when it is damaged, also from the iteration
 */
export function readFragment(body: Buffer, start: number, track: Mp4Track): Iterable<FramePlace> {
  return guarded(() => {
    const fragments = boxesOf(body)
      .filter(({ type }) => type === 'traf')
      .map((box) => boxesOf(box.body));
    return guardedPlaces(fragmentPlaces(fragments, start, track));
  });
}

function* fragmentPlaces(
  fragments: readonly (readonly Box[])[],
  start: number,
  track: Mp4Track,
): Generator<FramePlace> {
  for (const boxes of fragments) yield* readTrackFragment(boxes, start, track);
}

function readTrack(track: readonly Box[], movie: readonly Box[], timeScale: number): Mp4Track {
  const media = boxesOf(need(track, 'mdia'));
  const table = boxesOf(need(boxesOf(need(media, 'minf')), 'stbl'));
  const header = need(track, 'tkhd');
  const id = header.readUInt32BE(header[0] === 1 ? 20 : 12);
  const defaults = boxesOf(find(movie, 'mvex') ?? Buffer.alloc(0)).find(
    ({ type, body }) => type === 'trex' && body.readUInt32BE(4) === id,
  );
  const edit = readEdit(boxesOf(find(track, 'edts') ?? Buffer.alloc(0)));
  const mediaScale = timeScaleOf(find(media, 'mdhd'));
  return {
    id,
    config: readConfig(need(table, 'stsd')),
    frames: readPlaces(table),
    defaultSize: defaults?.body.readUInt32BE(16) ?? 0,
    delay: edit === undefined ? 0 : edit.mediaTime / mediaScale,
    audible: edit === undefined || edit.duration === 0 ? undefined : edit.duration / timeScale,
  };
}

/** The first edit that plays something (8.6.6). */
function readEdit(boxes: readonly Box[]): { mediaTime: number; duration: number } | undefined {
  const list = find(boxes, 'elst');
  if (list === undefined) return undefined;
  const long = list[0] === 1;
  for (let entry = 0; entry < list.readUInt32BE(4); entry++) {
    const at = 8 + entry * (long ? 20 : 12);
    const duration = long ? Number(list.readBigUInt64BE(at)) : list.readUInt32BE(at);
    const mediaTime = long ? Number(list.readBigInt64BE(at + 8)) : list.readInt32BE(at + 4);
    if (mediaTime >= 0) return { mediaTime, duration };
  }
  return undefined;
}

/** Place of each frame, of `stsz`, `stco` or `co64`, and `stsc` (8.7). */
function readPlaces(table: readonly Box[]): Iterable<FramePlace> {
  const sizes = need(table, 'stsz');
  const equal = sizes.readUInt32BE(4);
  const count = sizes.readUInt32BE(8);
  if (count > MAX_FRAMES) throw new Mp4Error(`there are ${count} frames in it`);
  const long = find(table, 'co64');
  const chunks = long ?? need(table, 'stco');
  const runs = need(table, 'stsc');
  return guardedPlaces(tablePlaces({ sizes, equal, count, chunks, long: long !== undefined, runs }));
}

interface Tables {
  readonly sizes: Buffer;
  /** Bytes of every frame; 0: each has its own. */
  readonly equal: number;
  readonly count: number;
  readonly chunks: Buffer;
  /** The places of the chunks have 64 bits. */
  readonly long: boolean;
  readonly runs: Buffer;
}

function* tablePlaces({ sizes, equal, count, chunks, long, runs }: Tables): Generator<FramePlace> {
  let run = 0;
  let frame = 0;
  for (let chunk = 0; chunk < chunks.readUInt32BE(4) && frame < count; chunk++) {
    const next = run + 1;
    if (next < runs.readUInt32BE(4) && runs.readUInt32BE(8 + 12 * next) === chunk + 1) run = next;
    let position = long ? Number(chunks.readBigUInt64BE(8 + 8 * chunk)) : chunks.readUInt32BE(8 + 4 * chunk);
    const inChunk = runs.readUInt32BE(12 + 12 * run);
    for (let i = 0; i < inChunk && frame < count; i++, frame++) {
      const size = equal > 0 ? equal : sizes.readUInt32BE(12 + 4 * frame);
      yield { position, size };
      position += size;
    }
  }
}

/** `traf` (8.8.6): frames in `trun`s. */
function* readTrackFragment(boxes: readonly Box[], start: number, track: Mp4Track): Generator<FramePlace> {
  const header = need(boxes, 'tfhd');
  if (header.readUInt32BE(4) !== track.id) return;
  const flags = header.readUInt32BE(0) & 0xff_ffff;
  let at = 8;
  const optional = (flag: number, bytes: number): number | undefined => {
    if ((flags & flag) === 0) return undefined;
    at += bytes;
    return bytes === 8 ? Number(header.readBigUInt64BE(at - 8)) : header.readUInt32BE(at - 4);
  };
  const base = optional(0x1, 8) ?? start;
  optional(0x2, 4);
  optional(0x8, 4);
  const defaultSize = optional(0x10, 4) ?? track.defaultSize;
  let position = base;
  for (const { type, body } of boxes) {
    if (type !== 'trun') continue;
    const runFlags = body.readUInt32BE(0) & 0xff_ffff;
    const count = body.readUInt32BE(4);
    let read = 8;
    if (runFlags & 0x1) {
      position = base + body.readInt32BE(read);
      read += 4;
    }
    if (runFlags & 0x4) read += 4;
    const stride = 4 * [0x100, 0x200, 0x400, 0x800].filter((flag) => runFlags & flag).length;
    const sizeAt = runFlags & 0x100 ? 4 : 0;
    if (count > MAX_FRAMES) throw new Mp4Error(`a fragment has ${count} frames`);
    for (let i = 0; i < count; i++) {
      const size = runFlags & 0x200 ? body.readUInt32BE(read + i * stride + sizeAt) : defaultSize;
      yield { position, size };
      position += size;
    }
  }
}

/** AudioSpecificConfig out of `stsd`, `mp4a`, `esds` (14496-14 5.6). */
function readConfig(descriptions: Buffer): Uint8Array {
  const [entry] = boxesOf(descriptions.subarray(8));
  if (entry?.type !== 'mp4a') throw new Mp4Error(`its sound is not AAC but "${entry?.type ?? ''}"`);
  // QuickTime's newer entries are longer.
  const version = entry.body.readUInt16BE(8);
  const stream = need(
    boxesOf(entry.body.subarray(28 + (version === 1 ? 16 : version === 2 ? 36 : 0))),
    'esds',
  );
  let at = 4;
  const enter = (tag: number): number => {
    if (stream[at++] !== tag) throw new Mp4Error('what describes its sound is damaged');
    let length = 0;
    for (let more = 0x80; (more & 0x80) !== 0; ) {
      more = stream.readUInt8(at++);
      length = (length << 7) | (more & 0x7f);
    }
    return length;
  };
  enter(3);
  const flags = stream.readUInt8(at + 2);
  at += 3 + (flags & 0x80 ? 2 : 0);
  if (flags & 0x40) at += 1 + stream.readUInt8(at);
  if (flags & 0x20) at += 2;
  enter(4);
  const objectType = stream.readUInt8(at);
  if (objectType !== 0x40) throw new Mp4Error(`its sound is not AAC (object type ${objectType})`);
  at += 13;
  const length = enter(5);
  return stream.subarray(at, at + length);
}

function handlerOf(track: readonly Box[]): string {
  const media = boxesOf(find(track, 'mdia') ?? Buffer.alloc(0));
  return find(media, 'hdlr')?.toString('latin1', 8, 12) ?? '';
}

function timeScaleOf(header: Buffer | undefined): number {
  const scale = header?.readUInt32BE(header[0] === 1 ? 20 : 12) ?? 0;
  if (scale === 0) throw new Mp4Error('it has no time scale');
  return scale;
}

function boxesOf(bytes: Buffer): Box[] {
  const boxes: Box[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = bytes.readUInt32BE(at);
    const type = bytes.toString('latin1', at + 4, at + 8);
    const end = size === 0 ? bytes.length : at + size;
    if (size === 1 || (size > 0 && size < 8) || end > bytes.length) {
      throw new Mp4Error(`a box of type "${type}" does not end within the one around it`);
    }
    if (boxes.length === MAX_BOXES) {
      throw new Mp4Error(`there are more than ${MAX_BOXES} boxes side by side in it`);
    }
    boxes.push({ type, body: bytes.subarray(at + 8, end) });
    at = end;
  }
  return boxes;
}

function find(boxes: readonly Box[], type: string): Buffer | undefined {
  return boxes.find((box) => box.type === type)?.body;
}

function need(boxes: readonly Box[], type: string): Buffer {
  const found = find(boxes, type);
  if (found === undefined) throw new Mp4Error(`it has no box of type "${type}"`);
  return found;
}

/** Reading behind the end of a box says that the box is too short. */
function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    rethrow(error);
  }
}

function* guardedPlaces(places: Generator<FramePlace>): Generator<FramePlace> {
  try {
    yield* places;
  } catch (error) {
    rethrow(error);
  }
}

function rethrow(error: unknown): never {
  if (error instanceof RangeError) throw new Mp4Error('its index is damaged');
  throw error;
}
