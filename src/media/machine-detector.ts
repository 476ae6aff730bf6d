import { goertzelPower } from './goertzel.ts';
import { meanSquare, powerToDbfs } from './level.ts';
import { loneTone } from './lone-tone.ts';
import {
  type MachineMarker,
  type MachineOutcome,
  type MachineRules,
  type MachineState,
  stepMachine,
} from './machine-rules.ts';
import { VoiceActivityDetector } from './voice-activity.ts';

/** Fax tones of the answering and of the calling side (ITU-T T.30 4). */
export type FaxTone = 'CED' | 'CNG';

export interface MachineDetectorOptions {
  /** Hz: a multiple of 8000. */
  readonly sampleRate: number;
  /** Undefined: only a fax is listened for. */
  readonly machine: MachineRules | undefined;
  /** Undefined: no fax is listened for. */
  readonly fax: FaxTone | undefined;
  readonly timeoutMs: number;
}

export type DetectOutcome = MachineOutcome | FaxTone;
export type DetectEvent = DetectOutcome | MachineMarker;

const FAX_HZ: Readonly<Record<FaxTone, number>> = { CED: 2100, CNG: 1100 };
/** Tolerance of both (T.30 4.1 and 4.2 allow 15 and 38 Hz), Hz. */
const FAX_TOLERANCE_HZ = 40;
/** Sound of that tone alone which is no accident, ms: CNG lasts half a second, CED three. */
const FAX_MS = 400;

const FRAME_MS = 20;
/** Sensitivity of the voice detector: the talker may be far from the handset. */
const SENSITIVITY = 50;

/** A beep is one steady tone for so long, ms; shorter ones are clicks, longer ones line tones. */
const BEEP_MIN_MS = 120;
const BEEP_MAX_MS = 3000;
/** How far its frequency may wander between frames. */
const BEEP_WANDER = 0.02;

/** A pause within voice that does not break it: that before a plosive, ms. */
const VOICE_GAP_MS = 160;
/** A word is a stretch of sound of at least so long, with a dip of at least so long behind it, ms. */
const WORD_MS = 100;
const DIP_MS = 40;
/** A dip lies so far below the loudest frame of the last second, dB. */
const DIP_DB = 12;
/** How fast that loudest level is forgotten, dB a frame. */
const PEAK_DECAY_DB = 0.3;

/**
 * Listens to who answered, frame by frame: voice, words, the tone of an answering machine, fax tones. Pure; time
 * is that of the samples.
 */
export class MachineDetector {
  readonly #options: MachineDetectorOptions;
  readonly #frame: Int16Array;
  #filled = 0;
  #frames = 0;
  readonly #voice: VoiceActivityDetector;
  #state: MachineState = { phase: 'waiting' };
  #outcome: DetectOutcome | undefined;
  #beeped = false;

  #voiceMs = 0;
  #gapMs = 0;
  #silenceMs = 0;
  #words = 0;
  #soundMs = 0;
  #dipMs = 0;
  #peakDb = -90;
  #toneHz = 0;
  #toneMs = 0;
  #faxMs = 0;

  constructor(options: MachineDetectorOptions) {
    this.#options = options;
    this.#frame = new Int16Array((options.sampleRate * FRAME_MS) / 1000);
    this.#voice = new VoiceActivityDetector({ sampleRate: options.sampleRate, sensitivity: SENSITIVITY });
  }

  /** What was found; undefined while it listens. */
  get outcome(): DetectOutcome | undefined {
    return this.#outcome;
  }

  /** What there is to say where it listens no longer: a machine is one also before its greeting is over. */
  get outcomeSoFar(): DetectOutcome {
    return this.#outcome ?? (this.#state.phase === 'greeting' ? 'MACHINE' : 'UNKNOWN');
  }

  /** The tone of an answering machine was heard. */
  get beeped(): boolean {
    return this.#beeped;
  }

  /** Audio heard so far, ms. */
  get elapsedMs(): number {
    return this.#frames * FRAME_MS;
  }

  /**
   * Takes the next `count` samples of the party.
   * @returns what became known with them, in order
   */
  observe(samples: Int16Array, offset: number, count: number): readonly DetectEvent[] {
    const events: DetectEvent[] = [];
    let at = offset;
    const end = offset + count;
    while (at < end && this.#outcome === undefined) {
      const take = Math.min(end - at, this.#frame.length - this.#filled);
      this.#frame.set(samples.subarray(at, at + take), this.#filled);
      this.#filled += take;
      at += take;
      if (this.#filled < this.#frame.length) break;
      this.#filled = 0;
      this.#frames++;
      this.#judge(events);
    }
    return events;
  }

  #judge(events: DetectEvent[]): void {
    const { machine, fax, timeoutMs } = this.#options;
    if (fax !== undefined && this.#hearsFax(fax)) {
      this.#outcome = fax;
      events.push(fax);
      return;
    }
    if (machine === undefined) {
      if (this.elapsedMs < timeoutMs) return;
      this.#outcome = 'UNKNOWN';
      events.push('UNKNOWN');
      return;
    }
    const beep = this.#hearsBeep();
    if (beep) this.#beeped = true;
    this.#measureVoice();
    const tone = this.#toneMs > 0 && this.#toneMs <= BEEP_MAX_MS;
    const step = stepMachine(
      this.#state,
      {
        atMs: this.elapsedMs,
        speaking: this.#voice.speaking,
        voiceMs: this.#voiceMs,
        words: this.#words,
        // No voice, but no silence either: what may be a beep is waited for.
        silenceMs: tone ? 0 : this.#silenceMs,
        tone,
        beep,
      },
      machine,
    );
    this.#state = step.state;
    events.push(...step.events);
    if (step.state.phase === 'ended') this.#outcome = step.state.outcome;
  }

  #measureVoice(): void {
    const frame = this.#frame;
    this.#voice.process(frame, 0, frame.length);
    const { speaking, speechEnd, analysed } = this.#voice;
    const quietMs = ((analysed - speechEnd) * 1000) / this.#options.sampleRate;
    if (!speaking) {
      this.#silenceMs = this.#voice.heard ? quietMs : 0;
      this.#voiceMs = 0;
      // The next sound is another word, but of the same utterance, whose end is that of the detection.
      this.#soundMs = 0;
      return;
    }
    this.#silenceMs = quietMs;
    this.#gapMs = quietMs > 0 ? this.#gapMs + FRAME_MS : 0;
    this.#voiceMs = this.#gapMs > VOICE_GAP_MS ? 0 : this.#voiceMs + FRAME_MS;
    this.#countWords(powerToDbfs(meanSquare(frame, 0, frame.length)));
  }

  #countWords(levelDb: number): void {
    this.#peakDb = Math.max(levelDb, this.#peakDb - PEAK_DECAY_DB);
    if (levelDb > this.#peakDb - DIP_DB) {
      if (this.#dipMs >= DIP_MS) this.#soundMs = 0;
      this.#dipMs = 0;
      this.#soundMs += FRAME_MS;
      if (this.#soundMs === WORD_MS) this.#words++;
    } else {
      this.#dipMs += FRAME_MS;
    }
  }

  /** @returns whether a tone of the right length has just ended */
  #hearsBeep(): boolean {
    const hz = loneTone(this.#frame, this.#options.sampleRate);
    const steady = hz > 0 && this.#toneHz > 0 && Math.abs(hz - this.#toneHz) <= BEEP_WANDER * hz;
    const lasted = this.#toneMs;
    this.#toneMs = steady ? lasted + FRAME_MS : hz > 0 ? FRAME_MS : 0;
    this.#toneHz = hz;
    return !steady && lasted >= BEEP_MIN_MS && lasted <= BEEP_MAX_MS;
  }

  #hearsFax(tone: FaxTone): boolean {
    const frame = this.#frame;
    const { sampleRate } = this.#options;
    const power = meanSquare(frame, 0, frame.length);
    const hz = powerToDbfs(power) < -50 ? 0 : loneTone(frame, sampleRate);
    // Beside noise the tone is no lone one, but still most of the sound.
    const share = power === 0 ? 0 : goertzelPower(frame, 0, frame.length, FAX_HZ[tone], sampleRate) / power;
    const heard =
      Math.abs(hz - FAX_HZ[tone]) <= FAX_TOLERANCE_HZ || (share > 0.85 && powerToDbfs(power) > -45);
    this.#faxMs = heard ? this.#faxMs + FRAME_MS : 0;
    return this.#faxMs >= FAX_MS;
  }
}
