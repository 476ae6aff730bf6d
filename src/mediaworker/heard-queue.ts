/** Sound that may wait here, ms: as much as the receive side ever lags behind what was expected of it. */
const MAX_WAITING_MS = 400;

/**
 * What the party hears, on its way to the recordings. We send a frame every tick, but the receive timeline, on
 * whose positions recordings are made, stands still for a tick or moves by two when its playout delay adapts.
 * A frame that finds no place waits for the next one, so that prompts are recorded whole and in their time.
 */
export class HeardQueue {
  readonly #frame: number;
  readonly #samples: Int16Array;
  readonly #out: Int16Array;
  /** Counted since the start. */
  #pushed = 0;
  #taken = 0;

  /** @param frame samples of one frame @param sampleRate Hz */
  constructor(frame: number, sampleRate: number) {
    this.#frame = frame;
    this.#samples = new Int16Array(Math.ceil((sampleRate * MAX_WAITING_MS) / 1000 / frame) * frame);
    this.#out = new Int16Array(frame);
  }

  /** Samples put in so far. */
  get pushed(): number {
    return this.#pushed;
  }

  /** Samples that have left again: by being taken, or for lack of room. */
  get taken(): number {
    return this.#taken;
  }

  /** Puts a whole frame in. Without room for it, the oldest frame goes. */
  push(frame: Int16Array): void {
    const capacity = this.#samples.length;
    if (this.#pushed - this.#taken + this.#frame > capacity) this.#taken += this.#frame;
    // A frame never wraps round: the capacity is a multiple of it.
    this.#samples.set(frame, this.#pushed % capacity);
    this.#pushed += this.#frame;
  }

  /** The next `count` (≤ one frame) samples, silence where there are none; valid until the next call. */
  take(count: number): Int16Array {
    const capacity = this.#samples.length;
    const there = Math.min(count, this.#pushed - this.#taken);
    for (let i = 0; i < there; i++) this.#out[i] = this.#samples[(this.#taken + i) % capacity]!;
    this.#out.fill(0, there);
    this.#taken += there;
    return this.#out;
  }
}
