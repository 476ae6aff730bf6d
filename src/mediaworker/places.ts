/**
 * So many share a look, and its share of them a turn, before the next one is begun: few sessions wake their thread
 * seldom, for much work at a time, since a processor that has slept works slowly at first; and many do not make one
 * turn long.
 */
export const LOOK_FULL = 152;

/**
 * Which of all turns each session has for its own (see {@link Patience}): those of few sessions lie together, and
 * looks that are begun one after the other lie far from each other.
 */
export class Places<Session> {
  /** Different looks, and turns of a round. */
  readonly looks: number;
  readonly turns: number;
  readonly #places = new Map<Session, number>();
  /** Sessions by look and by turn. */
  readonly #byLook: number[];
  readonly #byTurn: number[];
  /** Looks, in the order in which they are begun. */
  readonly #order: readonly number[];

  /** @param phases of a frame; @param frames from one look at a session to the next; @param rounds looks until its turn */
  constructor(phases: number, frames: number, rounds: number) {
    this.looks = phases * frames;
    this.turns = this.looks * rounds;
    this.#byLook = Array.from({ length: this.looks }, () => 0);
    this.#byTurn = Array.from({ length: this.turns }, () => 0);
    this.#order = Array.from({ length: this.looks }, (_, i) => {
      const frame = Math.floor(i / phases);
      return (frame * phases + (i % phases) * frames) % this.looks;
    });
  }

  /** The turn for one more. */
  next(): number {
    const look = this.#nextLook();
    const full = (LOOK_FULL * this.looks) / this.turns;
    let emptiest = look;
    for (let turn = look; turn < this.turns; turn += this.looks) {
      if (this.#byTurn[turn]! < full) return turn;
      if (this.#byTurn[turn]! < this.#byTurn[emptiest]!) emptiest = turn;
    }
    return emptiest;
  }

  take(session: Session, turn: number): void {
    this.#places.set(session, turn);
    this.#count(turn, 1);
  }

  /** @throws Error for one that has none */
  of(session: Session): number {
    const turn = this.#places.get(session);
    if (turn === undefined) throw new Error('a session without a turn');
    return turn;
  }

  /** @returns the turn that it had. @throws Error for one that has none */
  leave(session: Session): number {
    const turn = this.of(session);
    this.#places.delete(session);
    this.#count(turn, -1);
    return turn;
  }

  #nextLook(): number {
    const open = this.#order.find((look) => this.#byLook[look]! < LOOK_FULL);
    if (open !== undefined) return open;
    return this.#order.reduce((least, look) => (this.#byLook[look]! < this.#byLook[least]! ? look : least));
  }

  #count(turn: number, by: number): void {
    this.#byTurn[turn]! += by;
    this.#byLook[turn % this.looks]! += by;
  }
}
