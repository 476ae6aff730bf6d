import type { Clock, Timer } from '../../time/clock.ts';
import { deadlineAfter } from '../../time/deadline.ts';
import {
  CallError,
  type CallLeg,
  type PlayableSound,
  type PlayOperation,
  type PressedDigit,
  type SpeechListener,
  type SpeechListening,
  type SpeechResult,
} from '../leg.ts';
import {
  type Conclusion,
  type Effect,
  type Input,
  type Phase,
  step,
  type TimerName,
} from './input-collector.ts';
import { LatestOnly } from './latest-only.ts';

/** Each partial result becomes a callback that is kept and delivered: no more of them than somebody can read, ms. */
const PARTIALS_EVERY_MS = 300;

export interface CollectOptions {
  readonly leg: CallLeg;
  readonly clock: Clock;
  /** Ends it from outside. */
  readonly signal: AbortSignal;
  readonly sounds: readonly PlayableSound[];
  /** The waits for input begin when this resolves, if there are no sounds; undefined: at once. */
  readonly timersStart?: Promise<void> | undefined;
  readonly volumeDb: number;
  /** Undefined: keys mean nothing. */
  readonly keys: { readonly max: number; readonly terminators: string; readonly gapMs: number } | undefined;
  /** For input to begin, from the end of the sounds on. */
  readonly initialTimeoutMs: number;
  /**
   * Starts to listen for speech. A CallError of it counts as failed recognition. Undefined: speech means nothing.
   */
  readonly listen: ((listener: SpeechListener) => SpeechListening) | undefined;
  /** For speech and its recognition, from the end of the sounds on; undefined: no limit. */
  readonly speechTimeoutMs: number | undefined;
  /** The first input has begun. */
  readonly onStart: () => void;
  /** What is understood so far of what is being said, three times a second at most; undefined: nobody wants to know. */
  readonly onPartial?: ((text: string) => void) | undefined;
  /** Recognition failed, but keys are still collected. */
  readonly onSpeechLost: (error: string) => void;
  /**
   * Told what was collected within the event that brought it, so that whoever collects on has what comes with the next
   * one: several may come in one turn.
   */
  readonly onCollected?: ((collected: Collected) => void) | undefined;
}

export type Collected =
  /** `terminator` is not among `digits`. */
  | { readonly kind: 'digits'; readonly digits: string; readonly terminator: string | undefined }
  | { readonly kind: 'speech'; readonly text: string; readonly confidence: number | undefined }
  | { readonly kind: 'noInput' }
  | { readonly kind: 'noMatch' }
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed'; readonly error: string };

/** Plays sounds and collects keys, speech or both (spec/media.md 4). Never rejects. */
export function collectInput(options: CollectOptions): Promise<Collected> {
  return new Collection(options).result;
}

/** Carries out the table: what it asks of sounds, timers and recognition, and what these report. */
class Collection {
  readonly result: Promise<Collected>;
  readonly #options: CollectOptions;
  readonly #resolve: (collected: Collected) => void;
  readonly #timers = new Map<TimerName, Timer>();
  readonly #unlisten: () => void;
  #phase: Phase = 'playing';
  /** The waits for input have not been asked for yet. */
  #timersHeld = false;
  #announced = false;
  #digits = '';
  #pressed = '';
  #terminator: string | undefined;
  #spoken: { readonly text: string; readonly confidence: number | undefined } = {
    text: '',
    confidence: undefined,
  };
  #error = '';
  #play: PlayOperation | undefined;
  #speech: SpeechListening | undefined;
  #partials: LatestOnly<string> | undefined;

  constructor(options: CollectOptions) {
    const { leg, signal, listen, sounds, volumeDb, timersStart } = options;
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<Collected>();
    this.result = promise;
    this.#resolve = resolve;
    this.#unlisten = leg.onDigit((pressed) => this.#key(pressed));
    signal.addEventListener('abort', this.#onAbort, { once: true });
    if (signal.aborted) {
      this.#onAbort();
      return;
    }
    if (listen !== undefined) this.#listen(listen);
    if (this.#over) return;
    if (sounds.length === 0) {
      if (timersStart === undefined) {
        this.#handle('played');
      } else {
        this.#timersHeld = true;
        void timersStart.then(() => this.#releaseTimers());
      }
      return;
    }
    this.#play = leg.play(sounds, { volumeDb });
    void this.#play.done.then(({ state, error }) => {
      this.#play = undefined;
      if (state === 'error' && this.#phase === 'playing') this.#error = error ?? 'no reason is known';
      this.#handle(state === 'error' ? 'playFailed' : 'played');
    });
  }

  #releaseTimers(): void {
    this.#timersHeld = false;
    // Where speech was not understood, keys alone are waited for already.
    if (this.#phase === 'waiting') this.#start('initial');
    else this.#handle('played');
  }

  readonly #onAbort = (): void => this.#handle('ended');

  get #over(): boolean {
    return this.#phase === 'done';
  }

  #listen(listen: NonNullable<CollectOptions['listen']>): void {
    try {
      const speech = listen({
        onStart: () => this.#handle('speechStart'),
        onPartial: this.#listenForPartials(),
      });
      this.#speech = speech;
      void speech.done.then((result) => {
        if (this.#speech === speech) this.#recognised(result);
      });
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      this.#recognised({ kind: 'error', error: error.message });
    }
  }

  /** Partial results count while somebody speaks, and nothing has taken the place of it. */
  #listenForPartials(): ((text: string) => void) | undefined {
    const { clock, onPartial } = this.#options;
    if (onPartial === undefined) return undefined;
    const partials = new LatestOnly<string>(clock, PARTIALS_EVERY_MS, onPartial);
    this.#partials = partials;
    return (text) => {
      if (this.#phase === 'speaking') partials.push(text);
    };
  }

  #key({ digit }: PressedDigit): void {
    const { keys } = this.#options;
    if (keys === undefined) return;
    if (keys.terminators.includes(digit)) {
      if (!this.#over) this.#terminator = digit;
      this.#handle('terminator');
      return;
    }
    this.#pressed = digit;
    this.#handle(this.#digits.length + 1 >= keys.max ? 'lastKey' : 'key');
  }

  #recognised(result: SpeechResult): void {
    this.#speech = undefined;
    this.#partials?.close();
    if (result.kind === 'match') {
      this.#spoken = result;
      this.#handle('recognised');
    } else if (result.kind === 'noMatch') {
      this.#handle('notRecognised');
    } else if (this.#options.keys === undefined) {
      this.#error = result.error;
      this.#handle('speechFailed');
    } else {
      this.#options.onSpeechLost(result.error);
      this.#handle('speechLost');
    }
  }

  #handle(input: Input): void {
    const { phase, effects } = step(this.#phase, input);
    this.#phase = phase;
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'addKey':
        this.#digits += this.#pressed;
        return;
      case 'announce':
        // Keys behind speech that was not understood go on with the input that has begun.
        if (!this.#announced) this.#options.onStart();
        this.#announced = true;
        return;
      case 'stopPlay':
        this.#play?.stop();
        return;
      case 'start':
        this.#start(effect.timer);
        return;
      case 'stop':
        this.#timers.get(effect.timer)?.cancel();
        return;
      case 'dropSpeech':
        this.#dropSpeech();
        return;
      case 'cutSpeech':
        this.#speech?.cut();
        return;
      case 'conclude':
        this.#conclude(effect.with);
        return;
    }
  }

  #start(timer: TimerName): void {
    const { clock, keys, initialTimeoutMs, speechTimeoutMs } = this.#options;
    const delays = { initial: initialTimeoutMs, digit: keys?.gapMs, speech: speechTimeoutMs };
    const delayMs = delays[timer];
    if (delayMs === undefined || (timer === 'speech' && this.#speech === undefined)) return;
    if (timer === 'initial' && this.#timersHeld) return;
    this.#timers.get(timer)?.cancel();
    this.#timers.set(
      timer,
      deadlineAfter(clock, delayMs, () => this.#handle(`${timer}Timeout`)),
    );
  }

  #dropSpeech(): void {
    const speech = this.#speech;
    this.#speech = undefined;
    this.#partials?.close();
    speech?.stop();
  }

  #conclude(conclusion: Conclusion): void {
    this.#unlisten();
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    for (const timer of this.#timers.values()) timer.cancel();
    this.#dropSpeech();
    this.#play?.stop();
    const collected = this.#collected(conclusion);
    this.#resolve(collected);
    this.#options.onCollected?.(collected);
  }

  #collected(conclusion: Conclusion): Collected {
    switch (conclusion) {
      case 'digits':
        return { kind: 'digits', digits: this.#digits, terminator: this.#terminator };
      case 'speech':
        return { ...this.#spoken, kind: 'speech' };
      case 'playFailed':
        return { kind: 'failed', error: `playing failed: ${this.#error}` };
      case 'speechFailed':
        return { kind: 'failed', error: `recognition failed: ${this.#error}` };
      default:
        return { kind: conclusion };
    }
  }
}
