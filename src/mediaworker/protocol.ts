/**
 * The one interface between signalling (main thread) and media (a worker thread, or the same thread on a
 * virtual clock). Commands and events are plain data, so that they cross a MessagePort as they are.
 */
import type { DetectEvent, DetectOutcome, MachineDetectorOptions } from '../media/machine-detector.ts';
import type { Tone } from '../media/tones.ts';
import type { Levels } from './meter.ts';
import type { EndCause, RecordOutcome, RecordSpec } from '../recording/types.ts';

/** Encoding names of RTP (RFC 3551 6, RFC 7587 7). */
export type AudioCodec = 'PCMU' | 'PCMA' | 'G722' | 'OPUS';

/** Codecs of taps and streams: `L16` is linear, 16 bit, little-endian. */
export type StreamCodec = AudioCodec | 'L16';

/** A codec under its number. */
export interface AudioFormat {
  readonly codec: AudioCodec;
  readonly payloadType: number;
}

/** telephone-event (RFC 4733) under its number. */
export interface EventFormat {
  readonly payloadType: number;
  /** Of its durations, Hz. */
  readonly clockRate: number;
}

/** Result of SDP offer/answer, from our point of view (RFC 3264). */
export interface NegotiatedMedia {
  readonly codec: AudioCodec;
  readonly payloadType: number;
  /** Payload type of `telephone-event` (RFC 4733), or undefined when the peer has none. */
  readonly telephoneEventPayloadType?: number | undefined;
  /** Of its durations, Hz; default 8000. */
  readonly telephoneEventClockRate?: number | undefined;
  /** What the peer may send as well, audio and, where it has telephone-event, keys; default: nothing. */
  readonly otherFormats?: readonly AudioFormat[] | undefined;
  readonly otherEvents?: readonly EventFormat[] | undefined;
  readonly remoteAddress: string;
  /** 0: the stream is refused or held with port 0; nothing is sent. */
  readonly remotePort: number;
  readonly remoteRtcpPort: number;
  /** Our direction: `recvonly` and `inactive` mean that we send nothing. */
  readonly direction: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
  /** Packet time that the peer asked for, ms, 10 to 60. */
  readonly ptimeMs: number;
  /** Most that we may send in Opus on average, bits a second; default: as much as we like. */
  readonly maxBitrate?: number | undefined;
}

/**
 * What goes out while nothing plays: silence, nothing, or a keepalive (RFC 6263) whenever nothing else was sent for
 * so long (Tr there), also while the call is on hold.
 */
export type IdleMedia = 'silence' | 'none' | { readonly keepaliveSeconds: number };

/** When tones in the audio are taken for keys: `auto` is while the peer has no telephone-event. */
export type InbandDigits = 'auto' | 'always' | 'never';

export interface OpenSession {
  readonly sessionId: string;
  /** Local address to bind RTP and RTCP to. */
  readonly bindAddress: string;
  readonly idleMedia: IdleMedia;
  /** Default `auto`. */
  readonly inbandDigits?: InbandDigits | undefined;
  /** Whether what was lost is concealed, or silent. Default true. */
  readonly concealLoss?: boolean | undefined;
  /** Session that it may be bridged to: both live on one thread, whichever is opened first. */
  readonly beside?: string | undefined;
}

/** What a detection listens for. */
export type DetectSpec = Omit<MachineDetectorOptions, 'sampleRate'>;

/** A copy of the audio that goes elsewhere. */
export interface CopySpec {
  /** `apart`: both sides, each for itself. */
  readonly take: 'said' | 'heard' | 'mixed' | 'apart';
  /** `L16` not over RTP. */
  readonly codec: StreamCodec;
  /** Of the codec's audio, Hz; free only for `L16`. */
  readonly sampleRate: number;
  /** Audio in a packet, ms. */
  readonly ptimeMs: number;
  /** Undefined: packets come as `copied` events. Not for `apart`. */
  readonly rtp?: { readonly address: string; readonly port: number } | undefined;
}

/** Audio from elsewhere that the party hears, beside what plays. */
export interface InjectSpec {
  readonly codec: StreamCodec;
  readonly sampleRate: number;
  /** Little of it waits: what comes too fast is dropped, the oldest first. Else it is played to the end, evenly. */
  readonly realtime: boolean;
}

/** One sound of a playlist. */
export type Sound =
  | { readonly kind: 'silence'; readonly durationMs: number }
  /** Ringing, beeps. */
  | ({ readonly kind: 'tone' } & Tone)
  /** PCM that `feed` brings under `streamId`, at the session's rate. */
  | { readonly kind: 'stream'; readonly streamId: number };

export type MediaCommand =
  /** `rtpPort`: one that the thread has bound ahead; whoever gives it has told the session that it is open. */
  | ({ readonly type: 'open'; readonly rtpPort?: number } & OpenSession)
  | {
      readonly type: 'configure';
      readonly sessionId: string;
      readonly media: NegotiatedMedia;
      /**
       * When it was agreed, by the monotonic clock, ms: the first agreement begins the audio there, though the command
       * is late, if the times of arrival of packets are known. Default: now.
       */
      readonly atMs?: number;
    }
  | {
      readonly type: 'play';
      readonly sessionId: string;
      readonly playId: string;
      readonly sounds: readonly Sound[];
      readonly gainDb: number;
    }
  /** `samples` may lie on a SharedArrayBuffer (cached prompts are not copied). `error` ends the stream. */
  | {
      readonly type: 'feed';
      readonly sessionId: string;
      readonly streamId: number;
      readonly samples?: Int16Array;
      readonly end?: boolean;
      readonly error?: string;
    }
  | { readonly type: 'stopPlay'; readonly sessionId: string; readonly playId: string }
  /** It is silent, and those behind it wait, until `resumePlay`. */
  | { readonly type: 'pausePlay'; readonly sessionId: string; readonly playId: string }
  | { readonly type: 'resumePlay'; readonly sessionId: string; readonly playId: string }
  | {
      readonly type: 'playVolume';
      readonly sessionId: string;
      readonly playId: string;
      readonly gainDb: number;
    }
  /** A recording will follow that begins at `askedMs`, once its row is durable: what comes meanwhile is kept for it. */
  | ({
      readonly type: 'expectRecord';
      readonly sessionId: string;
      readonly askedMs: number;
    } & Pick<RecordSpec, 'controlId' | 'direction' | 'maskDtmf'>)
  /** It will not. */
  | { readonly type: 'unexpectRecord'; readonly sessionId: string; readonly controlId: string }
  | {
      readonly type: 'record';
      readonly sessionId: string;
      readonly spec: RecordSpec;
      /**
       * When it was asked for, by the monotonic clock, ms: what came since is recorded, too, though the command is
       * late, as far as it is still known (expected-recordings.ts). Default: now. One that was expected begins where
       * that was asked for.
       */
      readonly askedMs?: number;
    }
  | {
      readonly type: 'stopRecord';
      readonly sessionId: string;
      readonly recordingId: string;
      readonly cause: EndCause;
    }
  | {
      readonly type: 'pauseRecord';
      readonly sessionId: string;
      readonly recordingId: string;
      readonly behavior: 'skip' | 'silence';
    }
  | { readonly type: 'resumeRecord'; readonly sessionId: string; readonly recordingId: string }
  /** Listens to who answered; `detected` events tell, the last one with an outcome. */
  | {
      readonly type: 'detect';
      readonly sessionId: string;
      readonly detectId: string;
      readonly spec: DetectSpec;
    }
  | { readonly type: 'stopDetect'; readonly sessionId: string; readonly detectId: string }
  /** Brings what the party says as `heardAudio`, from now until `unlisten`. */
  | { readonly type: 'listen'; readonly sessionId: string; readonly listenId: string }
  | { readonly type: 'unlisten'; readonly sessionId: string; readonly listenId: string }
  /** Copies what is said and heard from now on; `copyStarted` or `copyEnded` tells. */
  | { readonly type: 'copy'; readonly sessionId: string; readonly copyId: string; readonly spec: CopySpec }
  | { readonly type: 'stopCopy'; readonly sessionId: string; readonly copyId: string }
  /** Takes `injectAudio` from now on. */
  | {
      readonly type: 'inject';
      readonly sessionId: string;
      readonly injectId: string;
      readonly spec: InjectSpec;
    }
  | {
      readonly type: 'injectAudio';
      readonly sessionId: string;
      readonly injectId: string;
      readonly payload: Uint8Array;
    }
  /** `injectedMark` tells when what was injected before it was sent, or dropped. */
  | {
      readonly type: 'injectMark';
      readonly sessionId: string;
      readonly injectId: string;
      readonly name: string;
    }
  /** Drops what was not sent yet. */
  | { readonly type: 'clearInjected'; readonly sessionId: string; readonly injectId: string }
  /** What waits is dropped, and its marks are not told. */
  | { readonly type: 'stopInject'; readonly sessionId: string; readonly injectId: string }
  /** Takes noise out of what the party says; `denoised` with its id tells when it does, or cannot. */
  | {
      readonly type: 'denoise';
      readonly sessionId: string;
      readonly on: boolean;
      /** With `on`. */
      readonly denoiseId?: string | undefined;
    }
  /** A key that arrived by SIP INFO. */
  | {
      readonly type: 'digit';
      readonly sessionId: string;
      readonly digit: string;
      readonly durationMs: number;
    }
  | {
      readonly type: 'sendDigits';
      readonly sessionId: string;
      readonly sendId: string;
      /** `0-9A-D*#`, `w` is a pause of 500 ms, `W` of 1 s. */
      readonly digits: string;
    }
  /** Of keys that are not all sent, the one that is down is the last; as a tone, it ends at once. */
  | { readonly type: 'stopDigits'; readonly sessionId: string; readonly sendId: string }
  /** Each of the two parties hears the other, until `unbridge` or the end of either; former bridges of both end. */
  | { readonly type: 'bridge'; readonly sessionId: string; readonly peerId: string }
  | { readonly type: 'unbridge'; readonly sessionId: string }
  /** Tells `levels` from now on, one for each stretch of this length; without effect when it does already. */
  | { readonly type: 'meter'; readonly sessionId: string; readonly stretchMs: number }
  /** Ends recordings with `cause`, waits for their files, frees the sockets. */
  | { readonly type: 'close'; readonly sessionId: string; readonly cause: EndCause };

/** Reception figures of one session (RFC 3550 6.4.1). */
export interface MediaStatistics {
  /** Of the last agreement; undefined when there was none. */
  readonly codec?: AudioCodec | undefined;
  readonly packetsReceived: number;
  readonly packetsLost: number;
  readonly packetsLate: number;
  readonly packetsDuplicated: number;
  readonly packetsSent: number;
  readonly jitterMs: number;
}

/** Of a session that failed, about which nothing is known. */
export const NO_STATISTICS: MediaStatistics = {
  packetsReceived: 0,
  packetsLost: 0,
  packetsLate: 0,
  packetsDuplicated: 0,
  packetsSent: 0,
  jitterMs: 0,
};

export type MediaEvent =
  | { readonly type: 'opened'; readonly sessionId: string; readonly rtpPort: number }
  | { readonly type: 'openFailed'; readonly sessionId: string; readonly error: string }
  /** The first sample of one sound of a playlist was sent. */
  | {
      readonly type: 'soundStarted';
      readonly sessionId: string;
      readonly playId: string;
      /** Of the sound in its list. */
      readonly index: number;
      /** How much of the list was sent before it, ms. */
      readonly atMs: number;
    }
  | {
      readonly type: 'playEnded';
      readonly sessionId: string;
      readonly playId: string;
      readonly state: 'finished' | 'stopped' | 'error';
      readonly playedMs: number;
      readonly error?: string;
    }
  /** The file is there, so a recording can come of it. Else `recordEnded` says why not. */
  | { readonly type: 'recordOpened'; readonly sessionId: string; readonly recordingId: string }
  /** The beep is over, or there is none: from now on it records. */
  | {
      readonly type: 'recordStarted';
      readonly sessionId: string;
      readonly recordingId: string;
      readonly startTimeMs: number;
    }
  | {
      readonly type: 'recordEnded';
      readonly sessionId: string;
      readonly recordingId: string;
      readonly outcome: RecordOutcome;
    }
  | {
      readonly type: 'digit';
      readonly sessionId: string;
      readonly digit: string;
      readonly durationMs: number;
      readonly via: 'rfc4733' | 'info' | 'inband';
    }
  | {
      readonly type: 'detected';
      readonly sessionId: string;
      readonly detectId: string;
      readonly events: readonly DetectEvent[];
      readonly beep: boolean;
      /** Once it is over: what was found, and how long it took. */
      readonly result?: { readonly outcome: DetectOutcome; readonly ms: number };
    }
  /** The next samples of the party, at the rate of the session; silence where nothing came. */
  | {
      readonly type: 'heardAudio';
      readonly sessionId: string;
      readonly listenId: string;
      readonly samples: Int16Array;
    }
  | {
      readonly type: 'copyStarted';
      readonly sessionId: string;
      readonly copyId: string;
      /** Port that RTP comes from. */
      readonly rtpPort?: number | undefined;
    }
  /** A packet of a copy; `track` is where it is from, `said` of both mixed. */
  | {
      readonly type: 'copied';
      readonly sessionId: string;
      readonly copyId: string;
      readonly track: 'said' | 'heard';
      readonly payload: Uint8Array;
    }
  /** No packet of it comes behind this. `error`: why it could not start. */
  | {
      readonly type: 'copyEnded';
      readonly sessionId: string;
      readonly copyId: string;
      /** Made so far. */
      readonly packets: number;
      readonly error?: string | undefined;
    }
  | {
      readonly type: 'injectedMark';
      readonly sessionId: string;
      readonly injectId: string;
      readonly name: string;
    }
  /** It came faster than it may wait; `samples` were dropped so far. Told at first, then for each second. */
  | {
      readonly type: 'injectDropped';
      readonly sessionId: string;
      readonly injectId: string;
      readonly samples: number;
    }
  /** A key is up again; told while there are copies, of keys that say how long they were down. */
  | {
      readonly type: 'digitUp';
      readonly sessionId: string;
      readonly durationMs: number;
    }
  /** The noise filter is on, or, with `error`, cannot be. */
  | {
      readonly type: 'denoised';
      readonly sessionId: string;
      readonly denoiseId?: string | undefined;
      readonly error?: string;
    }
  /** They are sent, or stopped, or, with `error`, were never begun. */
  | {
      readonly type: 'digitsSent';
      readonly sessionId: string;
      readonly sendId: string;
      readonly error?: string;
    }
  /** Flow control of `feed`: samples of the stream that were sent to the party so far, about twice a second. */
  | {
      readonly type: 'streamProgress';
      readonly sessionId: string;
      readonly streamId: number;
      readonly consumedSamples: number;
    }
  | ({ readonly type: 'levels'; readonly sessionId: string } & Levels)
  | {
      readonly type: 'closed';
      readonly sessionId: string;
      readonly statistics: MediaStatistics;
      /** Its thread is no more: of its recordings, and of commands that were on their way, nothing further is known. */
      readonly lost?: true;
    };

/** A place where media sessions live. */
export interface MediaHost {
  /**
   * @param urgent leaves at once, though the thread that sends it does not come back to its loop for a while
   * @throws Error when the host is closed
   */
  send(command: MediaCommand, urgent?: boolean): void;
  /**
   * Events of one session, in order; none come after `closed` or `openFailed`.
   * @param beside as in {@link OpenSession}
   */
  subscribe(sessionId: string, listener: (event: MediaEvent) => void, beside?: string): void;
  /** Closes every session (recordings are finished) and frees the host. */
  close(): Promise<void>;
}
