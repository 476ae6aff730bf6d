import { powerToDbfs } from '../media/level.ts';
import { SILENT_LINE_MS, VoiceActivityDetector } from '../media/voice-activity.ts';

/** What was heard on both sides in one stretch of time. */
export interface Levels {
  /** RMS level of what the party said, dBFS. */
  readonly saidDbfs: number;
  /** Of what it heard. */
  readonly heardDbfs: number;
  /** Noise of the party's line, as far as it is known. */
  readonly noiseDbfs: number;
  /** Whether the party speaks at its end. */
  readonly speaking: boolean;
}

/** The default of `input_sensitivity` (spec/record.md 2.1): what most recordings hear with. */
const SENSITIVITY = 44;

/** Measures levels over stretches of equal length. */
export class Meter {
  readonly #stretch: number;
  readonly #onLevels: (levels: Levels) => void;
  readonly #voice: VoiceActivityDetector;
  #count = 0;
  #said = 0;
  #heard = 0;

  /** @param stretchMs length of a stretch, ms */
  constructor(sampleRate: number, stretchMs: number, onLevels: (levels: Levels) => void) {
    this.#stretch = Math.max(1, Math.round((sampleRate * stretchMs) / 1000));
    this.#onLevels = onLevels;
    this.#voice = new VoiceActivityDetector({ sampleRate, sensitivity: SENSITIVITY });
    // It is made with the session, when nothing has come yet.
    this.#voice.process(undefined, 0, (sampleRate * SILENT_LINE_MS) / 1000);
  }

  /** Takes the first `count` samples of both sides. */
  observe(said: Int16Array, heard: Int16Array, count: number): void {
    this.#voice.process(said, 0, count);
    for (let i = 0; i < count; i++) {
      this.#said += said[i]! * said[i]!;
      this.#heard += heard[i]! * heard[i]!;
      if (++this.#count === this.#stretch) this.#tell();
    }
  }

  #tell(): void {
    this.#onLevels({
      saidDbfs: powerToDbfs(this.#said / this.#stretch),
      heardDbfs: powerToDbfs(this.#heard / this.#stretch),
      noiseDbfs: this.#voice.noiseFloorDbfs,
      speaking: this.#voice.speaking,
    });
    this.#count = 0;
    this.#said = 0;
    this.#heard = 0;
  }
}
