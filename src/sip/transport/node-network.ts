import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { connect, createServer, isIPv6, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Clock } from '../../time/clock.ts';
import { type InterfaceAddress, LocalAddresses } from './local-address.ts';
import type {
  DatagramHandlers,
  DatagramSocket,
  Network,
  NetworkAddress,
  StreamHandlers,
  StreamServer,
  StreamSocket,
} from './network.ts';

/** Room for bursts while the event loop is busy; the system may grant less. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
/** How long the list of our interfaces is taken as current, ms. */
const INTERFACES_FRESH_MS = 10_000;
/** Idle time before TCP probes whether the peer's machine is still there, ms. */
const TCP_PROBE_MS = 60_000;
/** Addresses for documentation (RFC 5737, RFC 3849): a UDP socket "connected" to them sends nothing. */
const FAR_AWAY = ['192.0.2.1', '2001:db8::1'];

/** What the system is asked; tests put others in the place of these. */
export interface SystemQuestions {
  readonly lookup: (host: string) => Promise<readonly { readonly address: string }[]>;
  /** @throws Error where the system does not tell */
  readonly interfaces: () => readonly InterfaceAddress[];
  /** Our address on the way there; undefined without a route. */
  readonly routeTo: (remote: string) => Promise<string | undefined>;
}

const SYSTEM: SystemQuestions = {
  lookup: (host) => lookup(host, { all: true, order: 'ipv4first' }),
  interfaces: ownInterfaces,
  routeTo: addressOfRouteTo,
};

/** UDP, TCP and name look-up of the machine. */
export class NodeNetwork implements Network {
  readonly #clock: Clock;
  readonly #system: SystemQuestions;
  readonly #lookups = new Map<string, Promise<readonly string[]>>();
  #defaults: readonly string[] = [];
  #addresses: LocalAddresses | undefined;
  #addressesUntil = 0;

  constructor(clock: Clock, system: Partial<SystemQuestions> = {}) {
    this.#clock = clock;
    this.#system = { ...SYSTEM, ...system };
  }

  async bindDatagram(host: string, port: number, handlers: DatagramHandlers): Promise<DatagramSocket> {
    return this.#clock.holdWhile(
      (async () => {
        if (this.#defaults.length === 0) await this.#findDefaults();
        return bindUdp(host, port, handlers);
      })(),
    );
  }

  async listenStream(
    host: string,
    port: number,
    connected: (socket: StreamSocket) => void,
  ): Promise<StreamServer> {
    return this.#clock.holdWhile(
      (async () => {
        if (this.#defaults.length === 0) await this.#findDefaults();
        return listenTcp(host, port, connected);
      })(),
    );
  }

  connectStream(address: string, port: number, done: (result: StreamSocket | Error) => void): () => void {
    const socket = connect({ host: address, port, noDelay: true });
    const failed = (error: Error): void => {
      socket.destroy();
      done(error);
    };
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.removeListener('error', failed);
      done(new TcpSocket(socket));
    });
    return () => {
      socket.removeAllListeners();
      socket.on('error', () => {});
      socket.destroy();
    };
  }

  /**
   * Looks a name up once for all who ask at the same time: the system looks up two names at once, and one whose name
   * server does not answer takes it ten seconds and more. So many calls to it would lie before all other look-ups of
   * the process, those of documents and callbacks among them.
   */
  lookup(host: string): Promise<readonly string[]> {
    const known = this.#lookups.get(host);
    if (known !== undefined) return known;
    const found = this.#clock
      .holdWhile(this.#system.lookup(host))
      .then((addresses) => addresses.map(({ address }) => address))
      .finally(() => this.#lookups.delete(host));
    this.#lookups.set(host, found);
    return found;
  }

  localAddressFor(remote: string): string {
    const now = this.#clock.monotonic();
    if (this.#addresses === undefined || now >= this.#addressesUntil) {
      this.#addresses = this.#readAddresses();
      this.#addressesUntil = now + INTERFACES_FRESH_MS;
      // The route may have come, or lead elsewhere, since: for whoever asks next, which is some milliseconds later.
      void this.#clock.holdWhile(this.#findDefaults());
    }
    return this.#addresses.towards(remote);
  }

  #readAddresses(): LocalAddresses {
    let interfaces: readonly InterfaceAddress[];
    try {
      interfaces = this.#system.interfaces();
    } catch {
      // A system that does not tell (systemd's RestrictAddressFamilies without AF_NETLINK): the route has to do.
      return new LocalAddresses([], this.#defaults);
    }
    // One that is ours no more leads nowhere.
    const ours = this.#defaults.filter((known) => interfaces.some(({ address }) => address === known));
    return new LocalAddresses(interfaces, ours);
  }

  /** Asks the routing table for our address on the way out; a family that has had no route yet has none. */
  async #findDefaults(): Promise<void> {
    const { routeTo } = this.#system;
    const found = await Promise.all(
      FAR_AWAY.map(
        async (remote) =>
          (await routeTo(remote)) ?? this.#defaults.find((former) => isIPv6(former) === isIPv6(remote)),
      ),
    );
    const defaults = found.filter((address) => address !== undefined);
    if (String(defaults) === String(this.#defaults)) return;
    this.#defaults = defaults;
    this.#addresses = undefined;
  }
}

class TcpSocket implements StreamSocket {
  readonly local: NetworkAddress;
  readonly remote: NetworkAddress;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.local = { address: unmapped(socket.localAddress ?? ''), port: socket.localPort ?? 0 };
    this.remote = { address: unmapped(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 };
    socket.setKeepAlive(true, TCP_PROBE_MS);
  }

  get pendingBytes(): number {
    return this.#socket.writableLength;
  }

  handle(handlers: StreamHandlers): void {
    let error: Error | undefined;
    this.#socket.on('data', (data: Buffer) => handlers.data(data));
    this.#socket.on('error', (cause) => {
      error = cause;
    });
    this.#socket.on('close', () => handlers.closed(error));
  }

  write(data: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(data);
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

function bindUdp(host: string, port: number, handlers: DatagramHandlers): Promise<DatagramSocket> {
  const v6 = isIPv6(host);
  const socket = createSocket({
    type: v6 ? 'udp6' : 'udp4',
    recvBufferSize: RECEIVE_BUFFER_BYTES,
    // Every address here is numeric already; the default look-up would cost a turn of the event loop.
    lookup: (address, _options, found) => found(null, address, address.includes(':') ? 6 : 4),
  });
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind(port, host, () => {
      socket.removeAllListeners('error');
      socket.on('error', (error) => handlers.error(error));
      socket.on('message', (data, from) => handlers.message(data, unmapped(from.address), from.port));
      const bound = socket.address();
      resolve({
        local: { address: bound.address, port: bound.port },
        send: (data, address, toPort, failed) => {
          const to = v6 && !address.includes(':') ? `::ffff:${address}` : address;
          try {
            socket.send(data, toPort, to, (error) => {
              if (error !== null) failed(error);
            });
          } catch (error) {
            // A closed socket throws instead of calling back.
            failed(error instanceof Error ? error : new Error(String(error)));
          }
        },
        close: () => new Promise((closed) => socket.close(() => closed())),
      });
    });
  });
}

function listenTcp(
  host: string,
  port: number,
  connected: (socket: StreamSocket) => void,
): Promise<StreamServer> {
  const server = createServer({ noDelay: true }, (socket) => {
    // A peer that reset the connection while it waited to be accepted has no address any more.
    if (socket.remoteAddress === undefined) socket.destroy();
    else connected(new TcpSocket(socket));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      // Errors of accepting (no file descriptor left) concern one peer; the server goes on.
      server.on('error', () => {});
      const bound = server.address();
      if (bound === null || typeof bound === 'string') throw new Error('a TCP server without an address');
      resolve({
        local: { address: bound.address, port: bound.port },
        close: () => new Promise((closed) => server.close(() => closed())),
      });
    });
  });
}

function ownInterfaces(): readonly InterfaceAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([zone, addresses = []]) =>
    addresses.map(({ address, cidr, internal }) => ({
      address,
      prefix: Number(cidr?.split('/')[1] ?? (isIPv6(address) ? 128 : 32)),
      internal,
      zone,
    })),
  );
}

function addressOfRouteTo(remote: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(remote) ? 'udp6' : 'udp4');
    const finish = (address: string | undefined): void => {
      socket.close();
      resolve(address);
    };
    socket.once('error', () => finish(undefined));
    // Where there is no route, it is called with the error, and the socket is bound to all addresses.
    socket.connect(9, remote, (error?: Error | null) =>
      finish(error instanceof Error ? undefined : socket.address().address),
    );
  });
}

/** `::ffff:192.0.2.1` → `192.0.2.1`. */
function unmapped(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
