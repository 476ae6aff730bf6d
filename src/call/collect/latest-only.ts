import type { Clock, Timer } from '../../time/clock.ts';

/** Passes values on at most once in a time; of those that come meanwhile, the last. Equal ones in a row count once. */
export class LatestOnly<Value> {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #pass: (value: Value) => void;
  #pause: Timer | undefined;
  #waiting: { readonly value: Value } | undefined;
  #last: Value | undefined;
  #closed = false;

  constructor(clock: Clock, everyMs: number, pass: (value: Value) => void) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#pass = pass;
  }

  push(value: Value): void {
    if (this.#closed) return;
    this.#waiting = value === this.#last ? undefined : { value };
    if (this.#pause === undefined) this.#passOn();
  }

  /** Nothing more is passed on, nor what waits. */
  close(): void {
    this.#closed = true;
    this.#pause?.cancel();
  }

  #passOn(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    this.#last = waiting.value;
    this.#pause = this.#clock.after(this.#everyMs, () => {
      this.#pause = undefined;
      this.#passOn();
    });
    this.#pass(waiting.value);
  }
}
