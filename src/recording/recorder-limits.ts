/**
 * Where the timers of a recording end it, to the sample (spec/record.md 3.3). All positions count samples of
 * recorded time: they stand still before the beep is over and while paused.
 *
 * A voice detector knows with a delay, both that speech has begun and that it is over. So a limit may have
 * been passed before it is known whether it holds; the samples behind it are then neither kept nor dropped
 * until the doubt is over.
 */
import type { RecorderLimit } from './recorder-states.ts';

/** In samples; Infinity is off. */
export interface RecordingLimits {
  readonly initialTimeout: number;
  readonly endSilenceTimeout: number;
  readonly maxLength: number;
}

/** What is known about speech, of all sides that are recorded together. */
export interface VoiceFacts {
  /** Position up to which decisions exist. */
  readonly analysed: number;
  /** Somebody has spoken since the recording began. */
  readonly begun: boolean;
  /** Somebody speaks, or stopped so recently that it may be a pause for breath. */
  readonly speaking: boolean;
  /** Behind the last speech so far. */
  readonly speechEnd: number;
  /** Where speech may have begun that is not certain yet; Infinity for nowhere. */
  readonly possibleOnset: number;
}

/** The position behind which the recording may already be over: what lies before it is certainly kept. */
export function horizon(limits: RecordingLimits, voice: VoiceFacts): number {
  const bySilence = voice.begun ? voice.speechEnd + limits.endSilenceTimeout : limits.initialTimeout;
  return Math.min(limits.maxLength, bySilence);
}

/**
 * The limit that has certainly ended the recording (at {@link horizon}), or undefined.
 * @param heard samples of recorded time that have come in
 */
export function reachedLimit(
  limits: RecordingLimits,
  voice: VoiceFacts,
  heard: number,
): RecorderLimit | undefined {
  const end = horizon(limits, voice);
  if (heard < end) return undefined;
  const silenceDecides = voice.begun
    ? end < limits.maxLength
    : limits.initialTimeout !== Number.POSITIVE_INFINITY;
  if (!silenceDecides) return 'max_length';
  const certain = voice.analysed >= end && voice.possibleOnset >= end && !voice.speaking;
  if (!certain) return undefined;
  if (voice.begun) return 'end_silence_timeout';
  return limits.initialTimeout <= limits.maxLength ? 'initial_timeout' : 'max_length';
}
