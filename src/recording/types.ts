import type { Peaks } from '../media/peaks.ts';
import type { VoiceActivity } from './voice-trace.ts';

export type { Peaks, VoiceActivity };

/** Which side of the leg is recorded (spec/record.md 3.1). */
export type RecordDirection = 'speak' | 'listen' | 'both';

/** File formats of the language. */
export type RecordFormat = 'wav' | 'mp3' | 'mp4';

/** A recording may begin so long before it is ordered, ms: what was said meanwhile is kept for it. */
export const MAX_ORDER_DELAY_MS = 5000;

/** What one recording shall do; every default is already filled in (spec/record.md 2.1). */
export interface RecordSpec {
  /** UUID; also the id of the recordings resource. */
  readonly recordingId: string;
  /** Handle within the call, for stop, pause and resume. */
  readonly controlId: string;
  /** Path of the finished file; while it grows it is this path with `.part` behind. */
  readonly path: string;
  readonly format: RecordFormat;
  /** Bit rate of mp3 and mp4, kb/s, as far as the format has it; default {@link defaultKbps}. */
  readonly kbps?: number | undefined;
  readonly direction: RecordDirection;
  /** Two channels: left what the party says, right what it hears. */
  readonly stereo: boolean;
  /** Play a tone to the party first; it is not in the file, and the timers start after it. */
  readonly beep: boolean;
  /** Digits that end the recording, upper case, any of `0-9A-D*#`; empty for none. */
  readonly terminators: string;
  /** Keys that sound in what the party says are silenced in the file. Default false. */
  readonly maskDtmf?: boolean;
  /** 0 to 100, higher hears quieter speech. */
  readonly inputSensitivity: number;
  /** Longest wait for the first speech, ms; 0 is off. */
  readonly initialTimeoutMs: number;
  /** Silence after speech that ends it, ms; 0 is off. */
  readonly endSilenceTimeoutMs: number;
  /** Longest recorded time, ms, > 0 (the server's cap when the document gives none). */
  readonly maxLengthMs: number;
}

/** Why a recording ended (an extension field, `ended_by`, in callbacks and resource). */
export type EndCause =
  | 'terminator'
  | 'silence'
  | 'no_speech'
  | 'max_length'
  | 'stop'
  | 'hangup'
  | 'transfer'
  | 'error'
  | 'crash';

/** The end of the call that ended a recording. */
export interface HangUp {
  /** `local`: we ended it (script, REST, a limit). `remote`: the party did, or the network lost it. */
  readonly by: 'local' | 'remote';
  /** `end_reason` of `calling.call.state` (spec/callbacks.md 3.1), e.g. `hangup`, `max_duration`. */
  readonly reason: string;
}

/** The end of a recording, as far as the recorder knows it. Sent only after the file is durable. */
export interface RecordOutcome {
  readonly state: 'finished' | 'no_input' | 'error';
  readonly endedBy: EndCause;
  /** The digit, when `endedBy` is `terminator`. */
  readonly terminator?: string;
  /** How the call ended, when `endedBy` is `hangup`; the media side does not know it. */
  readonly hangup?: HangUp;
  /** Recorded time, ms: samples / rate, exact. */
  readonly durationMs: number;
  /** Size of the finished file, bytes. 0 when nothing was kept. */
  readonly byteSize: number;
  /** Wall-clock time of the first and behind the last sample, Unix ms. */
  readonly startTimeMs: number;
  readonly endTimeMs: number;
  /** Samples for which no packet came in time (loss), of the recorded party, per channel. */
  readonly missingSamples: number;
  /** How loud it is from beginning to end, for players; of a file that was kept. */
  readonly peaks?: Peaks;
  /** When somebody spoke, for who asks why it ended; only if a timer needed to know. */
  readonly voice?: VoiceActivity;
  /** For `error`: what failed, in words for an operator. */
  readonly error?: string;
}
