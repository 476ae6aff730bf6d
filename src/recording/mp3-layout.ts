import { mp3FrameSamples } from '../media/mp3-frame.ts';
import { DECODER_DELAY, LAME_DELAY, mp3InfoFrame } from '../media/mp3-info.ts';
import type { EncodedFrames, FrameLayout, LayoutEnd } from './frame-layout.ts';
import type { AudioShape } from './recording-writer.ts';

/**
 * An MP3 file: a frame that describes it, then the frames of the encoder. While the file grows, the first one
 * tells nothing yet, which players take as a file of unknown length; the end fills it in.
 */
export class Mp3Layout implements FrameLayout {
  readonly samplesPerFrame: number;
  readonly #shape: AudioShape;
  readonly #kbps: number;
  readonly #infoBytes: number;
  #frames = 0;
  #bytes: number;

  constructor(shape: AudioShape, kbps: number) {
    this.#shape = shape;
    this.#kbps = kbps;
    this.samplesPerFrame = mp3FrameSamples(shape.sampleRate);
    this.#infoBytes = this.head().length;
    this.#bytes = this.#infoBytes;
  }

  get frames(): number {
    return this.#frames;
  }

  get decodableSamples(): number {
    return Math.max(0, this.#frames * this.samplesPerFrame - LAME_DELAY - DECODER_DELAY);
  }

  head(): Uint8Array {
    return this.#info({ frames: undefined, bytes: 0, padding: 0 });
  }

  add(frames: EncodedFrames): Uint8Array {
    this.#frames += frames.sizes.length;
    this.#bytes += frames.bytes.length;
    return frames.bytes;
  }

  finish(samples: number): LayoutEnd {
    const padding = this.#frames * this.samplesPerFrame - LAME_DELAY - samples;
    const bytes = this.#info({ frames: this.#frames, bytes: this.#bytes, padding });
    return { tail: new Uint8Array(0), patch: { position: 0, bytes } };
  }

  #info(info: { frames: number | undefined; bytes: number; padding: number }): Uint8Array {
    const { sampleRate, channels } = this.#shape;
    return mp3InfoFrame(sampleRate, channels, { ...info, kbps: this.#kbps });
  }
}
