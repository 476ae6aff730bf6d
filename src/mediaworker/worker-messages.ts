import type { LogFields } from '../log/logger.ts';
import type { AudioCodec, MediaCommand, MediaEvent } from './protocol.ts';

/** Settings of a media worker, fixed at its start. */
export interface MediaWorkerData {
  /** Lowest and highest UDP port for RTP and RTCP. */
  readonly rtpPorts: { readonly min: number; readonly max: number };
  /** Codecs that sessions may have: what takes time to load is loaded ahead. */
  readonly codecs?: readonly AudioCodec[];
  /** Key of the operator for recordings that are encrypted. It crosses to the thread here only, never in a command. */
  readonly recordingKey?: Uint8Array | undefined;
}

export type ToWorker =
  | { readonly kind: 'command'; readonly command: MediaCommand }
  | { readonly kind: 'close' };

/** Frames of all sessions of a thread, since it started. */
export interface FrameCounts {
  readonly frames: number;
  /** Those that left more than a frame late. */
  readonly lateFrames: number;
}

export type FromWorker =
  | { readonly kind: 'event'; readonly event: MediaEvent }
  /** Packets of copies: one message for all that a thread makes at a time, which is far cheaper. */
  | { readonly kind: 'events'; readonly events: readonly MediaEvent[] }
  | ({ readonly kind: 'frames' } & FrameCounts)
  | {
      readonly kind: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly fields: LogFields;
      readonly message: string;
    };
