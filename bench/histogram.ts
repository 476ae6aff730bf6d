/** Counts of durations in steps of 0.05 ms up to 2 s, so that millions of them take no memory. */
export class Histogram {
  readonly #bins = new Uint32Array(BINS);
  #count = 0;

  add(ms: number): void {
    this.#bins[Math.min(BINS - 1, Math.max(0, Math.round(ms / STEP_MS)))]!++;
    this.#count++;
  }

  get count(): number {
    return this.#count;
  }

  /** Duration that `share` (0 to 1) of the durations do not exceed, ms; 0 for none. */
  percentile(share: number): number {
    let left = Math.ceil(this.#count * share);
    for (let bin = 0; bin < BINS; bin++) {
      left -= this.#bins[bin]!;
      if (left <= 0) return bin * STEP_MS;
    }
    return 0;
  }
}

const STEP_MS = 0.05;
const BINS = 40_000;
