import type { Timer } from '../../time/clock.ts';
import type { OutgoingCallOptions, SipCall, SipCallEnd, SipCallHandlers } from '../api.ts';
import { Dialog } from '../dialog/dialog.ts';
import { negotiateAsClient } from '../dialog/session-timer.ts';
import { DigestClient } from '../digest.ts';
import { SipRequestError } from '../errors.ts';
import { newCallId, newTag } from '../identifiers.ts';
import { to } from '../message/accessors.ts';
import { SipParseError } from '../message/errors.ts';
import type { HeaderField } from '../message/headers.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import { parseUri } from '../message/uri.ts';
import type { ClientTransaction, TransactionFailure } from '../transaction/client-transaction.ts';
import { type Target, targetOf } from '../transport/target.ts';
import { sessionDescription } from './body.ts';
import { CallOwner } from './call-owner.ts';
import { contactFor, reasonHeader, type UserAgentContext } from './context.ts';
import { EarlyDialogs } from './early-dialogs.ts';
import { answersChallenge, InDialogClient } from './in-dialog-client.ts';
import { InviteUsage } from './invite-usage.ts';
import { buildInvite, type CallParties, callParties } from './outgoing-invite.ts';
import { redirectTargets } from './redirect.ts';
import { minSeOf, sessionExpiresOf } from './session-changes.ts';

/** Addresses of 3xx responses that one call tries. */
const MAX_REDIRECTS = 3;
/** INVITEs of one call in all: redirects, credentials, longer session intervals. */
const MAX_ATTEMPTS = 10;
/** Branches of a forked call that are acknowledged and hung up beside the one that won. */
const MAX_FORKS = 16;

/** A call that we make: its INVITEs until one is answered, then its {@link InviteUsage}. */
export class OutgoingCall implements SipCall {
  readonly direction = 'outbound';
  readonly sipCallId: string;
  readonly localUri: string;
  readonly remoteUri: string;
  readonly #context: UserAgentContext;
  readonly #options: OutgoingCallOptions;
  readonly #parties: CallParties;
  readonly #owner: CallOwner;
  readonly #digest: DigestClient | undefined;
  readonly #released: (call: OutgoingCall) => void;
  readonly #waitingForEnd: (() => void)[] = [];
  /** Sends the ACK of each branch that was answered again, by the branch's tag. */
  readonly #acknowledged = new Map<string, () => void>();
  readonly #early: EarlyDialogs;
  readonly #candidates: string[] = [];
  /** Addresses that were called, or wait to be: a redirection adds none a second time (RFC 3261 8.1.3.4). */
  readonly #targetSet: Set<string>;
  #redirects = 0;
  #attempts = 0;
  #minSe: number | undefined;
  #transaction: ClientTransaction | undefined;
  #credentials: readonly HeaderField[] = [];
  /** Our offer in the last INVITE. */
  #sdp = '';
  #hasProvisional = false;
  /** How the call will have ended, once it is being cancelled. */
  #cancelled: SipCallEnd | undefined;
  #cancelReason: string | undefined;
  #limit: Timer | undefined;
  #unreachable: string | undefined;
  #usage: InviteUsage | undefined;
  #over = false;

  /**
   * @param released once, when the call is over
   * @throws SipParseError or RangeError when the options make no INVITE
   */
  constructor(
    context: UserAgentContext,
    options: OutgoingCallOptions,
    handlers: SipCallHandlers,
    released: (call: OutgoingCall) => void,
  ) {
    this.#context = context;
    this.#options = options;
    this.#released = released;
    const ids = { callId: newCallId(), localTag: newTag() };
    const uri = parseUri(options.to);
    const target = targetOf(uri, options.protocol);
    this.#parties = callParties(options, ids, context.transports.ownHostTowards(target.host));
    this.sipCallId = ids.callId;
    this.localUri = this.#parties.localUri;
    this.remoteUri = this.#parties.remoteUri;
    this.#targetSet = new Set([this.remoteUri]);
    this.#owner = new CallOwner(context.log.child({ sip_call_id: this.sipCallId }));
    this.#owner.attach(handlers);
    this.#early = new EarlyDialogs(context, this.#owner);
    this.#digest = options.credentials === undefined ? undefined : new DigestClient(options.credentials);
    const limitMs = options.timeoutMs ?? context.timers.c;
    this.#limit = context.clock.after(limitMs, () => {
      const end: SipCallEnd = { by: 'local', how: 'timeout', reason: 'not answered in time' };
      this.#cancel(end, undefined);
      // Whoever set the limit does not wait for a peer that says nothing: up to 64 × T1 more.
      this.#owner.ended(end);
    });
    this.#attempt(this.remoteUri, target);
  }

  hangup(options: { readonly status?: number; readonly reason?: string } = {}): Promise<void> {
    const { reason } = options;
    const rest = reason === undefined ? {} : { reason };
    if (this.#usage !== undefined) return this.#usage.bye(options, { by: 'local', how: 'bye', ...rest });
    if (this.#over) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waitingForEnd.push(resolve);
      this.#cancel({ by: 'local', how: 'cancel', ...rest }, reasonHeader(options));
    });
  }

  reinvite(sdp: string): Promise<void> {
    if (this.#usage === undefined) {
      return Promise.reject(new SipRequestError('INVITE', 481, 'the call is not answered'));
    }
    return this.#usage.reinvite(sdp);
  }

  sendInfo(contentType: string, body: string): Promise<{ readonly status: number }> {
    return this.#usage?.sendInfo(contentType, body) ?? Promise.resolve({ status: 481 });
  }

  /** Ends the call without waiting for anyone: the endpoint closes. */
  abandon(): void {
    if (this.#usage !== undefined) this.#usage.abandon();
    else this.#finish(this.#cancelled ?? { by: 'local', how: 'cancel' });
  }

  #attempt(uri: string, target: Target): void {
    this.#attempts++;
    this.#hasProvisional = false;
    this.#transaction = undefined;
    const { transactions, product } = this.#context;
    transactions.send({
      target: { ...target, refusal: this.#options.refusal },
      build: (flow) => {
        if (!this.#isWanted) throw new Error('the call was taken back meanwhile');
        const { sdp } = this.#options;
        this.#sdp = typeof sdp === 'string' ? sdp : sdp(this.#context.transports.localAddress(flow));
        const request = buildInvite(this.#options, this.#parties, {
          uri,
          sequence: this.#attempts,
          contact: contactFor(this.#context, flow, this.localUri),
          sdp: this.#sdp,
          sessionExpires: this.#options.sessionExpires ?? this.#context.sessionPolicy.sessionExpires,
          minSe: this.#minSe,
          product,
        });
        this.#credentials = this.#digest?.authorize('INVITE', uri, request.body) ?? [];
        for (const [name, value] of this.#credentials) request.headers.add(name, value);
        return request;
      },
      isWanted: () => this.#isWanted,
      started: (transaction) => {
        this.#transaction = transaction;
      },
      unreachable: (error) => {
        this.#unreachable = error.message;
      },
      user: {
        response: (response, transaction) => this.#response(response, transaction),
        failed: (failure) => this.#failed(failure),
      },
    });
  }

  /** It is neither over nor taken back. */
  get #isWanted(): boolean {
    return !this.#over && this.#cancelled === undefined;
  }

  #response(response: SipResponse, transaction: ClientTransaction): void {
    if (response.status < 200) this.#provisional(response, transaction.request);
    else if (response.status < 300) this.#success(response, transaction);
    else if (!this.#over && this.#usage === undefined) this.#refused(response);
  }

  #provisional(response: SipResponse, request: SipRequest): void {
    const isFirst = !this.#hasProvisional;
    this.#hasProvisional = true;
    if (this.#cancelled !== undefined) {
      if (isFirst) this.#sendCancel();
      return;
    }
    if (response.status === 100 || this.#over || this.#usage !== undefined) return;
    this.#early.add(request, response);
    this.#owner.progress(response.status, sessionDescription(response));
  }

  #success(response: SipResponse, { request, flow }: ClientTransaction): void {
    const tag = to(response).tag ?? '';
    const repeat = this.#acknowledged.get(tag);
    if (repeat !== undefined) {
      repeat();
      return;
    }
    if (this.#acknowledged.size === MAX_FORKS) return;
    this.#acknowledged.set(tag, () => {});
    let dialog: Dialog;
    try {
      dialog = Dialog.fromResponse(request, response, this.#options.protocol, flow);
    } catch (error) {
      if (!(error instanceof SipParseError)) throw error;
      // No branch that cannot be acknowledged ends the call of the one that won.
      if (this.#usage !== undefined) return;
      this.#finish(this.#cancelled ?? { by: 'local', how: 'failed', status: 502, reason: error.message });
      return;
    }
    if (this.#over || this.#usage !== undefined || this.#cancelled !== undefined) {
      this.#hangUpBranch(dialog, tag);
      if (this.#cancelled !== undefined) this.#finish(this.#cancelled);
    } else {
      this.#established(dialog, response, tag);
    }
  }

  #established(dialog: Dialog, response: SipResponse, tag: string): void {
    this.#early.clear();
    this.#limit?.cancel();
    this.#usage = new InviteUsage({
      context: this.#context,
      dialog,
      owner: this.#owner,
      digest: this.#digest,
      released: () => this.#release(),
    });
    // What a 422 wanted before there was a dialog is void by now (RFC 4028 7.4).
    const timer = negotiateAsClient(sessionExpiresOf(response));
    this.#usage.establish(this.#sdp, { timer, minSe: undefined });
    this.#acknowledge(this.#usage.client, dialog.localSequence, tag);
    this.#owner.confirmed(sessionDescription(response));
  }

  /** An answer that nobody wants any more: another branch was first, or we have given up (RFC 3261 13.2.2.4). */
  #hangUpBranch(dialog: Dialog, tag: string): void {
    const client = new InDialogClient(this.#context, dialog, this.#digest);
    this.#acknowledge(client, dialog.localSequence, tag);
    void client.send('BYE').then(() => dialog.release());
  }

  /** @param sequence of the INVITE */
  #acknowledge(client: InDialogClient, sequence: number, tag: string): void {
    client.acknowledge(sequence, this.#credentials, (repeat) => {
      this.#acknowledged.set(tag, repeat);
    });
  }

  #refused(response: SipResponse): void {
    this.#early.clear();
    const { status } = response;
    const reason = response.headers.get('Reason') ?? response.reason;
    if (this.#cancelled !== undefined) {
      this.#finish({ ...this.#cancelled, status });
      return;
    }
    if (this.#attempts < MAX_ATTEMPTS && this.#triesAgain(response)) return;
    this.#finish({ by: 'remote', how: 'failed', status, reason });
  }

  /** Follows what the refusal asks for: credentials, a longer session, another address. */
  #triesAgain(response: SipResponse): boolean {
    const { status } = response;
    const uri = this.#transaction?.request.uri ?? this.remoteUri;
    const credentials = this.#credentials;
    if (answersChallenge(this.#digest, { status, response, credentials })) return this.#goTo(uri);
    const minSe = status === 422 ? minSeOf(response) : undefined;
    if (minSe !== undefined && minSe > (this.#minSe ?? 0)) {
      this.#minSe = minSe;
      return this.#goTo(uri);
    }
    if (status < 400) this.#candidates.unshift(...this.#newTargets(response));
    // A 6xx speaks for all places (RFC 3261 21.6).
    return status < 600 && this.#triesNextCandidate();
  }

  #newTargets(response: SipResponse): string[] {
    const targets = [...new Set(redirectTargets(response))].filter((uri) => !this.#targetSet.has(uri));
    for (const uri of targets) this.#targetSet.add(uri);
    return targets;
  }

  #triesNextCandidate(): boolean {
    while (this.#redirects < MAX_REDIRECTS) {
      const next = this.#candidates.shift();
      if (next === undefined) return false;
      this.#redirects++;
      if (this.#goTo(next)) return true;
    }
    return false;
  }

  #goTo(uri: string): boolean {
    try {
      this.#attempt(uri, targetOf(parseUri(uri), this.#options.protocol));
      this.#owner.restarted();
      return true;
    } catch (error) {
      if (error instanceof RangeError || error instanceof SipParseError) return false;
      throw error;
    }
  }

  #failed(failure: TransactionFailure): void {
    if (this.#over || this.#usage !== undefined) return;
    if (this.#cancelled !== undefined) this.#finish(this.#cancelled);
    else if (this.#attempts < MAX_ATTEMPTS && this.#triesNextCandidate()) return;
    else if (failure === 'timeout') this.#finish({ by: 'local', how: 'timeout', status: 408 });
    else {
      const reason = this.#unreachable ?? 'the request could not be sent';
      this.#finish({ by: 'local', how: 'transport', status: 503, reason });
    }
  }

  #cancel(end: SipCallEnd, reason: string | undefined): void {
    if (this.#over || this.#usage !== undefined || this.#cancelled !== undefined) return;
    this.#cancelled = end;
    this.#cancelReason = reason;
    this.#limit?.cancel();
    // A peer that answers the CANCEL but never the INVITE is not waited for (RFC 3261 9.1).
    this.#limit = this.#context.clock.after(64 * this.#context.timers.t1, () => this.#finish(end));
    // Without a provisional response the CANCEL might overtake the INVITE, so it waits (RFC 3261 9.1).
    if (this.#hasProvisional) this.#sendCancel();
  }

  #sendCancel(): void {
    if (this.#transaction !== undefined) {
      this.#context.transactions.cancel(this.#transaction, this.#cancelReason);
    }
  }

  #finish(end: SipCallEnd): void {
    if (this.#over) return;
    this.#owner.ended(end);
    this.#release();
  }

  #release(): void {
    this.#over = true;
    this.#limit?.cancel();
    this.#early.clear();
    // An INVITE that only rings has no timer of its own.
    if (this.#transaction?.open) this.#transaction.abandon();
    for (const resolve of this.#waitingForEnd) resolve();
    this.#released(this);
  }
}
