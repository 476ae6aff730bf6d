import type { Clock } from '../../time/clock.ts';
import { type Headers, Headers as HeaderList } from '../message/headers.ts';
import { createRequest, type SipRequest, type SipResponse } from '../message/message.ts';
import { serialize } from '../message/serialize.ts';
import type { SipTimers } from '../timers.ts';
import type { Flow } from '../transport/flow.ts';
import { INVITE_CLIENT, type InviteClientInput } from './invite-client.ts';
import { NON_INVITE_CLIENT, type NonInviteClientInput } from './non-invite-client.ts';
import { TransactionDriver } from './transaction.ts';

export type TransactionFailure = 'timeout' | 'transport';

/** The user of a client transaction (RFC 3261 17.1). */
export interface ClientTransactionUser {
  /** Every response but retransmissions of a final one; each 2xx to an INVITE, copies included. */
  response(response: SipResponse, transaction: ClientTransaction): void;
  /** No final response will come. */
  failed(failure: TransactionFailure): void;
}

export interface ClientTransactionOptions {
  readonly key: string;
  /** With its Via. */
  readonly request: SipRequest;
  readonly bytes: Uint8Array;
  readonly flow: Flow;
  readonly clock: Clock;
  readonly timers: SipTimers;
  readonly user: ClientTransactionUser;
  readonly send: (data: Uint8Array, flow: Flow, failed: (error: Error) => void) => void;
  readonly retransmitted: () => void;
  readonly terminated: (transaction: ClientTransaction) => void;
}

type Input = InviteClientInput | NonInviteClientInput;

/** A request of ours until its last response (RFC 3261 17.1). */
export class ClientTransaction {
  readonly key: string;
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly #driver: TransactionDriver<SipResponse>;
  readonly #clock: Clock;
  readonly #isInvite: boolean;
  readonly #user: ClientTransactionUser;
  #sends = 0;
  #startedMs = 0;
  /** A final response has come. */
  #answered = false;
  #acknowledgement: Uint8Array | undefined;

  constructor(options: ClientTransactionOptions) {
    this.key = options.key;
    this.request = options.request;
    this.flow = options.flow;
    this.#clock = options.clock;
    this.#user = options.user;
    this.#isInvite = options.request.method === 'INVITE';
    const failed = (): void => this.#driver.input('transportError');
    this.#driver = new TransactionDriver<SipResponse>({
      table: this.#isInvite ? INVITE_CLIENT : NON_INVITE_CLIENT,
      clock: options.clock,
      timers: options.timers,
      reliable: options.flow.reliable,
      actions: {
        send: () => {
          if (this.#sends++ > 0) options.retransmitted();
          options.send(options.bytes, options.flow, failed);
        },
        acknowledge: (response) => {
          this.#acknowledgement ??= serialize(acknowledgementOf(options.request, response));
          options.send(this.#acknowledgement, options.flow, failed);
        },
        deliver: (response) => {
          this.#answered ||= response.status >= 200;
          options.user.response(response, this);
        },
        report: (failure) => {
          if (failure === 'timeout') options.flow.unanswered(this.#startedMs);
          // Of an ACK that cannot be sent (RFC 3261 17.1.1.2) nobody is told: the user may be at its next try.
          if (!this.#answered) options.user.failed(failure);
        },
        terminated: () => options.terminated(this),
      },
    });
  }

  get state(): string {
    return this.#driver.state;
  }

  start(): void {
    this.#startedMs = this.#clock.monotonic();
    this.#driver.input('start');
  }

  receive(response: SipResponse): void {
    this.#driver.input(this.#inputOf(response.status), response);
  }

  /** The connection that the request went out on is gone. */
  flowClosed(): void {
    this.#driver.input('transportError');
  }

  /** No final response has come yet. */
  get open(): boolean {
    const { state } = this.#driver;
    return state === 'calling' || state === 'trying' || state === 'proceeding';
  }

  /** Forgets the transaction without a word to its user. */
  abandon(): void {
    this.#driver.abandon();
  }

  /** Ends the transaction now; its user is told, unless it has had its final response. */
  fail(): void {
    const wasOpen = this.open;
    this.#driver.abandon();
    if (wasOpen) this.#user.failed('transport');
  }

  #inputOf(status: number): Input {
    if (status < 200) return 'provisional';
    if (!this.#isInvite) return 'final';
    return status < 300 ? 'success' : 'failure';
  }
}

/** The ACK to a final response ≥ 300, which belongs to the transaction of its INVITE (RFC 3261 17.1.1.3). */
function acknowledgementOf(invite: SipRequest, response: SipResponse): SipRequest {
  return withinTransaction(invite, 'ACK', response.headers);
}

/** The CANCEL of a request (RFC 3261 9.1). */
export function cancelOf(request: SipRequest): SipRequest {
  return withinTransaction(request, 'CANCEL', request.headers);
}

function withinTransaction(request: SipRequest, method: string, toFrom: Headers): SipRequest {
  const { headers } = request;
  const own = new HeaderList();
  copyAll(headers, own, 'via', 1);
  copyAll(headers, own, 'route', headers.size);
  own.add('Max-Forwards', '70');
  copyAll(headers, own, 'from', 1);
  copyAll(toFrom, own, 'to', 1);
  copyAll(headers, own, 'call-id', 1);
  const number = headers.get('CSeq')?.split(' ')[0] ?? '';
  own.add('CSeq', `${number} ${method}`);
  return createRequest(method, request.uri, own);
}

function copyAll(from: Headers, to: Headers, key: string, most: number): void {
  let left = most;
  for (let i = 0; i < from.size && left > 0; i++) {
    if (from.keyAt(i) !== key) continue;
    to.add(from.nameAt(i), from.valueAt(i));
    left--;
  }
}
