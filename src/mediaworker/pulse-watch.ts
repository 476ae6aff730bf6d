/**
 * The words that a thread shares with the main thread, as Int32: its beats, and what it has counted by the last of them
 * ({@link FrameCounts}, modulo 2^32). A message for these would wake the main thread each time.
 */
export const PULSE = { beats: 0, frames: 1, lateFrames: 2, words: 3 } as const;
/** A thread beats so often while its event loop turns, ms. */
export const BEAT_MS = 500;
/** In the place of its beats, of a thread that leaves. */
export const LEAVING = -1;
/** And is looked at so often, ms. */
export const LOOK_MS = 1000;
/** So many looks in a row find no beat: the thread hangs. */
export const STILL_LOOKS = 10;

/**
 * Tells a thread that hangs from one that is late. It counts looks, not time: where the whole process stood still, or
 * the thread that looks, no looks were made either. A thread that has never beaten is starting, which takes as long as
 * the machine does, and so does leaving.
 */
export class PulseWatch {
  #beats = 0;
  #stillLooks = 0;
  #lookedMs = -Infinity;

  /**
   * @param beats of the thread so far, or {@link LEAVING}; @param nowMs monotonic
   * @returns whether it hangs
   */
  look(beats: number, nowMs: number): boolean {
    // Looks that a clock makes up for after a standstill come at once, before anybody can have beaten.
    if (nowMs - this.#lookedMs < LOOK_MS / 2) return false;
    this.#lookedMs = nowMs;
    this.#stillLooks = beats === this.#beats && beats > 0 ? this.#stillLooks + 1 : 0;
    this.#beats = beats;
    return this.#stillLooks >= STILL_LOOKS;
  }
}
