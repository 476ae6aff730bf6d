/** Frames that are remembered; more than are ever put off. */
const CAPACITY = 16;

/** When the last frames of sessions that are ticked together were, ms of the clock's monotonic reading. */
export class FrameTimes {
  readonly #times = new Float64Array(CAPACITY);
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

  /** Time of frames that were missed in a standstill and never made up for, ms. */
  get droppedMs(): number {
    return this.#droppedMs;
  }

  drop(ms: number): void {
    this.#droppedMs += ms;
  }

  push(nowMs: number): void {
    this.#times[this.#count++ % CAPACITY] = nowMs;
  }

  /** @param frame from {@link oldest} on, below {@link count} */
  at(frame: number): number {
    return this.#times[frame % CAPACITY]!;
  }
}
