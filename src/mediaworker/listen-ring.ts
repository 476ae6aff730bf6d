import { copyBetweenRings, ringLength } from '../media/sample-rings.ts';
import { MAX_ORDER_DELAY_MS } from '../recording/types.ts';

/** Seconds kept, at least: more than recorders read behind the live head, which is about half a second. */
const KEPT_S = 1;

/** What the party heard, on the positions of the receive timeline, for the recorders that lag behind. */
export class ListenRing {
  /** Samples that are kept at least, and at most, however long the thread has stood still. */
  readonly #least: number;
  readonly #most: number;
  #samples: Int16Array;
  #until = 0;

  /** @param sampleRate Hz */
  constructor(sampleRate: number) {
    this.#least = ringLength(sampleRate * KEPT_S);
    this.#most = sampleRate * (KEPT_S + MAX_ORDER_DELAY_MS / 1000);
    this.#samples = new Int16Array(this.#least);
  }

  /**
   * Puts the first `length` samples of `frame` at `from`, and silence behind them up to `count`. Positions
   * go up; what was skipped between two calls is silence.
   * @param keptFrom what lies from here on is kept, too, if it is not too much; default: what there is room for
   */
  write(from: number, count: number, frame: Int16Array, length: number, keptFrom = from): void {
    this.#fit(Math.min(from + count - keptFrom, this.#most));
    const mask = this.#samples.length - 1;
    const gapFrom = Math.max(this.#until, from - this.#samples.length);
    for (let position = gapFrom; position < from; position++) this.#samples[position & mask] = 0;
    for (let i = 0; i < count; i++) {
      this.#samples[(from + i) & mask] = i < length ? frame[i]! : 0;
    }
    this.#until = from + count;
  }

  /** The first position that is kept. */
  get oldest(): number {
    return Math.max(0, this.#until - this.#samples.length);
  }

  /** Copies `count` samples from `from` on; what was never written or is no longer kept is silence. */
  copyTo(dest: Int16Array, destOffset: number, from: number, count: number): void {
    const mask = this.#samples.length - 1;
    const { oldest } = this;
    for (let i = 0; i < count; i++) {
      const position = from + i;
      const kept = position >= oldest && position < this.#until;
      dest[destOffset + i] = kept ? this.#samples[position & mask]! : 0;
    }
  }

  /** Gets memory for so many samples, or gives some back that was needed for more. */
  #fit(kept: number): void {
    const { length } = this.#samples;
    if (kept <= length && (length === this.#least || 4 * kept > length)) return;
    const former = this.#samples;
    const { oldest } = this;
    this.#samples = new Int16Array(ringLength(Math.max(this.#least, kept)));
    copyBetweenRings(former, this.#samples, Math.max(oldest, this.oldest), this.#until);
  }
}
