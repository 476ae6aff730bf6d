/** Frames that are remembered; more than are ever put off. */
const CAPACITY = 16;

/** When the last frames of sessions that are ticked together were, ms of the clock's monotonic reading. */
export class FrameTimes {
  readonly #times = new Float64Array(CAPACITY);
  readonly #dropped = new Float64Array(CAPACITY);
  #count = 0;
  #droppedMs = 0;

  /** Frames so far. */
  get count(): number {
    return this.#count;
  }

  /** The first frame that is remembered. */
  get oldest(): number {
    return Math.max(0, this.#count - CAPACITY);
  }

  /** So much time of frames was missed in a standstill, ms, and will never be made up for. */
  drop(ms: number): void {
    this.#droppedMs += ms;
  }

  push(nowMs: number): void {
    const at = this.#count++ % CAPACITY;
    this.#times[at] = nowMs;
    this.#dropped[at] = this.#droppedMs;
  }

  /** @param frame from {@link oldest} on, below {@link count} */
  at(frame: number): number {
    return this.#times[frame % CAPACITY]!;
  }

  /** Dropped before this frame since the start, ms. @param frame as of {@link at} */
  droppedUntil(frame: number): number {
    return this.#dropped[frame % CAPACITY]!;
  }
}
