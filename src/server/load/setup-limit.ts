/** How many calls a second are let in while the main thread is never idle: a pure judgement over seconds. */

import { MAX_UTILIZATION } from './overload.ts';

/** One second of the main thread, and who asked to be let in. */
export interface SetupSecond {
  /** Share of the time in which the thread was at work, 0 to 1. */
  readonly utilization: number;
  readonly taken: number;
  /** Turned away by the limit that stood. */
  readonly refused: number;
}

export interface SetupLimit {
  /** Calls a second; 0: none; undefined: no limit. */
  readonly perSecond: number | undefined;
  /** Seconds in a row that speak against what stands: without idle time, or with nobody turned away. */
  readonly contrary: number;
}

export const NO_SETUP_LIMIT: SetupLimit = { perSecond: undefined, contrary: 0 };

/** So many seconds in a row without idle time, and no stall but a load is what it has. */
export const SECONDS_TO_LIMIT = 3;
/** So many seconds in a row with nobody turned away, and the limit is of no use any more. */
export const SECONDS_TO_LIFT = 5;
/** What stands is lowered to this share in a second without idle time … */
const LOWER = 0.9;
/** … and raised by this share, and one call, in any other. */
const RAISE = 1.04;

/**
 * Lowers by a share and raises slowly, so that the thread stays just below its limit and takes as many calls as it can
 * there; to turn all away until it has time again would lose most of them.
 */
export function stepSetupLimit(
  { perSecond, contrary }: SetupLimit,
  { utilization, taken, refused }: SetupSecond,
): SetupLimit {
  const strained = utilization >= MAX_UTILIZATION;
  if (perSecond === undefined) {
    const seconds = strained ? contrary + 1 : 0;
    return seconds < SECONDS_TO_LIMIT
      ? { perSecond, contrary: seconds }
      : { perSecond: whole(taken * LOWER), contrary: 0 };
  }
  if (strained) return { perSecond: whole(Math.min(perSecond, taken) * LOWER), contrary: 0 };
  const seconds = refused === 0 ? contrary + 1 : 0;
  return seconds < SECONDS_TO_LIFT ? { perSecond: perSecond * RAISE + 1, contrary: seconds } : NO_SETUP_LIMIT;
}

/** Less than one call a second is none. */
function whole(perSecond: number): number {
  return perSecond < 1 ? 0 : perSecond;
}
