import type { Clock, Timer } from './clock.ts';

/** A timer that is later than this comes behind a standstill of this thread, ms. */
const LATE_MS = 50;
/** What has come in time is dealt with by then, ms. */
const GRACE_MS = 250;

/**
 * {@link Clock.after} for the end of a wait for something from elsewhere. Behind a standstill of this thread the timer
 * comes first, and what had come in time lies unread behind it: that gets a moment.
 */
export function deadlineAfter(clock: Clock, delayMs: number, callback: () => void): Timer {
  const due = clock.monotonic() + delayMs;
  let timer = clock.after(delayMs, () => {
    if (clock.monotonic() - due > LATE_MS) timer = clock.after(GRACE_MS, callback);
    else callback();
  });
  return { cancel: () => timer.cancel() };
}
