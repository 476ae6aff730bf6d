import type { Clock } from '../../time/clock.ts';

/**
 * What is known of keys for a while, in bounded memory and without a timer: for as long as was asked for, and at most
 * twice as long; for less only where more come than there is room for.
 */
export class RecentKeys<Value> {
  readonly #clock: Clock;
  readonly #forMs: number;
  readonly #room: number;
  #younger = new Map<string, Value>();
  #older = new Map<string, Value>();
  #sinceMs: number;

  /** @param room for so many keys, twice */
  constructor(clock: Clock, forMs: number, room: number) {
    this.#clock = clock;
    this.#forMs = forMs;
    this.#room = room;
    this.#sinceMs = clock.monotonic();
  }

  get(key: string): Value | undefined {
    if (this.#younger.size + this.#older.size === 0) return undefined;
    this.#age();
    return this.#younger.get(key) ?? this.#older.get(key);
  }

  set(key: string, value: Value): void {
    this.#age();
    if (this.#younger.size >= this.#room) this.#turn();
    this.#younger.set(key, value);
  }

  #age(): void {
    const elapsedMs = this.#clock.monotonic() - this.#sinceMs;
    if (elapsedMs >= this.#forMs) this.#turn();
    // Nothing was asked for longer than all of it is to be kept.
    if (elapsedMs >= 2 * this.#forMs) this.#turn();
  }

  #turn(): void {
    this.#older = this.#younger;
    this.#younger = new Map();
    this.#sinceMs = this.#clock.monotonic();
  }
}
