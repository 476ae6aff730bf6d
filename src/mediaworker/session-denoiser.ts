import { meanSquare } from '../media/level.ts';
import { NoiseFilter } from '../media/noise-filter.ts';
import type { Clock } from '../time/clock.ts';
import { ListenRing } from './listen-ring.ts';
import type { MediaEvent } from './protocol.ts';

const NO_SAMPLES = new Int16Array(0);

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
  /** What was asked for last: a filter that is loaded too late is not used. */
  #wanted = false;
  /** Made with the first filter: what it made, from one position of the timeline to another. */
  #ring: ListenRing | undefined;
  #live = NO_SAMPLES;
  #kept = NO_SAMPLES;
  #cleanFrom = 0;
  #cleanUntil = 0;

  constructor(options: SessionDenoiserOptions) {
    this.#options = options;
  }

  get active(): boolean {
    return this.#filter !== undefined;
  }

  /** Tells `denoised` when it is on, or cannot be. Harmless when it is on already. */
  start(): void {
    this.#wanted = true;
    if (this.#filter !== undefined) {
      this.#tell();
      return;
    }
    const { clock, sampleRate } = this.#options;
    const loading = NoiseFilter.create(sampleRate).then(
      (filter) => this.#begin(filter),
      (error: unknown) => this.#tell(error instanceof Error ? error.message : String(error)),
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
    if (this.#cleanUntil !== place) {
      // Its first output, or the head has left something out: what comes out before that is of no place.
      this.#cleanFrom = from;
    }
    ring.write(place, count, this.#live, count, keptFrom);
    this.#cleanUntil = place + count;
    return this.#live;
  }

  /** Puts what was made of `count` samples of the timeline from `from` on in their place. */
  apply(samples: Int16Array, from: number, count: number): void {
    const ring = this.#ring;
    const first = Math.max(from, this.#cleanFrom);
    const until = Math.min(from + count, this.#cleanUntil);
    if (ring === undefined) return;
    const made = until - first;
    if (made > 0) {
      const at = first - from;
      const before = meanSquare(samples, at, made);
      if (this.#kept.length < samples.length) this.#kept = new Int16Array(samples.length);
      ring.copyTo(this.#kept, 0, first, made);
      samples.set(this.#kept.subarray(0, made), at);
      // The very last moment of a recording has not come out yet: it goes on at the level of what has.
      if (until < from + count && this.active) {
        const gain = Math.min(1, Math.sqrt(meanSquare(samples, at, made) / Math.max(1, before)));
        for (let n = until - from; n < count; n++) samples[n] = Math.round(samples[n]! * gain);
      }
    }
  }

  #begin(filter: NoiseFilter): void {
    if (!this.#wanted || this.#filter !== undefined) {
      filter.close();
      if (!this.#wanted) return;
    } else {
      this.#filter = filter;
      this.#ring = new ListenRing(this.#options.sampleRate);
      this.#cleanFrom = 0;
      this.#cleanUntil = -1;
    }
    this.#tell();
  }

  #tell(error?: string): void {
    const { sessionId, onEvent } = this.#options;
    onEvent({ type: 'denoised', sessionId, ...(error !== undefined && { error }) });
  }
}
