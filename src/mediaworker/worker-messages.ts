import type { LogFields } from '../log/logger.ts';
import type { SystemIoSetting } from './system-io.ts';
import type { AudioCodec, MediaCommand, MediaEvent } from './protocol.ts';

/** Settings of a media worker, fixed at its start. */
export interface MediaWorkerData {
  /** Lowest and highest UDP port for RTP and RTCP. */
  readonly rtpPorts: { readonly min: number; readonly max: number };
  /** Which of them are free, as all media threads know, and which thread this is. Default: it has all of them. */
  readonly portBook?: { readonly memory: SharedArrayBuffer; readonly thread: number } | undefined;
  /** How packets come from and go to the system. Default: `auto`. */
  readonly rtpIo?: SystemIoSetting | undefined;
  /** Codecs that sessions may have: what takes time to load is loaded ahead. */
  readonly codecs?: readonly AudioCodec[] | undefined;
  /** Port pairs that are bound ahead of the sessions that will have them (spare-ports.ts); default: none. */
  readonly spare?: { readonly bindAddress: string; readonly pairs: number } | undefined;
  /** Key of the operator for recordings that are encrypted. It crosses to the thread here only, never in a command. */
  readonly recordingKey?: Uint8Array | undefined;
}

/** What a media worker is given at its start. */
export interface MediaWorkerStart extends MediaWorkerData {
  /** Of {@link Holdings}: what it leaves open when it ends at once. */
  readonly holdings: SharedArrayBuffer;
  /** Of {@link PULSE}, which it writes each {@link BEAT_MS}. */
  readonly pulse: SharedArrayBuffer;
}

export type ToWorker =
  | { readonly kind: 'commands'; readonly commands: readonly MediaCommand[] }
  | { readonly kind: 'close' };

/** Frames of all sessions of a thread, since it started. */
export interface FrameCounts {
  readonly frames: number;
  /** Those that left more than a frame late. */
  readonly lateFrames: number;
}

export type FromWorker =
  | { readonly kind: 'events'; readonly events: readonly MediaEvent[] }
  /** Ports that sessions may be given. */
  | { readonly kind: 'spare'; readonly rtpPorts: readonly number[] }
  | {
      readonly kind: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly fields: LogFields;
      readonly message: string;
    };
