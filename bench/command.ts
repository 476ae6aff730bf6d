/** What the command lines of all measurements share. */
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';

import { onInterrupt } from '../src/cli/interrupts.ts';
import { RealClock } from '../src/time/real-clock.ts';

/** The options are wrong; the message says how. */
export class OptionError extends Error {}

export interface Command<Options> {
  /** As `npm run` has it. */
  readonly name: string;
  readonly help: string;
  /** @returns undefined when help is asked for @throws OptionError */
  readonly parse: (args: readonly string[]) => Options | undefined;
  /** @returns the exit status */
  readonly run: (options: Options) => Promise<number>;
  /** Ends all that runs, before Ctrl-C ends this process. */
  readonly stop: () => Promise<void>;
}

const INTERRUPTED = 130;

/** Runs a command to the end of this process. */
export async function runCommand<Options>(command: Command<Options>): Promise<never> {
  process.exit(await statusOf(command));
}

async function statusOf<Options>({ name, help, parse, run, stop }: Command<Options>): Promise<number> {
  let options: Options | undefined;
  try {
    options = parse(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    console.error(`${name}: ${error.message} (--help lists the options)`);
    return 2;
  }
  if (options === undefined) {
    console.log(help);
    return 0;
  }
  if (process.platform !== 'linux') {
    console.error(`${name}: looks into /proc, which only Linux has; this is ${process.platform}`);
    return 2;
  }
  let interrupted = false;
  onInterrupt(new RealClock(), {
    polite: () => {
      interrupted = true;
      void stop().finally(() => process.exit(INTERRUPTED));
    },
    // What runs is killed with this process, and its folders go.
    atOnce: () => process.exit(INTERRUPTED),
  });
  try {
    return await run(options);
  } catch (error) {
    // What it worked with has been taken away under it.
    if (interrupted) return await new Promise<never>(() => {});
    throw error;
  } finally {
    if (!interrupted) await stop();
  }
}

/** As `parseArgs`. @throws OptionError */
export function readOptions<const Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
) {
  try {
    return parseArgs({ args: [...args], options }).values;
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

/** What the server sends back. @throws OptionError */
export function idleOption(idle: string): 'silence' | 'none' {
  if (idle !== 'silence' && idle !== 'none') {
    throw new OptionError(`--idle ${idle}: expected silence or none`);
  }
  return idle;
}
