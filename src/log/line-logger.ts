import { isatty } from 'node:tty';
import type { Clock } from '../time/clock.ts';
import { RealClock } from '../time/real-clock.ts';
import { LevelLogger, type WrittenLevel } from './level-logger.ts';
import { LogFile } from './log-file.ts';
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
  /** Resolves when everything logged so far is written that can be. */
  flush(): Promise<void>;
}

/** Levels by how much they matter. */
const SEVERITY: Readonly<Record<LogLevel, number>> = {
  trace: 1,
  debug: 2,
  info: 3,
  warn: 4,
  error: 5,
  fatal: 6,
  silent: 7,
};

/**
 * Never blocks: lines are formatted at once and written behind the scenes; at exit the rest is written out. A log that
 * cannot be written harms nobody: what it loses for that is told in it once it can be.
 * @throws the error of the system when a file cannot be opened
 */
export function createLogger(options: LoggerOptions): RootLogger {
  const target = options.destination ?? 1;
  const out =
    typeof target === 'object'
      ? undefined
      : new LogFile({
          target,
          clock: new RealClock(),
          onLost: (count) =>
            logger.warn({ lines: count }, 'lines of this log were lost, which could not be written'),
        });
  const turns = out && new TurnSink(out, new RealClock());
  const sink: LogSink = turns ?? (target as LogSink);
  const lines: Lines = {
    sink: options.format === 'pretty' ? prettySink(sink, options.colors ?? wantsColors(target)) : sink,
    from: SEVERITY[options.level],
    time: isoTimes(options.clock ?? new RealClock()),
  };
  const logger = new LineLogger(lines);
  const flush = async (): Promise<void> => {
    turns?.release();
    await out?.flush();
  };
  return Object.assign(logger, { flush });
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

/** What the loggers of a program share. */
interface Lines {
  readonly sink: LogSink;
  /** The least {@link SEVERITY} that is written. */
  readonly from: number;
  /** The time of a line, as ISO 8601. */
  readonly time: () => string;
}

/** Writes one JSON object a line: level, time, fields of the loggers that it is a child of, its own, message. */
class LineLogger extends LevelLogger {
  readonly #lines: Lines;
  readonly #parent: LineLogger | undefined;
  readonly #fields: LogFields;
  /** The fields as they stand in each line; made with the first one, since most children never write any. */
  #written: string | undefined;

  constructor(lines: Lines, parent?: LineLogger, fields: LogFields = {}) {
    super();
    this.#lines = lines;
    this.#parent = parent;
    this.#fields = fields;
  }

  child(fields: LogFields): Logger {
    return new LineLogger(this.#lines, this, fields);
  }

  get #bindings(): string {
    const parent = this.#parent;
    this.#written ??= (parent === undefined ? '' : parent.#bindings) + membersOf(this.#fields);
    return this.#written;
  }

  protected write(level: WrittenLevel, fields: LogFields, message: string): void {
    const { sink, from, time } = this.#lines;
    if (SEVERITY[level] < from) return;
    const text = JSON.stringify(redactText(message));
    sink.write(
      `{"level":"${level}","time":"${time()}"${this.#bindings}${membersOf(fields)},"msg":${text}}\n`,
    );
  }
}

/** Fields as members of a JSON object that has others before them: `,"codec":"PCMU"`. */
function membersOf(fields: LogFields): string {
  const json = JSON.stringify(redactFields(fields));
  return json === '{}' ? '' : `,${json.slice(1, -1)}`;
}

/** Wall-clock time as `toISOString` has it, whose costly part is made once a second. */
function isoTimes(clock: Clock): () => string {
  let second = Number.NaN;
  let prefix = '';
  return () => {
    const now = Math.floor(clock.now());
    const whole = Math.floor(now / 1000);
    if (whole !== second) {
      second = whole;
      prefix = new Date(whole * 1000).toISOString().slice(0, -'000Z'.length);
    }
    return `${prefix}${String(now - whole * 1000).padStart(3, '0')}Z`;
  };
}

function prettySink(sink: LogSink, colors: boolean): LogSink {
  return { write: (line) => sink.write(prettyLine(line, colors)) };
}
