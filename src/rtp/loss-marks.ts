import type { SampleRing } from './sample-ring.ts';

/** Nothing has come since the last audio. */
const NONE = Number.NEGATIVE_INFINITY;

/** Marks on the timeline what the sender sent and did not come, as far as the sequence numbers tell. */
export class LossMarks {
  readonly #ring: SampleRing;
  #behind = 0;
  /** Behind the last audio came something else (a key, comfort noise), which lasts until here, as far as is known. */
  #otherUntil = NONE;

  constructor(ring: SampleRing) {
    this.#ring = ring;
  }

  /** Samples that were found missing where nothing can be marked any more. */
  get behind(): number {
    return this.#behind;
  }

  /**
   * The newest packet so far came for `position`.
   * @param audioEnd of the newest audio before it
   * @param samples that fill as many packets as are missing right before it
   * @param firstOpen what lies before is settled
   * @param until it is something else than audio, and stands in its place until there, as far as is known
   */
  before(position: number, audioEnd: number, samples: number, firstOpen: number, until?: number): void {
    const former = this.#otherUntil;
    this.#otherUntil = until === undefined ? NONE : Math.max(former, until);
    const lost = Math.min(samples, position - Math.max(audioEnd, former));
    if (former === NONE) this.#mark(audioEnd, lost, firstOpen);
    // Between two packets of another kind one of that kind is missing; behind them, audio that goes on.
    else if (until === undefined) this.#mark(position - lost, lost, firstOpen);
  }

  #mark(from: number, count: number, firstOpen: number): void {
    if (count <= 0) return;
    const end = from + count;
    const first = Math.max(from, firstOpen);
    this.#behind += Math.min(end, first) - from;
    this.#ring.markExpected(first, end - first);
  }
}
