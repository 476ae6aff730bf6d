import { existsSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import path from 'node:path';
import type { z } from 'zod';
import { redactUrl } from '../log/redact.ts';
import { AddressGuard } from '../net/address-guard.ts';
import { refusalOf } from '../net/guarded-connector.ts';
import { closest } from '../swml/suggest.ts';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { type RawValue, readConfigFile, unknownName } from './config-file.ts';
import { type Config, NAMED_KEYS, type NamedConfigKey } from './config-keys.ts';
import { absolutePath, isHttpUrl } from './config-values.ts';

export interface ConfigInputs {
  /** Value of `--config`. Without it: `OPENSWML_CONFIG`, then `openswml.yaml` in the working directory if there. */
  readonly file?: string | undefined;
  /** `process.env`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** By the name of the key (`http.listen`): text, or a value of the key's kind. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** Working directory. */
  readonly cwd: string;
}

export interface LoadedConfig {
  readonly config: Config;
  /** By the name of the key: the value as written, and where. */
  readonly origins: ReadonlyMap<string, RawValue>;
  /** The file that was read. */
  readonly file: string | undefined;
  /** Things that are odd but harmless. */
  readonly warnings: readonly string[];
}

const DEFAULT_FILE = 'openswml.yaml';
const FILE_VARIABLE = 'OPENSWML_CONFIG';
const MASK = '********';
/** Longest part of a wrong value that a message shows, characters. */
const MAX_SHOWN = 60;

/**
 * Reads the settings: defaults, under the file, under the environment, under the flags.
 * @throws ConfigError with every problem there is
 */
export function loadConfig(inputs: ConfigInputs): LoadedConfig {
  const file = configFile(inputs);
  const read = file === undefined ? undefined : readConfigFile(file);
  const problems: ConfigProblem[] = [...(read?.problems ?? [])];
  for (const name of Object.keys(inputs.flags ?? {})) {
    if (!NAMED_KEYS.some((key) => key.name === name))
      problems.push({ where: 'flags', message: unknownName(name) });
  }
  const origins = new Map<string, RawValue>();
  const config: Record<string, unknown> = {};
  for (const key of NAMED_KEYS) {
    const raw = rawValue(key, inputs, read?.values.get(key.name));
    const base = raw.from === 'file' && file !== undefined ? path.dirname(file) : inputs.cwd;
    const value = check(key, raw, base, problems);
    assign(config, key.name, value);
    origins.set(key.name, key.path === true ? { ...raw, value } : raw);
  }
  problems.push(...misplacedTraces(config, origins));
  if (problems.length > 0) throw new ConfigError(problems);
  // Every key of the list was assigned, each with a value of its own schema.
  const checked = config as unknown as Config;
  const warnings = [...oddVariables(inputs.env), ...oddAddresses(checked), ...oddPlaces(checked)];
  return { config: checked, origins, file, warnings };
}

/** The settings in use with their origin, a line for each in the order of the list, secrets masked. */
export function describeConfig(loaded: LoadedConfig): string {
  const lines = NAMED_KEYS.map((key) => {
    const origin = loaded.origins.get(key.name);
    return [`${key.name}: ${show(key, origin?.value)}`, origin?.source ?? 'default'] as const;
  });
  const width = Math.max(...lines.map(([text]) => text.length));
  return lines.map(([text, source]) => `${text.padEnd(width)}  # ${source}\n`).join('');
}

/**
 * Old traces are deleted by their names, `DAY/ID.wav`, which recordings have as well; and a cache goes with all that
 * lies in it.
 */
function misplacedTraces(
  config: Readonly<Record<string, unknown>>,
  origins: ReadonlyMap<string, RawValue>,
): readonly ConfigProblem[] {
  // Either may be wrong, or not set.
  const { data_dir: data, trace } = config as { data_dir?: string; trace: { dir?: string } };
  const { dir } = trace;
  if (data === undefined || dir === undefined) return [];
  const taken = ['recordings', 'cache'].map((name) => path.join(data, name));
  if (!taken.some((folder) => `${dir}${path.sep}`.startsWith(`${folder}${path.sep}`))) return [];
  const where = origins.get('trace.dir')?.source ?? 'trace.dir';
  const message = `trace.dir: expected a folder that is not in recordings or cache of data_dir, found "${dir}"`;
  return [{ where, message }];
}

function configFile({ file, env, cwd }: ConfigInputs): string | undefined {
  const named = file ?? (env[FILE_VARIABLE] === '' ? undefined : env[FILE_VARIABLE]);
  if (named !== undefined) return path.resolve(cwd, named);
  const standard = path.join(cwd, DEFAULT_FILE);
  return existsSync(standard) ? standard : undefined;
}

function rawValue(key: NamedConfigKey, inputs: ConfigInputs, fromFile: RawValue | undefined): RawValue {
  const flag = inputs.flags?.[key.name];
  if (flag !== undefined) return { value: fromText(key, flag), source: key.flag ?? key.name, from: 'flag' };
  const variable = inputs.env[key.env];
  // An empty variable is how shells and containers spell "not set".
  if (variable !== undefined && variable !== '') {
    return { value: fromText(key, variable), source: key.env, from: 'env' };
  }
  return fromFile ?? { value: key.default, source: 'default', from: 'default' };
}

/** Turns text into the kind of the key; what does not fit stays text, for the schema to refuse. */
function fromText(key: NamedConfigKey, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const text = value.trim();
  switch (key.kind) {
    case 'text':
      return text;
    case 'number':
      return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
    case 'boolean':
      if (/^(?:true|yes|on|1)$/i.test(text)) return true;
      return /^(?:false|no|off|0)$/i.test(text) ? false : text;
    case 'list':
      return text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '');
  }
}

function check(key: NamedConfigKey, raw: RawValue, base: string, problems: ConfigProblem[]): unknown {
  if (raw.value === undefined) return undefined;
  const result = key.schema.safeParse(raw.value);
  if (!result.success) {
    for (const issue of result.error.issues) {
      problems.push({ where: raw.source, message: `${key.name}: ${explain(key, issue, raw.value)}` });
    }
    return undefined;
  }
  if (key.path !== true) return result.data;
  const made = (value: unknown): unknown => (typeof value === 'string' ? absolutePath(value, base) : value);
  return Array.isArray(result.data) ? result.data.map(made) : made(result.data);
}

function explain(key: NamedConfigKey, issue: z.core.$ZodIssue, value: unknown): string {
  const [index] = issue.path;
  const wrong = typeof index === 'number' && Array.isArray(value) ? value[index] : value;
  const place = typeof index === 'number' ? `entry ${index + 1}: ` : '';
  const message = issue.code === 'invalid_type' ? expectation(key, issue, wrong) : issue.message;
  if (key.secret === true) return `${place}${message}`;
  const text = typeof wrong === 'string' ? redactUrl(wrong) : (JSON.stringify(wrong) ?? 'nothing');
  const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
  return `${place}${message}, found ${typeof wrong === 'string' ? `"${shown}"` : shown}`;
}

function expectation(key: NamedConfigKey, issue: z.core.$ZodIssueInvalidType, wrong: unknown): string {
  if (issue.message.startsWith('expected ')) return issue.message;
  if (key.kind === 'list' && issue.path.length === 0) return 'expected a list';
  // YAML takes much for a number or a boolean that was meant as text.
  return typeof wrong === 'object' ? 'expected text' : 'expected text (put it in quotes)';
}

/** Variables that look like settings but are none: only a warning, since others may use the prefix too. */
function oddVariables(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set([FILE_VARIABLE, ...NAMED_KEYS.map((key) => key.env)]);
  return Object.keys(env)
    .filter((name) => name.startsWith('OPENSWML_') && !known.has(name))
    .map((name) => {
      const meant = closest(name, known);
      return `${name} is not a setting and is ignored${meant === undefined ? '' : `; did you mean ${meant}?`}`;
    });
}

/** Who calls over IPv6 is told an address of IPv6 for the audio, too: where only IPv4 is received, nothing is heard. */
function oddAddresses({ sip, rtp }: Config): readonly string[] {
  const isMute = rtp.bind === '0.0.0.0' && sip.advertised_address === undefined;
  const overIPv6 = sip.listen.find(({ host }) => isIPv6(host));
  if (!isMute || overIPv6 === undefined) return [];
  const listener = `${overIPv6.protocol}://[${overIPv6.host}]:${overIPv6.port}`;
  return [
    `calls over IPv6 (sip.listen: ${listener}) have no sound, since rtp.bind is 0.0.0.0; set it to ::, which receives IPv4 as well`,
  ];
}

/** A document on this machine, say, that no call could get: told now, since a server is ready without it. */
function oddPlaces({ document, callbacks, network }: Config): readonly string[] {
  const guard = new AddressGuard(network.allow);
  const places = {
    'document.source': document.source,
    'document.fallback': document.fallback,
    'callbacks.script_warning_url': callbacks.script_warning_url,
  };
  return Object.entries(places).flatMap(([name, place]) => {
    if (place === undefined || !isHttpUrl(place)) return [];
    const url = new URL(place);
    if (network.https_only && url.protocol === 'http:') {
      return [`${name}: ${redactUrl(place)} is plain http, which network.https_only refuses`];
    }
    const refusal = refusalOf(url, guard);
    return refusal === undefined ? [] : [`${name}: ${refusal.message}`];
  });
}

function assign(config: Record<string, unknown>, name: string, value: unknown): void {
  const groups = name.split('.');
  const last = groups.pop()!;
  let inner = config;
  for (const group of groups) {
    inner[group] ??= {};
    inner = inner[group] as Record<string, unknown>;
  }
  inner[last] = value;
}

function show(key: NamedConfigKey, value: unknown): string {
  if (value === undefined) return '(not set)';
  if (key.secret === true) return MASK;
  return typeof value === 'string' ? redactUrl(value) : JSON.stringify(value);
}
