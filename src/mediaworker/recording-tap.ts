import { SILENT_LINE_MS } from '../media/voice-activity.ts';
import type { CreateTarget } from '../recording/byte-target.ts';
import { Recorder, type RecorderEvent } from '../recording/recorder.ts';
import type { EndCause, RecordSpec } from '../recording/types.ts';
import type { ReceiveTimeline } from '../rtp/receive-timeline.ts';
import type { Clock } from '../time/clock.ts';
import { MomentClock } from '../time/moment-clock.ts';
import type { ListenRing } from './listen-ring.ts';
import type { SessionDenoiser } from './session-denoiser.ts';

export interface RecordingTapOptions {
  readonly timeline: ReceiveTimeline;
  /** Where it begins: at the live head, a little before it, or within a frame behind it. */
  readonly from: number;
  /** As in {@link Expected}; default: no. */
  readonly undelayed: boolean | undefined;
  /** {@link ReceiveTimeline.missingBehind} as it was there; default: as it is. */
  readonly missingBehind: number | undefined;
  /** What the party hears; undefined when only the party is recorded. */
  readonly listen: ListenRing | undefined;
  /** What is recorded of the party is what this makes of it. */
  readonly denoiser: Pick<SessionDenoiser, 'apply'>;
  /** Silences what shall not be kept of the party's audio; undefined: all is kept. */
  readonly mask: ((samples: Int16Array, from: number, count: number) => void) | undefined;
  readonly sampleRate: number;
  readonly clock: Clock;
  readonly createTarget: CreateTarget | undefined;
  readonly onEvent: (tap: RecordingTap, event: RecorderEvent) => void;
}

/** Samples read from the timeline at a time. */
const CHUNK = 1600;
/** What a running recording writes at a time, ms: half of what the timeline keeps behind its lag. */
const PORTION_MS = 100;
/**
 * What a recording hears at a time until somebody has spoken, and where it begins late, ms: behind that, nobody may have
 * to listen, or it may be over.
 */
const STEP_MS = 20;
/** Shared by all taps of a thread: filled and emptied within one call. */
const speakChunk = new Int16Array(CHUNK);
const listenChunk = new Int16Array(CHUNK);

/** A key, and where it was pressed on the timeline. */
export interface PressedKey {
  readonly digit: string;
  readonly position: number;
}

/** What lies between the beginning of a recording and its order. */
export interface Past {
  /** The clock's monotonic reading at its beginning, ms. Default: as much before now as lies between. */
  readonly sinceMs?: number | undefined;
  /** Pressed there, in order. */
  readonly keys?: readonly PressedKey[] | undefined;
  /** Where the session has ended, and when: what came until then is heard, and the recording has its end there. */
  readonly end?: { readonly position: number; readonly ms: number } | undefined;
}

/** Joins one recorder to the session's timeline: hears at the live head, writes behind it. */
export class RecordingTap {
  readonly spec: RecordSpec;
  /** It began before the live head had a playout delay. */
  readonly undelayed: boolean;
  readonly #recorder: Recorder;
  /** Of the recorder: what it hears late belongs to its time. */
  readonly #clock: MomentClock;
  readonly #timeline: ReceiveTimeline;
  readonly #listen: ListenRing | undefined;
  readonly #denoiser: RecordingTapOptions['denoiser'];
  readonly #mask: RecordingTapOptions['mask'];
  readonly #perMs: number;
  readonly #portion: number;
  readonly #step: number;
  /** Samples before the live head at which it begins (< 0: behind it), and those that it has still to leave out. */
  readonly #behind: number;
  #ahead: number;
  /** The next position of the timeline that goes to the file. */
  #position: number;
  #missingBehind: number;
  #ending = false;
  #finished: Promise<unknown> | undefined;

  constructor(spec: RecordSpec, options: RecordingTapOptions) {
    const { onEvent } = options;
    this.spec = spec;
    this.undelayed = options.undelayed === true;
    this.#timeline = options.timeline;
    this.#listen = options.listen;
    this.#denoiser = options.denoiser;
    this.#mask = options.mask;
    this.#perMs = options.sampleRate / 1000;
    this.#portion = this.#perMs * PORTION_MS;
    this.#step = this.#perMs * STEP_MS;
    this.#behind = options.timeline.head - options.from;
    this.#ahead = Math.max(0, -this.#behind);
    this.#position = options.from;
    this.#missingBehind = options.missingBehind ?? options.timeline.missingBehind;
    this.#clock = new MomentClock(options.clock);
    this.#recorder = new Recorder(spec, {
      sampleRate: options.sampleRate,
      clock: this.#clock,
      createTarget: options.createTarget,
      onEvent: (event) => {
        if (event.type === 'ending') {
          this.#ending = true;
          // A file that fails does so on its own, outside of any call of ours that would settle.
          queueMicrotask(() => this.#settle());
        }
        onEvent(this, event);
      },
    });
  }

  /** The beep is over, or there is none: what lies between its place and the live head is heard now. */
  begin({ sinceMs, keys = [], end }: Past = {}): void {
    const { head } = this.#timeline;
    const until = Math.max(head, end?.position ?? head);
    const untilMs = end?.ms ?? this.#clock.monotonic();
    const timeOf = (position: number): number => untilMs - Math.max(0, until - position) / this.#perMs;
    let from = head - this.#behind;
    this.#clock.momentMs = sinceMs ?? timeOf(from);
    if (this.undelayed) this.#recorder.hearSilence(SILENT_LINE_MS * this.#perMs);
    this.#recorder.begin();
    for (let pressed = 0; !this.#ending; ) {
      this.#clock.momentMs = timeOf(from);
      for (; pressed < keys.length && keys[pressed]!.position <= from; pressed++)
        this.#recorder.digit(keys[pressed]!.digit);
      const count = Math.min(this.#step, until - from, (keys[pressed]?.position ?? until) - from);
      if (count <= 0 || this.#ending) break;
      this.#timeline.copyTo(speakChunk, 0, from, count);
      this.#denoiser.apply(speakChunk, from, count);
      this.#listen?.copyTo(listenChunk, 0, from, count);
      this.#clock.momentMs = timeOf(from + count);
      this.#recorder.observe(speakChunk, this.#listen && listenChunk, 0, count);
      from += count;
    }
    this.write(this.#timeline.availableUntil);
    // Behind the end of the session, there is no present.
    this.#clock.momentMs = end?.ms ?? Number.NaN;
    this.#settle();
  }

  observe(speak: Int16Array, listen: Int16Array, offset: number, count: number): void {
    let at = Math.min(this.#ahead, count);
    this.#ahead -= at;
    while (at < count && !this.#ending) {
      const longest = this.#recorder.phase === 'waiting' ? this.#step : count;
      const run = Math.min(longest, count - at);
      this.#recorder.observe(speak, listen, offset + at, run);
      at += run;
    }
    this.#settle();
  }

  /** Hears what has come from one place of the timeline to another, though the live head is not there yet. */
  hear(from: number, until: number): void {
    for (let at = from; at < until && !this.#ending; ) {
      const count = Math.min(this.#step, until - at);
      this.#timeline.copyTo(speakChunk, 0, at, count);
      this.#listen?.copyTo(listenChunk, 0, at, count);
      this.observe(speakChunk, listenChunk, 0, count);
      at += count;
    }
  }

  /** Writes what has been observed and lies before `until`, in portions worth the effort. */
  write(until: number): void {
    if (this.#ending || until - this.#position < this.#portion) return;
    this.#append(until);
  }

  /** As {@link Recorder.nearestEnd}. */
  get nearestEnd(): number {
    return this.#ahead + this.#recorder.nearestEnd;
  }

  /** @param behind how many samples before the live head the key was pressed, ≥ 0 */
  digit(digit: string, behind: number): void {
    this.#recorder.digit(digit, behind);
    this.#settle();
  }

  pause(behavior: 'skip' | 'silence'): void {
    this.#recorder.pause(behavior);
  }

  resume(): void {
    this.#recorder.resume();
  }

  stop(cause: EndCause): void {
    this.#recorder.stop(cause);
    this.#settle();
  }

  /** Resolves when the file is closed, if the recording is at its end. */
  async finished(): Promise<void> {
    await this.#finished;
  }

  /** Once the end is decided, the rest is written at once. */
  #settle(): void {
    if (!this.#ending || this.#finished !== undefined) return;
    this.#timeline.settle(this.#position + this.#recorder.pendingSamples);
    this.#append(Number.POSITIVE_INFINITY);
    this.#finished = this.#recorder.finish();
  }

  #append(until: number): void {
    for (;;) {
      const count = Math.min(CHUNK, until - this.#position, this.#recorder.pendingSamples);
      if (count <= 0) return;
      this.#timeline.copyTo(speakChunk, 0, this.#position, count);
      this.#denoiser.apply(speakChunk, this.#position, count);
      this.#mask?.(speakChunk, this.#position, count);
      this.#listen?.copyTo(listenChunk, 0, this.#position, count);
      // Found missing behind it, by now: as much as these samples can stand for, the rest with those that follow.
      const here = this.#timeline.missingSamples(this.#position, count);
      const missing = Math.min(count, here + this.#timeline.missingBehind - this.#missingBehind);
      this.#missingBehind += missing - here;
      const listen = this.#listen === undefined ? undefined : listenChunk;
      const taken = this.#recorder.append(speakChunk, listen, 0, count, missing);
      this.#position += taken;
      if (taken < count) return;
    }
  }
}
