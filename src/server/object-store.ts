import { isIP } from 'node:net';
import type { Logger } from '../log/logger.ts';
import { HttpClient } from '../net/http-client.ts';
import { headerOf } from '../net/redirects.ts';
import { S3Client, type S3Settings } from '../storage/s3/s3-client.ts';
import type { S3Request, S3Response, S3Transport } from '../storage/s3/s3-transport.ts';
import type { Clock } from '../time/clock.ts';
import { ConfigError } from './config-error.ts';
import type { Config } from './config-keys.ts';

/** The object store of the settings, open. */
export interface ObjectStore {
  readonly client: S3Client;
  /** Whether clients fetch by themselves, by links. */
  readonly links: boolean;
  close(): Promise<void>;
}

const CONNECT_MS = 5_000;
/** For the head of an answer, for each further piece, and for a store that takes no more of what is sent. */
const READ_MS = 30_000;
/** For a whole exchange, and more for what is large: the slowest store that is put up with, bytes a millisecond. */
const TOTAL_MS = 60_000;
const SLOWEST = 16;

/**
 * Undefined when the settings name no store.
 * @throws ConfigError naming what is missing, when they name half of one
 */
export function openObjectStore(
  config: Pick<Config, 'storage'>,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): ObjectStore | undefined {
  const settings = settingsOf(config);
  if (settings === undefined) return undefined;
  const { hostname, port, protocol } = new URL(settings.endpoint);
  const address = `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
  // Its address is the operator's own word, so it may be a private one; but nothing else goes this way.
  const allow = settings.addressing === 'host' ? [address, `${settings.bucket}.${address}`] : [address];
  const http = new HttpClient({ clock, log, allow });
  return {
    client: new S3Client(settings, new HttpTransport(http), clock),
    links: config.storage.s3.serve === 'redirect',
    close: () => http.close(),
  };
}

function settingsOf({ storage: { s3 } }: Pick<Config, 'storage'>): S3Settings | undefined {
  const needed = {
    endpoint: s3.endpoint,
    bucket: s3.bucket,
    access_key_id: s3.access_key_id,
    secret_access_key: s3.secret_access_key,
  };
  const missing = Object.entries(needed).filter(([, value]) => value === undefined);
  if (missing.length === Object.keys(needed).length) return undefined;
  if (missing.length > 0) {
    throw new ConfigError(
      missing.map(([name]) => ({
        where: `storage.s3.${name}`,
        message: 'expected a value, since other settings of storage.s3 are there; found none',
      })),
    );
  }
  const { hostname } = new URL(needed.endpoint!);
  if (s3.addressing === 'host' && isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) {
    throw new ConfigError([
      {
        where: 'storage.s3.addressing',
        message: `expected path, since no bucket can stand before ${hostname}, the host of storage.s3.endpoint, found "host"`,
      },
    ]);
  }
  return {
    endpoint: needed.endpoint!,
    bucket: needed.bucket!,
    accessKeyId: needed.access_key_id!,
    secretAccessKey: needed.secret_access_key!,
    region: s3.region,
    prefix: s3.prefix ?? '',
    addressing: s3.addressing,
  };
}

/** Object stores by the guarded HTTP client. Redirects are not followed: a signature is good for one URL. */
class HttpTransport implements S3Transport {
  readonly #http: HttpClient;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  async send({ method, url, headers, body, signal }: S3Request): Promise<S3Response> {
    const totalMs = TOTAL_MS + (body?.length ?? 0) / SLOWEST;
    const answer = await this.#http.stream({
      url,
      method,
      headers,
      onRedirect: 'take',
      timeouts: { connectMs: CONNECT_MS, readMs: READ_MS, totalMs },
      ...(body !== undefined && { upload: body }),
      ...(signal !== undefined && { signal }),
    });
    return {
      status: answer.status,
      header: (name) => headerOf(answer.headers, name),
      body: answer.body,
      cancel: () => answer.cancel(),
    };
  }
}
