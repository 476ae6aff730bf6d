import type { Logger } from '../log/logger.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { StorageError } from './errors.ts';

export interface PruningOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** What is deleted, for the log. */
  readonly what: string;
  /** Deletes at most `limit` rows that are kept no longer. @returns how many. @throws StorageError */
  readonly prune: (limit: number) => number;
}

/** Rows deleted in one go, so that pruning never holds up a call. */
export const PRUNE_BATCH = 1_000;
export const PRUNE_INTERVAL_MS = 600_000;
/** Wait before the next batch when there is more, ms: rows must not outgrow their deletion. */
const PRUNE_NEXT_MS = 1_000;

/** Deletes rows whose time is over: at once, and then every ten minutes, in batches. */
export class Pruning {
  readonly #options: PruningOptions;
  #timer: Timer | undefined;

  constructor(options: PruningOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock } = this.#options;
    this.#timer = clock.after(this.#prune() < PRUNE_BATCH ? PRUNE_INTERVAL_MS : PRUNE_NEXT_MS, () =>
      this.start(),
    );
  }

  close(): void {
    this.#timer?.cancel();
  }

  /** A full disk ends nothing: it is tried again at the next look. */
  #prune(): number {
    const { log, what, prune } = this.#options;
    try {
      return prune(PRUNE_BATCH);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      log.error({ error: error.message }, `${what} could not be pruned, trying again`);
      return 0;
    }
  }
}
