/** Seconds kept, at least: more than recorders read behind the live head, which is about half a second. */
const KEPT_S = 1;

/** What the party heard, on the positions of the receive timeline, for the recorders that lag behind. */
export class ListenRing {
  readonly #capacity: number;
  readonly #samples: Int16Array;
  #until = 0;

  /** @param sampleRate Hz */
  constructor(sampleRate: number) {
    this.#capacity = 2 ** Math.ceil(Math.log2(sampleRate * KEPT_S));
    this.#samples = new Int16Array(this.#capacity);
  }

  /**
   * Puts the first `length` samples of `frame` at `from`, and silence behind them up to `count`. Positions
   * go up; what was skipped between two calls is silence.
   */
  write(from: number, count: number, frame: Int16Array, length: number): void {
    const mask = this.#capacity - 1;
    const gapFrom = Math.max(this.#until, from - this.#capacity);
    for (let position = gapFrom; position < from; position++) this.#samples[position & mask] = 0;
    for (let i = 0; i < count; i++) {
      this.#samples[(from + i) & mask] = i < length ? frame[i]! : 0;
    }
    this.#until = from + count;
  }

  /** Copies `count` samples from `from` on; what was never written or is no longer kept is silence. */
  copyTo(dest: Int16Array, destOffset: number, from: number, count: number): void {
    const mask = this.#capacity - 1;
    const oldest = this.#until - this.#capacity;
    for (let i = 0; i < count; i++) {
      const position = from + i;
      const kept = position >= oldest && position < this.#until && position >= 0;
      dest[destOffset + i] = kept ? this.#samples[position & mask]! : 0;
    }
  }
}
