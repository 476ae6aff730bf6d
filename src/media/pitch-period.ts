/** Lags that are tried together, each sample read once for all of them. */
const TOGETHER = 4;

/**
 * The lag at which a stretch of audio looks most like what lies before it (normalised cross-correlation), as it is looked
 * for when a packet is lost: for each of many calls at once where a network, or the machine, has stood still.
 */
export class PitchPeriod {
  /** The stretch that is held against what lies before it, as floating point: products and sums are exact, and fast … */
  readonly #late: Float64Array;
  /** … and that, up to as many samples before it as the longest lag has. */
  readonly #early: Float64Array;
  readonly #products = new Float64Array(TOGETHER);

  /** @param longest stretch and lag together, samples */
  constructor(longest: number) {
    this.#late = new Float64Array(longest);
    this.#early = new Float64Array(longest + TOGETHER);
  }

  /**
   * Holds every `stride`th sample from `start` to `end` against that so many samples before, for the lags `from`,
   * `from + stride`, … up to `to`.
   * @returns the first of the lags that fit best
   */
  best(samples: Int16Array, start: number, end: number, from: number, to: number, stride: number): number {
    const late = this.#late;
    const early = this.#early;
    const count = Math.ceil((end - start) / stride);
    const lags = Math.floor((to - from) / stride) + 1;
    for (let n = 0; n < count; n++) late[n] = samples[start + n * stride]!;
    // Behind the first so many, which lags beyond the last one read in vain.
    const first = start - from - (lags - 1) * stride;
    const all = TOGETHER + count + lags - 1;
    for (let n = TOGETHER; n < all; n++) early[n] = samples[first + (n - TOGETHER) * stride]!;
    let at = TOGETHER + lags - 1;
    let energy = 1;
    for (let n = 0; n < count; n++) energy += early[at + n]! * early[at + n]!;
    let best = from;
    let highest = Number.NEGATIVE_INFINITY;
    for (let lag = 0; lag < lags; lag += TOGETHER) {
      this.#multiply(count, at);
      const some = Math.min(TOGETHER, lags - lag);
      for (let n = 0; n < some; n++, at--) {
        const likeness = this.#products[n]! / Math.sqrt(energy);
        if (likeness > highest) {
          highest = likeness;
          best = from + (lag + n) * stride;
        }
        energy += early[at - 1]! * early[at - 1]! - early[at + count - 1]! * early[at + count - 1]!;
      }
    }
    return best;
  }

  /** Products of the stretch with what lies from `at`, `at - 1`, … on. */
  #multiply(count: number, at: number): void {
    const late = this.#late;
    const early = this.#early;
    let product0 = 0;
    let product1 = 0;
    let product2 = 0;
    let product3 = 0;
    let early1 = early[at - 1]!;
    let early2 = early[at - 2]!;
    let early3 = early[at - 3]!;
    for (let n = 0; n < count; n++) {
      const sample = late[n]!;
      const early0 = early[at + n]!;
      product0 += sample * early0;
      product1 += sample * early1;
      product2 += sample * early2;
      product3 += sample * early3;
      early3 = early2;
      early2 = early1;
      early1 = early0;
    }
    this.#products[0] = product0;
    this.#products[1] = product1;
    this.#products[2] = product2;
    this.#products[3] = product3;
  }
}
