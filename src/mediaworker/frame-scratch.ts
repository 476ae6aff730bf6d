/**
 * Buffers of one frame for what sessions make and use within one call. The sessions of a thread take turns, so one
 * set serves all of them: nothing is in it that the next call may rely on.
 */
export interface FrameScratch {
  /** What the party says. */
  readonly said: Int16Array;
  /** What goes out. */
  readonly sent: Int16Array;
  /** What the party hears beside what it says. */
  readonly heard: Int16Array;
  /** Both. */
  readonly mixed: Int16Array;
  /** Never written to. */
  readonly silence: Int16Array;
}

const sets = new Map<number, FrameScratch>();

/** @param length of a frame, samples */
export function frameScratch(length: number): FrameScratch {
  let set = sets.get(length);
  if (set === undefined) {
    set = {
      said: new Int16Array(length),
      sent: new Int16Array(length),
      heard: new Int16Array(length),
      mixed: new Int16Array(length),
      silence: new Int16Array(length),
    };
    sets.set(length, set);
  }
  return set;
}
