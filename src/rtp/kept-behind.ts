import type { SampleRing } from './sample-ring.ts';

/** Positions kept behind the recorders' position, so that they may read in larger portions, ms. */
export const KEEP_BEHIND_LAG_MS = 200;
/** What may be forgotten is, once it is so many ticks long, or the room is needed. */
export const FORGET_TICKS = 4;

export interface KeptBehindOptions {
  /** Behind the head, samples. */
  readonly usual: number;
  /** From the oldest position that is usually kept to the farthest that a sender may run ahead, samples. */
  readonly room: number;
  /** What may be held behind the head, at most, samples. */
  readonly longest: number;
}

/** How much of what was received a timeline keeps behind its head: a little, and more where somebody will want it. */
export class KeptBehind {
  /** Samples. */
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

  /**
   * Forgets what is kept no longer, so that there is as much room ahead as there can be.
   * @param until nothing has been received behind here
   */
  forget(ring: SampleRing, head: number, until: number): void {
    const usual = head - this.usual;
    const held = head < this.#heldUntil ? this.#heldFrom : usual;
    const oldest = Math.max(Math.min(usual, held), head - this.#longest);
    ring.forgetBefore(oldest);
    ring.fit(Math.max(0, usual - Math.max(0, oldest)) + this.#room, Math.max(head, until));
  }

  /** Behind the farthest position that a sender may run ahead to: what is held takes nothing from it, and adds nothing. */
  endOf(ring: SampleRing, head: number): number {
    return Math.min(ring.end, Math.max(0, head - this.usual) + this.#room);
  }
}
