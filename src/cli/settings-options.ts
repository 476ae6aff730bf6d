/** The server's settings as command line options: each by its own flag, the frequent ones by a short one too. */
import { type Command, Option } from 'commander';

import { NAMED_KEYS } from '../server/config-keys.ts';
import { parseHostPort } from './values.ts';

/** Values of options, by the names that commander gives them. */
export type OptionValues = Readonly<Record<string, unknown>>;

interface ShortOption {
  readonly flags: string;
  readonly description: string;
  readonly parse?: (text: string) => unknown;
  readonly choices?: readonly string[];
  /** The setting that it stands for. */
  readonly key: string;
}

const ANY_HOST = '0.0.0.0';
const SHORT: readonly ShortOption[] = [
  {
    flags: '--sip <host:port>',
    description: 'address for SIP, UDP and TCP (default: 0.0.0.0:5060)',
    parse: (text) => {
      const address = addressText(text, 5060);
      return [`udp://${address}`, `tcp://${address}`];
    },
    key: 'sip.listen',
  },
  {
    flags: '--http <host:port>',
    description: 'address for HTTP (default: 0.0.0.0:8080)',
    parse: (text) => addressText(text, 8080),
    key: 'http.listen',
  },
  { flags: '--trace <folder>', description: 'keep a trace of each call (default: none)', key: 'trace.dir' },
  { flags: '--data <folder>', description: 'recordings and database (default: ./data)', key: 'data_dir' },
  {
    flags: '--allow <addresses>',
    description:
      'private addresses that documents and callbacks may reach: CIDR, host, host:port, with commas',
    key: 'network.allow',
  },
  {
    flags: '--log <format>',
    description: 'default: pretty in a terminal, else json',
    choices: ['pretty', 'json'],
    key: 'log.format',
  },
  {
    flags: '--log-level <level>',
    description: 'least severity that is logged (default: info)',
    choices: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    key: 'log.level',
  },
];

/** Adds the short options, and one for every setting that may stand on a command line; secrets may not. */
export function addSettingsOptions(command: Command): void {
  for (const { flags, description, parse, choices } of SHORT) {
    const option = new Option(flags, description);
    if (parse !== undefined) option.argParser(parse);
    if (choices !== undefined) option.choices(choices);
    command.addOption(option);
  }
  const shortFlags = SHORT.map(({ flags }) => flagOf(flags));
  for (const { flag, description } of NAMED_KEYS) {
    if (flag === undefined || shortFlags.includes(flag)) continue;
    command.addOption(new Option(`${flag} <value>`, asPhrase(description)).helpGroup('All settings:'));
  }
}

/** The settings that were given, by their names in the configuration. A short option wins over the long one. */
export function settingsOf(values: OptionValues): Record<string, unknown> {
  const flags = [
    ...NAMED_KEYS.flatMap(({ name, flag }) => (flag === undefined ? [] : [{ key: name, flag }])),
    ...SHORT.map(({ key, flags: text }) => ({ key, flag: flagOf(text) })),
  ];
  const settings: Record<string, unknown> = {};
  for (const { key, flag } of flags) {
    const value = values[attributeName(flag)];
    if (value !== undefined) settings[key] = value;
  }
  return settings;
}

function addressText(text: string, port: number): string {
  const address = parseHostPort(text, { host: ANY_HOST, port });
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/** `--sip <host:port>` is `--sip`. */
function flagOf(flags: string): string {
  return flags.split(' ')[0]!;
}

/** `--log-level` is `logLevel` to commander. */
function attributeName(flag: string): string {
  return flag.slice(2).replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** A sentence as help texts write it: small at the beginning, no full stop. */
function asPhrase(sentence: string): string {
  const text = sentence.endsWith('.') ? sentence.slice(0, -1) : sentence;
  return /^[A-Z][a-z]/.test(text) ? `${text[0]!.toLowerCase()}${text.slice(1)}` : text;
}
