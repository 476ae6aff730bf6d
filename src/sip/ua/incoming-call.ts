import type { Timer } from '../../time/clock.ts';
import type { IncomingSipCall, SipCallEnd, SipCallHandlers, SipHeader } from '../api.ts';
import { Dialog } from '../dialog/dialog.ts';
import { cseq, expires, from, to } from '../message/accessors.ts';
import type { Address } from '../message/address.ts';
import type { HeaderField } from '../message/headers.ts';
import type { SipRequest } from '../message/message.ts';
import { reasonPhrase } from '../message/status.ts';
import type { ServerTransaction } from '../transaction/server-transaction.ts';
import { sessionDescription, SDP_HEADER } from './body.ts';
import { CallOwner } from './call-owner.ts';
import { ALLOW, SUPPORTED } from './capabilities.ts';
import { contactFor, type UserAgentContext } from './context.ts';
import { InviteUsage, type TimerAnswer } from './invite-usage.ts';

const NO_FIELDS: readonly HeaderField[] = [];
/** How often a provisional response is repeated, lest a proxy gives the call up (RFC 3261 13.3.1.1), ms. */
const PROGRESS_REPEAT_MS = 60_000;
/** Status to a caller who has waited as long as we let anyone ring. */
const NO_ANSWER_STATUS = 480;

/** What is needed of an INVITE until its final response: a call that goes on keeps neither of the two. */
interface Invitation {
  readonly request: SipRequest;
  readonly transaction: ServerTransaction;
  readonly timer: TimerAnswer;
  readonly recordRoutes: readonly HeaderField[];
  /** Those of the request, once somebody has asked. */
  headers: readonly SipHeader[] | undefined;
}

/** A call that came in: its INVITE until the final response, then its {@link InviteUsage}. */
export class IncomingCall implements IncomingSipCall {
  readonly direction = 'inbound';
  readonly sipCallId: string;
  readonly localUri: string;
  readonly remoteUri: string;
  readonly offer: string | undefined;
  readonly requestUri: string;
  readonly from: IncomingSipCall['from'];
  readonly to: IncomingSipCall['to'];
  readonly contact: string | undefined;
  readonly source: IncomingSipCall['source'];
  readonly localAddress: string;
  readonly waitedMs: number;
  readonly #context: UserAgentContext;
  readonly #owner: CallOwner;
  readonly #usage: InviteUsage;
  /** Undefined: the final response is sent. */
  #invitation: Invitation | undefined;
  #ringLimit: Timer | undefined;
  #progressRepeat: Timer | undefined;

  /**
   * @param released once, when the call is over
   * @throws SipParseError when the INVITE cannot make a dialog
   * @throws SipRefusal 422 when its session interval is too small
   */
  constructor(
    context: UserAgentContext,
    request: SipRequest,
    transaction: ServerTransaction,
    timer: TimerAnswer,
    released: (call: IncomingCall) => void,
  ) {
    this.#context = context;
    const { flow } = transaction;
    const dialog = Dialog.fromRequest(request, transaction.localTag, flow);
    this.sipCallId = dialog.callId;
    this.localUri = dialog.localUri;
    this.remoteUri = dialog.remoteUri;
    this.offer = sessionDescription(request);
    this.requestUri = request.uri;
    this.from = party(from(request));
    this.to = party(to(request));
    this.contact = dialog.remoteTarget;
    this.source = { protocol: flow.protocol, ...flow.remote };
    this.localAddress = context.transports.localAddress(flow);
    this.waitedMs = transaction.waitedMs;
    const recordRoutes = request.headers.has('Record-Route')
      ? request.headers.getAll('Record-Route').map((route): HeaderField => ['Record-Route', route])
      : NO_FIELDS;
    this.#invitation = { request, transaction, timer, recordRoutes, headers: undefined };
    this.#owner = new CallOwner(context.log.child({ sip_call_id: this.sipCallId }));
    this.#usage = new InviteUsage({
      context,
      dialog,
      owner: this.#owner,
      digest: undefined,
      endedEarly: () => this.#answer(487),
      released: () => {
        this.#stopRinging();
        released(this);
      },
    });
    transaction.user = { cancelled: (cancel) => this.#cancelled(cancel) };
    const { c } = context.timers;
    const expiresMs = (expires(request) || Number.POSITIVE_INFINITY) * 1000;
    this.#ringLimit = context.clock.after(Math.min(c, expiresMs), () => this.#notAnswered(expiresMs <= c));
  }

  get headers(): readonly SipHeader[] {
    const invitation = this.#invitation;
    if (invitation === undefined) throw new Error('the INVITE is answered, its headers are gone');
    // Asked for more than once while the call is taken.
    invitation.headers ??= headersOf(invitation.request);
    return invitation.headers;
  }

  handle(handlers: SipCallHandlers): void {
    this.#owner.attach(handlers);
  }

  ring(status: 180 | 183 = 180, sdp?: string): void {
    const invitation = this.#invitation;
    if (invitation === undefined || this.#usage.over) return;
    const { transaction, recordRoutes } = invitation;
    this.#progressRepeat?.cancel();
    transaction.reply(status, {
      headers: [
        ...recordRoutes,
        ['Contact', contactFor(this.#context, transaction.flow, this.localUri)],
        ['Allow', ALLOW],
        ['Server', this.#context.product],
        ...(sdp === undefined ? [] : [SDP_HEADER]),
      ],
      ...(sdp === undefined ? {} : { body: Buffer.from(sdp) }),
    });
    this.#progressRepeat = this.#context.clock.after(PROGRESS_REPEAT_MS, () => this.ring(status, sdp));
  }

  accept(sdp: string): void {
    const invitation = this.#invitation;
    if (invitation === undefined || this.#usage.over) return;
    const { request, transaction, timer, recordRoutes } = invitation;
    this.#invitation = undefined;
    this.#stopRinging();
    this.#usage.establish(sdp, timer);
    this.#usage.accept(transaction, {
      sequence: cseq(request).number,
      sdp,
      offered: this.offer !== undefined,
      headers: [...recordRoutes, ...timer.headers],
      confirmed: (answer) => this.#owner.confirmed(answer),
    });
  }

  refuse(
    status: number,
    options: { readonly reason?: string; readonly headers?: readonly SipHeader[] } = {},
  ): void {
    if (this.#invitation === undefined || this.#usage.over) return;
    const reason = options.reason ?? reasonPhrase(status);
    this.#refuse(status, options, { by: 'local', how: 'failed', status, reason });
  }

  hangup(options: { readonly status?: number; readonly reason?: string } = {}): Promise<void> {
    const { reason } = options;
    if (this.#invitation === undefined) {
      const end: SipCallEnd = { by: 'local', how: 'bye', ...(reason === undefined ? {} : { reason }) };
      return this.#usage.bye(options, end);
    }
    const status = options.status !== undefined && options.status >= 300 ? options.status : NO_ANSWER_STATUS;
    this.refuse(status, reason === undefined ? {} : { reason });
    return Promise.resolve();
  }

  reinvite(sdp: string): Promise<void> {
    return this.#usage.reinvite(sdp);
  }

  sendInfo(contentType: string, body: string): Promise<{ readonly status: number }> {
    return this.#usage.sendInfo(contentType, body);
  }

  /** Ends the call without waiting for anyone: the endpoint closes. */
  abandon(): void {
    this.#usage.abandon();
  }

  #cancelled(cancel: SipRequest): void {
    if (this.#invitation === undefined || this.#usage.over) return;
    const reason = cancel.headers.get('Reason');
    this.#refuse(
      487,
      {},
      {
        by: 'remote',
        how: 'cancel',
        status: 487,
        ...(reason === undefined ? {} : { reason }),
      },
    );
  }

  /** @param expired by its own word, and not because nobody may ring for longer */
  #notAnswered(expired: boolean): void {
    if (this.#invitation === undefined) return;
    // An invitation that has expired by its own word is as good as cancelled (RFC 3261 13.3.1).
    const status = expired ? 487 : NO_ANSWER_STATUS;
    this.#refuse(status, {}, { by: 'local', how: 'timeout', status, reason: 'not answered in time' });
  }

  #refuse(
    status: number,
    options: { readonly reason?: string; readonly headers?: readonly SipHeader[] },
    end: SipCallEnd,
  ): void {
    this.#answer(status, options);
    this.#usage.end(end);
  }

  #answer(
    status: number,
    options: { readonly reason?: string; readonly headers?: readonly SipHeader[] } = {},
  ): void {
    const fields = (options.headers ?? []).map(({ name, value }): HeaderField => [name, value]);
    this.#invitation?.transaction.reply(status, {
      reason: options.reason,
      headers: [...fields, ['Supported', SUPPORTED], ['Server', this.#context.product]],
    });
    this.#invitation = undefined;
  }

  #stopRinging(): void {
    this.#ringLimit?.cancel();
    this.#ringLimit = undefined;
    this.#progressRepeat?.cancel();
    this.#progressRepeat = undefined;
  }
}

function headersOf({ headers }: SipRequest): readonly SipHeader[] {
  const all: SipHeader[] = [];
  for (let i = 0; i < headers.size; i++) all.push({ name: headers.nameAt(i), value: headers.valueAt(i) });
  return all;
}

function party(address: Address): IncomingSipCall['from'] {
  return {
    uri: address.uriText,
    ...(address.displayName === undefined ? {} : { displayName: address.displayName }),
  };
}
