import { LevelLogger, type WrittenLevel } from '../log/level-logger.ts';
import type { LogFields, Logger } from '../log/logger.ts';
import type { FromWorker } from './worker-messages.ts';

/**
 * The log of a media thread, which goes through the main thread, so that there is one writer of it. Each session has
 * one, though few say anything.
 */
export class PortLogger extends LevelLogger {
  readonly #post: (message: FromWorker) => void;
  readonly #bound: LogFields;

  constructor(post: (message: FromWorker) => void, bound: LogFields = {}) {
    super();
    this.#post = post;
    this.#bound = bound;
  }

  child(fields: LogFields): Logger {
    return new PortLogger(this.#post, { ...this.#bound, ...fields });
  }

  protected write(level: WrittenLevel, fields: LogFields, message: string): void {
    this.#post({ kind: 'log', level, fields: plain({ ...this.#bound, ...fields }), message });
  }
}

/** Errors cross the port as text. */
function plain(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      value instanceof Error ? (value.stack ?? value.message) : value,
    ]),
  );
}
