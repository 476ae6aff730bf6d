import { VoiceActivityDetector } from '../media/voice-activity.ts';
import type { VoiceFacts } from './recorder-limits.ts';
import type { RecordDirection } from './types.ts';

/**
 * Listens for speech on the sides that a recording takes, and sums up what the timers need to know. Both
 * sides together are silent when each of them is.
 *
 * Positions in the facts count from {@link start}; what comes before that (the beep) only makes the noise of
 * the line known.
 */
export class VoiceMonitor implements VoiceFacts {
  readonly #speak: VoiceActivityDetector | undefined;
  readonly #listen: VoiceActivityDetector | undefined;
  #processed = 0;
  /** Position of the first sample of recorded time. */
  #origin = Number.POSITIVE_INFINITY;

  analysed = Number.NEGATIVE_INFINITY;
  begun = false;
  speaking = false;
  speechEnd = 0;
  possibleOnset = Number.POSITIVE_INFINITY;

  /** @param sensitivity 0 to 100 */
  constructor(direction: RecordDirection, sampleRate: number, sensitivity: number) {
    const options = { sampleRate, sensitivity };
    if (direction !== 'listen') this.#speak = new VoiceActivityDetector(options);
    if (direction !== 'speak') this.#listen = new VoiceActivityDetector(options);
  }

  /** Recorded time begins with the next sample. */
  start(): void {
    this.#origin = this.#processed;
    this.#sumUp();
  }

  /** Takes the next `count` samples of both sides; `undefined` is silence. */
  process(
    speak: Int16Array | undefined,
    listen: Int16Array | undefined,
    offset: number,
    count: number,
  ): void {
    this.#speak?.process(speak, offset, count);
    this.#listen?.process(listen, offset, count);
    this.#processed += count;
    this.#sumUp();
  }

  #sumUp(): void {
    this.analysed = Number.POSITIVE_INFINITY;
    this.speaking = false;
    this.possibleOnset = Number.POSITIVE_INFINITY;
    if (this.#speak !== undefined) this.#include(this.#speak);
    if (this.#listen !== undefined) this.#include(this.#listen);
  }

  #include(detector: VoiceActivityDetector): void {
    this.analysed = Math.min(this.analysed, detector.analysed - this.#origin);
    this.speaking ||= detector.speaking;
    this.possibleOnset = Math.min(this.possibleOnset, detector.possibleOnset - this.#origin);
    const end = detector.speechEnd - this.#origin;
    if (!detector.heard || end <= 0) return;
    this.begun = true;
    this.speechEnd = Math.max(this.speechEnd, end);
  }
}
