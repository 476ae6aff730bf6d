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
  const parsed = ipaddr.parse(address);
  if (!isIPv6) name.set(parsed.toByteArray(), 4);
  else if (parsed instanceof ipaddr.IPv4) name.set(parsed.toIPv4MappedAddress().toByteArray(), 8);
  else name.set(parsed.toByteArray(), 8);
  return name;
}

/** Who sent a datagram. Of a stream all come from one place, which is written out once. */
export class SenderAddress {
  address = '';
  port = 0;
  readonly #words: number;
  readonly #last: Uint32Array;

  constructor(isIPv6: boolean) {
    this.#words = (isIPv6 ? SOCKADDR_IN6_SIZE : SOCKADDR_IN_SIZE) >>> 2;
    this.#last = new Uint32Array(this.#words);
  }

  /** Bytes of the struct sockaddr that {@link read} takes. */
  get bytes(): number {
    return this.#words << 2;
  }

  /** Takes the struct sockaddr at a place of `words`. */
  read(words: Uint32Array, at: number): void {
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
    const octets = new Uint8Array(last.buffer, isIPv6 ? 8 : 4, isIPv6 ? 16 : 4);
    const parsed = ipaddr.fromByteArray([...octets]);
    const shown =
      parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress() ? parsed.toIPv4Address() : parsed;
    this.address = shown instanceof ipaddr.IPv6 ? shown.toRFC5952String() : shown.toString();
  }
}
