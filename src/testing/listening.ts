import type { Clock } from '../time/clock.ts';
import type { CallerLine } from './caller-line.ts';
import { rmsDbfs } from '../media/level.ts';
import { createBeepDetector, createToneDetector, TONE_FRAME_MS, type ToneDetector } from './tone-detector.ts';
import type { Transcript } from './transcript.ts';

export interface ListeningOptions {
  readonly clock: Clock;
  readonly line: CallerLine;
  readonly transcript: Transcript;
}

/** A tone is one when it lasts so long, and over when it has been away so long, ms. */
const MIN_TONE_MS = 80;
const TONE_GAP_MS = 40;
/** What is weaker counts as silence, dBFS. */
const SILENT_DBFS = -50;

interface Waiter {
  /** What has been waited for, once it is there. */
  readonly check: (frame: Int16Array | undefined) => string | undefined;
  /** What has been heard when nothing more will come. */
  readonly atEnd?: (() => string | undefined) | undefined;
  readonly resolve: (heard: string) => void;
  readonly reject: (reason: Error) => void;
}

/**
 * What the caller waits to hear. Each thing is heard once: the next wait goes on behind the words, or the
 * tone, that ended the one before.
 */
export class Listening {
  readonly #options: ListeningOptions;
  readonly #waiters = new Set<Waiter>();
  /** In the transcript, behind the last words that were waited for. */
  #cursor = 0;
  /** In the audio, behind the last tone. */
  #toneCursor = 0;
  #soundCursor = 0;
  #over = false;

  constructor(options: ListeningOptions) {
    this.#options = options;
    options.line.onFrame((frame) => this.#check(frame));
  }

  /** Words that sound from now on, or have sounded since the last ones that were waited for. */
  words(pattern: string | RegExp, signal: AbortSignal): Promise<string> {
    const expression = typeof pattern === 'string' ? literally(pattern) : withoutState(pattern);
    return this.#wait(signal, () => {
      const { transcript, clock } = this.#options;
      const text = transcript.text(clock.monotonic());
      const match = expression.exec(text.slice(this.#cursor));
      if (match === null) return undefined;
      this.#cursor += match.index + match[0].length;
      this.#toneCursor = this.#options.line.heard.length;
      return match[0];
    });
  }

  /** A tone, to its end; `undefined` for any lone one. @param forMs or to this length, if it lasts longer */
  tone(
    frequenciesHz: readonly number[] | undefined,
    forMs: number | undefined,
    signal: AbortSignal,
  ): Promise<string> {
    const { line } = this.#options;
    const search = new ToneSearch(
      frequenciesHz === undefined
        ? createBeepDetector(line.sampleRate)
        : createToneDetector(frequenciesHz, line.sampleRate),
      forMs,
    );
    const frame = (line.sampleRate * TONE_FRAME_MS) / 1000;
    const name = frequenciesHz === undefined ? 'a beep' : `${frequenciesHz.join('+')} Hz`;
    let position = this.#toneCursor;
    const check = (): string | undefined => {
      for (; position + frame <= line.heard.length; position += frame) {
        if (!search.push(line.heard.slice(position, position + frame))) continue;
        this.#toneCursor = position + frame;
        return name;
      }
      return undefined;
    };
    // A tone that sounds when the call ends has come to its end, too.
    return this.#wait(signal, check, () => (search.over ? name : undefined));
  }

  /** Nothing that is louder than {@link SILENT_DBFS}, for so long from now on. */
  silence(seconds: number, signal: AbortSignal): Promise<string> {
    let silentMs = 0;
    return this.#wait(signal, (frame) => {
      if (frame !== undefined) silentMs = rmsDbfs(frame) > SILENT_DBFS ? 0 : silentMs + TONE_FRAME_MS;
      return silentMs >= seconds * 1000 ? `${seconds} s of silence` : undefined;
    });
  }

  /** The beginning of a file. */
  file(url: string | RegExp, signal: AbortSignal): Promise<string> {
    const matches = (other: string): boolean =>
      typeof url === 'string' ? other === url : withoutState(url).test(other);
    return this.#wait(signal, () => {
      const sounds = this.#options.transcript.sounds(0);
      for (let index = this.#soundCursor; index < sounds.length; index++) {
        const sound = sounds[index]!;
        if (sound.kind !== 'url' || !matches(sound.url)) continue;
        this.#soundCursor = index + 1;
        return sound.url;
      }
      return undefined;
    });
  }

  /** The call is over: nothing more will be heard. */
  end(reason: Error): void {
    this.#check(undefined);
    this.#over = true;
    for (const { atEnd, resolve, reject } of this.#waiters) {
      const heard = atEnd?.();
      if (heard === undefined) reject(reason);
      else resolve(heard);
    }
    this.#waiters.clear();
  }

  #wait(signal: AbortSignal, check: Waiter['check'], atEnd?: Waiter['atEnd']): Promise<string> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { check, atEnd, resolve, reject };
      const heard = check(undefined);
      if (heard !== undefined) {
        resolve(heard);
        return;
      }
      if (this.#over || signal.aborted) {
        reject(signal.reason ?? new Error('the call is over'));
        return;
      }
      this.#waiters.add(waiter);
      signal.addEventListener('abort', () => {
        if (this.#waiters.delete(waiter)) reject(signal.reason);
      });
    });
  }

  #check(frame: Int16Array | undefined): void {
    for (const waiter of [...this.#waiters]) {
      const heard = waiter.check(frame);
      if (heard === undefined) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(heard);
    }
  }
}

/** Finds the end of a tone. */
class ToneSearch {
  readonly #detector: ToneDetector;
  readonly #forMs: number;
  #onMs = 0;
  #gapMs = 0;

  constructor(detector: ToneDetector, forMs: number | undefined) {
    this.#detector = detector;
    this.#forMs = forMs ?? Number.POSITIVE_INFINITY;
  }

  /** Whether it has sounded for long enough, if nothing more comes. */
  get over(): boolean {
    return this.#onMs >= MIN_TONE_MS && this.#forMs === Number.POSITIVE_INFINITY;
  }

  /** @returns whether the tone has come to its end, or has lasted long enough */
  push(frame: Int16Array): boolean {
    if (this.#detector.push(frame)) {
      this.#onMs += this.#gapMs + TONE_FRAME_MS;
      this.#gapMs = 0;
      return this.#onMs >= this.#forMs;
    }
    if (this.#onMs === 0) return false;
    this.#gapMs += TONE_FRAME_MS;
    if (this.#gapMs < TONE_GAP_MS) return false;
    const lasted = this.#onMs;
    this.#onMs = 0;
    this.#gapMs = 0;
    return lasted >= MIN_TONE_MS && this.#forMs === Number.POSITIVE_INFINITY;
  }
}

/** The words in any case and with any white space between them. */
function literally(text: string): RegExp {
  const words = text
    .trim()
    .split(/\s+/)
    .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(words.join('\\s+'), 'i');
}

/** A regular expression that begins at the start each time. */
function withoutState(expression: RegExp): RegExp {
  return new RegExp(expression.source, expression.flags.replace(/[gy]/g, ''));
}
