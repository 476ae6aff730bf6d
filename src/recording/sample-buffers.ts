/** Free buffers that are kept for the next recording; more are left to the garbage collector. */
const MAX_FREE = 64;

/**
 * Buffers of 16-bit samples that go round between recorders and the disk: a recorder fills one, hands it over
 * and goes on with another, so audio is copied once. One pool per thread serves all recordings.
 */
export class SampleBuffers {
  readonly #free = new Map<number, Int16Array[]>();

  /** A buffer of `length` samples, contents arbitrary. */
  acquire(length: number): Int16Array {
    return this.#free.get(length)?.pop() ?? new Int16Array(length);
  }

  /** Gives a buffer back that nobody reads or writes any more. */
  release(buffer: Int16Array): void {
    const free = this.#free.get(buffer.length);
    if (free === undefined) this.#free.set(buffer.length, [buffer]);
    else if (free.length < MAX_FREE) free.push(buffer);
  }
}
