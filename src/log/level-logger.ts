import type { LogFields, Logger } from './logger.ts';

/** Levels that programs write at. */
export type WrittenLevel = 'debug' | 'info' | 'warn' | 'error';

/** A logger whose lines of all levels go one way. */
export abstract class LevelLogger implements Logger {
  debug(fields: LogFields, message: string): void {
    this.write('debug', fields, message);
  }

  info(fields: LogFields, message: string): void {
    this.write('info', fields, message);
  }

  warn(fields: LogFields, message: string): void {
    this.write('warn', fields, message);
  }

  error(fields: LogFields, message: string): void {
    this.write('error', fields, message);
  }

  abstract child(fields: LogFields): Logger;

  protected abstract write(level: WrittenLevel, fields: LogFields, message: string): void;
}
