import type { PlayableSound } from '../call/leg.ts';
import { sineAmplitude } from '../media/level.ts';
import type { MemoryRtpNetwork, NetworkConditions } from '../rtp/memory-network.ts';
import { sleep } from '../time/clock.ts';
import type { CallerLine } from './caller-line.ts';
import type { CallTime } from './call-time.ts';
import type { Listening } from './listening.ts';
import { type SoundPiece, soundSamples } from './made-sounds.ts';

/** What the caller needs of the call. */
export interface CallerSite {
  readonly time: CallTime;
  readonly line: CallerLine;
  readonly listening: Listening;
  readonly network: Pick<MemoryRtpNetwork, 'set'>;
  readonly random: () => number;
  /** Resolves when the call is answered; rejects when it ends before. */
  readonly answered: Promise<void>;
  /** Aborts when the call is over. */
  readonly signal: AbortSignal;
  /** Samples of a sound, at the rate of the line. */
  load(sound: PlayableSound): Promise<Int16Array>;
  /** `file:` URL of a path that is relative to the test's folder. */
  fileUrl(path: string): string;
  /** The caller puts down the phone. */
  hangUp(): Promise<void>;
  /** A line for the timeline. */
  note(text: string, data?: Readonly<Record<string, unknown>>): void;
  /** An error that ends with the timeline; says what was heard. */
  fail(summary: string): Error;
  /** The caller begins to say this, which takes so long. */
  speaks(text: string, lengthMs: number): void;
  /** A key by SIP INFO. */
  pressBeside(digit: string): void;
}

/** How long to wait. */
export interface WaitOptions {
  /** Seconds of the call; default 60. */
  readonly within?: number | undefined;
}

export interface SayOptions {
  /** Voice string of the language, `engine.voice[:model]`. */
  readonly voice?: string | undefined;
  readonly language?: string | undefined;
  /** Default `male`, so that the caller is told from prompts, which are `female` by default. */
  readonly gender?: 'male' | 'female' | undefined;
}

export interface PressOptions {
  /**
   * As events, as tones in the audio (which are keys only on a call without events), or by SIP INFO; default: as
   * `keys` of the call says.
   */
  readonly by?: 'rfc4733' | 'inband' | 'info' | undefined;
}

const DEFAULT_WITHIN = 60;
/** From one key by SIP INFO to the next, and pauses, ms. */
const INFO_KEY_MS = 200;
const PAUSES_MS: Readonly<Record<string, number>> = { w: 500, W: 1000 };
const KEYS = /^[0-9A-Da-d*#wW]+$/;

/**
 * The one at the other end of a virtual call. What the caller does begins at once, and the promise resolves
 * when it is done: await it to do one thing behind the other. All times are seconds of the call.
 */
export class VirtualCaller {
  readonly #site: CallerSite;

  constructor(site: CallerSite) {
    this.#site = site;
  }

  /**
   * Waits until words have sounded: a regular expression, or words in any case. Each is heard once; the next
   * wait goes on behind it.
   * @returns the words
   * @throws VirtualCallError when the time is over, or the call
   */
  hears(words: string | RegExp, options: WaitOptions = {}): Promise<string> {
    const name = typeof words === 'string' ? `"${words}"` : String(words);
    return this.#await(name, options, (signal) => this.#site.listening.words(words, signal));
  }

  /**
   * Waits until a tone has sounded, to its end, or for `lasting` seconds.
   * @param frequenciesHz of one tone, or of several that sound together
   * @throws VirtualCallError
   */
  async hearsTone(
    frequenciesHz: number | readonly number[],
    options: WaitOptions & { readonly lasting?: number | undefined } = {},
  ): Promise<void> {
    const frequencies = typeof frequenciesHz === 'number' ? [frequenciesHz] : frequenciesHz;
    const lasting = options.lasting === undefined ? undefined : options.lasting * 1000;
    await this.#await(`a tone of ${frequencies.join('+')} Hz`, options, (signal) =>
      this.#site.listening.tone(frequencies, lasting, signal),
    );
  }

  /** Waits until a beep has sounded: a lone steady tone of at least 80 ms. @throws VirtualCallError */
  async hearsBeep(options: WaitOptions = {}): Promise<void> {
    await this.#await('a beep', options, (signal) => this.#site.listening.tone(undefined, undefined, signal));
  }

  /** Waits until nothing has been heard for so long, from now on. @throws VirtualCallError */
  async hearsSilence(seconds: number, options: WaitOptions = {}): Promise<void> {
    await this.#await(`${seconds} s of silence`, options, (signal) =>
      this.#site.listening.silence(seconds, signal),
    );
  }

  /** Waits until a file begins to sound, by its URL. @throws VirtualCallError */
  async hearsFile(url: string | RegExp, options: WaitOptions = {}): Promise<void> {
    await this.#await(String(url), options, (signal) => this.#site.listening.file(url, signal));
  }

  /** Speaks; resolves when it is said, or the call is over. @throws VirtualCallError */
  async says(text: string, options: SayOptions = {}): Promise<void> {
    const { voice, language, gender = 'male' } = options;
    await this.#act(`says "${text}"`, async () => {
      const samples = await this.#site.load({
        kind: 'say',
        text,
        gender,
        ...(voice !== undefined && { voice }),
        ...(language !== undefined && { language }),
      });
      this.#site.speaks(text, (samples.length * 1000) / this.#site.line.sampleRate);
      await this.#site.line.play(samples);
    });
  }

  /** Plays an audio file into the call (what `play` takes). @throws VirtualCallError, SoundError */
  async plays(file: string): Promise<void> {
    await this.#act(`plays ${file}`, async () => {
      const samples = await this.#site.load({ kind: 'url', url: this.#site.fileUrl(file) });
      await this.#site.line.play(samples);
    });
  }

  /** Plays samples, mono at the rate of the line (`sampleRate` of the call). @throws VirtualCallError */
  async playsSamples(samples: Int16Array): Promise<void> {
    await this.#act(`plays ${samples.length} samples`, () => this.#site.line.play(samples));
  }

  /** Puts samples behind those that are being sent, without a line in the timeline; nothing on a call that is not answered. */
  sends(samples: Int16Array): void {
    if (!this.#site.signal.aborted) void this.#site.line.play(samples);
  }

  /** Breaks off what is being said or played. */
  stopsSpeaking(): void {
    this.#site.line.stopPlaying();
  }

  /** Lets time pass; silent, unless something said before still sounds. Ends with the call. */
  async waits(seconds: number): Promise<void> {
    this.#site.note(`waits ${seconds} s`);
    const { time, signal } = this.#site;
    await time.wait(sleep(time.clock, seconds * 1000, signal).catch(() => {}));
  }

  /** Makes sounds, one behind the other: tones, what sounds like speech, noise, silence. @throws VirtualCallError */
  async makes(sounds: SoundPiece | readonly SoundPiece[]): Promise<void> {
    const samples = soundSamples(sounds, this.#site.line.sampleRate);
    await this.#act('makes sounds', () => this.#site.line.play(samples));
  }

  /** White noise of a level (dBFS, −127 to 0) for so long. @throws VirtualCallError */
  async makesNoise(levelDbfs: number, seconds: number): Promise<void> {
    const next = whiteNoise(levelDbfs, this.#site.random);
    const samples = Int16Array.from({ length: seconds * this.#site.line.sampleRate }, next);
    await this.#act(`makes noise of ${levelDbfs} dBFS for ${seconds} s`, () => this.#site.line.play(samples));
  }

  /** White noise that lies under everything from now on; undefined: none any more. */
  lineNoise(levelDbfs: number | undefined): void {
    this.#site.note(levelDbfs === undefined ? 'has a quiet line' : `has noise of ${levelDbfs} dBFS`);
    this.#site.line.setNoise(levelDbfs === undefined ? undefined : whiteNoise(levelDbfs, this.#site.random));
  }

  /**
   * Presses keys, one behind the other: `0-9A-D*#`; `w` and `W` pause for 0.5 and 1 s.
   * @throws RangeError for what is no key; VirtualCallError
   */
  async presses(keys: string, { by }: PressOptions = {}): Promise<void> {
    if (!KEYS.test(keys)) throw new RangeError(`"${keys}" are no keys: expected 0-9, A-D, *, #, w or W`);
    const how = by === undefined ? '' : ` (${by})`;
    await this.#act(`presses ${keys}${how}`, () =>
      by === 'info' ? this.#pressBeside(keys) : this.#site.line.press(keys, by),
    );
  }

  /** Ends the call, or gives up before it is answered; resolves when it is over. */
  async hangsUp(): Promise<void> {
    const { signal, time } = this.#site;
    if (signal.aborted) return;
    this.#site.note('hangs up');
    await time.wait(this.#site.hangUp());
  }

  /** How packets fare from now on, both ways; what is not named stays as it is. */
  hasNetwork(conditions: Partial<NetworkConditions>): void {
    this.#site.note('has a network of', { ...conditions });
    this.#site.network.set(conditions);
  }

  async #await(
    what: string,
    { within = DEFAULT_WITHIN }: WaitOptions,
    listen: (signal: AbortSignal) => Promise<string>,
  ): Promise<string> {
    const { time } = this.#site;
    const timeout = new AbortController();
    const timer = time.clock.after(within * 1000, () => timeout.abort());
    try {
      const heard = await time.wait(listen(timeout.signal));
      this.#site.note(`heard ${what}`);
      return heard;
    } catch (cause) {
      if (cause instanceof Error && cause.name === 'StandstillError') throw cause;
      const when = timeout.signal.aborted ? `within ${within} s` : 'before the call was over';
      throw this.#site.fail(`The caller did not hear ${what} ${when}`);
    } finally {
      timer.cancel();
    }
  }

  async #pressBeside(keys: string): Promise<void> {
    const { time, signal } = this.#site;
    for (const key of keys) {
      if (signal.aborted) return;
      const pauseMs = PAUSES_MS[key];
      if (pauseMs === undefined) this.#site.pressBeside(key.toUpperCase());
      await sleep(time.clock, pauseMs ?? INFO_KEY_MS, signal).catch(() => {});
    }
  }

  /** Does something on an answered call; what the end of the call breaks off is done with. */
  async #act(text: string, action: () => Promise<void>): Promise<void> {
    const { time, signal, answered } = this.#site;
    if (signal.aborted) throw this.#site.fail(`The call is over before the caller ${text}`);
    this.#site.note(text);
    const run = async (): Promise<void> => {
      try {
        await answered;
      } catch {
        throw this.#site.fail(`The call was not answered, so the caller never ${text}`);
      }
      if (!signal.aborted) await action();
    };
    await time.wait(run());
  }
}

/** @returns the next sample, of an RMS level */
function whiteNoise(levelDbfs: number, random: () => number): () => number {
  const sigma = sineAmplitude(levelDbfs) / Math.SQRT2;
  return () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.max(-32_768, Math.min(32_767, Math.round(sigma * normal)));
  };
}
