import type { LogFields, Logger } from '../log/logger.ts';
import type { FromWorker } from './worker-messages.ts';

/**
 * The log of a media thread, which goes through the main thread, so that there is one writer of it. Each session has
 * one, though few say anything.
 */
export class PortLogger implements Logger {
  readonly #post: (message: FromWorker) => void;
  readonly #bound: LogFields;

  constructor(post: (message: FromWorker) => void, bound: LogFields = {}) {
    this.#post = post;
    this.#bound = bound;
  }

  debug(fields: LogFields, message: string): void {
    this.#write('debug', fields, message);
  }

  info(fields: LogFields, message: string): void {
    this.#write('info', fields, message);
  }

  warn(fields: LogFields, message: string): void {
    this.#write('warn', fields, message);
  }

  error(fields: LogFields, message: string): void {
    this.#write('error', fields, message);
  }

  child(fields: LogFields): Logger {
    return new PortLogger(this.#post, { ...this.#bound, ...fields });
  }

  #write(level: 'debug' | 'info' | 'warn' | 'error', fields: LogFields, message: string): void {
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
