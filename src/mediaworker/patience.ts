import type { FrameTimes } from './frame-times.ts';

/** Sessions that can wait have their packets looked at each so many frames … */
export const LOOK_FRAMES = 3;
/** … and, those that are in no hurry at all, worked at in the last of so many looks. */
export const LOOKS = 4;
/** Nothing may be decided about a session for so long that it waits for the last look, ms: twice as long as that. */
export const UNHURRIED_MS = 2 * LOOK_FRAMES * LOOKS * 20;

/** How a session may wait, so that what is known of it is fetched from memory once for several packets. */
export interface Patience {
  /** Its own of all turns: there are {@link LOOKS} × {@link looks} of them. */
  readonly turn: number;
  /** Different looks; its packets are looked at in each turn that is its own modulo this. */
  readonly looks: number;
  /** Of the frames of its phase. */
  readonly times: FrameTimes;
  /** It needs no ticks but in its own turn, or needs them again. */
  readonly onSleep: (sleeps: boolean) => void;
}
