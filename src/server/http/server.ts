import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from '../../log/logger.ts';
import { StorageError } from '../../storage/errors.ts';
import type { FileStore } from '../../storage/file-store.ts';
import type { RecordingStore } from '../../storage/recordings.ts';
import type { Clock } from '../../time/clock.ts';
import { PeaksSource } from '../peaks-source.ts';
import { type Credentials, requireCredentials } from './auth.ts';
import type { CommandServices } from '../commands/run-command.ts';
import { addCallsRoutes } from './calls-routes.ts';
import { DownloadLinks } from './download-links.ts';
import { addDownloadRoutes } from './download-route.ts';
import { HttpProblem, httpListenError, problem } from './errors.ts';
import { addMetricsRoute, type MetricsOptions } from './metrics-route.ts';
import { addLamlRoutes } from './laml-routes.ts';
import { addLinkRoute } from './link-route.ts';
import { addOpenApiRoute } from './openapi/route.ts';
import { addPeaksRoute, addRestPeaksRoute } from './peaks-routes.ts';
import { addRestVoiceRoute } from './voice-route.ts';
import { addRecordingsRoutes } from './recordings-routes.ts';
import { addSchemaRoutes } from './schema-routes.ts';
import { addStatusRoutes, type StatusOptions } from './status-routes.ts';

export interface HttpServerOptions extends StatusOptions {
  readonly metrics?: MetricsOptions;
  /** Address to bind; port 0 lets the system choose. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly recordings: RecordingStore;
  /** What a command to a running call needs. */
  readonly commands: Pick<CommandServices, 'calls' | 'loader' | 'refusal'>;
  readonly files: FileStore;
  readonly log: Logger;
  readonly clock: Clock;
  readonly credentials: Credentials;
  /** Signs expiring download links. */
  readonly linkKey: string;
  /** Whether downloads need the credentials too; asked at each request. */
  readonly protectRecordings: () => boolean;
  /** How clients reach this server, without a slash at the end; asked at each request. */
  readonly publicUrl: () => string;
}

/** The HTTP side of the server: downloads, REST, health. */
export interface HttpServer {
  /** For requests without a socket (`app.inject`) and for further routes, which must be added before `listen`. */
  readonly app: FastifyInstance;
  /**
   * @returns the address really bound
   * @throws HttpListenError naming the address and the cure
   */
  listen(): Promise<{ readonly host: string; readonly port: number }>;
  /** Breaks off what is under way. */
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 1024 * 1024;
/** Longest time for a whole request to arrive, ms. */
const REQUEST_TIMEOUT_MS = 30_000;
/** A connection on which nothing moves is closed, ms: also a download that nobody takes. */
const IDLE_TIMEOUT_MS = 60_000;
const MAX_CONNECTIONS = 2_000;
/** When a client may ask again that came while the object store did not answer. */
const STORE_RETRY_SECONDS = 10;

/** Routes check what they are given themselves; so what would compile JSON Schemas need not be loaded. */
function noSchemas(): never {
  throw new Error('a route has a schema: routes of this server check requests themselves');
}

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const log = options.log.child({ component: 'http' });
  const app = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: IDLE_TIMEOUT_MS,
    forceCloseConnections: true,
    genReqId: () => randomUUID(),
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    // Answers for requests that no route sees (malformed ones) have the same form as the others.
    frameworkErrors: (error, request, reply: FastifyReply) => {
      const status = error.statusCode ?? 400;
      void reply.code(status).header('x-request-id', request.id).send(problem(status).body);
    },
  });
  app.server.maxConnections = MAX_CONNECTIONS;
  addCommonBehaviour(app, log, options.clock);
  acceptEmptyBodies(app);
  addStatusRoutes(app, options);
  if (options.metrics !== undefined) addMetricsRoute(app, options.metrics, options.credentials);
  addSchemaRoutes(app);
  addOpenApiRoute(app, options.publicUrl);
  const links = new DownloadLinks(options.linkKey, () => options.clock.now());
  const library = { ...options, log, links, peaks: new PeaksSource(options.recordings, options.files) };
  addDownloadRoutes(app, library);
  addPeaksRoute(app, library);
  addLamlRoutes(app, library);
  void app.register(async (scope) => {
    scope.addHook('onRequest', async (request, reply) => {
      requireCredentials(request, reply, options.credentials);
    });
    addRecordingsRoutes(scope, library);
    addRestPeaksRoute(scope, library);
    addRestVoiceRoute(scope, library);
    addLinkRoute(scope, library);
    addCallsRoutes(scope, { ...options.commands, clock: options.clock, log, newId: randomUUID });
  });
  return {
    app,
    listen: async () => {
      try {
        await app.listen(options.listen);
      } catch (error) {
        throw httpListenError(options.listen, error);
      }
      const { address, port } = app.server.address() as AddressInfo;
      return { host: address, port };
    },
    close: () => app.close(),
  };
}

/**
 * Takes JSON; an empty body counts as none, whatever type it is said to have: existing clients send that of JSON with
 * every request, and those of the compatibility API that of a form with each DELETE (.NET).
 */
function acceptEmptyBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else parse(request, String(body), done);
  });
  // Fastify's own makes a text of it, also where it is empty.
  app.removeContentTypeParser('text/plain');
  app.addContentTypeParser('*', { parseAs: 'string' }, (request, body, done) => {
    // Where there is nothing to be had, the type does not matter either.
    if (body === '' || request.is404) done(null, undefined);
    else done(problem(415));
  });
}

/** Request ids, the form of errors, one log line a request. */
function addCommonBehaviour(app: FastifyInstance, log: Logger, clock: Clock): void {
  const started = new WeakMap<object, number>();
  app.addHook('onRequest', async (request, reply) => {
    started.set(request, clock.monotonic());
    reply.headers({ 'x-request-id': request.id, 'x-content-type-options': 'nosniff' });
  });
  app.addHook('onResponse', async (request, reply) => {
    log.debug(
      {
        request_id: request.id,
        method: request.method,
        path: pathOf(request),
        status: reply.statusCode,
        ms: Math.round(clock.monotonic() - (started.get(request) ?? clock.monotonic())),
      },
      'http request answered',
    );
  });
  app.setNotFoundHandler(() => {
    throw problem(404);
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    if (error instanceof HttpProblem)
      return reply.code(error.status).headers(error.headers).type('application/json').send(error.body);
    // The object store may answer again in a moment, and nothing was lost.
    const passes = error instanceof StorageError && error.code === 'unreachable';
    if (passes) reply.header('retry-after', STORE_RETRY_SECONDS);
    const status = passes ? 503 : (error.statusCode ?? 500);
    if (status >= 500)
      log.error({ request_id: request.id, path: pathOf(request), error }, 'http request failed');
    return reply.code(status).type('application/json').send(problem(status).body);
  });
}

/** Without the query, which may hold the signature of a link. */
function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0]!;
}
