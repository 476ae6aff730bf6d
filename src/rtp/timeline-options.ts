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
  /** Whether something is made up for what was lost ({@link Concealment}); else it is silence. Default false. */
  readonly conceal?: boolean;
  /** Called before a late packet changes what lies behind the head: to read what live listeners would have had. */
  readonly onRewrite?: (() => void) | undefined;
}
