import { type Clock, MAX_CATCH_UP, type Timer } from './clock.ts';
import { afterDelay } from './timer-lists.ts';

/** Longest delay `setTimeout` takes (2^31 - 1 ms, 24.8 days); longer ones would fire at once. */
const MAX_DELAY_MS = 0x7fffffff;

/** What is to be added to `performance.now()`, whose origin is the start of its thread, so that all threads agree, ms. */
const THREAD_ORIGIN_MS = Math.max(threadOrigin(), threadOrigin(), threadOrigin());

/** By how much the machine's clock must differ from what was counted from it to have been set, ms. */
const SET_MS = 1_000;

/** What is to be added to `performance.now()` for the wall-clock time, ms. */
let wallOriginMs = performance.timeOrigin;

/** The machine's time. */
export class RealClock implements Clock {
  /**
   * Counted in fractions of a millisecond, evenly; where the machine's clock was set (by hand, by NTP behind a start
   * without network) or the machine slept, it goes by that clock from then on.
   */
  now(): number {
    const counted = wallOriginMs + performance.now();
    const machine = Date.now();
    if (Math.abs(machine - counted) <= SET_MS) return counted;
    wallOriginMs += machine - counted;
    return machine;
  }

  monotonic(): number {
    return THREAD_ORIGIN_MS + performance.now();
  }

  after(delayMs: number, callback: () => void): Timer {
    return afterDelay(wholeMs(delayMs), callback);
  }

  every(intervalMs: number, callback: () => void): Timer {
    let due = performance.now() + intervalMs;
    let cancelled = false;
    let handle: NodeJS.Timeout;
    const fire = (): void => {
      const now = performance.now();
      if (now - due > intervalMs * MAX_CATCH_UP) due = now - intervalMs * MAX_CATCH_UP;
      while (!cancelled && due <= now + 0.5) {
        due += intervalMs;
        callback();
      }
      if (!cancelled) handle = setTimeout(fire, wholeMs(due - performance.now()));
    };
    handle = setTimeout(fire, intervalMs);
    return {
      cancel: () => {
        cancelled = true;
        clearTimeout(handle);
      },
    };
  }

  holdWhile<T>(work: Promise<T>): Promise<T> {
    return work;
  }
}

/** `setTimeout` cuts fractions off, so that it would fire too early, and again for what is left. */
function wholeMs(delayMs: number): number {
  return Math.min(Math.ceil(Math.max(delayMs, 0)), MAX_DELAY_MS);
}

/** Too early by as long as the thread loses the processor between the two readings. */
function threadOrigin(): number {
  return Number(process.hrtime.bigint()) / 1e6 - performance.now();
}
