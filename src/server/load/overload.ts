/** When a machine is about to lose the pace of its calls: a pure judgement over samples of one second. */

/** One second of one thread. */
export interface LoadSample {
  /** Share of the time in which the thread was at work, 0 to 1. */
  readonly utilization: number;
  /** Share of its media frames that left more than a frame late, 0 to 1; 0 for a thread without media. */
  readonly late: number;
}

export interface OverloadState {
  readonly overloaded: boolean;
  /** Seconds in a row that speak against {@link overloaded}. */
  readonly contrary: number;
}

/** A thread that is never idle has no room for another call. */
export const MAX_UTILIZATION = 0.95;
/** More late frames than this can be heard, whatever makes them late. */
export const MAX_LATE = 0.05;
/** A thread that is at work for so long, and has so many late frames, has them because of that: the next calls make it worse. */
export const BUSY_UTILIZATION = 0.8;
export const MAX_LATE_WHEN_BUSY = 0.01;
/** A state changes only after so many seconds in a row, so that one stall refuses nobody. */
export const SECONDS_TO_CHANGE = 5;

export const CALM: OverloadState = { overloaded: false, contrary: 0 };

/** @param samples of this second, one for each media thread */
export function stepOverload(state: OverloadState, samples: readonly LoadSample[]): OverloadState {
  const strained = samples.some(isStrained);
  if (strained === state.overloaded) return { overloaded: state.overloaded, contrary: 0 };
  const contrary = state.contrary + 1;
  return contrary >= SECONDS_TO_CHANGE
    ? { overloaded: strained, contrary: 0 }
    : { overloaded: state.overloaded, contrary };
}

function isStrained({ utilization, late }: LoadSample): boolean {
  const tolerated = utilization >= BUSY_UTILIZATION ? MAX_LATE_WHEN_BUSY : MAX_LATE;
  return utilization >= MAX_UTILIZATION || late >= tolerated;
}
