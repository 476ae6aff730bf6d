import { Worker } from 'node:worker_threads';
import type { Logger } from '../log/logger.ts';

/** Size of the write-ahead log from which on it is written back, bytes: as many as SQLite's own default of pages. */
export const CHECKPOINT_BYTES = 4 * 1024 * 1024;
/** Pages at which SQLite does it itself, on the thread that commits: where ours does not come to it. */
export const OWN_CHECKPOINT_PAGES = 16_384;

/** Writes the write-ahead log back from a thread of its own, which is started with the first need. */
export class Checkpoints {
  readonly #file: string;
  readonly #log: Logger;
  readonly #entry: URL;
  #worker: Worker | undefined;
  #busy = false;
  #closed = false;

  /** @param file of the database; @param entry for tests: another program of the thread */
  constructor(file: string, log: Logger, entry = new URL('./checkpoint-thread.ts', import.meta.url)) {
    this.#file = file;
    this.#log = log;
    this.#entry = entry;
  }

  /** Writes back what has been committed, unless that is being done. Returns at once. */
  begin(): void {
    if (this.#busy || this.#closed) return;
    try {
      this.#worker ??= this.#start();
    } catch (error) {
      // The system has no thread left.
      this.#failed(error instanceof Error ? error.message : String(error));
      return;
    }
    this.#busy = true;
    this.#worker.postMessage('checkpoint');
  }

  /** Resolves when the thread has left the database, be it by an error, which was told. */
  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    if (worker === undefined) return;
    const over = new Promise<void>((resolve) => {
      worker.once('exit', () => resolve());
    });
    // When nothing else is left, the process must not leave before this is done.
    worker.ref();
    worker.postMessage('close');
    await over;
  }

  #start(): Worker {
    const worker = new Worker(this.#entry, { workerData: this.#file, name: 'checkpoint' });
    worker.unref();
    worker.on('message', (error: string | undefined) => {
      this.#busy = false;
      if (error !== undefined) this.#failed(error);
    });
    worker.on('error', (error) => this.#failed(error.message));
    worker.on('exit', () => {
      this.#busy = false;
      if (this.#worker === worker) this.#worker = undefined;
    });
    return worker;
  }

  /** Nothing is lost: the log grows until it is tried again, or SQLite does it itself. */
  #failed(error: string): void {
    this.#log.warn({ file: this.#file, error }, 'the database log could not be written back');
  }
}
