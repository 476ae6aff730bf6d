import type { MediaEvent } from './protocol.ts';

export interface SessionListenersOptions {
  readonly sessionId: string;
  /** Hz. */
  readonly sampleRate: number;
  readonly onEvent: (event: MediaEvent) => void;
}

/** Audio goes to the main thread in pieces of this length, ms: short enough to break a sound off at once. */
const PIECE_MS = 60;

/** Those on the main thread who listen to the party, at the live head. Whoever is not asked for costs nothing. */
export class SessionListeners {
  readonly #options: SessionListenersOptions;
  /** For each, the piece that is being filled, and how far. */
  readonly #running = new Map<string, { piece: Int16Array; filled: number }>();
  readonly #pieceSamples: number;

  constructor(options: SessionListenersOptions) {
    this.#options = options;
    this.#pieceSamples = (options.sampleRate * PIECE_MS) / 1000;
  }

  /** Somebody wants to {@link observe}. */
  get active(): boolean {
    return this.#running.size > 0;
  }

  /** @param silent samples of silence that it hears before the others; less than a piece */
  start(listenId: string, silent = 0): void {
    this.#running.set(listenId, { piece: new Int16Array(this.#pieceSamples), filled: silent });
  }

  stop(listenId: string): void {
    this.#running.delete(listenId);
  }

  /** @param said the next `count` samples of the party (≤ one piece), from the first on */
  observe(said: Int16Array, count: number): void {
    for (const [listenId, listener] of this.#running) {
      let taken = 0;
      while (taken < count) {
        const { piece, filled } = listener;
        const part = Math.min(count - taken, piece.length - filled);
        piece.set(said.subarray(taken, taken + part), filled);
        taken += part;
        listener.filled += part;
        if (listener.filled < piece.length) continue;
        this.#options.onEvent({
          type: 'heardAudio',
          sessionId: this.#options.sessionId,
          listenId,
          samples: piece,
        });
        listener.piece = new Int16Array(this.#pieceSamples);
        listener.filled = 0;
      }
    }
  }
}
