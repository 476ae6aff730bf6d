import type { Timer } from './clock.ts';

/** So much before its time a timer is taken as due, ms: those of the system come as early. */
const EARLY_MS = 1;
/** Lists that are kept when nothing waits in them; of more delays, each goes when its last timer has fired. */
const MAX_KEPT = 64;

const lists = new Map<number, TimerList>();

/**
 * As `setTimeout`, for delays that come again and again: those of one delay are due in the order in which they were
 * set, so they wait in a list, and the system has a timer for each list alone. Most of a call's timers are cancelled
 * soon; here that costs a fifth of what a timer of the system does.
 * @param delayMs whole ms
 */
export function afterDelay(delayMs: number, callback: () => void): Timer {
  let list = lists.get(delayMs);
  if (list === undefined) {
    list = new TimerList(delayMs);
    lists.set(delayMs, list);
  }
  return list.add(callback);
}

class ListedTimer implements Timer {
  readonly dueMs: number;
  readonly callback: () => void;
  /** Undefined: it has fired, or was cancelled. */
  list: TimerList | undefined;
  previous: ListedTimer | undefined;
  next: ListedTimer | undefined;

  constructor(list: TimerList, dueMs: number, callback: () => void) {
    this.list = list;
    this.dueMs = dueMs;
    this.callback = callback;
    this.previous = undefined;
    this.next = undefined;
  }

  cancel(): void {
    this.list?.remove(this);
  }
}

/** Timers of one delay, the first of them due first. */
class TimerList {
  readonly #delayMs: number;
  readonly #onDue = (): void => this.#run();
  #first: ListedTimer | undefined;
  #last: ListedTimer | undefined;
  /**
   * Never later than the first one is due. While none waits it does not keep the process alive, and stays for the next:
   * where timers are set and cancelled one after the other, it is seldom made anew.
   */
  #handle: NodeJS.Timeout | undefined;
  #running = false;

  constructor(delayMs: number) {
    this.#delayMs = delayMs;
  }

  add(callback: () => void): Timer {
    const timer = new ListedTimer(this, performance.now() + this.#delayMs, callback);
    if (this.#last === undefined) {
      this.#first = timer;
      // While it runs, the timer for whatever is then first is set behind the last of those that are due.
      if (this.#handle !== undefined) this.#handle.ref();
      else if (!this.#running) this.#handle = setTimeout(this.#onDue, this.#delayMs);
    } else {
      this.#last.next = timer;
      timer.previous = this.#last;
    }
    this.#last = timer;
    return timer;
  }

  remove(timer: ListedTimer): void {
    const { previous, next } = timer;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    timer.list = undefined;
    timer.previous = undefined;
    timer.next = undefined;
    if (this.#first === undefined) this.#handle?.unref();
  }

  #run(): void {
    this.#handle = undefined;
    this.#running = true;
    const now = performance.now();
    try {
      for (let due = this.#first; due !== undefined && due.dueMs <= now + EARLY_MS; due = this.#first) {
        this.remove(due);
        due.callback();
      }
    } finally {
      // Also when one of them throws: the others must not be lost.
      this.#running = false;
      if (this.#first !== undefined) {
        this.#handle = setTimeout(this.#onDue, Math.max(0, Math.ceil(this.#first.dueMs - performance.now())));
      } else if (lists.size > MAX_KEPT) {
        lists.delete(this.#delayMs);
      }
    }
  }
}
