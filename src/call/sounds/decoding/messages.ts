/** Compressed kinds of audio, each with a decoder of its own. */
export type CompressedCodec = 'mp3' | 'opus' | 'vorbis' | 'flac';

/** To a decoder thread. Messages of one stream are worked on in their order; each but `close` is answered once. */
export type ToDecoder =
  | { readonly type: 'open'; readonly stream: number; readonly codec: CompressedCodec }
  | { readonly type: 'write'; readonly stream: number; readonly bytes: Uint8Array }
  /** No more bytes. */
  | { readonly type: 'end'; readonly stream: number }
  | { readonly type: 'close'; readonly stream: number };

export type FromDecoder =
  | {
      readonly type: 'samples';
      readonly stream: number;
      /** Mono. */
      readonly samples: Int16Array;
      /** Hz; undefined before the first samples. */
      readonly sampleRate: number | undefined;
      /** More is to be had of what was written: an empty `write` gets it. */
      readonly pending: boolean;
    }
  | { readonly type: 'failed'; readonly stream: number; readonly error: string };
