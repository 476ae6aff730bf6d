import type { Clock } from '../time/clock.ts';
import { MomentClock } from '../time/moment-clock.ts';
import type { FrameTimes } from './frame-times.ts';

/** The receiving half of frames, which is made up for later. */
export interface FrameWork {
  /** Does it for the frame of that time, ms. @param frame undefined for one that nobody counted */
  receiveFrame(nowMs: number, frame: number | undefined): void;
  /** Does what that has left to be done for several frames together. */
  finishFrames(): void;
}

/**
 * The receiving half of the frames of a session that can wait. Several are made up for at a time, because what
 * a session knows has left the processor's caches a frame later, and fetching it again takes more time than the
 * work. All that is put off happens in the order of time, packets and frames, as if at their times: nothing
 * comes out differently, only later.
 */
export class DeferredFrames {
  /** Of the session's recorders: what they do belongs to the time that is being made up for. */
  readonly clock: MomentClock;
  readonly #times: FrameTimes;
  readonly #work: FrameWork;
  /** The first frame that is not done. */
  #next = 0;
  /** When the last frame was that was made up for. */
  #lastMs = Number.NaN;
  #running = false;

  /** @param times of the session's frames */
  constructor(clock: Clock, times: FrameTimes, work: FrameWork) {
    this.#times = times;
    this.#work = work;
    this.clock = new MomentClock(clock);
  }

  /** Frames up to now are done; those that come are put off. */
  begin(): void {
    this.#next = this.#times.count;
  }

  /** Makes up for all frames so far, or for those up to a time. No effect from within a frame. */
  makeUp(untilMs = Number.POSITIVE_INFINITY): void {
    const times = this.#times;
    if (this.#running || this.#next === times.count) return;
    this.#running = true;
    try {
      // Those that are not remembered any more are made up for with the next one, as after a standstill.
      if (this.#next < times.oldest) this.#next = times.oldest;
      while (this.#next < times.count && times.at(this.#next) <= untilMs) {
        const frame = this.#next++;
        this.#receiveFrame(times.at(frame), frame);
      }
    } finally {
      this.#running = false;
      this.clock.momentMs = Number.NaN;
    }
  }

  /**
   * Makes up for a frame that nobody counted, since the thread stood still, at the time at which it was due. No effect from
   * within a frame.
   * @returns whether it did
   */
  makeUpMissed(dueMs: number): boolean {
    if (this.#running) return false;
    const { momentMs } = this.clock;
    this.#running = true;
    try {
      this.#receiveFrame(dueMs);
    } finally {
      this.#running = false;
      this.clock.momentMs = momentMs;
    }
    return true;
  }

  /** Nothing of the frames that were made up for is left to be done, as at the time of the last of them. */
  finish(): void {
    const { momentMs } = this.clock;
    this.clock.momentMs = this.#lastMs;
    this.#work.finishFrames();
    this.clock.momentMs = momentMs;
  }

  #receiveFrame(atMs: number, frame?: number): void {
    this.clock.momentMs = this.#lastMs = atMs;
    this.#work.receiveFrame(atMs, frame);
  }

  /** What comes next belongs to this time; NaN: to the present. */
  set moment(ms: number) {
    this.clock.momentMs = ms;
  }
}
