/**
 * The sockets that SIP needs, as an interface: the machine's network (`node-network.ts`) or one in memory on
 * the virtual clock (`memory-network.ts`). Addresses are numeric; an IPv4 peer on a dual-stack IPv6 socket is
 * shown and addressed in its IPv4 form, a link-local IPv6 peer with the zone that it is in (`fe80::1%eth0`).
 */

export interface NetworkAddress {
  readonly address: string;
  /** 1 to 65,535; 0 only where the system is to choose. */
  readonly port: number;
}

/** Whether a socket that is bound there is on all interfaces. */
export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** The address as others may be told it: the zone of a link-local one is a name of ours (RFC 4007 6). */
export function withoutZone(address: string): string {
  const zoneAt = address.indexOf('%');
  return zoneAt < 0 ? address : address.slice(0, zoneAt);
}

/** Whether what is bound there can be reached at `own`, an address of ours. */
export function isBoundTo(bound: NetworkAddress, own: string): boolean {
  return bound.address === own || isWildcard(bound.address);
}

export interface DatagramHandlers {
  /** `data` belongs to the receiver. */
  message(data: Buffer, address: string, port: number): void;
  /** An error of the socket itself, not of one datagram. */
  error(error: Error): void;
}

export interface DatagramSocket {
  readonly local: NetworkAddress;
  /** `failed` is called when the system refuses the datagram; never for loss on the way. */
  send(data: Uint8Array, address: string, port: number, failed: (error: Error) => void): void;
  close(): Promise<void>;
}

export interface StreamHandlers {
  /** `data` belongs to the receiver. */
  data(data: Buffer): void;
  /** Once, last: the connection is gone. `error` is undefined when one side closed it in order. */
  closed(error: Error | undefined): void;
}

export interface StreamSocket {
  readonly local: NetworkAddress;
  readonly remote: NetworkAddress;
  /** Bytes written that the peer's side has not taken yet. */
  readonly pendingBytes: number;
  /** Starts reading; to be called at once. */
  handle(handlers: StreamHandlers): void;
  write(data: Uint8Array): void;
  /** Sends what is pending, then closes. */
  end(): void;
  /** Closes now. */
  destroy(): void;
}

export interface StreamServer {
  readonly local: NetworkAddress;
  /** Stops listening; open connections stay. */
  close(): Promise<void>;
}

export interface Network {
  /** @throws Error with the system's `code` (`EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`) */
  bindDatagram(host: string, port: number, handlers: DatagramHandlers): Promise<DatagramSocket>;
  /** @throws Error with the system's `code` */
  listenStream(host: string, port: number, connected: (socket: StreamSocket) => void): Promise<StreamServer>;
  /**
   * Calls back exactly once unless given up.
   * @returns gives the attempt up
   */
  connectStream(address: string, port: number, done: (result: StreamSocket | Error) => void): () => void;
  /**
   * Addresses of a host name, IPv4 first.
   * @throws Error when there is none
   */
  lookup(host: string): Promise<readonly string[]>;
  /** Our address on the interface that leads to `remote` (numeric). */
  localAddressFor(remote: string): string;
}
