import type { Clock } from '../../time/clock.ts';
import { newTag } from '../identifiers.ts';
import { to, via } from '../message/accessors.ts';
import type { HeaderField } from '../message/headers.ts';
import { createResponse, type SipRequest, sizeOf } from '../message/message.ts';
import { serialize } from '../message/serialize.ts';
import type { SipTimers } from '../timers.ts';
import type { Flow } from '../transport/flow.ts';
import { INVITE_SERVER, type InviteServerInput } from './invite-server.ts';
import { NON_INVITE_SERVER, type NonInviteServerInput } from './non-invite-server.ts';
import { type TransactionActions, TransactionDriver } from './transaction.ts';

/** The user of a server transaction, as long as it has not given its final response (RFC 3261 17.2). */
export interface ServerTransactionUser {
  /** A CANCEL came before the final response; it has been answered, the INVITE is still to be (9.2). */
  cancelled?(cancel: SipRequest): void;
}

/** What all server transactions of a layer have in common. */
export interface ServerTransactionSite {
  readonly clock: Clock;
  readonly timers: SipTimers;
  /** @param sentByPort of the top Via, for a connection that has to be opened anew */
  readonly reply: (
    data: Uint8Array,
    flow: Flow,
    sentByPort: number | undefined,
    failed: (error: Error) => void,
  ) => void;
  readonly retransmitted: () => void;
  readonly terminated: (transaction: ServerTransaction) => void;
}

/** Gets the request, and an ACK that matches it. */
export type Delivery = (request: SipRequest, transaction: ServerTransaction) => void;

export interface ServerTransactionOptions {
  readonly key: string;
  readonly mergeKey: string | undefined;
  /** Tag for To when the request has none; a new one when undefined. */
  readonly localTag: string | undefined;
  /** How long the request had waited until there was time for it, ms. */
  readonly waitedMs: number;
  readonly request: SipRequest;
  /** Way back to the client. */
  readonly flow: Flow;
  readonly deliver: Delivery;
}

const NO_USER: ServerTransactionUser = {};

export interface ReplyOptions {
  readonly reason?: string | undefined;
  readonly headers?: Iterable<HeaderField>;
  readonly body?: Buffer;
}

type Input = InviteServerInput | NonInviteServerInput;

/**
 * A request that came in, until no copy of it can come any more (RFC 3261 17.2). It lingers for 32 s after its answer,
 * thousands of them where calls are short: so it makes no functions of its own, and holds no parsed message.
 */
export class ServerTransaction implements TransactionActions<SipRequest> {
  readonly key: string;
  readonly mergeKey: string | undefined;
  readonly flow: Flow;
  /** Our tag for To: that of the request within a dialog, else a new one (RFC 3261 8.2.6.2). */
  readonly localTag: string;
  readonly waitedMs: number;
  /** Of the request, about; what is kept of it and of its answers is hardly more, bytes. */
  readonly size: number;
  user: ServerTransactionUser = NO_USER;
  readonly #site: ServerTransactionSite;
  readonly #deliver: Delivery;
  readonly #driver: TransactionDriver<SipRequest>;
  readonly #isInvite: boolean;
  readonly #sentByPort: number | undefined;
  /** Until the final response; what lingers afterwards should not hold a whole message. */
  #request: SipRequest | undefined;
  #last: Uint8Array | undefined;
  #sent: Uint8Array | undefined;

  constructor(site: ServerTransactionSite, options: ServerTransactionOptions) {
    const { request } = options;
    this.#site = site;
    this.#deliver = options.deliver;
    this.key = options.key;
    this.mergeKey = options.mergeKey;
    this.flow = options.flow;
    this.localTag = to(request).tag ?? options.localTag ?? newTag();
    this.waitedMs = options.waitedMs;
    this.size = sizeOf(request);
    this.#request = request;
    this.#sentByPort = via(request).port;
    this.#isInvite = request.method === 'INVITE';
    this.#driver = new TransactionDriver<SipRequest>({
      table: this.#isInvite ? INVITE_SERVER : NON_INVITE_SERVER,
      clock: site.clock,
      timers: site.timers,
      reliable: options.flow.reliable,
      actions: this,
    });
  }

  get state(): string {
    return this.#driver.state;
  }

  /** Whether a final response was given. */
  get answered(): boolean {
    return this.#request === undefined;
  }

  /** Whether it is an INVITE that was refused, and lingers for its ACK and for late copies. */
  get refused(): boolean {
    const { state } = this.#driver;
    return this.#isInvite && (state === 'completed' || state === 'confirmed');
  }

  start(request: SipRequest): void {
    this.#driver.input('request', request);
  }

  /** The request came again. */
  retransmission(request: SipRequest): void {
    this.#driver.input('request', request);
  }

  /** An ACK that belongs to this transaction came. */
  acknowledged(ack: SipRequest): void {
    this.#driver.input('ack', ack);
  }

  /**
   * Answers the request; no-op after a final response.
   * @param status 101 to 699
   */
  reply(status: number, options: ReplyOptions = {}): void {
    const request = this.#request;
    if (request === undefined) return;
    const response = createResponse(request, status, options.reason, {
      toTag: this.localTag,
      ...(options.headers === undefined ? {} : { headers: options.headers }),
      ...(options.body === undefined ? {} : { body: options.body }),
    });
    this.#last = serialize(response);
    if (status >= 200) {
      this.#request = undefined;
      this.user = NO_USER;
    }
    this.#driver.input(this.#inputOf(status));
  }

  /** Sends the 2xx to an INVITE again; its user does so until the ACK (RFC 3261 13.3.1.4). */
  repeatSuccess(): void {
    this.#driver.input('success');
  }

  /** The 2xx was acknowledged, so it is not sent again; what lingers need not hold it. */
  successAcknowledged(): void {
    this.#last = undefined;
    this.#sent = undefined;
  }

  /** Ends the transaction without a word to its user. */
  abandon(): void {
    this.#driver.abandon();
  }

  /** For the driver of its machine, as those below. */
  send(): void {
    if (this.#last === undefined) return;
    if (this.#last === this.#sent) this.#site.retransmitted();
    this.#sent = this.#last;
    this.#site.reply(this.#last, this.flow, this.#sentByPort, () => this.#driver.input('transportError'));
  }

  sendTrying(): void {
    if (this.#request === undefined) return;
    this.#last = serialize(createResponse(this.#request, 100));
    this.send();
  }

  deliver(message: SipRequest): void {
    this.#deliver(message, this);
  }

  /** A client that cannot be reached asks again, or gives up by itself. */
  report(): void {}

  terminated(): void {
    this.#site.terminated(this);
  }

  #inputOf(status: number): Input {
    if (status < 200) return 'provisional';
    if (!this.#isInvite) return 'final';
    return status < 300 ? 'success' : 'failure';
  }
}
