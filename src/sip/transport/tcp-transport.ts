import { isIPv6 } from 'node:net';
import type { Clock, Timer } from '../../time/clock.ts';
import type { SipListener } from '../api.ts';
import type { SipLimits } from '../limits.ts';
import type { SipParseError } from '../message/errors.ts';
import { canonicalHost } from '../message/uri.ts';
import type { Flow } from './flow.ts';
import {
  isBoundTo,
  type Network,
  type NetworkAddress,
  type StreamServer,
  type StreamSocket,
} from './network.ts';
import { TcpFlow } from './tcp-flow.ts';

export interface TcpEvents {
  message(data: Buffer, flow: Flow): void;
  malformed(error: SipParseError, flow: Flow): void;
  /** A connection is gone; what was sent on it may not have arrived. */
  closed(flow: Flow): void;
  /** A peer was turned away (too many connections) or put out (idle, too slow, gone silent). */
  refused(address: string, why: 'full' | 'idle' | 'slow' | 'silent'): void;
}

interface Attempt {
  readonly waiting: ((result: Flow | Error) => void)[];
  readonly giveUp: () => void;
  readonly timer: Timer;
}

/** How often connections are looked at for idleness and keep-alives, ms. */
const CHECK_MS = 5000;
/** For so long, the end of everything waits for peers to close their ends, ms. */
const FINISH_MS = 1000;

/** All TCP of an endpoint: the servers, the connections both ways, and their limits. */
export class TcpTransport {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #limits: SipLimits;
  readonly #events: TcpEvents;
  readonly #servers: StreamServer[] = [];
  readonly #flows = new Set<TcpFlow>();
  /** Open connections by the address of the other end, the youngest of each. */
  readonly #byRemote = new Map<string, TcpFlow>();
  readonly #perAddress = new Map<string, number>();
  readonly #attempts = new Map<string, Attempt>();
  #check: Timer | undefined;
  #closed = false;

  constructor(network: Network, clock: Clock, limits: SipLimits, events: TcpEvents) {
    this.#network = network;
    this.#clock = clock;
    this.#limits = limits;
    this.#events = events;
  }

  get connections(): number {
    return this.#flows.size;
  }

  /** @throws Error with the system's `code` when the address cannot be bound */
  async listen(listener: SipListener): Promise<NetworkAddress> {
    const server = await this.#network.listenStream(listener.host, listener.port, (socket) =>
      this.#accept(socket),
    );
    this.#servers.push(server);
    return server.local;
  }

  /**
   * Port to name in Via and Contact towards this address; undefined without a server that it could reach.
   * @param own our address that is named with it
   */
  serverPort(address: string, own?: string): number | undefined {
    const reachable = this.#servers.filter(
      ({ local }) => local.address === '::' || isIPv6(local.address) === isIPv6(address),
    );
    const there = own === undefined ? undefined : reachable.find(({ local }) => isBoundTo(local, own));
    return (there ?? reachable[0])?.local.port;
  }

  /** An open connection to this address. */
  existing(address: string, port: number): Flow | undefined {
    const flow = this.#byRemote.get(keyOf(address, port));
    // One that we have finished is here until its peer has closed its end, too.
    return flow?.closed === false ? flow : undefined;
  }

  /** Calls back once, at once when a connection is open. Attempts to one peer at the same time are one attempt. */
  connect(address: string, port: number, done: (result: Flow | Error) => void): void {
    const open = this.existing(address, port);
    if (open !== undefined) {
      done(open);
      return;
    }
    if (this.#closed) {
      done(new Error('the endpoint is closed'));
      return;
    }
    const key = keyOf(address, port);
    const running = this.#attempts.get(key);
    if (running !== undefined) {
      running.waiting.push(done);
      return;
    }
    if (this.#flows.size + this.#attempts.size >= this.#limits.maxConnections) {
      done(new Error('too many TCP connections'));
      return;
    }
    const settle = (result: StreamSocket | Error): void => {
      const attempt = this.#attempts.get(key);
      if (attempt === undefined) return;
      this.#attempts.delete(key);
      attempt.timer.cancel();
      const flow = result instanceof Error ? result : this.#add(result, true);
      for (const callback of attempt.waiting) callback(flow);
    };
    const timer = this.#clock.after(this.#limits.connectMs, () => {
      this.#attempts.get(key)?.giveUp();
      settle(new Error(`no TCP connection to ${key} within ${this.#limits.connectMs} ms`));
    });
    const giveUp = this.#network.connectStream(address, port, settle);
    this.#attempts.set(key, { waiting: [done], giveUp, timer });
  }

  /** Sends what is pending on each connection, then closes everything; whoever does not close its end is put out. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#check?.cancel();
    for (const attempt of this.#attempts.values()) {
      attempt.giveUp();
      attempt.timer.cancel();
      for (const callback of attempt.waiting) callback(new Error('the endpoint is closed'));
    }
    this.#attempts.clear();
    for (const flow of this.#flows) flow.finish();
    // A server is closed when its last connection is, and a peer without network, or a careless one, closes none.
    const limit = this.#clock.after(FINISH_MS, () => {
      for (const flow of this.#flows) flow.close();
    });
    await Promise.all(this.#servers.map((server) => server.close()));
    limit.cancel();
  }

  #accept(socket: StreamSocket): void {
    const { address } = socket.remote;
    const full =
      this.#closed ||
      this.#flows.size >= this.#limits.maxConnections ||
      (this.#perAddress.get(address) ?? 0) >= this.#limits.maxConnectionsPerAddress;
    if (full) {
      socket.handle({ data: () => {}, closed: () => {} });
      socket.destroy();
      this.#events.refused(address, 'full');
      return;
    }
    this.#add(socket, false);
  }

  #add(socket: StreamSocket, ours: boolean): TcpFlow {
    const flow = new TcpFlow(socket, ours, this.#clock, this.#limits, {
      message: this.#events.message,
      malformed: this.#events.malformed,
      closed: (gone) => this.#forget(gone),
    });
    const { address, port } = flow.remote;
    this.#flows.add(flow);
    this.#byRemote.set(keyOf(address, port), flow);
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1);
    this.#check ??= this.#clock.after(CHECK_MS, () => this.#checkAll());
    return flow;
  }

  #forget(flow: TcpFlow): void {
    if (!this.#flows.delete(flow)) return;
    const { address, port } = flow.remote;
    if (this.#byRemote.get(keyOf(address, port)) === flow) this.#byRemote.delete(keyOf(address, port));
    const left = (this.#perAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(address, left);
    else this.#perAddress.delete(address);
    this.#events.closed(flow);
  }

  #checkAll(): void {
    this.#check = undefined;
    const now = this.#clock.monotonic();
    for (const flow of this.#flows) {
      const why = flow.check(now);
      if (why === undefined) {
        flow.keepAlive(now);
      } else {
        this.#events.refused(flow.remote.address, why);
        flow.close();
      }
    }
    if (this.#flows.size > 0) this.#check = this.#clock.after(CHECK_MS, () => this.#checkAll());
  }
}

/** An address may be spelt otherwise in a URI than it is told of the connection there. */
function keyOf(address: string, port: number): string {
  return `${canonicalHost(address)} ${port}`;
}
