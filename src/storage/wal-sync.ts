import { open } from 'node:fs/promises';
import type { Logger } from '../log/logger.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { CHECKPOINT_BYTES, type Checkpoints } from './checkpoints.ts';

/** Longest time between a commit and its flush to the disk, ms. */
export const WAL_SYNC_INTERVAL_MS = 1_000;

/**
 * Flushes SQLite's write-ahead log to the disk within a second of a commit, on a thread of the pool. With
 * `synchronous=NORMAL` SQLite leaves that to the kernel, which may take half a minute; with `FULL` it would
 * stop the signalling thread for every commit. The frames of the log are chained by checksums, so a power
 * cut takes at most the last second, whatever order the blocks reached the disk in. A log that has grown long is
 * then written back.
 */
export class WalSync {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #checkpoints: Pick<Checkpoints, 'begin'> | undefined;
  #timer: Timer | undefined;
  #dirty = false;
  #closed = false;

  /**
   * @param databaseFile path of the database; its log is that with `-wal` behind
   * @param checkpoints write it back; undefined: SQLite does that itself
   */
  constructor(
    databaseFile: string,
    clock: Clock,
    log: Logger,
    checkpoints: Pick<Checkpoints, 'begin'> | undefined,
  ) {
    this.#file = `${databaseFile}-wal`;
    this.#clock = clock;
    this.#log = log;
    this.#checkpoints = checkpoints;
  }

  /** Something was committed just now. */
  committed(): void {
    this.#dirty = true;
    if (this.#closed) return;
    this.#timer ??= this.#clock.after(WAL_SYNC_INTERVAL_MS, () => void this.#clock.holdWhile(this.#flush()));
  }

  /** Resolves when all that has been committed by now is on the disk. @throws NodeJS.ErrnoException */
  async durable(): Promise<void> {
    await this.#sync();
  }

  /** Closing the database writes everything back itself. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  async #flush(): Promise<void> {
    this.#dirty = false;
    try {
      if ((await this.#sync()) > CHECKPOINT_BYTES) this.#checkpoints?.begin();
    } catch (error) {
      if (!this.#closed) {
        this.#log.error({ error, file: this.#file }, 'the database log could not be flushed to the disk');
      }
    }
    // Only now: on a disk slower than the interval flushes must not pile up.
    this.#timer = undefined;
    if (this.#dirty) this.committed();
  }

  /** @returns length of the log, bytes */
  async #sync(): Promise<number> {
    // SQLite keeps no locks on the log file itself, so opening and closing it here cannot drop one.
    await using handle = await open(this.#file, 'r+');
    await handle.datasync();
    return (await handle.stat()).size;
  }
}
