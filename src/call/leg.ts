/**
 * A call leg as the language sees it: one party, its signalling and its media behind one interface. SIP,
 * WebRTC and virtual legs implement it.
 */
import type { StreamOperation, StreamOptions, TapOperation, TapOptions } from './streams/types.ts';
import type { EndCause, RecordDirection, RecordFormat, RecordOutcome } from '../recording/types.ts';

export type CallState = 'created' | 'ringing' | 'answered' | 'ending' | 'ended';

/** `end_reason` of `calling.call.state` (spec/callbacks.md 3.1, realtime spelling). */
export type EndReason =
  | 'hangup'
  | 'cancel'
  | 'busy'
  | 'noAnswer'
  | 'decline'
  | 'error'
  | 'abandoned'
  | 'max_duration'
  | 'not_found';

/** Why we end a call (spec/rest.md 2.4, `calling.end`). */
export type HangupReason = Extract<
  EndReason,
  'hangup' | 'cancel' | 'busy' | 'noAnswer' | 'decline' | 'error'
>;

/** What the party is told of why we end its call: the Reason of BYE or CANCEL (RFC 3326). */
export interface HangupCause {
  /** Of a SIP response. */
  readonly status: number;
  readonly text: string;
}

export interface CallEnd {
  /** Who ended it: we (script, operator, limit) or the party. */
  readonly by: 'local' | 'remote';
  readonly reason: EndReason;
  /** Of the SIP response with which the party refused the call. */
  readonly status?: number;
}

/** The `call` object of the language (spec/document.md 2.3), live: `call_state` changes. */
export interface CallInfo {
  readonly call_id: string;
  readonly node_id: string;
  readonly segment_id: string;
  readonly tag?: string;
  readonly call_state: CallState;
  readonly direction: 'inbound' | 'outbound';
  readonly type: 'sip' | 'phone' | 'webrtc';
  readonly from: string;
  readonly to: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly sip_data?: Readonly<Record<string, unknown>>;
  /** The call that this one was made for. */
  readonly parent?: {
    readonly device_type: CallInfo['type'];
    readonly call_id: string;
    readonly node_id: string;
  };
  /** The call that this one is bridged to. */
  readonly peer?: { readonly call_id: string; readonly node_id: string } | undefined;
  /** Of a call that won over others which were made for its parent at the same time. */
  readonly dial_winner?: 'true' | undefined;
  readonly project_id: string;
  readonly space_id: string;
}

/** A playable sound of the language, parsed (spec/media.md 2). */
export type PlayableSound =
  | {
      readonly kind: 'say';
      readonly text: string;
      readonly voice?: string;
      readonly language?: string;
      readonly gender?: 'male' | 'female';
    }
  | { readonly kind: 'silence'; readonly seconds: number }
  /** `seconds` undefined: one ring cycle. */
  | { readonly kind: 'ring'; readonly country: string; readonly seconds?: number }
  | { readonly kind: 'url'; readonly url: string };

export interface PlayResult {
  readonly state: 'finished' | 'stopped' | 'error';
  /** Time that was really sent, ms. */
  readonly playedMs: number;
  /** For `error`: what went wrong with which sound. */
  readonly error?: string;
}

export interface PlayOperation {
  /** Resolves when the last sound has been sent, or at an error, a stop or the end of the call. Never rejects. */
  readonly done: Promise<PlayResult>;
  stop(): void;
  /** Silence, until it is resumed; lists behind it wait. Harmless when it is paused already. */
  pause(): void;
  resume(): void;
  /** Gain, dB, from now on. */
  setVolume(volumeDb: number): void;
}

export interface PlayOptions {
  /** Gain, dB. */
  readonly volumeDb?: number;
  /** Name under which {@link CallLeg.playing} finds it while it sounds or waits. */
  readonly controlId?: string;
  /** Passes; 0: for ever. Default 1. */
  readonly loop?: number;
  /** It was paused, or goes on. */
  readonly onState?: (state: 'paused' | 'playing') => void;
}

/** `record` and `record_call` with defaults filled in (spec/record.md 2.1); times in seconds as in the language. */
export interface RecordOptions {
  readonly controlId: string;
  readonly format: RecordFormat;
  readonly direction: RecordDirection;
  readonly stereo: boolean;
  readonly beep: boolean;
  readonly terminators: string;
  readonly inputSensitivity: number;
  readonly initialTimeout: number;
  readonly endSilenceTimeout: number;
  /** 0: only the server's cap. */
  readonly maxLength: number;
  /** Where `calling.call.record` events go; undefined for none. */
  readonly statusUrl?: string | undefined;
}

export interface RecordOperation {
  readonly recordingId: string;
  readonly controlId: string;
  /** URL of the file; answers 404 until it is complete. */
  readonly url: string;
  /** Resolves after the file is readable at `url` and its terminal callback is in the outbox. Never rejects. */
  readonly done: Promise<RecordOutcome>;
  stop(cause?: EndCause): void;
  pause(behavior: 'skip' | 'silence'): void;
  resume(): void;
}

/** What `detect_machine` listens for (spec/media.md 9.1); times in seconds as in the language. */
export interface DetectOptions {
  /** Undefined: not for people and machines. */
  readonly machine:
    | {
        readonly initialTimeout: number;
        readonly endSilenceTimeout: number;
        readonly machineReadyTimeout: number;
        readonly machineVoiceThreshold: number;
        readonly machineWordsThreshold: number;
        readonly detectMessageEnd: boolean;
      }
    | undefined;
  /** Undefined: not for a fax. */
  readonly fax: 'CED' | 'CNG' | undefined;
  readonly timeout: number;
}

export type DetectedEvent = 'HUMAN' | 'MACHINE' | 'UNKNOWN' | 'READY' | 'CED' | 'CNG';

export interface DetectResult {
  readonly outcome: Exclude<DetectedEvent, 'READY'>;
  /** The tone of an answering machine was heard. */
  readonly beep: boolean;
  /** Audio that was listened to, ms. */
  readonly ms: number;
}

export interface DetectOperation {
  /** Resolves with what was found, `UNKNOWN` when the call was over first. Never rejects. */
  readonly done: Promise<DetectResult>;
  stop(): void;
}

/** How speech is understood (spec/media.md 4.1). */
export interface RecogniseOptions {
  /** BCP 47. */
  readonly language: string | undefined;
  readonly hints: readonly string[];
  /** Silence that ends an utterance, seconds. */
  readonly endSilence: number | undefined;
  /** Goes on where another listening came to its end: {@link SpeechListening.behind} of that. */
  readonly before?: HeardBehind | undefined;
  /**
   * Whether what is said behind the utterance is kept, the last minute of it, until another listening goes on with it, or
   * this one is stopped: one of the two must come, also behind {@link SpeechListening.done}. Default false.
   */
  readonly keepsBehind?: boolean | undefined;
}

/** Whoever hears what the party says. */
export interface PartyHearer {
  readonly hear: (samples: Int16Array) => void;
  /** The call is over. */
  readonly onClosed: () => void;
}

/** What the party says, brought to one hearer after the other. */
export interface PartyLine {
  hearer: PartyHearer;
  /** Nothing is brought any more. */
  readonly end: () => void;
}

/** What the party says behind an utterance, to the sample. */
export interface HeardBehind {
  /**
   * `hearer` has the line from now on: behind the present work it hears what was kept, and then what comes.
   * @returns undefined when nothing is brought any more, or another one has it
   */
  handOn(hearer: PartyHearer): PartyLine | undefined;
}

/** What is told while somebody speaks. */
export interface SpeechListener {
  /** Speech is heard. */
  readonly onStart: () => void;
  /** What is understood so far, each time all of it; undefined: not asked for. */
  readonly onPartial?: ((text: string) => void) | undefined;
}

export type SpeechResult =
  | { readonly kind: 'match'; readonly text: string; readonly confidence: number | undefined }
  /** There was speech, but no words were made out. */
  | { readonly kind: 'noMatch' }
  | { readonly kind: 'error'; readonly error: string };

/** One utterance that is listened for. */
export interface SpeechListening {
  /** Never rejects; never resolves once it was stopped. */
  readonly done: Promise<SpeechResult>;
  /** What the party says from the end of the utterance on; undefined where that is not kept. */
  readonly behind: HeardBehind | undefined;
  /** What was heard up to now is the whole utterance. */
  cut(): void;
  /** Without effect once another one goes on where this came to its end. */
  stop(): void;
}

/** Two calls whose parties hear each other. */
export interface Bridge {
  /** Resolves when they are parted: by {@link end}, or by the end of either call. Never rejects. */
  readonly over: Promise<void>;
  /** Both were answered; else one hears what the other sends before its answer. */
  readonly isTalk: boolean;
  /** Parts them; both calls stay. */
  end(): void;
}

export interface PressedDigit {
  /** One of `0-9A-D*#`. */
  readonly digit: string;
  readonly durationMs: number;
}

export interface CallLeg {
  readonly info: CallInfo;
  /** Aborts when the call is over, with a `CallEnd` as its reason. */
  readonly signal: AbortSignal;
  /** Resolves once, when the call is over. */
  readonly ended: Promise<CallEnd>;
  /**
   * Answers an unanswered inbound call; no-op on an answered one.
   * @throws CallError when the call cannot be answered (no common codec, already over)
   */
  answer(options?: { readonly codecs?: readonly string[] }): Promise<void>;
  /** Sound goes to the party: since its answer, or since something was played before (early media). */
  readonly hearsUs: boolean;
  /** Limits the whole call, seconds from now; it then ends with `max_duration`. Of several limits the earliest counts. */
  limitDuration(seconds: number): void;
  /**
   * Ends or refuses the call; resolves when its recordings are finished.
   * @param cause left out: the party is told the reason
   */
  hangup(reason?: HangupReason, cause?: HangupCause): Promise<void>;
  /** Of the calls made at the same time for its parent this one was answered first: so its call object says. */
  wonDial(): void;
  /**
   * Sends sounds to the party, one behind the other. One playlist sounds at a time; later ones wait.
   * @throws CallError `control_id_in_use`
   */
  play(sounds: readonly PlayableSound[], options?: PlayOptions): PlayOperation;
  /** What plays, or waits to, under this control id. */
  playing(controlId: string): PlayOperation | undefined;
  /**
   * Starts a recording; resolves when its row and its file exist (before a beep ends). One that cannot start
   * although it may is registered as failed and reported by a callback, too.
   * @throws CallError when it cannot start: `record_failed` (disk, encoder), `control_id_in_use`,
   * `too_many_recordings`, `no_consent`, `invalid_state` (not answered), `call_over`
   */
  record(options: RecordOptions): Promise<RecordOperation>;
  /** The running recording with this control id. */
  recording(controlId: string): RecordOperation | undefined;
  /**
   * Sends keys (`0-9A-D*#wW`); resolves when the last one was sent, or the call is over. When `signal` is aborted, the
   * one that is down is the last, or is cut off where keys are tones.
   * @throws CallError `invalid_digits`, `call_over`, `invalid_state` (too many wait to be sent, to a party on hold say)
   */
  sendDigits(digits: string, signal?: AbortSignal): Promise<void>;
  /**
   * Listens to who answered, from now on; `onEvent` hears what becomes known before the end, and the end.
   * @throws CallError `invalid_state` when there is no audio yet
   */
  detect(options: DetectOptions, onEvent: (event: DetectedEvent, beep: boolean) => void): DetectOperation;
  /**
   * Listens for an utterance of the party; `onStart` is called when it begins.
   * @throws CallError `no_recogniser`, `invalid_state` (not answered), `call_over`
   */
  recognise(options: RecogniseOptions, listener: SpeechListener): SpeechListening;
  /**
   * Sends a copy of the audio elsewhere, until it is stopped or the call ends; resolves when it is on its way.
   * @throws CallError `stream_failed` (no connection, address refused), `no_consent`, `control_id_in_use`,
   * `too_many_streams`,
   * `invalid_state` (not answered), `call_over`
   */
  tap(options: TapOptions): Promise<TapOperation>;
  /** The running tap with this control id. */
  tapping(controlId: string): TapOperation | undefined;
  /**
   * Opens a media stream to a WebSocket (spec/media.md 7.1); resolves when it is connected.
   * @throws CallError as {@link tap}, and `name_in_use`, `invalid_codec`
   */
  stream(options: StreamOptions): Promise<StreamOperation>;
  /** The running stream with this control id. */
  streaming(controlId: string): StreamOperation | undefined;
  /** The stream that takes the place of another party, by `connect`. */
  readonly joinedStream: StreamOperation | undefined;
  /**
   * Lets the parties of both calls hear each other; former bridges of either are over then.
   * @throws CallError `invalid_state` when one of them has no audio, `call_over`
   */
  bridge(peer: CallLeg): Bridge;
  /** The bridge that it is in now. */
  readonly bridged: Bridge | undefined;
  /**
   * Takes noise out of what the party says, or lets it be; what is recorded, understood and passed on from then
   * on is without it. Doing so twice changes nothing.
   * @throws CallError `denoise_failed`, `invalid_state` (not answered), `call_over`
   */
  denoise(on: boolean): Promise<void>;
  /** Calls `listener` for every key the party presses; returns the function that ends this. */
  onDigit(listener: (pressed: PressedDigit) => void): () => void;
}

/** A failed operation on a leg. `code` is stable, for programs; the message is for people. */
export class CallError extends Error {
  readonly code:
    | 'no_common_codec'
    | 'call_over'
    | 'control_id_in_use'
    | 'name_in_use'
    | 'too_many_recordings'
    | 'no_consent'
    | 'invalid_state'
    | 'invalid_digits'
    | 'no_recogniser'
    | 'record_failed'
    | 'denoise_failed'
    | 'stream_failed'
    | 'too_many_streams'
    | 'invalid_codec'
    | 'answer_failed';

  constructor(code: CallError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CallError';
    this.code = code;
  }
}
