/** The command line of the load test. */
import { parseArgs } from 'node:util';

export interface LoadOptions {
  /** Calls at once. */
  readonly calls: number;
  /** New calls a second. */
  readonly rate: number;
  /** Time that all calls are up together, s. */
  readonly hold: number;
  /** What the server sends while nothing plays. */
  readonly idle: 'silence' | 'none';
  /** Set-ups a second without media, instead of the load with media. */
  readonly setups: number | undefined;
  readonly runs: number;
  /** Write the figures into bench/baseline.json. */
  readonly save: boolean;
  /** Folder for CPU profiles of the server. */
  readonly profile: string | undefined;
}

/** The options are wrong; the message says how. */
export class OptionError extends Error {}

export const HELP = `Usage: npm run bench -- [options]

Places calls that are recorded, measures what they cost the server, and checks every recording. Linux only.

  --calls N      calls at once, 1 to 5000 (100)
  --rate N       new calls a second, 1 to 1000 (20)
  --hold S       seconds with all calls up, 2 to 600 (10)
  --idle WHAT    what the server sends back: silence, or none (silence)
  --setups N     instead: N call set-ups a second without media, for --hold seconds, 1 to 2000
  --runs N       repeat, and report the medians, 1 to 20 (1)
  --profile DIR  write CPU profiles of the server's threads to DIR
  --save         keep the figures, as multiples of the bare receiver, in bench/baseline.json: later runs compare

Exit status: 0 when every call was answered and every recording is right, 1 when not, 2 for wrong options,
130 after Ctrl-C. Timing alone never fails.
`;

/** @returns undefined when help is asked for @throws OptionError */
export function parseOptions(args: readonly string[]): LoadOptions | undefined {
  const values = read(args);
  if (values.help === true) return undefined;
  const { idle } = values;
  if (idle !== 'silence' && idle !== 'none') {
    throw new OptionError(`--idle ${idle}: expected silence or none`);
  }
  return {
    calls: wholeOption('calls', values.calls, 1, 5000),
    rate: wholeOption('rate', values.rate, 1, 1000),
    hold: wholeOption('hold', values.hold, 2, 600),
    idle,
    setups: values.setups === undefined ? undefined : wholeOption('setups', values.setups, 1, 2000),
    runs: wholeOption('runs', values.runs, 1, 20),
    save: values.save === true,
    profile: values.profile,
  };
}

function read(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        calls: { type: 'string', default: '100' },
        rate: { type: 'string', default: '20' },
        hold: { type: 'string', default: '10' },
        idle: { type: 'string', default: 'silence' },
        setups: { type: 'string' },
        runs: { type: 'string', default: '1' },
        profile: { type: 'string' },
        save: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (cause) {
    throw new OptionError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** @throws OptionError */
export function wholeOption(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new OptionError(`--${name} ${text}: expected a whole number from ${min} to ${max}`);
  }
  return value;
}
