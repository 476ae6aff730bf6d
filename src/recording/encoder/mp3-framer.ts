import { mainDataBegin, muteMp3Frame, parseMp3Header } from '../../media/mp3-frame.ts';
import type { EncodedFrames } from '../frame-layout.ts';

/** Cuts what LAME puts out, which ends anywhere, into whole frames. */
export class Mp3Framer {
  #rest = new Uint8Array(0);
  #skip: number;
  /** Main data that lie before the next frame, bytes; the frames that were skipped take theirs with them. */
  #reservoir: number;

  /** @param skipFrames first frames that are not handed out */
  constructor(skipFrames = 0) {
    this.#skip = skipFrames;
    this.#reservoir = skipFrames > 0 ? 0 : Number.POSITIVE_INFINITY;
  }

  /** @throws Error when `bytes` are not as the frames of an MP3 stream go on */
  push(bytes: Uint8Array): EncodedFrames {
    // A copy in any case: the bytes belong to the encoder.
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    const sizes: number[] = [];
    let first = 0;
    let at = 0;
    while (at + 4 <= all.length) {
      const header = parseMp3Header(all.subarray(at));
      if (header === undefined) throw new Error('the MP3 encoder put out no frame');
      if (at + header.frameBytes > all.length) break;
      const frame = all.subarray(at, at + header.frameBytes);
      at += header.frameBytes;
      if (this.#skip > 0) {
        this.#skip--;
        first = at;
        continue;
      }
      if (mainDataBegin(frame) > this.#reservoir) muteMp3Frame(frame);
      this.#reservoir += frame.length - 4 - header.sideInfoBytes;
      sizes.push(frame.length);
    }
    this.#rest = all.slice(at);
    return { bytes: all.subarray(first, at), sizes };
  }
}
