import type { Clock } from './clock.ts';

/**
 * Work that comes in bursts, in its order, a little in each turn of the event loop: what is left waits behind what has
 * arrived meanwhile. So nothing that is brief waits for all of it.
 */
export class TurnQueue<T> {
  readonly #clock: Clock;
  readonly #turnMs: number;
  readonly #work: (item: T) => void;
  #waiting: T[] = [];
  /** Of those that wait, how many are done. */
  #done = 0;
  /** Spent in this turn, ms. */
  #spentMs = 0;
  #deferred = false;
  readonly #turn = (): void => {
    this.#deferred = false;
    this.#spentMs = 0;
    this.#run();
  };

  /** @param turnMs for one turn; one item is always done */
  constructor(clock: Clock, turnMs: number, work: (item: T) => void) {
    this.#clock = clock;
    this.#turnMs = turnMs;
    this.#work = work;
  }

  /** Items that wait. */
  get size(): number {
    return this.#waiting.length - this.#done;
  }

  /** Does them at once while there is time in this turn, the others in later ones. */
  put(items: readonly T[]): void {
    this.#waiting = this.size === 0 ? [...items] : [...this.#waiting.slice(this.#done), ...items];
    this.#done = 0;
    if (this.#spentMs < this.#turnMs) this.#run();
    else this.#defer();
  }

  /** Does now what waits. */
  flush(): void {
    while (this.size > 0) this.#work(this.#waiting[this.#done++]!);
  }

  #run(): void {
    const startedMs = this.#clock.monotonic() - this.#spentMs;
    while (this.size > 0 && this.#spentMs < this.#turnMs) {
      this.#work(this.#waiting[this.#done++]!);
      this.#spentMs = this.#clock.monotonic() - startedMs;
    }
    // So that the next turn begins anew.
    if (this.#spentMs > 0) this.#defer();
  }

  #defer(): void {
    if (this.#deferred) return;
    this.#deferred = true;
    setImmediate(this.#turn);
  }
}
