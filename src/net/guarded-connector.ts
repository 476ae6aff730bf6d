import { lookup as systemLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import type { buildConnector } from 'undici';
import { type AddressGuard, refusalText } from './address-guard.ts';
import { HttpError } from './http-errors.ts';
import { endWhilePaused } from './paused-answers.ts';
import { undici } from './undici.ts';

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** Name to addresses, in order of preference. @throws an Error with a `code` such as `ENOTFOUND` */
export type Resolver = (hostname: string) => Promise<readonly ResolvedAddress[]>;

/**
 * For `net.connect`: the addresses of a name are tried one after the other, each but the last for so long, ms. By
 * Node's own 250 a server beyond an ocean is given up, though it would answer; and two that say nothing leave time for a
 * third within the two seconds that a connection may take.
 */
export const ATTEMPTS = { autoSelectFamily: true, autoSelectFamilyAttemptTimeout: 600 } as const;

/** Connectors are kept by port (the allow-list knows ports); more ports than this are a scan, not a habit. */
const MAX_CONNECTORS = 32;

/**
 * Looks a name up once for all who ask at the same time. The system looks up two names at once, and no deadline of ours
 * ends that: one whose name server does not answer takes it ten seconds and more, and whoever sends to it asks again
 * every two seconds. So its lookups would lie before those of all other names, ever more of them.
 */
export function sharedResolver(resolve: Resolver): Resolver {
  const coming = new Map<string, ReturnType<Resolver>>();
  return (hostname) => {
    const known = coming.get(hostname);
    if (known !== undefined) return known;
    const found = resolve(hostname).finally(() => coming.delete(hostname));
    coming.set(hostname, found);
    return found;
  };
}

export const systemResolver = sharedResolver((hostname) => systemLookup(hostname, { all: true }));

/**
 * A connector for undici that connects only to addresses that the guard lets pass. The check is made on the
 * very addresses that are dialled, so a name that resolves anew to something else gains nothing.
 * @param timeoutMs longest time that a connection may take, in real time
 */
export function guardedConnector(
  guard: AddressGuard,
  resolve: Resolver,
  timeoutMs: number,
): buildConnector.connector {
  const connectors = new Map<number, buildConnector.connector>();
  const connectorFor = (port: number): buildConnector.connector => {
    const known = connectors.get(port);
    if (known !== undefined) return known;
    if (connectors.size >= MAX_CONNECTORS) connectors.delete(connectors.keys().next().value as number);
    const options = {
      timeout: timeoutMs,
      lookup: guardedLookup(guard, resolve, port),
      ...ATTEMPTS,
    };
    const connector = undici().buildConnector(options as buildConnector.BuildOptions);
    connectors.set(port, connector);
    return connector;
  };
  return (options, callback) => {
    const port = Number(options.port) || (options.protocol === 'https:' ? 443 : 80);
    // Literal addresses never reach a lookup, so they are checked here.
    if (isIP(options.hostname) !== 0) {
      const refusal = guard.refusal(options.hostname, port);
      if (refusal !== undefined) {
        const error = refused(options.hostname, options.hostname, port, refusal);
        queueMicrotask(() => callback(error, null));
        return;
      }
    }
    connectorFor(port)(options, (...args) => {
      if (args[0] === null) endWhilePaused(args[1]);
      callback(...args);
    });
  };
}

/** The refusal that a literal address, or `localhost` (RFC 6761 6.3), will meet; names are not looked up. */
export function refusalOf(url: URL, guard: AddressGuard): HttpError | undefined {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  const isLocal = /(?:^|\.)localhost$/i.test(host);
  if (isIP(host) === 0 && (!isLocal || guard.allowsName(host, port))) return undefined;
  const address = isLocal ? '127.0.0.1' : host;
  const range = guard.refusal(address, port);
  // A name of this machine leads to either of its addresses: one that is open is dialled.
  if (range === undefined || (isLocal && guard.refusal('::1', port) === undefined)) return undefined;
  return refused(host, address, port, range);
}

/** For `net.connect`: the addresses of a name that the guard lets pass. */
export function guardedLookup(guard: AddressGuard, resolve: Resolver, port: number): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (found) => {
        const trusted = guard.allowsName(hostname, port);
        const open = found.filter(({ address }) => trusted || guard.refusal(address, port) === undefined);
        const [first] = open;
        if (first === undefined) {
          const address = found[0]?.address;
          const error =
            address === undefined
              ? Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' })
              : refused(hostname, address, port, guard.refusal(address, port) ?? 'unknown');
          callback(error, '', 0);
        } else if (options.all === true) {
          callback(null, [...open]);
        } else {
          callback(null, first.address, first.family);
        }
      },
      (error: unknown) => callback(error as NodeJS.ErrnoException, '', 0),
    );
  };
}

function refused(host: string, address: string, port: number, range: string): HttpError {
  const target = host === address ? address : `${host} (${address})`;
  const entry = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return new HttpError('refused_address', refusalText(target, range, 'outgoing requests', entry));
}
