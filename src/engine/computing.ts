import { threadTimeMs } from '../time/thread-time.ts';

/** JavaScript of steps without one that waits, so that no document keeps the server to itself. */
export const MAX_COMPUTING_MS = 2_000;
/** After so much of it the event loop gets its turn. */
const TURN_MS = 20;

/** What the JavaScript of a script has computed, ms of its thread. */
export class Computing {
  #sinceWait = 0;
  #sinceTurn = 0;

  measure<T>(work: () => T): T {
    const from = threadTimeMs();
    try {
      return work();
    } finally {
      const took = threadTimeMs() - from;
      this.#sinceWait += took;
      this.#sinceTurn += took;
    }
  }

  /** A step kept the thread for so long, ms of the clock. */
  held(ms: number): void {
    this.#sinceTurn += ms;
  }

  get exhausted(): boolean {
    return this.#sinceWait > MAX_COMPUTING_MS;
  }

  get needsTurn(): boolean {
    return this.#sinceTurn > TURN_MS;
  }

  /** Others had the thread. */
  turned(): void {
    this.#sinceTurn = 0;
  }

  /** The script waited for something outside of it. */
  waited(): void {
    this.#sinceTurn = 0;
    this.#sinceWait = 0;
  }
}
