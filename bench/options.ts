/** The command line of the load test. */
import { idleOption, OptionError, readOptions, wholeOption } from './command.ts';

export interface LoadOptions {
  /** Calls at once. */
  readonly calls: number;
  /** New calls a second. */
  readonly rate: number;
  /** Time that all calls are up together, s. */
  readonly hold: number;
  /** From the last answer to the measured time, s. */
  readonly settle: number;
  /** From when the server takes calls to the first one, s. */
  readonly rest: number;
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

/** Of one run: each has a port of its own, of 14,116 that there are for callers, and others use these, too. */
const MAX_SETUP_CALLS = 12_000;
export const DEFAULT_SETTLE_S = '10';
/** Voices and codecs that are loaded ahead, and the first calls of the server with itself, are no part of what calls take. */
export const DEFAULT_REST_S = '5';

export const HELP = `Usage: npm run bench -- [options]

Places calls that are recorded, measures what they cost the server, and checks every recording. Linux only.

  --calls N      calls at once, 1 to 5000 (300)
  --rate N       new calls a second, 1 to 1000 (30)
  --hold S       seconds measured with all calls up, 2 to 600 (10)
  --settle S     seconds before that, 0 to 600 (10): code that calls run again and again is compiled by then
  --rest S       seconds before the first call, 0 to 600 (5): from 70 on, the server has warmed itself to the end
  --idle WHAT    what the server sends back: silence, or none (silence)
  --setups N     instead: N call set-ups a second without media, for --hold seconds, 1 to 2000; 12000 calls at most
  --runs N       repeat, and report the medians, 1 to 20 (1)
  --profile DIR  write CPU profiles of the server's threads to DIR
  --save         keep the figures, as multiples of the bare receiver, in bench/baseline.json: later runs compare

Exit status: 0 when every call was answered and lasted, and every recording is right, 1 when not, 2 for wrong options,
130 after Ctrl-C. Timing alone never fails.
`;

/** @returns undefined when help is asked for @throws OptionError */
export function parseOptions(args: readonly string[]): LoadOptions | undefined {
  const values = readOptions(args, {
    calls: { type: 'string', default: '300' },
    rate: { type: 'string', default: '30' },
    hold: { type: 'string', default: '10' },
    settle: { type: 'string', default: DEFAULT_SETTLE_S },
    rest: { type: 'string', default: DEFAULT_REST_S },
    idle: { type: 'string', default: 'silence' },
    setups: { type: 'string' },
    runs: { type: 'string', default: '1' },
    profile: { type: 'string' },
    save: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help === true) return undefined;
  const hold = wholeOption('hold', values.hold, 2, 600);
  const setups = values.setups === undefined ? undefined : wholeOption('setups', values.setups, 1, 2000);
  if (setups !== undefined && setups * hold > MAX_SETUP_CALLS) {
    throw new OptionError(
      `--setups ${setups} for ${hold} s: expected ${MAX_SETUP_CALLS} calls at most; --hold makes it shorter`,
    );
  }
  return {
    calls: wholeOption('calls', values.calls, 1, 5000),
    rate: wholeOption('rate', values.rate, 1, 1000),
    hold,
    settle: wholeOption('settle', values.settle, 0, 600),
    rest: wholeOption('rest', values.rest, 0, 600),
    idle: idleOption(values.idle),
    setups,
    runs: wholeOption('runs', values.runs, 1, 20),
    save: values.save === true,
    profile: values.profile,
  };
}

/** What calls with media are kept and compared as. */
export function nameOfLoad({ calls, idle }: Pick<LoadOptions, 'calls' | 'idle'>): string {
  return `${calls} calls, ${idle === 'none' ? 'nothing' : 'silence'} sent back`;
}
