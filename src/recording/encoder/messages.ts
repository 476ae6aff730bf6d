import type { EncodedFrames } from '../frame-layout.ts';
import type { EncodingSpec } from './frame-encoder.ts';

/** To an encoder thread. Messages of one stream are worked on in their order. */
export type ToEncoder =
  | { readonly type: 'open'; readonly stream: number; readonly spec: EncodingSpec }
  /** `samples` lie on shared memory, and stay as they are until they are answered. */
  | { readonly type: 'encode'; readonly stream: number; readonly samples: Int16Array }
  /** No more samples: the last frames come, then `ended`. */
  | { readonly type: 'end'; readonly stream: number }
  /** Nobody wants what is still to come; not answered. */
  | { readonly type: 'drop'; readonly stream: number };

/** From an encoder thread: one answer to each `encode` and `end`. */
export type FromEncoder =
  | { readonly type: 'frames'; readonly stream: number; readonly frames: EncodedFrames }
  | { readonly type: 'ended'; readonly stream: number; readonly frames: EncodedFrames }
  /** The last word on a stream. */
  | { readonly type: 'failed'; readonly stream: number; readonly error: string };
