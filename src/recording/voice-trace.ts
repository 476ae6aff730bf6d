import type { VoiceActivityDetector } from '../media/voice-activity.ts';

/** A stretch of speech in a recording. */
export interface SpeechSegment {
  /** Where it begins and ends in the file, ms. */
  readonly startMs: number;
  readonly endMs: number;
  /** Level of the speech, and of the noise of the line when it began, dBFS. */
  readonly levelDbfs: number;
  readonly noiseDbfs: number;
}

/** What was heard of one side. */
export interface SideVoice {
  readonly segments: readonly SpeechSegment[];
  /** Stretches behind the {@link MAX_SEGMENTS} that are kept. */
  readonly omitted: number;
  /** Level of the noise of the line at the end, dBFS. */
  readonly noiseDbfs: number;
  /** The loudest 200 ms that were not taken for speech, dBFS; undefined when there were none. */
  readonly loudestOtherDbfs?: number;
}

/** Why a recording ended when it did, as far as its timers of silence are concerned. */
export interface VoiceActivity {
  /** Level of the quietest talker that was to be heard, dBFS: of `input_sensitivity`. */
  readonly thresholdDbfs: number;
  /** The timers, ms; 0 is off. */
  readonly initialTimeoutMs: number;
  readonly endSilenceTimeoutMs: number;
  /** How far into the file was listened, ms: not further than the timers needed. */
  readonly listenedMs: number;
  readonly speak?: SideVoice;
  readonly listen?: SideVoice;
}

/** Stretches kept of each side: more than an hour of conversation has, and some 12 kB. */
export const MAX_SEGMENTS = 500;

/** Gathers the stretches of speech of one side, while its detector runs. Positions are the detector's. */
export class VoiceTrace {
  readonly #detector: VoiceActivityDetector;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #levels: number[] = [];
  readonly #noises: number[] = [];
  #omitted = 0;
  #speaking = false;
  #noiseDbfs = 0;

  constructor(detector: VoiceActivityDetector) {
    this.#detector = detector;
  }

  /** To be called each time that the detector has got at most 70 ms: speech that ends may begin again after that. */
  note(): void {
    const { speaking } = this.#detector;
    if (speaking === this.#speaking) return;
    this.#speaking = speaking;
    if (speaking) this.#noiseDbfs = this.#detector.noiseFloorDbfs;
    else this.#add();
  }

  /**
   * @param toMs turns a position into milliseconds of the file; below 0 is before its beginning
   * @param untilMs length of the file
   */
  summary(toMs: (position: number, isEnd: boolean) => number, untilMs: number): SideVoice {
    if (this.#speaking) this.#add();
    this.#speaking = false;
    const segments = this.#starts.flatMap((start, i): SpeechSegment[] => {
      const startMs = Math.max(0, toMs(start, false));
      const endMs = Math.min(untilMs, toMs(this.#ends[i]!, true));
      if (endMs <= startMs) return [];
      return [{ startMs, endMs, levelDbfs: tenths(this.#levels[i]!), noiseDbfs: tenths(this.#noises[i]!) }];
    });
    const { noiseFloorDbfs, loudestOtherDbfs } = this.#detector;
    return {
      segments,
      omitted: this.#omitted,
      noiseDbfs: tenths(noiseFloorDbfs),
      ...(loudestOtherDbfs !== undefined && { loudestOtherDbfs: tenths(loudestOtherDbfs) }),
    };
  }

  #add(): void {
    if (this.#starts.length >= MAX_SEGMENTS) {
      this.#omitted++;
      return;
    }
    this.#starts.push(this.#detector.speechStart);
    this.#ends.push(this.#detector.speechEnd);
    this.#levels.push(this.#detector.speechDbfs);
    this.#noises.push(this.#noiseDbfs);
  }
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
