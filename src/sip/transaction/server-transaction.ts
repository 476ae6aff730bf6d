import type { Clock } from '../../time/clock.ts';
import { newTag } from '../identifiers.ts';
import { to, via } from '../message/accessors.ts';
import type { HeaderField } from '../message/headers.ts';
import { createResponse, type SipRequest } from '../message/message.ts';
import { serialize } from '../message/serialize.ts';
import type { SipTimers } from '../timers.ts';
import type { Flow } from '../transport/flow.ts';
import { INVITE_SERVER, type InviteServerInput } from './invite-server.ts';
import { NON_INVITE_SERVER, type NonInviteServerInput } from './non-invite-server.ts';
import { TransactionDriver } from './transaction.ts';

/** The user of a server transaction, as long as it has not given its final response (RFC 3261 17.2). */
export interface ServerTransactionUser {
  /** A CANCEL came before the final response; it has been answered, the INVITE is still to be (9.2). */
  cancelled?(cancel: SipRequest): void;
}

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
  readonly clock: Clock;
  readonly timers: SipTimers;
  /** @param sentByPort of the top Via, for a connection that has to be opened anew */
  readonly reply: (
    data: Uint8Array,
    flow: Flow,
    sentByPort: number | undefined,
    failed: (error: Error) => void,
  ) => void;
  readonly deliver: (request: SipRequest, transaction: ServerTransaction) => void;
  readonly retransmitted: () => void;
  readonly terminated: (transaction: ServerTransaction) => void;
}

export interface ReplyOptions {
  readonly reason?: string | undefined;
  readonly headers?: Iterable<HeaderField>;
  readonly body?: Buffer;
}

type Input = InviteServerInput | NonInviteServerInput;

/** A request that came in, until no copy of it can come any more (RFC 3261 17.2). */
export class ServerTransaction {
  readonly key: string;
  readonly mergeKey: string | undefined;
  readonly flow: Flow;
  /** Our tag for To: that of the request within a dialog, else a new one (RFC 3261 8.2.6.2). */
  readonly localTag: string;
  readonly waitedMs: number;
  user: ServerTransactionUser = {};
  readonly #reply: ServerTransactionOptions['reply'];
  readonly #retransmitted: () => void;
  readonly #driver: TransactionDriver<SipRequest>;
  readonly #isInvite: boolean;
  readonly #sentByPort: number | undefined;
  /** Until the final response; what lingers afterwards should not hold a whole message. */
  #request: SipRequest | undefined;
  #last: Uint8Array | undefined;
  #sent: Uint8Array | undefined;

  constructor(options: ServerTransactionOptions) {
    const { request } = options;
    this.key = options.key;
    this.mergeKey = options.mergeKey;
    this.flow = options.flow;
    this.localTag = to(request).tag ?? options.localTag ?? newTag();
    this.waitedMs = options.waitedMs;
    this.#reply = options.reply;
    this.#retransmitted = options.retransmitted;
    this.#request = request;
    this.#sentByPort = via(request).port;
    this.#isInvite = request.method === 'INVITE';
    // Only what lives as long as the transaction may be caught in here: it lingers for 32 s.
    const { deliver, terminated } = options;
    this.#driver = new TransactionDriver<SipRequest>({
      table: this.#isInvite ? INVITE_SERVER : NON_INVITE_SERVER,
      clock: options.clock,
      timers: options.timers,
      reliable: options.flow.reliable,
      actions: {
        send: () => this.#send(),
        sendTrying: () => this.#sendTrying(),
        deliver: (message) => deliver(message, this),
        // A client that cannot be reached asks again, or gives up by itself.
        report: () => {},
        terminated: () => terminated(this),
      },
    });
  }

  get state(): string {
    return this.#driver.state;
  }

  /** Whether a final response was given. */
  get answered(): boolean {
    return this.#request === undefined;
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
      this.user = {};
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

  #send(): void {
    if (this.#last === undefined) return;
    if (this.#last === this.#sent) this.#retransmitted();
    this.#sent = this.#last;
    this.#reply(this.#last, this.flow, this.#sentByPort, () => this.#driver.input('transportError'));
  }

  #sendTrying(): void {
    if (this.#request === undefined) return;
    this.#last = serialize(createResponse(this.#request, 100));
    this.#send();
  }

  #inputOf(status: number): Input {
    if (status < 200) return 'provisional';
    if (!this.#isInvite) return 'final';
    return status < 300 ? 'success' : 'failure';
  }
}
