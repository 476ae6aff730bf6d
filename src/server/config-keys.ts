import { z } from 'zod';
import { type ConfigKey, key } from './config-key.ts';
import { DIAL_KEYS } from './config-dial-keys.ts';
import { RECORDING_KEYS } from './config-recording-keys.ts';
import { SPEECH_KEYS } from './config-speech-keys.ts';
import { STORAGE_KEYS } from './config-storage-keys.ts';
import {
  allowedAddress,
  documentPlace,
  eventUrl,
  host,
  hostPort,
  oneOf,
  ownAddress,
  portRange,
  publicUrl,
  secret,
  sipListener,
  uuid,
  wholeNumber,
} from './config-values.ts';

const DAY_SECONDS = 86_400;

/**
 * Every setting there is: the only list of them. The names are those of the file; the environment variable and
 * the flag of each follow from them (`http.public_url`: `OPENSWML_HTTP_PUBLIC_URL`, `--http-public-url`).
 */
export const CONFIG_KEYS = {
  data_dir: key({
    schema: z.string().min(1, 'expected the path of a folder'),
    kind: 'text',
    default: './data',
    description: 'Folder of the database and the recordings.',
    path: true,
  }),
  project_id: key({
    schema: uuid,
    kind: 'text',
    default: undefined,
    description: 'Project id in callbacks and user name of the REST API; made up once when not set.',
  }),
  space_id: key({
    schema: uuid,
    kind: 'text',
    default: undefined,
    description: 'Space id in callbacks; made up once when not set.',
  }),
  node_id: key({
    schema: uuid,
    kind: 'text',
    default: undefined,
    description: 'Node id in callbacks; made up once when not set.',
  }),
  api_token: key({
    schema: secret,
    kind: 'text',
    default: undefined,
    description: 'Password of the REST API; made up once when not set.',
    secret: true,
  }),
  signing_key: key({
    schema: secret,
    kind: 'text',
    default: undefined,
    description: 'Key that document fetches and callbacks are signed with; nothing is signed without one.',
    secret: true,
  }),
  link_key: key({
    schema: secret,
    kind: 'text',
    default: undefined,
    description: 'Key of expiring download links; made up once when not set. A new one ends all links.',
    secret: true,
  }),
  protect_recordings: key({
    schema: z.boolean('expected true or false'),
    kind: 'boolean',
    default: false,
    description: 'Whether downloads of recordings need the credentials of the REST API.',
  }),
  warm_up: key({
    schema: z.boolean('expected true or false'),
    kind: 'boolean',
    default: true,
    description:
      'Whether the server prepares itself: it makes its voice ready at the start, and, once it takes calls, has some with itself for a minute or so, until the first real one comes, so that real ones are answered as fast as later ones.',
  }),
  document: {
    source: key({
      schema: documentPlace,
      kind: 'text',
      default: undefined,
      description:
        'The SWML document that incoming calls run: a path, or an http(s) URL that is asked for each call.',
      path: true,
    }),
    fallback: key({
      schema: documentPlace,
      kind: 'text',
      default: undefined,
      description: 'The document to run when the first one cannot be had or is not valid.',
      path: true,
    }),
    method: key({
      schema: oneOf('POST', 'GET'),
      kind: 'text',
      default: 'POST',
      description: 'How these two are asked when they are URLs; GET carries nothing about the call.',
    }),
  },
  sip: {
    listen: key({
      schema: z
        .array(sipListener)
        .min(1, 'expected at least one address')
        .max(32, 'expected at most 32 addresses'),
      kind: 'list',
      default: ['udp://0.0.0.0:5060', 'tcp://0.0.0.0:5060'],
      description: 'Addresses to take calls on.',
    }),
    advertised_address: key({
      schema: host,
      kind: 'text',
      default: undefined,
      description: 'Address that callers reach this machine by, when it stands behind a one-to-one NAT.',
    }),
  },
  dial: DIAL_KEYS,
  rtp: {
    bind: key({
      schema: ownAddress,
      kind: 'text',
      default: '0.0.0.0',
      description: 'Address that audio is received on.',
    }),
    ports: key({
      schema: portRange,
      kind: 'text',
      default: '20000-29999',
      description:
        'UDP ports for audio, two for each call; open them in the firewall. Where none are left, calls are answered with 503.',
    }),
    codecs: key({
      schema: z
        .array(oneOf('PCMU', 'PCMA', 'G722', 'OPUS'))
        .min(1, 'expected at least one codec')
        .refine((codecs) => new Set(codecs).size === codecs.length, 'expected each codec once'),
      kind: 'list',
      default: ['OPUS', 'G722', 'PCMU', 'PCMA'],
      description: 'Codecs to accept; the order of the caller decides, that of this list in offers of ours.',
    }),
    threads: key({
      schema: wholeNumber(0, 256),
      kind: 'number',
      default: 0,
      description: 'Media threads, among which calls are spread evenly. 0: as many as there are cores.',
    }),
    conceal_loss: key({
      schema: z.boolean('expected true or false'),
      kind: 'boolean',
      default: true,
      description:
        'Whether lost packets are concealed in what is heard, recorded and understood; else they are silent.',
    }),
    idle_media: key({
      schema: oneOf('silence', 'keepalive', 'none'),
      kind: 'text',
      default: 'silence',
      description: 'What is sent while nothing plays: silence, now and then a packet, or nothing.',
    }),
    keepalive_seconds: key({
      schema: wholeNumber(15, 3600),
      kind: 'number',
      default: 15,
      description: 'With idle_media keepalive: longest time in which nothing is sent.',
    }),
    io: key({
      schema: oneOf('auto', 'node'),
      kind: 'text',
      default: 'auto',
      description:
        'How packets and recordings reach the system. auto: by io_uring on Linux 6.1 and later, where it is allowed.',
    }),
  },
  dtmf: {
    inband: key({
      schema: oneOf('auto', 'always', 'never'),
      kind: 'text',
      default: 'auto',
      description:
        'When tones in the audio are taken for keys. auto: while the other side has no telephone-event.',
    }),
  },
  http: {
    listen: key({
      schema: hostPort,
      kind: 'text',
      default: '0.0.0.0:8080',
      description: 'Address of the HTTP server.',
    }),
    public_url: key({
      schema: publicUrl,
      kind: 'text',
      default: undefined,
      description:
        'How others reach the HTTP server; base of record URLs. Default: http, the main address, the port.',
    }),
  },
  limits: {
    max_calls: key({
      schema: wholeNumber(1, 100_000),
      kind: 'number',
      default: 2_000,
      description: 'Calls at once; further ones are answered with 503.',
    }),
    setups_per_second: key({
      schema: wholeNumber(0, 100_000),
      kind: 'number',
      default: 0,
      description: 'New calls a second; further ones are answered with 503. 0: no limit.',
    }),
    max_recordings: key({
      schema: wholeNumber(0, 100_000),
      kind: 'number',
      default: 0,
      description:
        'While as many recordings run, new calls are answered with 503; those that are up may still begin theirs. 0: no limit.',
    }),
    min_free_disk_mb: key({
      schema: wholeNumber(0, 100_000_000),
      kind: 'number',
      default: 100,
      description:
        'New calls are answered with 503 while less than this is free where recordings grow, MB. 0: no limit.',
    }),
    refuse_when_overloaded: key({
      schema: z.boolean('expected true or false'),
      kind: 'boolean',
      default: true,
      description:
        'Whether new calls are answered with 503 while the machine cannot keep pace with those there are, or with all that come.',
    }),
    setup_wait_ms: key({
      schema: wholeNumber(50, 32_000),
      kind: 'number',
      default: 2000,
      description:
        'How long a new call may wait, where more come than can be set up at once, before it is answered with 503, ms.',
    }),
    drain_seconds: key({
      schema: wholeNumber(0, 7 * DAY_SECONDS),
      kind: 'number',
      default: 25,
      description: 'How long running calls may go on after SIGTERM before they are ended.',
    }),
    max_call_seconds: key({
      schema: wholeNumber(1, 7 * DAY_SECONDS),
      kind: 'number',
      default: 14_400,
      description: 'Longest call, unless the document sets a shorter one.',
    }),
    max_recording_seconds: key({
      schema: wholeNumber(1, 7 * DAY_SECONDS),
      kind: 'number',
      default: 14_400,
      description: 'Longest recording, unless the document sets a shorter one.',
    }),
  },
  network: {
    allow: key({
      schema: z.array(allowedAddress).max(1_000, 'expected at most 1000 entries'),
      kind: 'list',
      default: [],
      description: 'Private addresses, ranges and host names that documents, callbacks and calls may reach.',
    }),
    https_only: key({
      schema: z.boolean('expected true or false'),
      kind: 'boolean',
      default: false,
      description: 'Whether outgoing requests by plain http are refused.',
    }),
  },
  callbacks: {
    give_up_after_seconds: key({
      schema: wholeNumber(0, 30 * DAY_SECONDS),
      kind: 'number',
      default: DAY_SECONDS,
      description: 'How long a callback is tried before it becomes a dead letter.',
    }),
    concurrency: key({
      schema: wholeNumber(1, 1_000),
      kind: 'number',
      default: 16,
      description: 'Callbacks under way at once.',
    }),
    per_receiver: key({
      schema: wholeNumber(1, 1_000),
      kind: 'number',
      default: 4,
      description: 'Callbacks under way at once to one receiver.',
    }),
    script_warning_url: key({
      schema: eventUrl,
      kind: 'text',
      default: undefined,
      description:
        'Where `calling.script.warning` events of all calls go; without it they are in the log alone.',
    }),
  },
  metrics: {
    open: key({
      schema: z.boolean('expected true or false'),
      kind: 'boolean',
      default: false,
      description: 'Whether GET /metrics needs no credentials.',
    }),
  },
  recording: RECORDING_KEYS,
  sounds: {
    cache_mb: key({
      schema: wholeNumber(0, 100_000),
      kind: 'number',
      default: 64,
      description:
        'Memory for sounds that were fetched by http, as long as their servers allow, MB. 0: none.',
    }),
    disk_mb: key({
      schema: wholeNumber(0, 1_000_000),
      kind: 'number',
      default: 512,
      description: 'Disk for the same over a restart, in cache/sounds of the data folder, MB. 0: none.',
    }),
    max_mb: key({
      schema: wholeNumber(1, 10_000),
      kind: 'number',
      default: 256,
      description: 'Largest file that is played, MB.',
    }),
    max_seconds: key({
      schema: wholeNumber(1, DAY_SECONDS),
      kind: 'number',
      default: 14_400,
      description: 'Longest file that is played.',
    }),
  },
  speech: SPEECH_KEYS,
  storage: STORAGE_KEYS,
  trace: {
    dir: key({
      schema: z.string().min(1, 'expected the path of a folder'),
      kind: 'text',
      default: undefined,
      description: 'Folder for a trace of each call, with what its party said; no traces without it.',
      path: true,
    }),
    audio: key({
      schema: z.boolean('expected true or false'),
      kind: 'boolean',
      default: true,
      description: 'Whether traces keep what the party said; never without consent, where that is asked for.',
    }),
    keep_days: key({
      schema: wholeNumber(1, 3_650),
      kind: 'number',
      default: 7,
      description: 'Days after which traces are deleted.',
    }),
  },
  log: {
    level: key({
      schema: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
      kind: 'text',
      default: 'info',
      description: 'Least severity that is logged.',
    }),
    format: key({
      schema: oneOf('auto', 'pretty', 'json'),
      kind: 'text',
      default: 'auto',
      description: 'pretty for people, json for machines, auto: pretty on a terminal.',
    }),
  },
} as const;

type ValuesOf<T> = {
  readonly [K in keyof T]: T[K] extends ConfigKey<infer Value> ? Value : ValuesOf<T[K]>;
};

/** The settings in use. */
export type Config = ValuesOf<typeof CONFIG_KEYS>;

/** A key with the names it goes by. */
export interface NamedConfigKey extends ConfigKey<unknown> {
  /** E.g. `http.public_url`. */
  readonly name: string;
  /** E.g. `OPENSWML_HTTP_PUBLIC_URL`. */
  readonly env: string;
  /** E.g. `--http-public-url`; secrets have none. */
  readonly flag: string | undefined;
}

/** All keys in the order of the list: for the loader, the help text, the print-out and the docs. */
export const NAMED_KEYS: readonly NamedConfigKey[] = keysIn(CONFIG_KEYS, '');

/** Names of the groups, such as `http`. */
export const CONFIG_GROUPS: ReadonlySet<string> = new Set(
  NAMED_KEYS.flatMap(({ name }) => {
    const parts = name.split('.');
    return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('.'));
  }),
);

/** Groups may stand in groups. */
function keysIn(group: object, prefix: string): NamedConfigKey[] {
  return Object.entries(group).flatMap(([name, entry]: [string, object]) =>
    isKey(entry) ? [named(prefix + name, entry)] : keysIn(entry, `${prefix}${name}.`),
  );
}

function isKey(entry: object): entry is ConfigKey<unknown> {
  return 'schema' in entry;
}

function named(name: string, entry: ConfigKey<unknown>): NamedConfigKey {
  return {
    ...entry,
    name,
    env: `OPENSWML_${name.replaceAll('.', '_').toUpperCase()}`,
    flag: entry.secret === true ? undefined : `--${name.replace(/[._]/g, '-')}`,
  };
}
