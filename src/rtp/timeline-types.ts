import type { ReceptionStatistics } from './reception.ts';

/**
 * What became of a packet. `placed`: its samples are on the timeline. `pending`: it does not fit the
 * timeline and waits for its successor to show why. `late`: it came behind the recorders' position.
 * `duplicate`. `foreign`: from a source that the stream left. `overrun`: too far ahead of the head.
 * `empty`: without payload, or longer than 200 ms.
 */
export type PushResult = 'placed' | 'pending' | 'late' | 'duplicate' | 'foreign' | 'overrun' | 'empty';

export interface TimelineStatistics extends ReceptionStatistics {
  /** Packets that came after the head had reached them: live listeners missed them at least in part. */
  readonly late: number;
  /** Packets whose audio is lost although they came: too late for a recorder, too far ahead, or stray. */
  readonly discarded: number;
  /** Packets of a source that the stream did not accept. */
  readonly foreign: number;
  /** Times that the stream got a place on the timeline: at its start, and after each break. */
  readonly anchored: number;
}

/** Of a receive-timeline.ts. */
export interface TimelineOptions {
  /** Sample rate, Hz, and that of the timestamps as they are given to `push`. Default 8000. */
  readonly rate?: number;
  /** The clock's reading at position 0, ms; the same clock as that of `push` and `tick`. */
  readonly startMs: number;
  /** Nominal distance of ticks, ms. Default 20. */
  readonly tickMs?: number;
  /** How far recorders read behind the head, ms: packets up to this late still land. Default 300. */
  readonly lagMs?: number;
  /** Delay of the first packet, ms. Default 40. */
  readonly startDelayMs?: number;
  /** Least playout delay, ms. Default 20. */
  readonly minDelayMs?: number;
  /** Largest playout delay, ms. Default 200. */
  readonly maxDelayMs?: number;
  /** `push` is told when packets came, also those that waited while the process stood still. Default false: when they are read. */
  readonly knowsArrivals?: boolean | undefined;
  /** How far behind the head samples may be held ({@link KeptBehind}), ms. Default: what is kept anyway. */
  readonly maxHeldMs?: number;
  /** Whether something is made up for what was lost ({@link Concealment}); else it is silence. Default false. */
  readonly conceal?: boolean;
  /** Called before a late packet changes what lies behind the head: to read what live listeners would have had. */
  readonly onRewrite?: (() => void) | undefined;
}
