import { isIP } from 'node:net';
import type { Logger } from '../../log/logger.ts';
import type { Clock } from '../../time/clock.ts';
import type { SipListener, SipTrace } from '../api.ts';
import { checkListener, listenError } from '../errors.ts';
import { newTag } from '../identifiers.ts';
import type { SipLimits } from '../limits.ts';
import { replaceVia, via } from '../message/accessors.ts';
import { SipParseError } from '../message/errors.ts';
import { createResponse, type SipRequest, type SipResponse } from '../message/message.ts';
import { isKeepAlive, parseMessage } from '../message/parser.ts';
import { serialize } from '../message/serialize.ts';
import { hostPortToString } from '../message/uri.ts';
import { viaToString, viaWithSource } from '../message/via.ts';
import type { Counters } from '../stats.ts';
import { FloodGuard } from './flood-guard.ts';
import type { Flow } from './flow.ts';
import { isBoundTo, isWildcard, type Network, withoutZone } from './network.ts';
import { DEFAULT_SIP_PORT, type Target } from './target.ts';
import { TcpTransport } from './tcp-transport.ts';
import { UdpTransport } from './udp-transport.ts';

/** Who gets the messages that can be read. */
export interface MessageReceiver {
  /** The top Via already says where the request came from. */
  request(request: SipRequest, flow: Flow): void;
  response(response: SipResponse): void;
  flowClosed(flow: Flow): void;
}

export interface TransportOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly log: Logger;
  readonly listeners: readonly SipListener[];
  readonly limits: SipLimits;
  readonly counters: Counters;
  /** Host to name in Via and Contact instead of our own address. */
  readonly advertisedHost: string | undefined;
  readonly trace: SipTrace | undefined;
}

/** An address that the default route leads to (RFC 5737); nothing is sent to it. */
const SOMEWHERE = '192.0.2.1';
/** Addresses of one name that connections are tried to: each may take its {@link SipLimits.connectMs}. */
const MAX_ADDRESSES = 4;

/** Sockets and connections of one endpoint: reading, answering and routing of single messages (RFC 3261 18). */
export class TransportLayer {
  readonly #options: TransportOptions;
  readonly #receiver: MessageReceiver;
  readonly #udp: UdpTransport[] = [];
  readonly #tcp: TcpTransport;
  readonly #malformedGuard: FloodGuard;

  constructor(options: TransportOptions, receiver: MessageReceiver) {
    this.#options = options;
    this.#receiver = receiver;
    const { network, clock, limits, counters, log } = options;
    this.#malformedGuard = new FloodGuard({
      burst: limits.malformedBurst,
      perSecond: limits.malformedPerSecond,
      maxSources: limits.malformedSources,
    });
    this.#tcp = new TcpTransport(network, clock, limits, {
      message: (data, flow) => this.#receive(data, flow),
      malformed: (error, flow) => this.malformed(error, flow),
      closed: (flow) => receiver.flowClosed(flow),
      refused: (address, why) => {
        counters.connectionsRefused++;
        log.debug({ address, why }, 'SIP connection closed for a limit');
      },
    });
  }

  get connections(): number {
    return this.#tcp.connections;
  }

  /**
   * Opens all listeners, or none.
   * @throws ListenError
   */
  async open(): Promise<readonly SipListener[]> {
    const bound: SipListener[] = [];
    try {
      for (const listener of this.#options.listeners) bound.push(await this.#listen(listener, bound));
    } catch (error) {
      await this.close();
      throw error;
    }
    return bound;
  }

  async close(): Promise<void> {
    const sockets = this.#udp.splice(0);
    await Promise.all([...sockets.map((socket) => socket.close()), this.#tcp.close()]);
  }

  /** Calls back once, at once when no name has to be looked up and no connection to be opened. */
  flowTo(target: Target, done: (result: Flow | Error) => void): void {
    if (target.flow !== undefined && !target.flow.closed) {
      done(target.flow);
      return;
    }
    const { lastResort } = target;
    const settle = (result: Flow | Error): void => {
      done(result instanceof Error && lastResort?.closed === false ? lastResort : result);
    };
    if (isIP(target.host) !== 0) {
      this.#flowToAddress(target, [target.host], settle);
      return;
    }
    this.#options.network.lookup(target.host).then(
      (addresses) => this.#flowToAddress(target, addresses, settle),
      (error) => settle(error instanceof Error ? error : new Error(String(error))),
    );
  }

  /** Host and port of ours as the other end of this flow should see them (sent-by, Contact). */
  sentBy(flow: Flow): { readonly host: string; readonly port: number } {
    const own = this.localAddress(flow);
    const port =
      flow.protocol === 'tcp'
        ? (this.#tcp.serverPort(flow.remote.address, own) ?? flow.local.port)
        : flow.local.port;
    return { host: this.#options.advertisedHost ?? own, port };
  }

  /** Whether a peer there can answer us over TCP on a connection of its own. */
  listensOnTcp(address: string): boolean {
    return this.#tcp.serverPort(address) !== undefined;
  }

  /** Host by which we call ourselves towards a peer whose name may not be looked up yet. */
  ownHostTowards(host: string): string {
    const { advertisedHost, network } = this.#options;
    return advertisedHost ?? network.localAddressFor(isIP(host) === 0 ? SOMEWHERE : host);
  }

  /** Our own address on this flow, as the peer may be told it. */
  localAddress(flow: Flow): string {
    const { address } = flow.local;
    const { network } = this.#options;
    return withoutZone(isWildcard(address) ? network.localAddressFor(flow.remote.address) : address);
  }

  /** Value of the Via for a request of ours. `rport` asks for the answer to where we sent from (RFC 3581 3). */
  viaFor(flow: Flow, branch: string): string {
    const { host, port } = this.sentBy(flow);
    const rport = flow.protocol === 'udp' ? ';rport' : '';
    return `SIP/2.0/${flow.protocol.toUpperCase()} ${hostPortToString(host, port)};branch=${branch}${rport}`;
  }

  send(data: Uint8Array, flow: Flow, failed: (error: Error) => void): void {
    this.#options.counters.sent++;
    this.#options.trace?.('out', data, flow);
    flow.send(data, failed);
  }

  /**
   * Sends a response where the request's top Via says (RFC 3261 18.2.2, RFC 3581 4). `maddr` is not followed: it
   * would let a stranger point our answers at others.
   */
  reply(data: Uint8Array, flow: Flow, sentByPort: number | undefined, failed: (error: Error) => void): void {
    if (!flow.closed) {
      this.send(data, flow, failed);
      return;
    }
    this.#tcp.connect(flow.remote.address, sentByPort || DEFAULT_SIP_PORT, (result) => {
      if (result instanceof Error) failed(result);
      else this.send(data, result, failed);
    });
  }

  /** Answers without a transaction; lost answers are not repeated, but the peer's retransmission is answered. */
  replyStateless(request: SipRequest, flow: Flow, response: SipResponse): void {
    this.reply(serialize(response), flow, via(request).port, () => {});
  }

  /** @param others that are open already */
  async #listen(listener: SipListener, others: readonly SipListener[]): Promise<SipListener> {
    const { network, log } = this.#options;
    checkListener(listener);
    try {
      let port: number;
      if (listener.protocol === 'udp') {
        const socket = await UdpTransport.open(
          network,
          listener,
          (data, flow) => this.#receive(data, flow),
          (error) => log.error({ error, listener }, 'SIP socket failed'),
        );
        this.#udp.push(socket);
        port = socket.local.port;
      } else {
        port = (await this.#tcp.listen(listener)).port;
      }
      return { ...listener, port };
    } catch (error) {
      throw listenError(listener, error, others);
    }
  }

  #flowToAddress(target: Target, found: readonly string[], done: (result: Flow | Error) => void): void {
    const { host, port, refusal } = target;
    const addresses = found.filter((address) => refusal?.(host, address, port) === undefined);
    if (addresses.length === 0) {
      done(new Error(refusal?.(host, found[0] ?? host, port) ?? `${host} has no address`));
      return;
    }
    if (target.protocol === 'tcp') {
      this.#connectToAny(addresses.slice(0, MAX_ADDRESSES), port, done);
      return;
    }
    for (const address of addresses) {
      const socket = this.#udpTowards(address);
      if (socket === undefined) continue;
      done(socket.flowTo(address, port));
      return;
    }
    done(new Error(`no UDP listener of ours reaches ${addresses.join(', ')}`));
  }

  /** Of the sockets that reach it, the first that is bound to the interface that leads there, or to all. */
  #udpTowards(address: string): UdpTransport | undefined {
    const reaching = this.#udp.filter((candidate) => candidate.reaches(address));
    if (reaching.length < 2) return reaching[0];
    const own = this.#options.network.localAddressFor(address);
    return reaching.find(({ local }) => isBoundTo(local, own)) ?? reaching[0];
  }

  /** Tries one address of a name behind the other (RFC 3263 4.3): machines fail, and IPv6 or IPv4 may lead nowhere. */
  #connectToAny(addresses: readonly string[], port: number, done: (result: Flow | Error) => void): void {
    const [address = '', ...others] = addresses;
    this.#tcp.connect(address, port, (result) => {
      if (result instanceof Error && others.length > 0) this.#connectToAny(others, port, done);
      else done(result);
    });
  }

  #receive(data: Buffer, flow: Flow): void {
    const { counters, trace } = this.#options;
    if (!flow.reliable && (isKeepAlive(data) || isStun(data))) return;
    counters.received++;
    trace?.('in', data, flow);
    try {
      const message = parseMessage(data);
      if (message.kind === 'request') this.#receiver.request(...this.#located(message, flow));
      else this.#receiver.response(message);
    } catch (error) {
      if (!(error instanceof SipParseError)) throw error;
      this.malformed(error, flow);
    }
  }

  /** Notes the source in the top Via, and finds the flow that answers take. */
  #located(request: SipRequest, flow: Flow): [SipRequest, Flow] {
    const top = via(request);
    const { address, port } = flow.remote;
    const source = withoutZone(address);
    if (top.host !== source || top.rportRequested) {
      const located = viaWithSource(top, source, port);
      replaceVia(request, located, viaToString(located));
    }
    if (flow.reliable || top.rportRequested) return [request, flow];
    const answerPort = top.port || DEFAULT_SIP_PORT;
    return [request, answerPort === port ? flow : this.#udpFlowBack(flow, address, answerPort)];
  }

  #udpFlowBack(flow: Flow, address: string, port: number): Flow {
    const socket = this.#udp.find(
      ({ local }) => local.port === flow.local.port && local.address === flow.local.address,
    );
    return socket?.flowTo(address, port) ?? flow;
  }

  /** Answers what cannot be read, as far as its source has not sent too much of it. */
  malformed(error: SipParseError, flow: Flow): void {
    const { counters, clock, log } = this.#options;
    counters.malformed++;
    const { address } = flow.remote;
    if (!this.#malformedGuard.take(address, clock.monotonic())) {
      counters.dropped++;
      return;
    }
    log.debug({ address, port: flow.remote.port, error: error.message }, 'malformed SIP message');
    if (error.request === undefined) {
      counters.dropped++;
      return;
    }
    const response = createResponse(error.request, error.status, error.reason, { toTag: newTag() });
    this.send(serialize(response), flow, () => {});
  }
}

/** STUN and other binary protocols that share the port: no SIP message begins with such a byte (RFC 7983). */
function isStun(data: Buffer): boolean {
  const first = data[0];
  return first === undefined || first < 4;
}
