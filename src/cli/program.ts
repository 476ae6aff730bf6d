/** The command line: all commands, help, and the one place where errors become words and exit statuses. */
import { Command, CommanderError } from 'commander';

import { packageVersion } from '../server/version.ts';
import { EXIT, UsageError } from './errors.ts';
import type { Terminal } from './terminal.ts';

/** What a command is given. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Called once with the exit status when the command has run. */
  exit(status: number): void;
}

type AddCommand = (program: Command, context: CommandContext) => void;

/** Each command is a module of its own, and a command line loads only the one that it names. */
const COMMANDS: Readonly<Record<string, () => Promise<AddCommand>>> = {
  serve: async () => (await import('./commands/serve.ts')).addServeCommand,
  phone: async () => (await import('./commands/phone.ts')).addPhoneCommand,
  check: async () => (await import('./commands/check.ts')).addCheckCommand,
  test: async () => (await import('./commands/test.ts')).addTestCommand,
  trace: async () => (await import('./commands/trace.ts')).addTraceCommand,
  replay: async () => (await import('./commands/replay.ts')).addReplayCommand,
  callbacks: async () => (await import('./commands/callbacks.ts')).addCallbacksCommand,
  recordings: async () => (await import('./commands/recordings.ts')).addRecordingsCommand,
  schema: async () => (await import('./commands/schema.ts')).addSchemaCommand,
};

const VERSION_OPTIONS = ['-V', '--version'];

/**
 * Runs one command line (without `node` and the program's name).
 * @returns the exit status, see `EXIT`
 */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  let status: number = EXIT.ok;
  const program = await buildProgram(args[0], {
    terminal,
    exit: (value) => {
      status = value;
    },
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return status;
  } catch (error) {
    // Commander has already said what was wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof UsageError) {
      terminal.err(`openswml: ${error.message}\n`);
      return EXIT.usage;
    }
    terminal.err(`openswml: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return EXIT.failed;
  }
}

/** @param first the word that should name a command; when it names none, all are there for the help, but for the version */
async function buildProgram(first: string | undefined, context: CommandContext): Promise<Command> {
  const { terminal } = context;
  const program = new Command('openswml')
    .description('Runs SWML voice documents on real SIP calls.')
    .version(packageVersion(), VERSION_OPTIONS.join(', '), 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print the help of a command')
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      outputError: (text, write) => write(`openswml: ${oneLine(text)}\n`),
      getOutHasColors: () => terminal.colors,
      getOutHelpWidth: () => terminal.columns ?? 100,
    });
  if (VERSION_OPTIONS.includes(first ?? '')) return program;
  const named = Object.entries(COMMANDS).filter(([name]) => name === first);
  for (const [, load] of named.length > 0 ? named : Object.entries(COMMANDS))
    (await load())(program, context);
  return program;
}

/** Commander's "error: …" and its suggestion, on one line. */
function oneLine(text: string): string {
  return text
    .trim()
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (.+)\?\)/, ': did you mean $1?')
    .replaceAll('\n', ' ');
}
