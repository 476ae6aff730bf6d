import { sensitivityToDbfs, VoiceActivityDetector } from '../media/voice-activity.ts';
import type { VoiceFacts } from './recorder-limits.ts';
import type { RecordSpec } from './types.ts';
import { type VoiceActivity, VoiceTrace } from './voice-trace.ts';

type MonitorSpec = Pick<
  RecordSpec,
  'direction' | 'inputSensitivity' | 'initialTimeoutMs' | 'endSilenceTimeoutMs'
>;

/** What a detector gets at a time, ms: {@link VoiceTrace.note}. */
const MAX_STEP_MS = 60;
/** Pauses that are remembered one by one. */
const MAX_PAUSES = 100;

/**
 * Listens for speech on the sides that a recording takes, and sums up what the timers need to know. Both
 * sides together are silent when each of them is.
 *
 * Positions in the facts count from {@link start}; what comes before that (the beep) only makes the noise of
 * the line known.
 */
export class VoiceMonitor implements VoiceFacts {
  readonly #spec: MonitorSpec;
  readonly #sampleRate: number;
  readonly #speak: Side | undefined;
  readonly #listen: Side | undefined;
  #processed = 0;
  /** Position of the first sample of recorded time. */
  #origin = Number.POSITIVE_INFINITY;
  /** Where pauses have put silence into the file, and how much with all before. */
  readonly #pauseAt: number[] = [];
  readonly #pauseTotal: number[] = [];

  analysed = Number.NEGATIVE_INFINITY;
  begun = false;
  speaking = false;
  speechEnd = 0;
  possibleOnset = Number.POSITIVE_INFINITY;

  /** @throws RangeError for a sample rate or sensitivity that cannot be */
  constructor(spec: MonitorSpec, sampleRate: number) {
    this.#spec = spec;
    this.#sampleRate = sampleRate;
    const { direction, inputSensitivity: sensitivity } = spec;
    if (direction !== 'listen') this.#speak = new Side({ sampleRate, sensitivity });
    if (direction !== 'speak') this.#listen = new Side({ sampleRate, sensitivity });
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
    const step = (MAX_STEP_MS * this.#sampleRate) / 1000;
    for (let at = 0; at < count; at += step) {
      const run = Math.min(step, count - at);
      this.#speak?.process(speak, offset + at, run);
      this.#listen?.process(listen, offset + at, run);
    }
    this.#processed += count;
    this.#sumUp();
  }

  /** A pause puts `count` samples of silence into the file, which nobody listens to. */
  silence(count: number): void {
    const last = this.#pauseAt.length - 1;
    const total = (this.#pauseTotal[last] ?? 0) + count;
    if (last >= 0 && (this.#pauseAt[last] === this.#processed || last === MAX_PAUSES - 1)) {
      this.#pauseTotal[last] = total;
    } else {
      this.#pauseAt.push(this.#processed);
      this.#pauseTotal.push(total);
    }
  }

  /** What was heard, for whoever asks why the recording ended. @param frames length of the file, samples */
  activity(frames: number): VoiceActivity {
    const { inputSensitivity, initialTimeoutMs, endSilenceTimeoutMs } = this.#spec;
    const untilMs = (frames * 1000) / this.#sampleRate;
    const toMs = (position: number, isEnd: boolean): number => this.#fileMs(position, isEnd);
    const speak = this.#speak?.trace.summary(toMs, untilMs);
    const listen = this.#listen?.trace.summary(toMs, untilMs);
    return {
      thresholdDbfs: sensitivityToDbfs(inputSensitivity),
      initialTimeoutMs,
      endSilenceTimeoutMs,
      listenedMs: Math.max(0, Math.min(untilMs, toMs(this.#processed, true))),
      ...(speak !== undefined && { speak }),
      ...(listen !== undefined && { listen }),
    };
  }

  /** Where a position of the detectors lies in the file. An end lies before a pause at the same place. */
  #fileMs(position: number, isEnd: boolean): number {
    let pause = this.#pauseAt.length - 1;
    while (pause >= 0 && (isEnd ? this.#pauseAt[pause]! >= position : this.#pauseAt[pause]! > position))
      pause--;
    const inFile = position - this.#origin + (this.#pauseTotal[pause] ?? 0);
    return (inFile * 1000) / this.#sampleRate;
  }

  #sumUp(): void {
    this.analysed = Number.POSITIVE_INFINITY;
    this.speaking = false;
    this.possibleOnset = Number.POSITIVE_INFINITY;
    if (this.#speak !== undefined) this.#include(this.#speak.detector);
    if (this.#listen !== undefined) this.#include(this.#listen.detector);
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

/** A detector with what it has found so far. */
class Side {
  readonly detector: VoiceActivityDetector;
  readonly trace: VoiceTrace;

  constructor(options: { readonly sampleRate: number; readonly sensitivity: number }) {
    this.detector = new VoiceActivityDetector(options);
    this.trace = new VoiceTrace(this.detector);
  }

  process(samples: Int16Array | undefined, offset: number, count: number): void {
    this.detector.process(samples, offset, count);
    this.trace.note();
  }
}
