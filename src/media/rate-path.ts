import { RateChanger } from './rate-changer.ts';

/** Samples that one step of {@link RatePath} takes at a time, so that what lies between two changes stays small. */
const STEP = 480;

/**
 * Changes the rate of a stream between any two of the rates in use: at once where one is a multiple of the
 * other (16 and 48 kHz), else by way of the least rate that is a multiple of both (16 to 24 kHz by 48).
 */
export class RatePath {
  readonly #first: RateChanger;
  readonly #second: RateChanger | undefined;
  readonly #between: Int16Array;

  /** @param fromRate Hz @param toRate Hz */
  constructor(fromRate: number, toRate: number) {
    const common = (fromRate * toRate) / greatestCommonDivisor(fromRate, toRate);
    const direct = common === fromRate || common === toRate;
    this.#first = new RateChanger(fromRate, direct ? toRate : common);
    this.#second = direct ? undefined : new RateChanger(common, toRate);
    this.#between = new Int16Array(direct ? 0 : this.#first.outputOf(STEP));
  }

  /** Most samples that {@link process} makes of `count`. */
  outputOf(count: number): number {
    const first = this.#first.outputOf(count);
    return this.#second?.outputOf(first) ?? first;
  }

  /**
   * Takes `count` samples of `source` from `from` on; `dest` has room for {@link outputOf} of them at `offset`.
   * @returns samples written
   */
  process(source: Int16Array, from: number, count: number, dest: Int16Array, offset: number): number {
    if (this.#second === undefined) return this.#first.process(source, from, count, dest, offset);
    let written = 0;
    for (let at = from; at < from + count; at += STEP) {
      const between = this.#first.process(source, at, Math.min(STEP, from + count - at), this.#between, 0);
      written += this.#second.process(this.#between, 0, between, dest, offset + written);
    }
    return written;
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
