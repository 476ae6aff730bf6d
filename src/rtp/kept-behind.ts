import type { SampleRing } from './sample-ring.ts';

/** Recorders that begin or lag behind may read so far back from the head, ms; it goes up where more is held. */
export const MAX_HELD_MS = 10_000;

export interface KeptBehindOptions {
  /** Behind the head, samples. */
  readonly usual: number;
  /** From the oldest position that is usually kept to the farthest that a sender may run ahead, samples. */
  readonly room: number;
  /** What is held behind the head, at most, samples. */
  readonly longest: number;
}

/** How much of what was received a timeline keeps behind its head: a little, and more where somebody will want it. */
export class KeptBehind {
  readonly usual: number;
  readonly #room: number;
  readonly #longest: number;
  #heldFrom = Number.POSITIVE_INFINITY;
  #heldUntil = 0;

  constructor({ usual, room, longest }: KeptBehindOptions) {
    this.usual = usual;
    this.#room = room;
    this.#longest = longest;
  }

  /**
   * Keeps what lies from `from` on, too, in the place of what was held before.
   * @param until position of the head at which that is over; default never
   */
  hold(from: number, until = Number.POSITIVE_INFINITY): void {
    this.#heldFrom = from;
    this.#heldUntil = until;
  }

  /** Forgets what is kept no longer, so that there is as much room ahead as there can be. */
  forget(ring: SampleRing, head: number): void {
    const usual = head - this.usual;
    const held = head < this.#heldUntil ? this.#heldFrom : usual;
    const oldest = Math.max(Math.min(usual, held), head - this.#longest);
    ring.forgetBefore(oldest);
    if (oldest < usual) ring.widen(usual - Math.max(0, oldest) + this.#room);
  }
}
