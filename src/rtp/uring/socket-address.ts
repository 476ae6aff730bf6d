import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { AF_INET, AF_INET6, SOCKADDR_IN6_SIZE, SOCKADDR_IN_SIZE } from '../../io-uring/abi.ts';

/**
 * A struct sockaddr_in or sockaddr_in6 (ip(7), ipv6(7)); IPv4 in the form of IPv6 for a socket of that family.
 * @param port 0 to 65535
 * @returns undefined for what is no address in numbers, or none of this family
 */
export function writeSocketAddress(isIPv6: boolean, address: string, port: number): Uint8Array | undefined {
  const version = isIP(address);
  if (version === 0 || address.includes('%') || (version === 6 && !isIPv6)) return undefined;
  const name = new Uint8Array(isIPv6 ? SOCKADDR_IN6_SIZE : SOCKADDR_IN_SIZE);
  const view = new DataView(name.buffer);
  view.setUint16(0, isIPv6 ? AF_INET6 : AF_INET, true);
  view.setUint16(2, port);
  if (version === 6) {
    name.set(ipaddr.parse(address).toByteArray(), 8);
    return name;
  }
  // By hand, since each session has several of them.
  let at = 4;
  if (isIPv6) {
    name.fill(0xff, 18, 20);
    at = 20;
  }
  for (const octet of address.split('.')) name[at++] = Number(octet);
  return name;
}

/** Who sent a datagram. Of a stream all come from one place, which is written out once. */
export class SenderAddress {
  address = '';
  port = 0;
  readonly #words: number;
  /** Made for the first datagram: to most RTCP ports nobody ever sends one. */
  #last: Uint32Array | undefined;

  constructor(isIPv6: boolean) {
    this.#words = (isIPv6 ? SOCKADDR_IN6_SIZE : SOCKADDR_IN_SIZE) >>> 2;
  }

  /** Bytes of the struct sockaddr that {@link read} takes. */
  get bytes(): number {
    return this.#words << 2;
  }

  /** Takes the struct sockaddr at a place of `words`. */
  read(words: Uint32Array, at: number): void {
    this.#last ??= new Uint32Array(this.#words);
    const last = this.#last;
    let same = true;
    for (let i = 0; i < this.#words; i++) {
      if (last[i] !== words[at + i]) same = false;
    }
    if (same) return;
    for (let i = 0; i < this.#words; i++) last[i] = words[at + i]!;
    const view = new DataView(last.buffer);
    const isIPv6 = this.bytes === SOCKADDR_IN6_SIZE;
    this.port = view.getUint16(2);
    if (!isIPv6) {
      this.address = new Uint8Array(last.buffer, 4, 4).join('.');
      return;
    }
    const parsed = ipaddr.fromByteArray([...new Uint8Array(last.buffer, 8, 16)]);
    const shown =
      parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress() ? parsed.toIPv4Address() : parsed;
    this.address = shown instanceof ipaddr.IPv6 ? shown.toRFC5952String() : shown.toString();
  }
}
