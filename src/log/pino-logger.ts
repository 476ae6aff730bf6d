import { isatty } from 'node:tty';
import { destination as pinoDestination, type Logger as PinoLogger, pino } from 'pino';
import type { Clock } from '../time/clock.ts';
import { RealClock } from '../time/real-clock.ts';
import type { LogFields, Logger, LogLevel } from './logger.ts';
import { prettyLine } from './pretty-line.ts';
import { redactFields, redactText } from './redact.ts';
import { TurnSink } from './turn-sink.ts';

/** Takes finished lines, each with its line end. */
export interface LogSink {
  write(line: string): void;
}

export interface LoggerOptions {
  /** `pretty` for people, `json` (one object a line) for machines. */
  readonly format: 'pretty' | 'json';
  readonly level: LogLevel;
  /** 1: standard output (default), 2: standard error, a path, or anything with `write`. */
  readonly destination?: 1 | 2 | string | LogSink;
  /** Time of the lines; virtual runs pass theirs. */
  readonly clock?: Clock;
  /** Overrides the choice of colours: a terminal without `NO_COLOR` (https://no-color.org). */
  readonly colors?: boolean;
}

/** The logger at the root of the program. */
export interface RootLogger extends Logger {
  /** Resolves when everything logged so far is written. */
  flush(): Promise<void>;
}

/** Lines that wait for a slow terminal or disk, bytes; beyond it they are dropped rather than kept in memory. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/** Never blocks: lines are formatted at once and written behind the scenes; at exit the rest is written out. */
export function createLogger(options: LoggerOptions): RootLogger {
  const target = options.destination ?? 1;
  const clock = options.clock ?? new RealClock();
  const out =
    typeof target === 'object'
      ? undefined
      : pinoDestination({
          dest: target,
          sync: false,
          minLength: 1,
          mkdir: true,
          maxLength: MAX_WAITING_BYTES,
        });
  const turns = out && new TurnSink(out, new RealClock());
  const sink: LogSink = turns ?? (target as LogSink);
  const root = pino(
    {
      level: options.level,
      base: null,
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: unknown) => error },
    },
    options.format === 'pretty' ? prettySink(sink, options.colors ?? wantsColors(target)) : sink,
  );
  const flush = async (): Promise<void> => {
    if (out === undefined) return;
    turns?.release();
    // A destination that is gone cannot be helped by failing; pipes also refuse the sync behind a flush.
    await new Promise<void>((resolve) => {
      out.flush(() => resolve());
    });
  };
  return Object.assign(new RedactingLogger(root), { flush });
}

/** Colours belong to a terminal whose user did not decline them. */
export function wantsColors(
  target: 1 | 2 | string | LogSink,
  env: NodeJS.ProcessEnv = process.env,
  isTerminal: (fd: number) => boolean = isatty,
): boolean {
  const declined = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return !declined && typeof target === 'number' && isTerminal(target);
}

class RedactingLogger implements Logger {
  readonly #pino: PinoLogger;

  constructor(logger: PinoLogger) {
    this.#pino = logger;
  }

  debug(fields: LogFields, message: string): void {
    if (this.#pino.isLevelEnabled('debug')) this.#pino.debug(redactFields(fields), redactText(message));
  }

  info(fields: LogFields, message: string): void {
    if (this.#pino.isLevelEnabled('info')) this.#pino.info(redactFields(fields), redactText(message));
  }

  warn(fields: LogFields, message: string): void {
    if (this.#pino.isLevelEnabled('warn')) this.#pino.warn(redactFields(fields), redactText(message));
  }

  error(fields: LogFields, message: string): void {
    if (this.#pino.isLevelEnabled('error')) this.#pino.error(redactFields(fields), redactText(message));
  }

  child(fields: LogFields): Logger {
    return new RedactingLogger(this.#pino.child(redactFields(fields)));
  }
}

function prettySink(sink: LogSink, colors: boolean): LogSink {
  return { write: (line) => sink.write(prettyLine(line, colors)) };
}
