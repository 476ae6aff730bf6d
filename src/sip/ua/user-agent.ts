import type {
  IncomingCallHandler,
  OptionsHandler,
  OutgoingCallOptions,
  SipCall,
  SipCallHandlers,
} from '../api.ts';
import { dialogId } from '../dialog/dialog.ts';
import { SipRefusal } from '../errors.ts';
import { callId, from, to } from '../message/accessors.ts';
import { SipParseError } from '../message/errors.ts';
import type { HeaderField } from '../message/headers.ts';
import type { SipRequest } from '../message/message.ts';
import { checkRequest } from '../message/validate.ts';
import type { Counters } from '../stats.ts';
import type { ServerTransaction } from '../transaction/server-transaction.ts';
import type { TransactionUser } from '../transaction/transaction-layer.ts';
import { within } from '../../time/clock.ts';
import { CAPABILITY_HEADERS, capabilitiesFor } from './capabilities.ts';
import { contactFor, type UserAgentContext } from './context.ts';
import { IncomingCall } from './incoming-call.ts';
import { answerTimer } from './invite-usage.ts';
import { OutgoingCall } from './outgoing-call.ts';

export interface UserAgentOptions {
  readonly context: UserAgentContext;
  readonly counters: Counters;
  readonly onInvite: IncomingCallHandler;
  readonly onOptions: OptionsHandler | undefined;
}

/** How long the end of running calls is waited for when the endpoint closes, in units of T1. */
const CLOSE_ROUNDS = 8;

/** The core of the user agent (RFC 3261 8): takes requests, finds their dialogs, makes and keeps the calls. */
export class UserAgent implements TransactionUser {
  readonly #options: UserAgentOptions;
  readonly #context: UserAgentContext;
  readonly #calls = new Set<IncomingCall | OutgoingCall>();
  #closing = false;

  constructor(options: UserAgentOptions) {
    this.#options = options;
    this.#context = options.context;
  }

  get callCount(): number {
    return this.#calls.size;
  }

  request(request: SipRequest, transaction: ServerTransaction): void {
    try {
      const refusal = checkRequest(request, capabilitiesFor(request));
      if (refusal === undefined) this.#dispatch(request, transaction);
      else this.#reply(transaction, refusal.status, refusal.headers);
    } catch (error) {
      if (error instanceof SipParseError) {
        this.#reply(transaction, error.status);
      } else if (error instanceof SipRefusal) {
        const fields = error.headers.map(({ name, value }): HeaderField => [name, value]);
        this.#reply(transaction, error.status, fields, error.reason);
      } else {
        throw error;
      }
    }
  }

  acknowledgement(request: SipRequest): void {
    this.#context.dialogs.get(dialogOf(request))?.acknowledgement(request);
  }

  /** @throws SipParseError or RangeError when the options make no INVITE; Error when the endpoint is closed or full */
  call(options: OutgoingCallOptions, handlers: SipCallHandlers): SipCall {
    if (this.#closing) throw new Error('the SIP endpoint is closed');
    if (this.#calls.size >= this.#context.limits.maxCalls) {
      this.#options.counters.overloaded++;
      throw new Error(`the SIP endpoint has its ${this.#context.limits.maxCalls} calls (limit maxCalls)`);
    }
    const call = new OutgoingCall(this.#context, options, handlers, (ended) => this.#calls.delete(ended));
    this.#calls.add(call);
    return call;
  }

  /** Ends all calls, and waits until the peers know, though not for long. */
  async close(): Promise<void> {
    this.#closing = true;
    const { clock, timers } = this.#context;
    const told = Promise.all(
      [...this.#calls].map((call) => call.hangup({ status: 503, reason: 'shutdown' })),
    );
    await within(clock, told, CLOSE_ROUNDS * timers.t1);
    for (const call of [...this.#calls]) call.abandon();
  }

  #dispatch(request: SipRequest, transaction: ServerTransaction): void {
    if (to(request).tag !== undefined) {
      const user = this.#context.dialogs.get(dialogOf(request));
      if (user === undefined) this.#reply(transaction, 481);
      else user.request(request, transaction);
    } else if (request.method === 'INVITE') {
      this.#invite(request, transaction);
    } else if (request.method === 'OPTIONS') {
      this.#capabilities(request, transaction);
    } else {
      this.#reply(transaction, 481);
    }
  }

  #invite(request: SipRequest, transaction: ServerTransaction): void {
    const { limits, log } = this.#context;
    if (this.#closing || this.#calls.size >= limits.maxCalls) {
      this.#options.counters.overloaded++;
      throw new SipRefusal(503, { retryAfterSeconds: limits.retryAfterSeconds });
    }
    const timer = answerTimer(request, this.#context);
    const call = new IncomingCall(this.#context, request, transaction, timer, (ended) =>
      this.#calls.delete(ended),
    );
    this.#calls.add(call);
    try {
      this.#options.onInvite(call);
    } catch (error) {
      if (error instanceof SipRefusal) {
        const { status, reason, headers } = error;
        call.refuse(status, { headers, ...(reason === undefined ? {} : { reason }) });
      } else {
        log.error({ error, sip_call_id: call.sipCallId }, 'the handler of incoming calls failed');
        call.refuse(500);
      }
    }
  }

  /** RFC 3261 11.2 */
  #capabilities(request: SipRequest, transaction: ServerTransaction): void {
    const { flow } = transaction;
    const status =
      this.#options.onOptions?.({
        requestUri: request.uri,
        from: from(request).uriText,
        source: { protocol: flow.protocol, ...flow.remote },
      }) ?? (this.#closing ? 503 : 200);
    const contact = contactFor(this.#context, flow, to(request).uriText);
    this.#reply(transaction, status, [['Contact', contact], ...CAPABILITY_HEADERS]);
  }

  #reply(
    transaction: ServerTransaction,
    status: number,
    headers: readonly HeaderField[] = [],
    reason?: string | undefined,
  ): void {
    transaction.reply(status, { reason, headers: [...headers, ['Server', this.#context.product]] });
  }
}

/** Key of the dialog that a request of the peer is in: its To is we. */
function dialogOf(request: SipRequest): string {
  return dialogId(callId(request), to(request).tag ?? '', from(request).tag ?? '');
}
