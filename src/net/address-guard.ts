import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** One line of the allow-list. `port` undefined: any port. */
type AllowEntry =
  | { readonly kind: 'name'; readonly name: string; readonly port: number | undefined }
  | {
      readonly kind: 'range';
      readonly range: readonly [Address, number];
      readonly port: number | undefined;
    };

/** The part of IPv6 that is given out for global use (RFC 4291 2.4 and the IANA registry). */
const GLOBAL_UNICAST: readonly [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];
/** Prefix under which a NAT64 gateway reaches all of IPv4 (RFC 6052 2.1). */
const NAT64: readonly [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('64:ff9b::'), 96];

/**
 * Decides which addresses outgoing requests may reach. Everything that is not plainly on the public internet
 * is refused (loopback, private, link-local, carrier-grade NAT, multicast, reserved, and IPv6 forms that hide
 * one of these) unless the operator allowed it.
 */
export class AddressGuard {
  readonly #entries: readonly AllowEntry[];

  /**
   * @param allow addresses (`10.1.2.3`), ranges (`10.0.0.0/8`, `fd00::/8`) and host names, the first and last
   * with a port if wanted (`localhost:8080`, `[::1]:8080`)
   * @throws RangeError naming the entry that is none of these
   */
  constructor(allow: readonly string[] = []) {
    this.#entries = allow.map(parseEntry);
  }

  /** Whether this host name was allowed as such, whatever it resolves to. */
  allowsName(host: string, port: number): boolean {
    const name = plainName(host);
    return this.#entries.some(
      (entry) => entry.kind === 'name' && entry.name === name && (entry.port ?? port) === port,
    );
  }

  /**
   * @param address literal IPv4 or IPv6 address, as resolved
   * @returns undefined when it may be reached, else why not, e.g. `loopback`
   */
  refusal(address: string, port: number): string | undefined {
    if (!ipaddr.isValid(address)) return 'not an address';
    const parsed = unwrap(ipaddr.parse(address));
    for (const entry of this.#entries) {
      if (entry.kind !== 'range' || (entry.port ?? port) !== port) continue;
      const [network, bits] = entry.range;
      if (parsed.kind() === network.kind() && parsed.match(network, bits)) return undefined;
    }
    return classify(parsed);
  }
}

/**
 * Why something is not reached, with the cure.
 * @param range as {@link AddressGuard.refusal} names it
 * @param use what for
 * @param entry of the allow-list that opens it
 */
export function refusalText(target: string, range: string, use: string, entry: string): string {
  return `${target} is refused: address range "${range}" is not open to ${use}; if it is meant, add "${entry}" to the allowed addresses (network.allow)`;
}

function classify(address: Address): string | undefined {
  const range = address.range();
  if (address instanceof ipaddr.IPv6 && range === 'unicast' && !address.match(...copy(GLOBAL_UNICAST))) {
    return 'reserved';
  }
  return range === 'unicast' ? undefined : range;
}

/** The IPv4 address that is really reached, for the two IPv6 forms that lead straight to one. */
function unwrap(address: Address): Address {
  if (!(address instanceof ipaddr.IPv6)) return address;
  if (address.isIPv4MappedAddress()) return address.toIPv4Address();
  if (address.match(...copy(NAT64))) return new ipaddr.IPv4(address.toByteArray().slice(12));
  return address;
}

function copy(range: readonly [ipaddr.IPv6, number]): [ipaddr.IPv6, number] {
  return [range[0], range[1]];
}

function parseEntry(text: string): AllowEntry {
  const entry = text.trim();
  if (ipaddr.isValidCIDR(entry)) return rangeEntry(ipaddr.parseCIDR(entry), undefined);
  if (isFullAddress(entry)) return addressEntry(entry, undefined);
  const match = /^(\[[0-9a-f:.]+\]|[^\s:/[\]@]+)(?::(\d{1,5}))?$/i.exec(entry);
  const host = match?.[1] ?? '';
  const port = match?.[2] === undefined ? undefined : Number(match[2]);
  if (match !== null && (port === undefined || (port > 0 && port < 65_536))) {
    if (isFullAddress(host)) return addressEntry(host, port);
    if (host.startsWith('[') && ipaddr.IPv6.isValid(host.slice(1, -1))) {
      return addressEntry(host.slice(1, -1), port);
    }
    if (!host.startsWith('[') && /^[a-z0-9_.-]*[a-z][a-z0-9_.-]*$/i.test(host)) {
      return { kind: 'name', name: plainName(host), port };
    }
  }
  throw new RangeError(
    `allowed address "${text}" is not understood; use an address (10.1.2.3), a range (10.0.0.0/8), ` +
      'a host name (crm.internal), or an address or name with a port (localhost:8080, [::1]:8080)',
  );
}

/** Short forms such as `127.1`, which other readers take for something else, are no addresses here. */
function isFullAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}

function addressEntry(text: string, port: number | undefined): AllowEntry {
  const address = ipaddr.parse(text);
  return rangeEntry([address, address.kind() === 'ipv4' ? 32 : 128], port);
}

function rangeEntry([network, bits]: [Address, number], port: number | undefined): AllowEntry {
  if (network instanceof ipaddr.IPv6 && bits >= 96 && network.isIPv4MappedAddress()) {
    return { kind: 'range', range: [network.toIPv4Address(), bits - 96], port };
  }
  return { kind: 'range', range: [network, bits], port };
}

function plainName(host: string): string {
  return host.toLowerCase().replace(/\.$/, '');
}
