import type { EncodedFrames } from '../frame-layout.ts';
import type { AudioShape } from '../recording-writer.ts';
import { openAacEncoder } from './aac-encoder.ts';
import { openMp3Encoder } from './mp3-encoder.ts';

/** The formats that are encoded; WAV is not. */
export type EncodedFormat = 'mp3' | 'mp4';

/** What one encoder is to do. */
export interface EncodingSpec extends AudioShape {
  readonly format: EncodedFormat;
  /** As far as the format allows it at this rate. */
  readonly kbps: number;
  /**
   * First frames that are not handed out: they were there before, from an encoder that was lost, and only bring
   * this one into the same state. 0 for a new recording.
   */
  readonly skipFrames: number;
}

/** Turns samples into frames, one recording after the other; lives in an encoder thread, and never waits. */
export interface FrameEncoder {
  /**
   * Takes interleaved samples, any number of instants.
   * @returns the frames that are ready, perhaps none
   */
  encode(samples: Int16Array): EncodedFrames;
  /** @returns the last frames */
  finish(): EncodedFrames;
  /** Frees what it holds; call once, last. */
  close(): void;
}

/** @throws Error when the encoder cannot be had, or cannot do that */
export function openFrameEncoder(spec: EncodingSpec): Promise<FrameEncoder> {
  return spec.format === 'mp3' ? openMp3Encoder(spec) : openAacEncoder(spec);
}
