import {
  AAC_DELAY,
  AAC_FRAME_SAMPLES,
  boxHead,
  completeMovie,
  fileType,
  fragment,
  fragmentDataOffset,
  fragmentedMovie,
  type Mp4Audio,
} from '../media/mp4-boxes.ts';
import type { EncodedFrames, FrameLayout, LayoutEnd } from './frame-layout.ts';

/**
 * An MP4 file that is a fragmented one while it grows, so that it plays wherever it breaks off, and an ordinary
 * one in the end, which every reader takes:
 *
 *     growing    ftyp  free  moov (no frames)  moof mdat  moof mdat  …
 *     finished   ftyp  mdat (                                      )  moov (all frames)
 *
 * The end is 8 bytes over `free`, by which everything behind becomes the inside of one `mdat`, and the `moov`
 * that tells where in it the frames lie.
 */
export class Mp4Layout implements FrameLayout {
  readonly samplesPerFrame = AAC_FRAME_SAMPLES;
  readonly #audio: Mp4Audio;
  readonly #sizes = new Numbers();
  readonly #chunkOffsets = new Numbers();
  readonly #chunkFrames = new Numbers();
  #bytes: number;

  constructor(audio: Mp4Audio) {
    this.#audio = audio;
    this.#bytes = this.head().length;
  }

  get frames(): number {
    return this.#sizes.length;
  }

  get decodableSamples(): number {
    return Math.max(0, this.frames * AAC_FRAME_SAMPLES - AAC_DELAY);
  }

  head(): Uint8Array {
    return Buffer.concat([fileType(), boxHead('free', 8), fragmentedMovie(this.#audio)]);
  }

  add(frames: EncodedFrames): Uint8Array {
    const { sizes } = frames;
    const bytes = fragment(this.#chunkOffsets.length + 1, this.frames, sizes, frames.bytes);
    this.#chunkOffsets.push(this.#bytes + fragmentDataOffset(sizes.length));
    this.#chunkFrames.push(sizes.length);
    for (const size of sizes) this.#sizes.push(size);
    this.#bytes += bytes.length;
    return bytes;
  }

  finish(samples: number): LayoutEnd {
    const tail = completeMovie(this.#audio, {
      sizes: this.#sizes.values,
      chunkOffsets: this.#chunkOffsets.values,
      chunkFrames: this.#chunkFrames.values,
      audible: samples,
    });
    const position = fileType().length;
    return { tail, patch: { position, bytes: boxHead('mdat', this.#bytes - position) } };
  }
}

/** A growing list of numbers of 32 bits: four hours are a million of them. */
class Numbers {
  #values = new Uint32Array(64);
  length = 0;

  get values(): Uint32Array {
    return this.#values.subarray(0, this.length);
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Uint32Array(this.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length++] = value;
  }
}
