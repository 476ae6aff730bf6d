import os from 'node:os';
import type { SipListener } from '../sip/api.ts';
import type { Config } from './config-keys.ts';
import type { HostPort } from './config-values.ts';

/** Interfaces of the machine, as `os.networkInterfaces()` gives them. */
export type Interfaces = ReturnType<typeof os.networkInterfaces>;

const ANY = new Set(['0.0.0.0', '::', '']);

/**
 * The address that others most likely reach this machine by: the advertised one, else the first IPv4 address
 * that is neither loopback nor link-local, else such an IPv6 one, else loopback.
 */
export function primaryAddress(
  advertised: string | undefined,
  interfaces: Interfaces = ownInterfaces(),
): string {
  if (advertised !== undefined) return advertised;
  const outside = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !/^(?:169\.254\.|fe80:)/i.test(address));
  const chosen = outside.find(({ family }) => family === 'IPv4') ?? outside[0];
  return chosen?.address ?? '127.0.0.1';
}

/**
 * The base of record URLs: `http.public_url`, else the address that HTTP listens on, with the main address of
 * the machine in place of "all interfaces".
 * @param bound where HTTP really listens
 */
export function publicUrlOf(config: Config, bound: HostPort, interfaces?: Interfaces): string {
  return config.http.public_url ?? `http://${reachable(config, bound.host, interfaces)}:${bound.port}`;
}

/** URIs to call, one for each listener: `sip:anything@192.0.2.1:5060;transport=tcp`. */
export function sipUris(
  config: Config,
  bound: readonly SipListener[],
  interfaces?: Interfaces,
): readonly string[] {
  return bound.map(({ protocol, host, port }) => {
    const transport = protocol === 'udp' ? '' : `;transport=${protocol}`;
    return `sip:anything@${reachable(config, host, interfaces)}:${port}${transport}`;
  });
}

/** None where the system does not tell (systemd's RestrictAddressFamilies without AF_NETLINK). */
function ownInterfaces(): Interfaces {
  try {
    return os.networkInterfaces();
  } catch {
    return {};
  }
}

function reachable(config: Config, host: string, interfaces?: Interfaces): string {
  const address = ANY.has(host) ? primaryAddress(config.sip.advertised_address, interfaces) : host;
  return address.includes(':') ? `[${address}]` : address;
}
