/** What becomes of a stretch of observed audio: it is recorded, recorded as silence, or left out. */
export const SEGMENT_KEEP = 0;
export const SEGMENT_SILENCE = 1;
export const SEGMENT_SKIP = 2;
export type SegmentKind = typeof SEGMENT_KEEP | typeof SEGMENT_SILENCE | typeof SEGMENT_SKIP;

/**
 * The verdicts on audio that was observed at the live head and will be appended to the file some 300 ms later,
 * in order, as runs of equal kind. Its length is bounded by the number of pauses within that time.
 */
export class SegmentQueue {
  readonly #kinds: SegmentKind[] = [];
  readonly #counts: number[] = [];
  #total = 0;

  /** Samples in all. */
  get total(): number {
    return this.#total;
  }

  /** Kind of the first sample. Only when `total` > 0. */
  get headKind(): SegmentKind {
    return this.#kinds[0]!;
  }

  /** Samples from the first on that are of its kind. Only when `total` > 0. */
  get headCount(): number {
    return this.#counts[0]!;
  }

  push(kind: SegmentKind, count: number): void {
    if (count === 0) return;
    const last = this.#kinds.length - 1;
    if (last >= 0 && this.#kinds[last] === kind) this.#counts[last]! += count;
    else {
      this.#kinds.push(kind);
      this.#counts.push(count);
    }
    this.#total += count;
  }

  /** Removes `count` (at most `headCount`) samples at the head. */
  shift(count: number): void {
    this.#total -= count;
    this.#counts[0]! -= count;
    if (this.#counts[0] === 0) {
      this.#counts.shift();
      this.#kinds.shift();
    }
  }

  /**
   * Removes up to `count` samples from the tail, as far as these are kept ones.
   * @returns how many
   */
  dropKeptTail(count: number): number {
    const last = this.#kinds.length - 1;
    if (last < 0 || this.#kinds[last] !== SEGMENT_KEEP) return 0;
    const dropped = Math.min(count, this.#counts[last]!);
    this.#counts[last]! -= dropped;
    this.#total -= dropped;
    if (this.#counts[last] === 0) {
      this.#counts.pop();
      this.#kinds.pop();
    }
    return dropped;
  }

  clear(): void {
    this.#kinds.length = 0;
    this.#counts.length = 0;
    this.#total = 0;
  }
}
