/** Servers and clients on this machine for the tests of the HTTP client. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Socket,
  type Server as TcpServer,
} from 'node:net';
import { after } from 'node:test';
import { freePort } from '../../test/support/ports.ts';
import { type Logger, silentLogger } from '../log/logger.ts';
import { RealClock } from '../time/real-clock.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import type { Resolver } from './guarded-connector.ts';
import { HttpClient, type HttpClientOptions, type HttpDefaults } from './http-client.ts';
import { HttpError, type HttpErrorCode, type RetryVerdict } from './http-errors.ts';

/** Names of the tests: everything under `.test` is this machine. */
export const loopback: Resolver = async (hostname) => {
  if (hostname.endsWith('.test')) return [{ address: '127.0.0.1', family: 4 }];
  throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND' });
};

/** Deadlines of {@link client}, where a test sets none: longer than those of the product, for a machine that is slow. */
const PATIENT = { connectMs: 10_000, readMs: 15_000, totalMs: 60_000 };

export function client({ defaults, ...options }: Partial<HttpClientOptions> = {}): HttpClient {
  const made = new HttpClient({
    clock: new RealClock(),
    log: silentLogger,
    allow: ['127.0.0.0/8'],
    resolve: loopback,
    defaults: { ...defaults, timeouts: { ...PATIENT, ...defaults?.timeouts } },
    ...options,
  });
  opened.push(made);
  return made;
}

/** Deadlines of {@link clientWithHeldTime}: the transport's own, in real time, stand a second behind. */
export const HELD = { connectMs: 10_000, readMs: 60_000, totalMs: 1e9 };

/** Stands still, also while work is under way, until a test moves it. */
class HeldTime extends VirtualClock {
  override holdWhile<T>(work: Promise<T>): Promise<T> {
    return work;
  }
}

export interface HeldClient {
  readonly clock: VirtualClock;
  readonly http: HttpClient;
  /** Has the status and headers of its first response. */
  readonly answered: Promise<void>;
  /** Moves time on, past each read deadline that comes, until `work` ends; it must not fail. */
  expire(work: Promise<void>): Promise<void>;
}

/** A client whose deadlines ({@link HELD}) come when a test says so, rather than before a slow machine has answered. */
export function clientWithHeldTime(defaults?: HttpDefaults): HeldClient {
  const clock = new HeldTime();
  const { promise: answered, resolve } = Promise.withResolvers<void>();
  const log: Logger = {
    ...silentLogger,
    debug: (_, message) => {
      if (message === 'request answered') resolve();
    },
    child: () => log,
  };
  const http = client({
    clock,
    log,
    defaults: { ...defaults, timeouts: { ...HELD, ...defaults?.timeouts } },
  });
  const expire = async (work: Promise<void>): Promise<void> => {
    let isOver = false;
    const over = work.finally(() => {
      isOver = true;
    });
    over.catch(() => {});
    while (!isOver) {
      await clock.advance(HELD.readMs);
      await new Promise((next) => setImmediate(next));
    }
    await over;
  };
  return { clock, http, answered, expire };
}

const opened: HttpClient[] = [];
const servers: (Server | TcpServer)[] = [];

/** Registers the end of everything that a test file opened. */
export function closeAfterTests(): void {
  after(async () => {
    await Promise.all(opened.map((made) => made.close()));
    for (const server of servers) {
      if ('closeAllConnections' in server) server.closeAllConnections();
      server.close();
    }
  });
}

async function listen<S extends Server | TcpServer>(server: S): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

export const serve = (listener: RequestListener): Promise<number> => listen(createServer(listener));
/** A server that is not HTTP: does with each connection what it is told. */
export const serveRaw = (onConnection: (socket: Socket) => void): Promise<number> =>
  listen(
    createTcpServer((socket) => {
      socket.on('error', () => {});
      onConnection(socket);
    }),
  );

export async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

export function failsWith(
  code: HttpErrorCode,
  retry: RetryVerdict,
  pattern = /./,
): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof HttpError, String(error));
    assert.equal(error.code, code, error.message);
    assert.equal(error.retry, retry);
    assert.match(error.message, pattern);
    return true;
  };
}

/**
 * A port that nobody listens on, and that the system gives to no other test meanwhile: nor to the very connection that
 * is to fail, which would then reach itself.
 */
export const closedPort = (): Promise<number> => freePort();
