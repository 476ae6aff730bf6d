import type { Clock, Timer } from '../time/clock.ts';

/** Frames that may be put off at most. */
const CAPACITY = 8;

/**
 * The receiving half of the frames of a session that can wait. Several are made up for at a time, because what
 * a session knows has left the processor's caches a frame later, and fetching it again takes more time than the
 * work. All that is put off happens in the order of time, packets and frames, as if at their times: nothing
 * comes out differently, only later.
 */
export class DeferredFrames {
  /** Of the session's recorders: what they do belongs to the time that is being made up for. */
  readonly clock: Clock;
  readonly #frame: (nowMs: number) => void;
  readonly #times = new Float64Array(CAPACITY);
  #count = 0;
  #running = false;
  /** The time that is being made up for; NaN: now. */
  #momentMs = Number.NaN;

  /** @param frame does the receiving half of the frame of that time */
  constructor(clock: Clock, frame: (nowMs: number) => void) {
    this.#frame = frame;
    this.clock = new MomentClock(clock, () => this.#momentMs);
  }

  /** @param nowMs the clock's monotonic reading */
  add(nowMs: number): void {
    if (this.#count === CAPACITY) this.makeUp();
    this.#times[this.#count++] = nowMs;
  }

  /** Makes up for all of them, or for those before a time. No effect from within a frame. */
  makeUp(beforeMs = Number.POSITIVE_INFINITY): void {
    if (this.#running || this.#count === 0) return;
    const times = this.#times;
    let done = 0;
    this.#running = true;
    try {
      while (done < this.#count && times[done]! <= beforeMs) {
        this.#momentMs = times[done++]!;
        this.#frame(this.#momentMs);
      }
    } finally {
      this.#running = false;
      this.#momentMs = Number.NaN;
      times.copyWithin(0, done, this.#count);
      this.#count -= done;
    }
  }

  /** What comes next belongs to this time; NaN: to the present. */
  set moment(ms: number) {
    this.#momentMs = ms;
  }
}

/** The clock as it was at a moment shortly before. */
class MomentClock implements Clock {
  readonly #clock: Clock;
  readonly #momentMs: () => number;

  constructor(clock: Clock, momentMs: () => number) {
    this.#clock = clock;
    this.#momentMs = momentMs;
  }

  now(): number {
    const momentMs = this.#momentMs();
    const now = this.#clock.now();
    return Number.isNaN(momentMs) ? now : now - Math.max(0, this.#clock.monotonic() - momentMs);
  }

  monotonic(): number {
    const momentMs = this.#momentMs();
    return Number.isNaN(momentMs) ? this.#clock.monotonic() : momentMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#clock.after(delayMs, callback);
  }

  every(intervalMs: number, callback: () => void): Timer {
    return this.#clock.every(intervalMs, callback);
  }

  holdWhile<T>(work: Promise<T>): Promise<T> {
    return this.#clock.holdWhile(work);
  }
}
