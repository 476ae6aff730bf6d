import type { Clock, Timer } from './clock.ts';

interface Entry {
  readonly due: number;
  readonly order: number;
  readonly callback: () => void;
  cancelled: boolean;
}

/** Times in a row that all promises have run without a new hold before the present instant counts as settled. */
const QUIET_TURNS = 2;
/** After so many instants the event loop gets a turn, for signals and for the I/O of others. */
const INSTANTS_PER_TURN = 50;

/**
 * Time that moves only when told to. Timers fire in order of their due time, equal ones in the order in
 * which they were set; between two instants, promises settle and declared work ({@link Clock.holdWhile})
 * is waited for, so the same program gives the same trace each time.
 */
export class VirtualClock implements Clock {
  #now: number;
  readonly #origin: number;
  #order = 0;
  #holds = 0;
  #wakeOnRelease: (() => void) | undefined;
  #instants = 0;
  /** Binary heap by (due, order). */
  readonly #heap: Entry[] = [];

  /** @param startMs wall-clock time of the first instant, ms since the Unix epoch */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#now = startMs;
    this.#origin = startMs;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#origin;
  }

  after(delayMs: number, callback: () => void): Timer {
    const entry: Entry = {
      due: this.#now + Math.max(0, delayMs),
      order: this.#order++,
      callback,
      cancelled: false,
    };
    this.#push(entry);
    return {
      cancel: () => {
        entry.cancelled = true;
      },
    };
  }

  every(intervalMs: number, callback: () => void): Timer {
    let cancelled = false;
    let pending: Timer;
    const fire = (): void => {
      pending = this.after(intervalMs, fire);
      callback();
      if (cancelled) pending.cancel();
    };
    pending = this.after(intervalMs, fire);
    return {
      cancel: () => {
        cancelled = true;
        pending.cancel();
      },
    };
  }

  holdWhile<T>(work: Promise<T>): Promise<T> {
    this.#holds++;
    const release = (): void => {
      this.#holds--;
      if (this.#holds === 0) {
        this.#wakeOnRelease?.();
        this.#wakeOnRelease = undefined;
      }
    };
    work.then(release, release);
    return work;
  }

  /** Moves `ms` (≥ 0) ahead, running every timer that falls due on the way, then settles the last instant. */
  async advance(ms: number): Promise<void> {
    const target = this.#now + ms;
    await this.settle();
    for (let next = this.#peek(); next !== undefined && next.due <= target; next = this.#peek()) {
      this.#fireInstant(next.due);
      await this.settle();
    }
    this.#now = Math.max(this.#now, target);
  }

  /**
   * Runs timers until `done` is true.
   * @throws Error when no timer is left or `limitMs` of virtual time have passed while `done` is still false
   */
  async runUntil(done: () => boolean, limitMs = 24 * 3_600_000): Promise<void> {
    const deadline = this.#now + limitMs;
    await this.settle();
    while (!done()) {
      if ((this.#peek()?.due ?? 0) > deadline)
        throw new Error(`virtual time: the condition is still false after ${limitMs} ms`);
      if (!(await this.step()))
        throw new Error('virtual time: nothing is left to happen, and the condition is false');
    }
  }

  /**
   * Runs the next instant at which a timer is due, and settles it.
   * @returns false when no timer is left
   */
  async step(): Promise<boolean> {
    const next = this.#peek();
    if (next === undefined) return false;
    this.#fireInstant(next.due);
    await this.settle();
    return true;
  }

  /** Waits until promises have run and no declared work is open; time does not move. */
  async settle(): Promise<void> {
    if (++this.#instants % INSTANTS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    for (let quiet = 0; quiet < QUIET_TURNS; quiet++) {
      if (this.#holds > 0) {
        await new Promise<void>((resolve) => {
          this.#wakeOnRelease = resolve;
        });
        quiet = 0;
      }
      // A tick comes when no promise is left to run, so it is cheaper than a turn of the event loop.
      await new Promise<void>((resolve) => process.nextTick(resolve));
      if (this.#holds > 0) quiet = -1;
    }
  }

  /** Number of timers that are still to fire. */
  get pendingTimers(): number {
    return this.#heap.reduce((count, entry) => (entry.cancelled ? count : count + 1), 0);
  }

  /** Fires all timers due at `instant`, those that they set for the same instant included. */
  #fireInstant(instant: number): void {
    this.#now = Math.max(this.#now, instant);
    for (let next = this.#peek(); next !== undefined && next.due <= this.#now; next = this.#peek()) {
      this.#pop();
      next.callback();
    }
  }

  #peek(): Entry | undefined {
    while (this.#heap[0]?.cancelled) this.#pop();
    return this.#heap[0];
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let child = heap.push(entry) - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!before(heap[child]!, heap[parent]!)) break;
      [heap[child], heap[parent]] = [heap[parent]!, heap[child]!];
      child = parent;
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    let parent = 0;
    for (;;) {
      let smallest = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < heap.length && before(heap[child]!, heap[smallest]!)) smallest = child;
      }
      if (smallest === parent) return;
      [heap[parent], heap[smallest]] = [heap[smallest]!, heap[parent]!];
      parent = smallest;
    }
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}
