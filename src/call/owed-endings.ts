import type { Logger } from '../log/logger.ts';
import { StorageError, type StorageErrorCode } from '../storage/errors.ts';
import type { RecordingRow } from '../storage/recordings.ts';
import type { Clock, Timer } from '../time/clock.ts';

/** How a recording ended, which its row has yet to say. */
export interface OwedEnding {
  /** The row as it was while it ran, or as it would have begun. */
  readonly before: RecordingRow;
  /** There is neither a file nor a row of it: it could not begin. */
  readonly neverBegan?: boolean;
  /** Writes it, with all that follows from it; within a transaction, and again where that failed. */
  readonly write: () => void;
}

export interface OwedEndingsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Rejects when it could not be stored. */
  readonly store: (ending: OwedEnding) => Promise<void>;
}

/** A disk is given room, or a program lets go of the database, in seconds at best. A try may take 2 s of them. */
const RETRY_MS = 5_000;
/** Endings that are kept at most, with their peaks some 10 kB a minute: of further ones, the next start finds the files. */
const MAX_OWED = 1_000;
/** With so many, none is taken of recordings that never began: a script may try to record again and again. */
const MAX_WITH_NOT_BEGUN = 500;
/** What no later try mends. */
const FINAL: readonly StorageErrorCode[] = ['closed', 'not_found', 'constraint'];

/**
 * Endings that could not be stored (a full disk, a database that another program holds): they are stored, and told of,
 * as soon as that is possible, and not only by a next start, which would know no more than that there is a file.
 */
export class OwedEndings {
  readonly #options: OwedEndingsOptions;
  /** In their order. */
  #owed: OwedEnding[] = [];
  #timer: Timer | undefined;
  #trying: Promise<void> | undefined;
  #closed = false;

  constructor(options: OwedEndingsOptions) {
    this.#options = options;
  }

  /** @param cause why it could not be stored: is there hope, it is tried again */
  add(ending: OwedEnding, cause: unknown): void {
    const most = ending.neverBegan === true ? MAX_WITH_NOT_BEGUN : MAX_OWED;
    if (this.#closed || !isPassing(cause) || this.#owed.length >= most) return;
    this.#owed.push(ending);
    this.#wait();
  }

  /** Tries once more, for the last time. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#trying;
    await this.#try();
  }

  #wait(): void {
    if (this.#closed || this.#timer !== undefined || this.#trying !== undefined) return;
    this.#timer = this.#options.clock.after(RETRY_MS, () => {
      this.#timer = undefined;
      this.#trying = this.#try().finally(() => {
        this.#trying = undefined;
        if (this.#owed.length > 0) this.#wait();
      });
    });
  }

  /** Until the first that fails again: each try may hold up this thread. */
  async #try(): Promise<void> {
    const { store, log } = this.#options;
    for (let ending = this.#owed[0]; ending !== undefined; ending = this.#owed[0]) {
      const about = { call_id: ending.before.callId, recording_id: ending.before.id };
      try {
        await store(ending);
        log.info(about, 'the end of a recording is stored, which could not be before');
      } catch (cause) {
        if (isPassing(cause)) return;
        log.error({ ...about, err: cause }, 'the end of a recording can never be stored');
      }
      this.#owed.shift();
    }
  }
}

function isPassing(cause: unknown): boolean {
  return cause instanceof StorageError && !FINAL.includes(cause.code);
}
