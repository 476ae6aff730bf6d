import type { Logger } from '../log/logger.ts';
import type { Clock } from '../time/clock.ts';
import type {
  IncomingCallHandler,
  IntakePolicy,
  OptionsHandler,
  OutgoingCallOptions,
  SipCall,
  SipCallHandlers,
  SipEndpoint,
  SipListener,
  SipTrace,
} from './api.ts';
import { DEFAULT_SESSION_EXPIRES, type SessionTimerPolicy } from './dialog/session-timer.ts';
import { DEFAULT_SIP_LIMITS, type SipLimits } from './limits.ts';
import type { SipRequest } from './message/message.ts';
import { MIN_SESSION_EXPIRES } from './message/session-expires.ts';
import { newCounters, type SipStats } from './stats.ts';
import { sipTimers } from './timers.ts';
import type { ServerTransaction } from './transaction/server-transaction.ts';
import { TransactionLayer } from './transaction/transaction-layer.ts';
import type { Network } from './transport/network.ts';
import { NodeNetwork } from './transport/node-network.ts';
import { TransportLayer } from './transport/transport-layer.ts';
import { UserAgent } from './ua/user-agent.ts';

export interface SipEndpointOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly listeners: readonly SipListener[];
  /** Text of User-Agent and Server, e.g. `OpenSWML/0.1.0`. */
  readonly userAgent: string;
  /**
   * Called for each new INVITE; attach handlers at once, answer now or later.
   * @throws SipRefusal to refuse the call (503 with Retry-After when overloaded)
   */
  readonly onInvite: IncomingCallHandler;
  /** What becomes of INVITEs that there is no time for; default: they wait. */
  readonly intake?: IntakePolicy;
  /** Status for an OPTIONS outside of a call; 200 when left out. */
  readonly onOptions?: OptionsHandler;
  readonly limits?: Partial<SipLimits>;
  /** T1, T2, T4, the longest ringing time C and the delay of 100 Trying, ms; those of RFC 3261 when left out. */
  readonly timers?: Parameters<typeof sipTimers>[0];
  /** Session timer (RFC 4028): interval that we ask for (0: none) and the shortest that we take, s. */
  readonly sessionTimer?: Partial<SessionTimerPolicy>;
  /** Host that peers reach us by, when it is none of our own addresses (a one-to-one NAT). */
  readonly advertisedHost?: string;
  readonly trace?: SipTrace;
  /** Other sockets than the machine's, for tests. */
  readonly network?: Network;
}

/** @throws RangeError when a timer is not a positive number */
export function createSipEndpoint(options: SipEndpointOptions): SipEndpoint {
  return new Endpoint(options);
}

class Endpoint implements SipEndpoint {
  readonly #network: Network;
  readonly #transports: TransportLayer;
  readonly #transactions: TransactionLayer;
  readonly #userAgent: UserAgent;
  readonly #counters = newCounters();
  #closed: Promise<void> | undefined;

  constructor(options: SipEndpointOptions) {
    const { clock, log } = options;
    const limits = { ...DEFAULT_SIP_LIMITS, ...options.limits };
    const timers = sipTimers(options.timers);
    const counters = this.#counters;
    this.#network = options.network ?? new NodeNetwork(clock);
    this.#transactions = new TransactionLayer(
      { clock, timers, limits, counters, intake: options.intake },
      {
        request: (request: SipRequest, transaction: ServerTransaction) =>
          this.#userAgent.request(request, transaction),
        acknowledgement: (request: SipRequest) => this.#userAgent.acknowledgement(request),
      },
    );
    this.#transports = new TransportLayer(
      {
        network: this.#network,
        clock,
        log,
        listeners: options.listeners,
        limits,
        counters,
        advertisedHost: options.advertisedHost,
        trace: options.trace,
      },
      this.#transactions,
    );
    this.#transactions.attach(this.#transports);
    this.#userAgent = new UserAgent({
      context: {
        clock,
        timers,
        limits,
        log,
        transactions: this.#transactions,
        transports: this.#transports,
        sessionPolicy: {
          sessionExpires: DEFAULT_SESSION_EXPIRES,
          minSe: MIN_SESSION_EXPIRES,
          ...options.sessionTimer,
        },
        product: options.userAgent,
        dialogs: new Map(),
      },
      counters,
      onInvite: options.onInvite,
      onOptions: options.onOptions,
    });
  }

  get stats(): SipStats {
    return {
      ...this.#counters,
      calls: this.#userAgent.callCount,
      waitingInvites: this.#transactions.waitingCount,
      serverTransactions: this.#transactions.serverCount,
      clientTransactions: this.#transactions.clientCount,
      connections: this.#transports.connections,
    };
  }

  start(): Promise<readonly SipListener[]> {
    return this.#transports.open();
  }

  call(options: OutgoingCallOptions, handlers: SipCallHandlers): SipCall {
    return this.#userAgent.call(options, handlers);
  }

  localAddressFor(remote: string): string {
    return this.#transports.ownHostTowards(remote);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#userAgent.close();
    this.#transactions.close();
    await this.#transports.close();
  }
}
