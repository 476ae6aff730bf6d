/** The command line of the soak. */
import { OptionError, readOptions, wholeOption } from '../command.ts';
import { type KindName, kindNames } from './kinds.ts';

export interface SoakOptions {
  /** How long the calls are kept up, min. */
  readonly minutes: number;
  readonly calls: number;
  /** Talk of a call, s: a random time between these, which is what makes the churn. */
  readonly shortest: number;
  readonly longest: number;
  readonly kinds: readonly KindName[];
  /** Between two looks at the server, s. */
  readonly interval: number;
  /** Recordings that are kept, `recording.retention.max_count`. */
  readonly keep: number;
  /** Where the samples and the verdict go, as JSON. */
  readonly save: string | undefined;
}

export const HELP = `Usage: npm run soak -- [options]

Keeps calls up that come and go, of all kinds, for a long time, and looks again and again at what the server holds:
memory, file descriptors, threads, timers, rows, files. Each recording is held against what its caller said. Fails
when anything rises for good, or is still there when all calls are over. Linux only.

  --minutes N    how long, 2 to 1440 (60)
  --calls N      calls that are up at once, 1 to 2000 (300)
  --shortest S   shortest talk, 1 to 600 (5)
  --longest S    longest talk, 1 to 600 (60): short calls are more churn
  --kinds LIST   some of ${kindNames().join(',')}
                 (all, by shares that are fixed)
  --interval S   between two looks at the server, 2 to 60 (10)
  --keep N       recordings that retention keeps, 10 to 100000 (600)
  --save FILE    write all samples and the verdict to FILE, as JSON

Exit status: 0 when nothing leaks and every recording is right, 1 when not, 2 for wrong options, 130 after Ctrl-C.
`;

/** @returns undefined when help is asked for @throws OptionError */
export function parseSoakOptions(args: readonly string[]): SoakOptions | undefined {
  const values = readOptions(args, {
    minutes: { type: 'string', default: '60' },
    calls: { type: 'string', default: '300' },
    shortest: { type: 'string', default: '5' },
    longest: { type: 'string', default: '60' },
    kinds: { type: 'string' },
    interval: { type: 'string', default: '10' },
    keep: { type: 'string', default: '600' },
    save: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help === true) return undefined;
  const shortest = wholeOption('shortest', values.shortest, 1, 600);
  const longest = wholeOption('longest', values.longest, 1, 600);
  if (longest < shortest) {
    throw new OptionError(`--longest ${longest}: expected at least --shortest, which is ${shortest}`);
  }
  return {
    minutes: wholeOption('minutes', values.minutes, 2, 1440),
    calls: wholeOption('calls', values.calls, 1, 2000),
    shortest,
    longest,
    kinds: values.kinds?.split(',').map(kindOf) ?? kindNames(),
    interval: wholeOption('interval', values.interval, 2, 60),
    keep: wholeOption('keep', values.keep, 10, 100_000),
    save: values.save,
  };
}

function kindOf(name: string): KindName {
  const kind = kindNames().find((known) => known === name);
  if (kind === undefined) throw new OptionError(`--kinds ${name}: expected some of ${kindNames().join(',')}`);
  return kind;
}
