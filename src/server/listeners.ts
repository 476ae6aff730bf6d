/** Where the server is reached: HTTP and SIP. */
import type { Logger } from '../log/logger.ts';
import type { SipEndpoint, SipListener } from '../sip/api.ts';
import { isSamePlace, ListenError, listenerText } from '../sip/errors.ts';
import type { FileStore } from '../storage/file-store.ts';
import type { RecordingStore } from '../storage/recordings.ts';
import type { Clock } from '../time/clock.ts';
import type { Calls } from './calls.ts';
import type { Config } from './config-keys.ts';
import type { HostPort } from './config-values.ts';
import { createHttpServer, type HttpServer, type HttpServerOptions } from './http/server.ts';
import type { Identity } from './identity.ts';
import type { Metrics } from './metrics.ts';

export interface HttpParts {
  readonly config: Config;
  readonly recordings: RecordingStore;
  readonly files: FileStore;
  readonly identity: Identity;
  /** What to dial; undefined until calls are taken. */
  readonly sipUris: () => readonly string[] | undefined;
  readonly publicUrl: () => string;
  readonly calls: Calls;
  readonly metrics: Metrics;
  readonly commands: HttpServerOptions['commands'];
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The HTTP server of these parts; it does not listen yet. */
export function httpServerOf(parts: HttpParts): HttpServer {
  const { config, identity, calls, metrics, sipUris, publicUrl, clock } = parts;
  const startedMs = clock.monotonic();
  return createHttpServer({
    listen: config.http.listen,
    recordings: parts.recordings,
    commands: parts.commands,
    files: parts.files,
    log: parts.log,
    clock,
    credentials: { projectId: identity.projectId, apiToken: identity.apiToken },
    linkKey: identity.linkKey,
    protectRecordings: () => config.protect_recordings,
    publicUrl,
    status: () => ({
      version: parts.version,
      sipAddresses: sipUris() ?? [],
      httpAddress: publicUrl(),
      callsNow: calls.count,
      uptime: (clock.monotonic() - startedMs) / 1000,
    }),
    readiness: () => [
      { name: 'sip', ok: sipUris() !== undefined },
      {
        name: 'calls',
        ok: calls.refusing === undefined,
        ...(calls.refusing !== undefined && { detail: `new calls are refused: ${calls.refusing}` }),
      },
    ],
    metrics: { registry: metrics.registry, open: config.metrics.open },
  });
}

/**
 * Opens the listeners of SIP.
 * @param http where ours of HTTP is: it may be what is in the way
 * @throws ListenError
 */
export async function startSip(
  endpoint: Pick<SipEndpoint, 'start'>,
  http: HostPort,
): Promise<readonly SipListener[]> {
  try {
    return await endpoint.start();
  } catch (cause) {
    if (!(cause instanceof ListenError) || cause.code !== 'in_use') throw cause;
    const { listener } = cause;
    const own: SipListener = { protocol: 'tcp', ...http };
    if (!isSamePlace(own, listener)) throw cause;
    throw new ListenError(
      'in_use',
      listener,
      `cannot listen for SIP on ${listenerText(listener)}: our own HTTP server on ${listenerText(own)} has it; set http.listen or sip.listen to another port`,
      { cause },
    );
  }
}
