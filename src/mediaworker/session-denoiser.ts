import { meanSquare } from '../media/level.ts';
import { NoiseFilter } from '../media/noise-filter.ts';
import type { Clock } from '../time/clock.ts';
import { ListenRing } from './listen-ring.ts';
import type { MediaEvent } from './protocol.ts';

const NO_SAMPLES = new Int16Array(0);

interface Span {
  readonly from: number;
  until: number;
}

export interface SessionDenoiserOptions {
  readonly sessionId: string;
  /** Hz. */
  readonly sampleRate: number;
  readonly clock: Clock;
  readonly onEvent: (event: MediaEvent) => void;
}

/**
 * The noise filter of one session (spec/media.md 8), at the live head. Those who listen there get what it makes,
 * some 16 ms late; recorders, which read behind the head, find it in its place.
 */
export class SessionDenoiser {
  readonly #options: SessionDenoiserOptions;
  #filter: NoiseFilter | undefined;
  /** It has made nothing yet. */
  #isNew = false;
  /** What was asked for last: a filter that is loaded too late is not used. */
  #wanted = false;
  /** Filters that are being loaded, and who waits for one. */
  #loading = 0;
  #waiting: readonly (string | undefined)[] = [];
  /** Made with the first filter: what it and later ones made. */
  #ring: ListenRing | undefined;
  /** Where on the timeline, in order: the last one grows while there is a filter. */
  readonly #spans: Span[] = [];
  #live = NO_SAMPLES;
  #kept = NO_SAMPLES;
  /** By which what was read last differs in level from what it was made of. */
  #gain = 1;

  constructor(options: SessionDenoiserOptions) {
    this.#options = options;
  }

  get active(): boolean {
    return this.#filter !== undefined;
  }

  /** It may become active at any moment. */
  get isLoading(): boolean {
    return this.#loading > 0;
  }

  /**
   * Tells `denoised` when it is on, or cannot be. Harmless when it is so already.
   * @param denoiseId whom to tell that it is on
   */
  turn(on: boolean, denoiseId?: string): void {
    if (on) {
      this.#start(denoiseId);
      return;
    }
    // Whoever waits for it would do so until the call ends.
    this.#tellWaiting('it was turned off before it was there');
    this.stop();
  }

  #start(denoiseId: string | undefined): void {
    this.#wanted = true;
    if (this.#filter !== undefined) {
      this.#tell(denoiseId);
      return;
    }
    const { clock, sampleRate } = this.#options;
    this.#loading++;
    this.#waiting = this.#waiting.concat(denoiseId);
    const loading = NoiseFilter.create(sampleRate)
      .finally(() => this.#loading--)
      .then(
        (filter) => this.#begin(filter),
        (error: unknown) => this.#failed(denoiseId, error instanceof Error ? error.message : String(error)),
      );
    void clock.holdWhile(loading);
  }

  stop(): void {
    this.#wanted = false;
    this.#filter?.close();
    this.#filter = undefined;
  }

  /**
   * Takes what the party says from `from` on: whole tens of milliseconds, but for the last portion of a call,
   * which stays as it is.
   * @param keptFrom recorders may read what lies from here on
   * @returns what is to be heard of it; valid until the next call
   */
  process(from: number, count: number, said: Int16Array, keptFrom: number): Int16Array {
    const filter = this.#filter;
    const ring = this.#ring;
    if (filter === undefined || ring === undefined || count % filter.frame !== 0) return said;
    if (this.#live.length < count) this.#live = new Int16Array(count);
    for (let at = 0; at < count; at += filter.frame) filter.process(said, at, this.#live, at);
    const place = from - filter.delay;
    let span = this.#spans.at(-1);
    if (this.#isNew || span?.until !== place) {
      this.#isNew = false;
      // Its first output, or the head has left something out: what comes out before that is of no place.
      span = { from, until: place };
      this.#spans.push(span);
      while (this.#spans.length > 1 && this.#spans[0]!.until < ring.oldest) this.#spans.shift();
    }
    ring.write(place, count, this.#live, count, keptFrom);
    span.until = place + count;
    return this.#live;
  }

  /** Puts what was made of `count` samples of the timeline from `from` on in their place. */
  apply(samples: Int16Array, from: number, count: number): void {
    const ring = this.#ring;
    if (ring === undefined) return;
    for (let i = 0; i < this.#spans.length; i++) this.#applySpan(this.#spans[i]!, ring, samples, from, count);
  }

  #applySpan(span: Span, ring: ListenRing, samples: Int16Array, from: number, count: number): void {
    const first = Math.max(from, span.from, ring.oldest);
    const until = Math.min(from + count, span.until);
    const made = until - first;
    // One of a former filter does not.
    const grows = this.active && !this.#isNew && span === this.#spans.at(-1);
    if (made > 0) {
      const at = first - from;
      const before = meanSquare(samples, at, made);
      if (this.#kept.length < samples.length) this.#kept = new Int16Array(samples.length);
      ring.copyTo(this.#kept, 0, first, made);
      samples.set(this.#kept.subarray(0, made), at);
      if (grows) this.#gain = Math.min(1, Math.sqrt(meanSquare(samples, at, made) / Math.max(1, before)));
    }
    // The very last moment of a recording has not come out yet: it goes on at the level of what has, which may
    // have been read before it.
    if (!grows) return;
    for (let n = Math.max(0, span.until - from); n < count; n++)
      samples[n] = Math.round(samples[n]! * this.#gain);
  }

  #begin(filter: NoiseFilter): void {
    if (!this.#wanted || this.#filter !== undefined) {
      filter.close();
      if (!this.#wanted) return;
    } else {
      this.#filter = filter;
      this.#isNew = true;
      this.#ring ??= new ListenRing(this.#options.sampleRate);
    }
    this.#tellWaiting();
  }

  /** Others who wait have a filter of their own on its way; who has been told waits no more. */
  #failed(denoiseId: string | undefined, error: string): void {
    const at = this.#waiting.indexOf(denoiseId);
    if (at < 0) return;
    this.#waiting = this.#waiting.toSpliced(at, 1);
    this.#tell(denoiseId, error);
  }

  #tellWaiting(error?: string): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const denoiseId of waiting) this.#tell(denoiseId, error);
  }

  #tell(denoiseId: string | undefined, error?: string): void {
    const { sessionId, onEvent } = this.#options;
    onEvent({ type: 'denoised', sessionId, denoiseId, ...(error !== undefined && { error }) });
  }
}
