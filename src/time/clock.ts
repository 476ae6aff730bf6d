/**
 * The only source of time in OpenSWML. Everything timed takes a {@link Clock}, so the same code runs in
 * real time on a live call and in virtual time in a test.
 */
export interface Clock {
  /** Wall-clock time: milliseconds since the Unix epoch, possibly fractional. */
  now(): number;
  /**
   * Milliseconds since an arbitrary origin, the same one in all threads of the process; never goes back. For
   * durations and deadlines.
   */
  monotonic(): number;
  /** Calls `callback` once after `delayMs` (≥ 0; negative counts as 0). */
  after(delayMs: number, callback: () => void): Timer;
  /**
   * Calls `callback` every `intervalMs` (> 0) on an absolute schedule: a late call does not push back those
   * behind it. Calls that were missed altogether are made up one after another, at most
   * {@link MAX_CATCH_UP} of them; older ones are dropped.
   */
  every(intervalMs: number, callback: () => void): Timer;
  /**
   * Declares work whose duration is real (a file, a socket, a worker thread): virtual time stands still
   * until `work` settles. Returns the same promise. The real clock does nothing here.
   */
  holdWhile<T>(work: Promise<T>): Promise<T>;
}

/** A pending callback. */
export interface Timer {
  /** Prevents any further call. Harmless when already fired or cancelled. */
  cancel(): void;
}

/** How many missed ticks {@link Clock.every} makes up after a stall. */
export const MAX_CATCH_UP = 25;

/**
 * Resolves after `ms`, or rejects with the signal's reason as soon as `signal` aborts.
 * @throws the signal's reason
 */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Resolves when `work` settles, or after `ms`, whichever comes first. Never rejects. */
export function within(clock: Clock, work: Promise<unknown>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const limit = clock.after(ms, resolve);
    const settled = (): void => {
      limit.cancel();
      resolve();
    };
    work.then(settled, settled);
  });
}
