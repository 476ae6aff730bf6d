import { AacDecoder, type AacConfig } from './aac/decoder.ts';
import { AAC_FRAME_SAMPLES } from './mp4-boxes.ts';
import {
  type FramePlace,
  MAX_FRAMES,
  Mp4Error,
  type Mp4Track,
  readFragment,
  readMovie,
} from './mp4-index.ts';

/** Bytes that are kept for frames whose place is not known yet: of a file whose index stands behind them. */
const MAX_KEPT = 64 * 1024 * 1024;
const MAX_INDEX = 32 * 1024 * 1024;
/** Frames that are not handed out before it is known whether they are the last. */
const HELD_FRAMES = 2;
/** Longest frame, bytes; one of two channels has 1536 at the most (ISO/IEC 14496-3 4.5.3.1). */
const MAX_FRAME_BYTES = 65_536;

/**
 * Decodes the AAC of an MP4 file while it arrives. The recordings of this program hold their fragments inside
 * their `mdat` (recording/mp4-layout.ts), so they sound at once; so do files with the index in front. Of others
 * the frames are kept until the index comes.
 */
export class Mp4SoundReader {
  readonly #file = new FileWindow();
  #track: Mp4Track | undefined;
  #decoder: AacDecoder | undefined;
  /** The next box. */
  #next = 0;
  #keepFrom: number | undefined;
  readonly #places = new Places();
  readonly #held: (readonly Float32Array[])[] = [];
  /** Frames that are not decoded, since nothing of them is to be heard. */
  #passOver = 0;
  /** Samples that are still to be left out at the start; those handed out; those that there shall be. */
  #skip = 0;
  #given = 0;
  #audible = Number.POSITIVE_INFINITY;
  #ended = false;

  /** Known when the first samples come. */
  get config(): AacConfig | undefined {
    return this.#decoder?.config;
  }

  /** Takes the next bytes. @throws Mp4Error when they are no MP4 with AAC-LC in it */
  push(bytes: Uint8Array): void {
    this.#file.push(bytes);
    while (this.#readBox());
    this.#file.forget(Math.min(this.#next, this.#keepFrom ?? this.#nextFrame?.position ?? this.#next));
  }

  /** No more bytes. @throws Mp4Error when no sound was found */
  end(): void {
    this.#ended = true;
    if (this.#track === undefined) throw new Mp4Error('it ends before its index');
  }

  /**
   * @returns the next samples of each channel, up to 1024, full scale 32768; undefined when there are none for now
   * @throws Mp4Error when a frame is damaged
   */
  read(): readonly Float32Array[] | undefined {
    while (this.#given < this.#audible) {
      while (this.#held.length <= HELD_FRAMES && this.#decodeNext());
      if (this.#held.length <= (this.#ended ? 0 : HELD_FRAMES)) return undefined;
      const frame = this.#held.shift()!;
      const length = frame[0]!.length;
      const start = Math.min(this.#skip, length);
      const count = Math.min(length - start, this.#audible - this.#given);
      this.#skip -= start;
      this.#given += count;
      if (count > 0) return frame.map((samples) => samples.subarray(start, start + count));
    }
    return undefined;
  }

  /** The next frame of which something is to be heard. */
  get #nextFrame(): FramePlace | undefined {
    return this.#given < this.#audible ? this.#places.first : undefined;
  }

  #decodeNext(): boolean {
    for (; this.#passOver > 0 && this.#places.first !== undefined; this.#passOver--) this.#places.take();
    const place = this.#places.first;
    if (place === undefined || this.#decoder === undefined) return false;
    if (place.size > MAX_FRAME_BYTES) {
      throw new Mp4Error(`frame ${this.#places.taken + 1} has ${place.size} bytes`);
    }
    const frame = this.#file.read(place.position, place.size);
    if (frame === undefined) return false;
    this.#places.take();
    try {
      this.#held.push(this.#decoder.decode(frame));
    } catch (error) {
      throw new Mp4Error(
        `frame ${this.#places.taken} is damaged: ${error instanceof Error ? error.message : error}`,
      );
    }
    return true;
  }

  /** @returns whether there was a whole one, or its head was enough */
  #readBox(): boolean {
    const head = this.#file.read(this.#next, 8);
    if (head === undefined) return false;
    const type = head.toString('latin1', 4, 8);
    let bodyAt = this.#next + 8;
    let size = head.readUInt32BE(0);
    if (size === 1) {
      const large = this.#file.read(bodyAt, 8);
      if (large === undefined) return false;
      size = Number(large.readBigUInt64BE(0));
      bodyAt += 8;
    }
    const end = size === 0 ? Number.MAX_SAFE_INTEGER : this.#next + size;
    if (end < bodyAt) throw new Mp4Error(`a box of type "${type}" has ${size} bytes`);
    if (type === 'mdat') return this.#readMedia(bodyAt, end);
    if (type === 'moov' || type === 'moof') {
      if (end - bodyAt > MAX_INDEX) throw new Mp4Error(`its index has ${end - bodyAt} bytes`);
      const body = this.#file.read(bodyAt, end - bodyAt);
      if (body === undefined) return false;
      if (type === 'moov') this.#readIndex(body);
      else if (this.#track !== undefined) this.#places.add(readFragment(body, this.#next, this.#track));
    }
    this.#next = end;
    return true;
  }

  #readMedia(bodyAt: number, end: number): boolean {
    if (this.#track === undefined && this.#keepFrom === undefined) {
      const inside = this.#file.read(bodyAt, 8);
      if (inside === undefined) return false;
      if (inside.toString('latin1', 4, 8) === 'moov') {
        this.#next = bodyAt;
        return true;
      }
      this.#keepFrom = bodyAt;
      this.#file.limit = MAX_KEPT;
    }
    this.#next = end;
    return true;
  }

  #readIndex(body: Buffer): void {
    const track = readMovie(body);
    if (this.#decoder === undefined) {
      try {
        this.#decoder = new AacDecoder(track.config);
      } catch (error) {
        throw new Mp4Error(error instanceof Error ? error.message : String(error));
      }
      this.#track = track;
      this.#skip = Math.round(track.delay * this.#decoder.config.sampleRate);
      // Of the frames before the first one that is heard, the last shapes its beginning.
      this.#passOver = Math.max(0, Math.floor(this.#skip / AAC_FRAME_SAMPLES) - 1);
      this.#skip -= this.#passOver * AAC_FRAME_SAMPLES;
      this.#places.add(track.frames);
      this.#keepFrom = undefined;
    }
    // The last one knows the length.
    if (track.audible !== undefined) {
      this.#audible = Math.round(track.audible * this.#decoder.config.sampleRate);
    }
  }
}

/** Frames in the order in which they play. Each is taken from the index when its turn has come. */
class Places {
  readonly #lists: Iterator<FramePlace>[] = [];
  #first: FramePlace | undefined;
  #taken = 0;

  /** How many have been taken. */
  get taken(): number {
    return this.#taken;
  }

  /** The next one, if it is known. @throws Mp4Error when the index is damaged there */
  get first(): FramePlace | undefined {
    while (this.#first === undefined) {
      const next = this.#lists[0]?.next();
      if (next === undefined) return undefined;
      if (next.done === true) this.#lists.shift();
      else this.#first = next.value;
    }
    return this.#first;
  }

  add(list: Iterable<FramePlace>): void {
    this.#lists.push(list[Symbol.iterator]());
  }

  /** Takes the first one away. @throws Mp4Error when there have been too many */
  take(): void {
    this.#first = undefined;
    if (++this.#taken > MAX_FRAMES) throw new Mp4Error(`there are more than ${MAX_FRAMES} frames in it`);
  }
}

/** A stretch of a file that arrives from front to back: what is not needed any more is forgotten. */
class FileWindow {
  #bytes = Buffer.allocUnsafe(64 * 1024);
  /** Position in the file of the first byte, and how many there are. */
  #start = 0;
  #length = 0;
  /** Bytes to be skipped before the next that count. */
  #ahead = 0;
  limit = MAX_INDEX + 1024 * 1024;

  push(bytes: Uint8Array): void {
    const skipped = Math.min(this.#ahead, bytes.length);
    this.#ahead -= skipped;
    const rest = bytes.subarray(skipped);
    if (this.#length + rest.length > this.limit) {
      throw new Mp4Error(`its index stands behind more than ${this.limit >> 20} MB of sound`);
    }
    if (this.#length + rest.length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + rest.length));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    this.#bytes.set(rest, this.#length);
    this.#length += rest.length;
  }

  /** A copy; undefined when not all of it is there. */
  read(position: number, size: number): Buffer | undefined {
    const at = position - this.#start;
    if (at < 0 || at + size > this.#length) return undefined;
    return Buffer.from(this.#bytes.subarray(at, at + size));
  }

  /** Forgets what lies before `position`, also what has yet to come. */
  forget(position: number): void {
    const count = position - this.#start;
    if (count <= 0) return;
    const here = Math.min(count, this.#length);
    this.#bytes.copyWithin(0, here, this.#length);
    this.#length -= here;
    this.#ahead += count - here;
    this.#start = position;
  }
}
