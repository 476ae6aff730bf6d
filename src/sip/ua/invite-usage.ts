import type { SipCallEnd } from '../api.ts';
import { AcceptedInvite } from '../dialog/accepted-invite.ts';
import type { Dialog } from '../dialog/dialog.ts';
import { SessionRefresh } from '../dialog/session-refresh.ts';
import { negotiateAsServer, type SessionTimer } from '../dialog/session-timer.ts';
import type { DigestClient } from '../digest.ts';
import { SipRefusal } from '../errors.ts';
import {
  cseq,
  minSE,
  requiredExtensions,
  sessionExpires,
  supportedExtensions,
} from '../message/accessors.ts';
import { SipParseError } from '../message/errors.ts';
import type { HeaderField } from '../message/headers.ts';
import { NO_BODY, type SipRequest } from '../message/message.ts';
import { sessionExpiresToString } from '../message/session-expires.ts';
import type { ServerTransaction } from '../transaction/server-transaction.ts';
import { sessionDescription, SDP_HEADER } from './body.ts';
import type { CallOwner } from './call-owner.ts';
import { ALLOW, CAPABILITY_HEADERS, SUPPORTED } from './capabilities.ts';
import {
  contactFor,
  type DialogUser,
  randomRetryAfter,
  reasonHeader,
  type UserAgentContext,
} from './context.ts';
import { InDialogClient } from './in-dialog-client.ts';
import { SessionChanges } from './session-changes.ts';

export interface InviteUsageOptions {
  readonly context: UserAgentContext;
  readonly dialog: Dialog;
  readonly owner: CallOwner;
  readonly digest: DigestClient | undefined;
  /** The peer ended the call with BYE before its INVITE was answered; the answer is the call's to give. */
  readonly endedEarly?: () => void;
  /** Once, when the usage is over. */
  readonly released: () => void;
}

/** How the session timer stands behind an INVITE or UPDATE. */
interface TimerState {
  readonly timer: SessionTimer | undefined;
  /** Min-SE of the request, where it is the peer's, s. */
  readonly minSe: number | undefined;
}

/** What a 2xx of ours to INVITE or UPDATE says about the session timer. */
export interface TimerAnswer extends TimerState {
  readonly headers: readonly HeaderField[];
}

/**
 * The INVITE usage of a dialog (RFC 5057) from its first answer to its BYE: requests of the peer, changes of the
 * session both ways, the session timer, and the end.
 */
export class InviteUsage implements DialogUser {
  readonly dialog: Dialog;
  readonly #context: UserAgentContext;
  readonly #owner: CallOwner;
  readonly #options: InviteUsageOptions;
  readonly #client: InDialogClient;
  readonly #refresh: SessionRefresh;
  /** Our side of the session as the peer knows it. */
  localSdp: string | undefined;
  /** Made with the first of them, see {@link #ours}. */
  #changes: SessionChanges | undefined;
  /** Until its ACK. */
  #accepted: AcceptedInvite | undefined;
  /** Our offer went out in a 2xx; its answer comes in the ACK. */
  #awaitsAnswer = false;
  /** The first INVITE has been answered with 2xx. */
  #established = false;
  #over = false;
  /** A BYE that waits for the ACK (RFC 3261 15), and what to call when it is not needed any more. */
  #byeAfterAck: (() => void) | undefined;
  #byeNeedless: (() => void) | undefined;

  constructor(options: InviteUsageOptions) {
    const { context, dialog } = options;
    this.#options = options;
    this.#context = context;
    this.dialog = dialog;
    this.#owner = options.owner;
    this.#client = new InDialogClient(context, dialog, options.digest);
    this.#refresh = new SessionRefresh(
      context.clock,
      () => void this.#ours().refresh(),
      () => void this.bye({ status: 408, reason: 'session expired' }, { by: 'local', how: 'timeout' }),
    );
    context.dialogs.set(dialog.id, this);
  }

  get client(): InDialogClient {
    return this.#client;
  }

  get over(): boolean {
    return this.#over;
  }

  /** The first INVITE is answered: changes of the session may come. @param localSdp our side of it */
  establish(localSdp: string, { timer, minSe }: TimerState): void {
    this.#established = true;
    this.localSdp = localSdp;
    this.#refresh.set(timer);
    this.#refresh.takeMinSe(minSe);
  }

  request(request: SipRequest, transaction: ServerTransaction): void {
    if (!this.dialog.takesSequence(cseq(request).number)) {
      this.#reply(transaction, 500, [['Retry-After', randomRetryAfter()]], 'CSeq out of order');
      return;
    }
    try {
      switch (request.method) {
        case 'INVITE':
          this.#reinvite(request, transaction);
          break;
        case 'UPDATE':
          this.#update(request, transaction);
          break;
        case 'INFO':
          this.#info(request, transaction);
          break;
        case 'BYE':
          this.#bye(request, transaction);
          break;
        default:
          this.#reply(transaction, 200, CAPABILITY_HEADERS);
      }
    } catch (error) {
      if (error instanceof SipRefusal) {
        const fields = error.headers.map(({ name, value }): HeaderField => [name, value]);
        this.#reply(transaction, error.status, fields, error.reason);
      } else if (error instanceof SipParseError) {
        this.#reply(transaction, error.status);
      } else {
        throw error;
      }
    }
  }

  acknowledgement(request: SipRequest): void {
    if (cseq(request).number === this.#accepted?.sequence) this.#accepted.acknowledge(request);
  }

  /**
   * Answers an INVITE of the peer with 2xx, and repeats that until its ACK.
   * @param sdp our answer, or our offer when the INVITE had none
   * @param confirmed gets the answer of the ACK to our offer
   */
  accept(
    transaction: ServerTransaction,
    about: {
      readonly sequence: number;
      readonly sdp: string;
      readonly offered: boolean;
      readonly headers: readonly HeaderField[];
      readonly confirmed: (sdp: string | undefined) => void;
    },
  ): void {
    this.#awaitsAnswer = !about.offered;
    transaction.reply(200, {
      headers: [
        ...about.headers,
        ['Contact', contactFor(this.#context, transaction.flow, this.dialog.localUri)],
        ['Allow', ALLOW],
        ['Supported', SUPPORTED],
        ['Server', this.#context.product],
        SDP_HEADER,
      ],
      body: Buffer.from(about.sdp),
    });
    const { clock, timers } = this.#context;
    this.#accepted = new AcceptedInvite({
      clock,
      timers,
      sequence: about.sequence,
      repeat: () => transaction.repeatSuccess(),
      acknowledged: (ack) => {
        this.#accepted = undefined;
        transaction.successAcknowledged();
        const answer = this.#awaitsAnswer && ack !== undefined ? sessionDescription(ack) : undefined;
        this.#awaitsAnswer = false;
        if (this.#byeAfterAck === undefined) about.confirmed(answer);
        else this.#byeAfterAck();
      },
      gaveUp: () => {
        this.#accepted = undefined;
        if (this.#byeAfterAck !== undefined) this.#byeAfterAck();
        else
          void this.bye({ status: 408, reason: 'no ACK' }, { by: 'local', how: 'timeout', reason: 'no ACK' });
      },
    });
  }

  /** @throws SipRefusal 422 when the interval is too small */
  timerAnswer(request: SipRequest): TimerAnswer {
    return answerTimer(request, this.#context);
  }

  reinvite(sdp: string): Promise<void> {
    return this.#ours().reinvite(sdp);
  }

  async sendInfo(type: string, body: string): Promise<{ readonly status: number }> {
    if (this.#over) return { status: 481 };
    const { status } = await this.#client.send('INFO', {
      headers: [['Content-Type', type]],
      body: Buffer.from(body),
    });
    return { status };
  }

  /** Ends the call with BYE, behind the ACK that is still to come. Resolves when the peer has answered it. */
  bye(
    why: { readonly status?: number | undefined; readonly reason?: string | undefined },
    end: SipCallEnd,
  ): Promise<void> {
    if (this.#over || this.#byeAfterAck !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const send = (): void => {
        this.#byeNeedless = undefined;
        const reason = reasonHeader(why);
        const headers: HeaderField[] = reason === undefined ? [] : [['Reason', reason]];
        void this.#client.send('BYE', { headers }).then(() => resolve());
        this.end(end);
      };
      if (this.#accepted === undefined) {
        send();
      } else {
        this.#byeAfterAck = send;
        this.#byeNeedless = resolve;
      }
    });
  }

  /** Ends the usage without waiting for anyone; a BYE that waits for its ACK is sent now. */
  abandon(): void {
    if (this.#byeAfterAck !== undefined) this.#byeAfterAck();
    else this.end({ by: 'local', how: 'bye' });
  }

  /** Ends the usage without a word to the peer, who knows. */
  end(end: SipCallEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#refresh.stop();
    this.#accepted?.stop();
    this.#accepted = undefined;
    this.#changes?.stop();
    this.#context.dialogs.delete(this.dialog.id);
    this.dialog.release();
    this.#byeNeedless?.();
    this.#owner.ended(end);
    this.#options.released();
  }

  /** An INVITE of ours, and so an offer, is unanswered. */
  get #inviteUnderway(): boolean {
    return this.#changes?.inviteUnderway === true;
  }

  /** The changes that we ask for. */
  #ours(): SessionChanges {
    if (this.#changes !== undefined) return this.#changes;
    this.#changes = new SessionChanges({
      context: this.#context,
      dialog: this.dialog,
      client: this.#client,
      owner: this.#owner,
      refresh: this.#refresh,
      session: this,
      mayInvite: () => this.#accepted === undefined,
      lost: (status, reason) => {
        const how = status === 408 ? 'timeout' : 'failed';
        void this.bye({ status, reason }, { by: 'local', how, status, reason });
      },
    });
    if (this.#over) this.#changes.stop();
    return this.#changes;
  }

  #reinvite(request: SipRequest, transaction: ServerTransaction): void {
    if (!this.#established) throw new SipRefusal(500, { headers: [retryAfter()] });
    if (this.#inviteUnderway || this.#awaitsAnswer) throw new SipRefusal(491);
    // A peer that goes on has got the last 2xx, though its ACK was lost (RFC 3261 14.1).
    this.#accepted?.acknowledge(undefined);
    const timer = this.timerAnswer(request);
    const offer = sessionDescription(request);
    const sdp = offer === undefined ? this.#owner.makeOffer() : this.#owner.offer(offer);
    if (this.#over) throw new SipRefusal(487);
    this.dialog.refresh(request, transaction.flow);
    this.localSdp = sdp;
    this.#refresh.set(timer.timer);
    this.#refresh.takeMinSe(timer.minSe);
    this.accept(transaction, {
      sequence: cseq(request).number,
      sdp,
      offered: offer !== undefined,
      headers: timer.headers,
      confirmed: (answer) => {
        if (answer !== undefined) this.#owner.answer(answer);
      },
    });
  }

  /** RFC 3311 5.2: an open offer of ours means 491; one of theirs that has no answer yet, 500. */
  #update(request: SipRequest, transaction: ServerTransaction): void {
    const offer = sessionDescription(request);
    if (offer !== undefined) {
      if (this.#inviteUnderway || this.#awaitsAnswer) throw new SipRefusal(491);
      if (!this.#established) throw new SipRefusal(500, { headers: [retryAfter()] });
    }
    const timer = this.timerAnswer(request);
    const answer = offer === undefined ? undefined : this.#owner.offer(offer);
    if (this.#over) throw new SipRefusal(481);
    this.dialog.refresh(request, transaction.flow);
    if (this.#established) this.#refresh.set(timer.timer);
    this.#refresh.takeMinSe(timer.minSe);
    if (answer !== undefined) this.localSdp = answer;
    const headers: HeaderField[] = [
      ...timer.headers,
      ['Contact', contactFor(this.#context, transaction.flow, this.dialog.localUri)],
      ['Allow', ALLOW],
      ['Supported', SUPPORTED],
    ];
    if (answer !== undefined) headers.push(SDP_HEADER);
    this.#reply(transaction, 200, headers, undefined, answer === undefined ? NO_BODY : Buffer.from(answer));
  }

  /** Packages are offered by none of our INVITEs, so only INFO without one is taken (RFC 6086 4.2.2, appendix A). */
  #info(request: SipRequest, transaction: ServerTransaction): void {
    if (request.headers.has('Info-Package')) throw new SipRefusal(469, { headers: [NO_INFO_PACKAGES] });
    this.#reply(transaction, 200);
    this.#owner.info(request.headers.get('Content-Type') ?? '', request.body.toString('utf8'));
  }

  #bye(request: SipRequest, transaction: ServerTransaction): void {
    this.#reply(transaction, 200);
    const reason = request.headers.get('Reason');
    if (!this.#established) this.#options.endedEarly?.();
    this.end({ by: 'remote', how: 'bye', ...(reason === undefined ? {} : { reason }) });
  }

  #reply(
    transaction: ServerTransaction,
    status: number,
    headers: readonly HeaderField[] = [],
    reason?: string | undefined,
    body: Buffer = NO_BODY,
  ): void {
    transaction.reply(status, { reason, headers: [...headers, ['Server', this.#context.product]], body });
  }
}

const NO_INFO_PACKAGES = { name: 'Recv-Info', value: '' };

/**
 * Settles the session timer of an INVITE or UPDATE of the peer (RFC 4028 9).
 * @throws SipRefusal 422 when the interval is too small
 */
export function answerTimer(request: SipRequest, context: UserAgentContext): TimerAnswer {
  const supports =
    supportedExtensions(request).includes('timer') || requiredExtensions(request).includes('timer');
  const minSe = minSE(request);
  const decision = negotiateAsServer(
    { sessionExpires: sessionExpires(request), minSe, peerSupports: supports },
    context.sessionPolicy,
  );
  switch (decision.kind) {
    case 'tooSmall':
      throw new SipRefusal(422, { headers: [{ name: 'Min-SE', value: String(decision.minSe) }] });
    case 'none':
      return { headers: [], timer: undefined, minSe };
    case 'timer': {
      const { timer, refresher } = decision;
      const headers: HeaderField[] = [
        ['Session-Expires', sessionExpiresToString({ seconds: timer.seconds, refresher })],
      ];
      // The client must act, so it must know that it must (RFC 4028 9).
      if (refresher === 'uac') headers.push(['Require', 'timer']);
      return { headers, timer, minSe };
    }
  }
}

function retryAfter(): { readonly name: string; readonly value: string } {
  return { name: 'Retry-After', value: randomRetryAfter() };
}
