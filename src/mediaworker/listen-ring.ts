/** Samples kept: more than recorders read behind the live head (about 0.5 s at 8 kHz), a power of two. */
const CAPACITY = 8192;

/** What the party heard, on the positions of the receive timeline, for the recorders that lag behind. */
export class ListenRing {
  readonly #samples = new Int16Array(CAPACITY);
  #until = 0;

  /**
   * Puts the first `length` samples of `frame` at `from`, and silence behind them up to `count`. Positions
   * go up; what was skipped between two calls is silence.
   */
  write(from: number, count: number, frame: Int16Array, length: number): void {
    const gapFrom = Math.max(this.#until, from - CAPACITY);
    for (let position = gapFrom; position < from; position++) this.#samples[position & (CAPACITY - 1)] = 0;
    for (let i = 0; i < count; i++) {
      this.#samples[(from + i) & (CAPACITY - 1)] = i < length ? frame[i]! : 0;
    }
    this.#until = from + count;
  }

  /** Copies `count` samples from `from` on; what was never written or is no longer kept is silence. */
  copyTo(dest: Int16Array, destOffset: number, from: number, count: number): void {
    const oldest = this.#until - CAPACITY;
    for (let i = 0; i < count; i++) {
      const position = from + i;
      const kept = position >= oldest && position < this.#until && position >= 0;
      dest[destOffset + i] = kept ? this.#samples[position & (CAPACITY - 1)]! : 0;
    }
  }
}
