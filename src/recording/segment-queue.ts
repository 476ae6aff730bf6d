/** What becomes of a stretch of observed audio: it is recorded, recorded as silence, or left out. */
export const SEGMENT_KEEP = 0;
export const SEGMENT_SILENCE = 1;
export const SEGMENT_SKIP = 2;
export type SegmentKind = typeof SEGMENT_KEEP | typeof SEGMENT_SILENCE | typeof SEGMENT_SKIP;

/** A run of one kind. */
interface Segment {
  readonly kind: SegmentKind;
  count: number;
}

/**
 * The verdicts on audio that was observed at the live head and will be appended to the file some 300 ms later,
 * in order, as runs of equal kind. Its length is bounded by the number of pauses within that time.
 */
export class SegmentQueue {
  /** The newest run; without samples when there is none. */
  #kind: SegmentKind = SEGMENT_KEEP;
  #count = 0;
  /** Those before it. Made for the first of them: most recordings have one run at a time. */
  #before: Segment[] | undefined;
  #total = 0;

  /** Samples in all. */
  get total(): number {
    return this.#total;
  }

  /** Kind of the first sample. Only when `total` > 0. */
  get headKind(): SegmentKind {
    return this.#before?.[0]?.kind ?? this.#kind;
  }

  /** Samples from the first on that are of its kind. Only when `total` > 0. */
  get headCount(): number {
    return this.#before?.[0]?.count ?? this.#count;
  }

  push(kind: SegmentKind, count: number): void {
    if (count === 0) return;
    if (this.#count > 0 && this.#kind !== kind) {
      this.#before ??= [];
      this.#before.push({ kind: this.#kind, count: this.#count });
      this.#count = 0;
    }
    this.#kind = kind;
    this.#count += count;
    this.#total += count;
  }

  /** Removes `count` (at most `headCount`) samples at the head. */
  shift(count: number): void {
    this.#total -= count;
    const head = this.#before?.[0];
    if (head === undefined) {
      this.#count -= count;
      return;
    }
    head.count -= count;
    if (head.count === 0) this.#before?.shift();
  }

  /**
   * Removes up to `count` samples from the tail, as far as these are kept ones.
   * @returns how many
   */
  dropKeptTail(count: number): number {
    if (this.#count === 0 || this.#kind !== SEGMENT_KEEP) return 0;
    const dropped = Math.min(count, this.#count);
    this.#count -= dropped;
    this.#total -= dropped;
    const former = this.#count === 0 ? this.#before?.pop() : undefined;
    if (former !== undefined) {
      this.#kind = former.kind;
      this.#count = former.count;
    }
    return dropped;
  }

  clear(): void {
    this.#before = undefined;
    this.#count = 0;
    this.#total = 0;
  }
}
