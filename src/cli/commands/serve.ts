import type { Command } from 'commander';

import { createLogger } from '../../log/line-logger.ts';
import { redactUrl } from '../../log/redact.ts';
import { ConfigError } from '../../server/config-error.ts';
import { type LoadedConfig, describeConfig, loadConfig } from '../../server/config.ts';
import { MediaThreadsError } from '../../mediaworker/media-threads.ts';
import { DocumentError } from '../../server/document-error.ts';
import { HttpListenError } from '../../server/http/errors.ts';
import { createServer, type Server, type ServerAddresses } from '../../server/server.ts';
import { ListenError } from '../../sip/errors.ts';
import { StorageError } from '../../storage/errors.ts';
import { RealClock } from '../../time/real-clock.ts';
import { EXIT, UsageError } from '../errors.ts';
import { onInterrupt } from '../interrupts.ts';
import type { CommandContext } from '../program.ts';
import { addSettingsOptions, type OptionValues, settingsOf } from '../settings-options.ts';
import type { Terminal } from '../terminal.ts';

/** Besides the settings. */
interface ServeFlags {
  readonly config?: string;
  readonly printConfig?: true;
}

const EXAMPLES = `
Examples:
  openswml serve examples/voicemail.yaml
  openswml serve https://example.com/swml --data /var/lib/openswml
  openswml serve menu.yaml --sip 127.0.0.1:5070 --http 127.0.0.1:8090 --log json
  openswml serve --config openswml.yaml --print-config

Every setting is listed in docs/configuration.md. The first Ctrl-C ends running calls politely and finishes
their recordings, the second one leaves at once. SIGTERM takes no new calls and gives the running ones
limits.drain_seconds to end by themselves; a second one ends them.

Exit status: 0 after Ctrl-C or SIGTERM, 2 when it cannot start as asked (a port in use, a document with errors),
130 when it was made to leave at once.
`;

export function addServeCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('serve')
    .description('take SIP calls and run a document on each')
    .argument('[document]', 'SWML document: a file, or a URL that is asked for each call')
    .option('-c, --config <file>', 'settings (default: openswml.yaml, if there)')
    .option('--print-config', 'print the settings in use and where they come from, and exit')
    .addHelpText('after', EXAMPLES);
  addSettingsOptions(command);
  command.action(async (document: string | undefined, flags: ServeFlags & OptionValues) => {
    const { terminal } = context;
    const loaded = settings(document, flags);
    for (const warning of loaded.warnings) terminal.err(`openswml: ${warning}\n`);
    if (flags.printConfig === true) terminal.out(describeConfig(loaded));
    else context.exit(await serve(loaded, terminal));
  });
}

/** Runs until a signal. @returns the exit status */
async function serve({ config }: LoadedConfig, terminal: Terminal): Promise<number> {
  const { level, format: asked } = config.log;
  const format = asked === 'auto' ? (terminal.columns === undefined ? 'json' : 'pretty') : asked;
  const log = createLogger({ format, level });
  const server = createServer(config, { log });
  const drained = new AbortController();
  const interrupted = new Promise<NodeJS.Signals>((resolve) => {
    let draining = false;
    onInterrupt(new RealClock(), {
      polite: (signal) => {
        draining = signal === 'SIGTERM' && config.limits.drain_seconds > 0;
        const text = draining
          ? 'no new calls; waiting for running ones; once more ends them'
          : 'ending running calls; once more leaves at once';
        log.info({ signal, ...(draining && { drain_seconds: config.limits.drain_seconds }) }, text);
        resolve(signal);
      },
      atOnce: () => {
        if (!draining) process.exit(EXIT.interrupted);
        draining = false;
        drained.abort();
      },
    });
  });
  const addresses = await started(server);
  if (format === 'pretty') terminal.out(banner(addresses, redactUrl(config.document.source ?? '')));
  else log.info({ event: 'ready', ...addresses, document: config.document.source }, 'ready');
  if ((await interrupted) === 'SIGTERM') {
    await server.drain(config.limits.drain_seconds * 1000, drained.signal);
  }
  await server.stop();
  await log.flush();
  return EXIT.ok;
}

/** @throws UsageError for everything that the user can mend */
async function started(server: Server): Promise<ServerAddresses> {
  try {
    return await server.start();
  } catch (cause) {
    if (
      cause instanceof ConfigError ||
      cause instanceof DocumentError ||
      cause instanceof ListenError ||
      cause instanceof HttpListenError ||
      cause instanceof MediaThreadsError ||
      cause instanceof StorageError
    ) {
      throw new UsageError(cause.message, { cause });
    }
    throw cause;
  }
}

/** @throws UsageError naming every setting that is wrong */
function settings(document: string | undefined, flags: ServeFlags & OptionValues): LoadedConfig {
  const values = settingsOf(flags);
  if (document !== undefined) values['document.source'] = document;
  try {
    return loadConfig({ file: flags.config, env: process.env, flags: values, cwd: process.cwd() });
  } catch (cause) {
    if (cause instanceof ConfigError) throw new UsageError(cause.message, { cause });
    throw cause;
  }
}

function banner({ sipUris, http }: ServerAddresses, document: string): string {
  return [
    '',
    '  OpenSWML is ready for calls.',
    '',
    ...sipUris.map((uri) => `    call   ${uri}`),
    `    http   ${http.url}`,
    `    runs   ${document}`,
    '',
    '  Ctrl-C ends running calls and stops.',
    '',
    '',
  ].join('\n');
}
