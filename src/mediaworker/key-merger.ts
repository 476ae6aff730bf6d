/** How a key came. */
export type KeySource = 'rfc4733' | 'info' | 'inband';

interface Press {
  readonly digit: string;
  readonly source: KeySource;
  readonly position: number;
  /** Ways in which this press has come so far. */
  readonly sources: Set<KeySource>;
}

/**
 * The same press lies at the same place whichever way it comes, give or take a gateway's detection; SIP INFO
 * takes another path through the network, and has no timestamp.
 */
const MEDIA_WINDOW_MS = 150;
const INFO_WINDOW_MS = 1000;
/** Presses that are remembered. */
const REMEMBERED = 16;

/**
 * Counts a press once that comes in more than one way (as a tone and as a telephone-event, say). Two presses
 * of one key stay two: each can be matched once by each of the other ways.
 */
export class KeyMerger {
  readonly #perMs: number;
  readonly #presses: Press[] = [];

  /** @param sampleRate of the positions, Hz */
  constructor(sampleRate: number) {
    this.#perMs = sampleRate / 1000;
  }

  /**
   * @param position where the key went down, samples on the session's timeline
   * @returns false when this press has come in another way before
   */
  isNew(digit: string, source: KeySource, position: number): boolean {
    let nearest: Press | undefined;
    for (const press of this.#presses) {
      if (press.digit !== digit || press.sources.has(source)) continue;
      const apart = Math.abs(press.position - position);
      if (apart > this.#windowOf(press.source, source)) continue;
      if (nearest === undefined || apart < Math.abs(nearest.position - position)) nearest = press;
    }
    if (nearest !== undefined) {
      nearest.sources.add(source);
      return false;
    }
    this.#presses.push({ digit, source, position, sources: new Set([source]) });
    if (this.#presses.length > REMEMBERED) this.#presses.shift();
    return true;
  }

  #windowOf(a: KeySource, b: KeySource): number {
    return this.#perMs * (a === 'info' || b === 'info' ? INFO_WINDOW_MS : MEDIA_WINDOW_MS);
  }
}
