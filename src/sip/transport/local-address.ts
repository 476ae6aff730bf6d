import { BlockList, isIPv6 } from 'node:net';

/** One address of one of our interfaces. */
export interface InterfaceAddress {
  readonly address: string;
  /** Length of the network prefix, bits. */
  readonly prefix: number;
  /** Loopback. */
  readonly internal: boolean;
  /** Name of the interface, by which link-local addresses tell their zone (RFC 4007 11). */
  readonly zone?: string;
}

interface Subnet {
  readonly address: string;
  readonly v6: boolean;
  readonly internal: boolean;
  readonly zone: string | undefined;
  readonly hosts: BlockList;
}

const MAX_KNOWN = 4096;

/** Our addresses, with the question which one a peer sees. */
export class LocalAddresses {
  readonly #subnets: readonly Subnet[];
  readonly #defaults: readonly string[];
  /** Answers given; the same few peers ask for each message. */
  readonly #known = new Map<string, string>();

  /** @param defaults addresses of the default route, at most one of each family */
  constructor(interfaces: readonly InterfaceAddress[], defaults: readonly string[]) {
    this.#subnets = interfaces.map(({ address, prefix, internal, zone }) => {
      const v6 = isIPv6(address);
      const hosts = new BlockList();
      hosts.addSubnet(address, prefix, v6 ? 'ipv6' : 'ipv4');
      return { address, v6, internal, zone, hosts };
    });
    this.#defaults = defaults;
  }

  /** The address in the subnet of `remote`, else that of the default route, else any that is not loopback. */
  towards(remote: string): string {
    const known = this.#known.get(remote);
    if (known !== undefined) return known;
    const found = this.#find(remote);
    if (this.#known.size === MAX_KNOWN) this.#known.clear();
    this.#known.set(remote, found);
    return found;
  }

  #find(remote: string): string {
    const v6 = isIPv6(remote);
    const family = this.#subnets.filter((subnet) => subnet.v6 === v6);
    const near = family.filter((subnet) => subnet.hosts.check(remote, v6 ? 'ipv6' : 'ipv4'));
    // All interfaces have the same subnet of link-local addresses.
    const zone = remote.split('%', 2)[1];
    const nearest = near.find((subnet) => subnet.zone === zone) ?? near[0];
    if (nearest !== undefined) return nearest.address;
    const usual = this.#defaults.find((address) => isIPv6(address) === v6);
    if (usual !== undefined) return usual;
    const outside = family.find((subnet) => !subnet.internal && !/^fe80:/i.test(subnet.address));
    return outside?.address ?? family[0]?.address ?? (v6 ? '::1' : '127.0.0.1');
  }
}
