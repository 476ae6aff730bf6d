/** Whole frames out of an encoder, one behind the other. */
export interface EncodedFrames {
  readonly bytes: Uint8Array;
  /** Bytes of each. */
  readonly sizes: readonly number[];
}

/** What ends a file. */
export interface LayoutEnd {
  /** Behind everything; may be empty. */
  readonly tail: Uint8Array;
  /** Over bytes at the start, once the tail is there. */
  readonly patch: { readonly position: number; readonly bytes: Uint8Array };
}

/**
 * How the frames of one encoder become a file. It only arranges bytes; who writes them is its owner's affair. At
 * every moment the file is one that players and repair can read as far as it goes.
 */
export interface FrameLayout {
  readonly samplesPerFrame: number;
  /** Frames added so far. */
  readonly frames: number;
  /** Sample instants that decoders can make of these frames. */
  readonly decodableSamples: number;
  /** First bytes of the file. */
  head(): Uint8Array;
  /** The next bytes, with these frames in them. */
  add(frames: EncodedFrames): Uint8Array;
  /** @param samples sample instants of the recording, at most {@link decodableSamples} */
  finish(samples: number): LayoutEnd;
}
