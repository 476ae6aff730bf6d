/** How many calls a second are let in while the main thread is never idle: a pure judgement over seconds. */

import { MAX_UTILIZATION } from './overload.ts';

/** One second of the main thread, and who asked to be let in. */
export interface SetupSecond {
  /** Share of the time in which the thread was at work, 0 to 1. */
  readonly utilization: number;
  /** Calls a second that were let in. */
  readonly taken: number;
  /** Calls a second that the limit turned away. */
  readonly refused: number;
}

export interface SetupLimit {
  /** Calls a second, 1 at least; undefined: no limit. */
  readonly perSecond: number | undefined;
  /** Without a limit: seconds in a row without idle time, and calls a second that were let in, summed over them. */
  readonly strained: number;
  readonly taken: number;
  /** With a limit: seconds in a row with idle time. */
  readonly calm: number;
  /** Of those, the last ones in a row in which nobody was turned away. */
  readonly unused: number;
}

export const NO_SETUP_LIMIT: SetupLimit = { perSecond: undefined, strained: 0, calm: 0, taken: 0, unused: 0 };

/** So many seconds in a row without idle time, and no stall but a load is what it has. */
export const SECONDS_TO_LIMIT = 3;
/** So many seconds in a row with nobody turned away, and the limit is of no use any more. */
export const SECONDS_TO_LIFT = 10;
/** The first limit is this share of what was let in: those who wait already must be told, too. */
const FIRST = 0.75;
/** What stands is lowered to this share in a second without idle time … */
const LOWER = 0.9;
/** … and raised in the n-th other one in a row by n² times this share, and by one call. */
const RAISE = 0.01;
/** Whatever it is that keeps the thread busy, somebody may still try. */
const LEAST = 1;

/**
 * Lowers by a share and raises ever faster, so that the thread stays just below its limit and takes as many calls as it
 * can there; to turn all away until it has time again would lose most of them. Nobody is the cause of a strain in which
 * nobody asked, so such seconds set no limit.
 */
export function stepSetupLimit(limit: SetupLimit, second: SetupSecond): SetupLimit {
  const strained = second.utilization >= MAX_UTILIZATION;
  const { perSecond } = limit;
  if (perSecond === undefined) {
    if (!strained || second.taken === 0) return NO_SETUP_LIMIT;
    const seconds = limit.strained + 1;
    const taken = limit.taken + second.taken;
    return seconds < SECONDS_TO_LIMIT
      ? { ...NO_SETUP_LIMIT, strained: seconds, taken }
      : { ...NO_SETUP_LIMIT, perSecond: atLeastOne((taken / seconds) * FIRST) };
  }
  if (strained) return { ...NO_SETUP_LIMIT, perSecond: atLeastOne(perSecond * LOWER) };
  const calm = limit.calm + 1;
  const unused = second.refused === 0 ? limit.unused + 1 : 0;
  if (unused >= SECONDS_TO_LIFT) return NO_SETUP_LIMIT;
  return { ...NO_SETUP_LIMIT, perSecond: perSecond * (1 + calm ** 2 * RAISE) + 1, calm, unused };
}

function atLeastOne(perSecond: number): number {
  return Math.max(LEAST, perSecond);
}
