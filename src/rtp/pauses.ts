/** What stands in the place of audio from a position on. */
export interface Pause {
  readonly from: number;
  /** The next audio begins here; unknown while none has come. */
  readonly until: number;
  /** The sender described the noise of its pause; else it is silent. */
  readonly noisy: boolean;
}

/** More than fit into the playout delay; the oldest give way. */
const MAX_PAUSES = 8;

/**
 * Where a sender has put something else in the place of audio, as it said itself: comfort noise (RFC 3389),
 * or keys (RFC 4733). Such a stretch is neither lost nor late, and nothing is made up in it.
 */
export class Pauses {
  readonly #pauses: { from: number; until: number; noisy: boolean }[] = [];

  get any(): boolean {
    return this.#pauses.length > 0;
  }

  begin(from: number, noisy: boolean): void {
    const last = this.#pauses.at(-1);
    if (last !== undefined && last.until === Number.POSITIVE_INFINITY) {
      if (from >= last.from && noisy === last.noisy) return;
      last.until = Math.max(last.from, from);
    }
    if (this.#pauses.length === MAX_PAUSES) this.#pauses.shift();
    this.#pauses.push({ from, until: Number.POSITIVE_INFINITY, noisy });
  }

  /** Audio came for `position`. */
  end(position: number): void {
    const last = this.#pauses.at(-1);
    if (last !== undefined && position >= last.from && position < last.until) last.until = position;
  }

  /** The first that reaches beyond `position`. */
  at(position: number): Pause | undefined {
    for (let i = 0; i < this.#pauses.length; i++) {
      if (this.#pauses[i]!.until > position) return this.#pauses[i];
    }
    return undefined;
  }

  /** Those that end before `position` are of no interest any more. */
  forgetBefore(position: number): void {
    while (this.#pauses.length > 0 && this.#pauses[0]!.until <= position) this.#pauses.shift();
  }
}
