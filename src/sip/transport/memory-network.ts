import { isIPv6 } from 'node:net';
import type { Clock } from '../../time/clock.ts';
import type {
  DatagramHandlers,
  DatagramSocket,
  Network,
  NetworkAddress,
  StreamHandlers,
  StreamServer,
  StreamSocket,
} from './network.ts';

/** A datagram on its way. */
export interface Datagram {
  readonly from: NetworkAddress;
  readonly to: NetworkAddress;
  readonly data: Buffer;
}

/**
 * What becomes of a datagram: the delay of each copy that arrives, ms. An empty list loses it, two entries
 * duplicate it, uneven delays reorder.
 */
export type Fate = (datagram: Datagram) => readonly number[];

const DEFAULT_DELAY_MS = 5;
const FIRST_FREE_PORT = 49_152;

/**
 * Hosts joined in memory, for tests on a virtual clock: real framing and addressing, no socket. Each message
 * takes {@link DEFAULT_DELAY_MS}, unless `fate` says otherwise for a datagram; streams lose nothing.
 */
export class MemoryNetwork {
  fate: Fate = () => [DEFAULT_DELAY_MS];
  /** Sees each datagram, lost ones too, and each piece written to a stream. */
  sent: (datagram: Datagram) => void = () => {};
  /** Whether a connection to this address is answered at all, be it with a refusal. */
  reachable: (address: string) => boolean = () => true;
  /** While true, nobody reads from streams: what is written stays with the writer. */
  stall = false;
  /** Names that {@link Network.lookup} knows. */
  readonly names = new Map<string, readonly string[]>();
  readonly #clock: Clock;
  readonly #datagrams = new Map<string, DatagramHandlers>();
  readonly #servers = new Map<string, (socket: StreamSocket) => void>();
  readonly #connections = new Set<MemoryStream>();
  #nextPort = FIRST_FREE_PORT;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The network as the machine with this address sees it. */
  host(address: string): Network {
    return {
      bindDatagram: async (host, port, handlers) => this.#bind(address, host, port, handlers),
      listenStream: async (host, port, connected) => this.#listen(address, host, port, connected),
      connectStream: (to, port, done) => this.#connect(address, to, port, done),
      lookup: async (name) => this.#lookup(name),
      localAddressFor: () => address,
    };
  }

  /** Open ends of streams; 0 when nothing leaks. */
  get openStreams(): number {
    return this.#connections.size;
  }

  /** Breaks every stream, as a reset would. */
  cutStreams(): void {
    for (const stream of [...this.#connections]) stream.fail(systemError('ECONNRESET', 'connection reset'));
  }

  #bind(own: string, host: string, wanted: number, handlers: DatagramHandlers): DatagramSocket {
    const local = this.#reserve(own, host, wanted, this.#datagrams);
    const key = keyOf(local.address, local.port);
    this.#datagrams.set(key, handlers);
    return {
      local,
      send: (data, address, port, failed) => {
        if (!this.#datagrams.has(key)) failed(systemError('EBADF', 'the socket is closed'));
        else this.#carry({ from: local, to: { address, port }, data: Buffer.from(data) });
      },
      close: async () => {
        this.#datagrams.delete(key);
      },
    };
  }

  #carry(datagram: Datagram): void {
    this.sent(datagram);
    for (const delay of this.fate(datagram)) {
      this.#clock.after(delay, () => {
        const { from, to, data } = datagram;
        this.#datagrams.get(keyOf(to.address, to.port))?.message(Buffer.from(data), from.address, from.port);
      });
    }
  }

  #listen(
    own: string,
    host: string,
    wanted: number,
    connected: (socket: StreamSocket) => void,
  ): StreamServer {
    const local = this.#reserve(own, host, wanted, this.#servers);
    const key = keyOf(local.address, local.port);
    this.#servers.set(key, connected);
    return {
      local,
      close: async () => {
        this.#servers.delete(key);
      },
    };
  }

  #connect(
    own: string,
    address: string,
    port: number,
    done: (result: StreamSocket | Error) => void,
  ): () => void {
    const timer = this.#clock.after(2 * DEFAULT_DELAY_MS, () => {
      if (!this.reachable(address)) return;
      const connected = this.#servers.get(keyOf(address, port));
      if (connected === undefined) {
        done(systemError('ECONNREFUSED', `connect ECONNREFUSED ${address}:${port}`));
        return;
      }
      const here: NetworkAddress = { address: own, port: this.#nextPort++ };
      const there: NetworkAddress = { address, port };
      const near = new MemoryStream(this.#clock, this.#connections, this, here, there);
      const far = new MemoryStream(this.#clock, this.#connections, this, there, here);
      near.join(far);
      far.join(near);
      connected(far);
      done(near);
    });
    return () => timer.cancel();
  }

  #lookup(name: string): readonly string[] {
    const addresses = this.names.get(name);
    if (addresses === undefined) throw systemError('ENOTFOUND', `getaddrinfo ENOTFOUND ${name}`);
    return addresses;
  }

  #reserve(own: string, host: string, wanted: number, taken: ReadonlyMap<string, unknown>): NetworkAddress {
    const wildcard = host === '0.0.0.0' || host === '::';
    if (!wildcard && host !== own) {
      throw systemError('EADDRNOTAVAIL', `bind EADDRNOTAVAIL ${host}:${wanted}`);
    }
    const port = wanted === 0 ? this.#nextPort++ : wanted;
    if (taken.has(keyOf(own, port))) throw systemError('EADDRINUSE', `bind EADDRINUSE ${host}:${port}`);
    return { address: own, port };
  }
}

class MemoryStream implements StreamSocket {
  readonly local: NetworkAddress;
  readonly remote: NetworkAddress;
  readonly #clock: Clock;
  readonly #open: Set<MemoryStream>;
  readonly #network: MemoryNetwork;
  #peer: MemoryStream | undefined;
  #pendingBytes = 0;
  #handlers: StreamHandlers | undefined;

  constructor(
    clock: Clock,
    open: Set<MemoryStream>,
    network: MemoryNetwork,
    local: NetworkAddress,
    remote: NetworkAddress,
  ) {
    this.#clock = clock;
    this.#network = network;
    this.#open = open;
    this.local = local;
    this.remote = remote;
    open.add(this);
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  join(peer: MemoryStream): void {
    this.#peer = peer;
  }

  handle(handlers: StreamHandlers): void {
    this.#handlers = handlers;
  }

  write(data: Uint8Array): void {
    if (this.#network.stall) {
      this.#pendingBytes += data.length;
      return;
    }
    const copy = Buffer.from(data);
    this.#network.sent({ from: this.local, to: this.remote, data: copy });
    this.#clock.after(DEFAULT_DELAY_MS, () => this.#peer?.receive(copy));
  }

  end(): void {
    this.#close(undefined);
  }

  destroy(): void {
    this.#close(undefined);
  }

  fail(error: Error | undefined): void {
    this.#close(error);
  }

  receive(data: Buffer): void {
    if (this.#open.has(this)) this.#handlers?.data(data);
  }

  #close(error: Error | undefined): void {
    if (!this.#open.delete(this)) return;
    const peer = this.#peer;
    this.#clock.after(DEFAULT_DELAY_MS, () => peer?.fail(error));
    this.#clock.after(0, () => this.#handlers?.closed(error));
  }
}

function keyOf(address: string, port: number): string {
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

function systemError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
