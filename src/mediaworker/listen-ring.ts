import { copySamples } from '../media/copy-samples.ts';
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
    const until = from + count;
    const silentFrom = from + Math.min(count, length);
    const samples = this.#samples;
    this.#silence(Math.max(this.#until, from - samples.length), from);
    for (let position = from; position < silentFrom; ) {
      const run = this.#runOf(position, silentFrom);
      copySamples(frame, position - from, samples, position & (samples.length - 1), run);
      position += run;
    }
    this.#silence(silentFrom, until);
    this.#until = until;
  }

  /** The first position that is kept. */
  get oldest(): number {
    return Math.max(0, this.#until - this.#samples.length);
  }

  /** Copies `count` samples from `from` on; what was never written or is no longer kept is silence. */
  copyTo(dest: Int16Array, destOffset: number, from: number, count: number): void {
    const samples = this.#samples;
    const until = from + count;
    const keptFrom = Math.min(Math.max(from, this.oldest), until);
    const keptUntil = Math.max(keptFrom, Math.min(until, this.#until));
    const toDest = destOffset - from;
    dest.fill(0, destOffset, toDest + keptFrom);
    for (let position = keptFrom; position < keptUntil; ) {
      const run = this.#runOf(position, keptUntil);
      copySamples(samples, position & (samples.length - 1), dest, toDest + position, run);
      position += run;
    }
    dest.fill(0, toDest + keptUntil, toDest + until);
  }

  #silence(from: number, until: number): void {
    for (let position = from; position < until; ) {
      const run = this.#runOf(position, until);
      const at = position & (this.#samples.length - 1);
      this.#samples.fill(0, at, at + run);
      position += run;
    }
  }

  /** Positions from this one on, before `until`, that lie side by side in the ring. */
  #runOf(position: number, until: number): number {
    const { length } = this.#samples;
    return Math.min(until - position, length - (position & (length - 1)));
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
