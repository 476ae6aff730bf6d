/** Severity; `silent` is above all. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** Fields of one log line. Use `call_id` (UUID of the leg) wherever a call is concerned. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Structured log. Every part of a call logs through a child that carries `call_id`, so one grep follows the
 * call through SIP, media, script and callbacks. Digits that a caller pressed are logged only through
 * `maskDigits` (masked at info level and above).
 */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  child(fields: LogFields): Logger;
}

/** Drops everything. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};
