import type { Clock } from './clock.ts';

interface Batch<T> {
  readonly items: readonly T[];
  readonly sinceMs: number;
}

/** Who has waited for so many milliseconds is worth one of them in each turn … */
const PATIENCE = 4;
/** … up to so many, ms. */
const LONGEST_TURN_MS = 10;

/**
 * Work that comes in bursts, in its order, a little in each turn of the event loop: what is left waits behind what has
 * arrived meanwhile. So nothing that is brief waits for all of it. The longer it waits, the more of it is done in a
 * turn, whatever else there is.
 */
export class TurnQueue<T> {
  readonly #clock: Clock;
  readonly #turnMs: number;
  readonly #work: (item: T) => void;
  #batches: Batch<T>[] = [];
  /** Of the first batch, items that are done. */
  #done = 0;
  #size = 0;
  /** Spent in this turn, ms. */
  #spentMs = 0;
  #deferred = false;
  readonly #turn = (): void => {
    this.#deferred = false;
    this.#spentMs = 0;
    this.#run();
  };

  /** @param turnMs for one turn while nothing has waited for long; one item is always done */
  constructor(clock: Clock, turnMs: number, work: (item: T) => void) {
    this.#clock = clock;
    this.#turnMs = turnMs;
    this.#work = work;
  }

  /** Items that wait. */
  get size(): number {
    return this.#size;
  }

  /** Does them at once while there is time in this turn, the others in later ones. */
  put(items: readonly T[]): void {
    if (items.length === 0) return;
    this.#batches.push({ items, sinceMs: this.#clock.monotonic() });
    this.#size += items.length;
    if (this.#spentMs < this.#turnMs) this.#run();
    else this.#defer();
  }

  /** Does now what waits. */
  flush(): void {
    while (this.#size > 0) this.#next();
  }

  #run(): void {
    const now = this.#clock.monotonic();
    const waitedMs = now - (this.#batches[0]?.sinceMs ?? now);
    const turnMs = Math.min(Math.max(this.#turnMs, waitedMs / PATIENCE), LONGEST_TURN_MS);
    const startedMs = now - this.#spentMs;
    while (this.#size > 0 && this.#spentMs < turnMs) {
      this.#next();
      this.#spentMs = this.#clock.monotonic() - startedMs;
    }
    // So that the next turn begins anew.
    if (this.#spentMs > 0) this.#defer();
  }

  #next(): void {
    const { items } = this.#batches[0]!;
    const item = items[this.#done++]!;
    this.#size--;
    if (this.#done === items.length) {
      this.#batches.shift();
      this.#done = 0;
    }
    this.#work(item);
  }

  #defer(): void {
    if (this.#deferred) return;
    this.#deferred = true;
    setImmediate(this.#turn);
  }
}
