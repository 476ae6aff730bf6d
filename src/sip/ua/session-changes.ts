import { randomInt } from 'node:crypto';
import { sleep } from '../../time/clock.ts';
import type { Dialog } from '../dialog/dialog.ts';
import type { SessionRefresh } from '../dialog/session-refresh.ts';
import { negotiateAsClient } from '../dialog/session-timer.ts';
import { SipRequestError } from '../errors.ts';
import { minSE, sessionExpires } from '../message/accessors.ts';
import { SipParseError } from '../message/errors.ts';
import type { HeaderField } from '../message/headers.ts';
import type { SipResponse } from '../message/message.ts';
import { sessionExpiresToString } from '../message/session-expires.ts';
import { sessionDescription, SDP_HEADER } from './body.ts';
import type { CallOwner } from './call-owner.ts';
import { ALLOW, SUPPORTED } from './capabilities.ts';
import type { UserAgentContext } from './context.ts';
import type { InDialogClient, Outcome } from './in-dialog-client.ts';

export interface SessionChangesOptions {
  readonly context: UserAgentContext;
  readonly dialog: Dialog;
  readonly client: InDialogClient;
  readonly owner: CallOwner;
  readonly refresh: SessionRefresh;
  /** Our side of the session as the peer knows it; what a refresh by re-INVITE repeats. */
  readonly session: { localSdp: string | undefined };
  /** No INVITE of the peer waits for its ACK (RFC 3261 14.1). */
  readonly mayInvite: () => boolean;
  /** The dialog is gone at the peer: 408 or 481 came (RFC 3261 12.2.1.2). */
  readonly lost: (status: number, reason: string) => void;
}

/** Tries of one re-INVITE that meets 491, or 422. */
const MAX_TRIES = 8;
/** A refresh that was refused comes again after this share of the interval, but not at once, ms. */
const REFRESH_AGAIN = 1 / 16;
const LEAST_REFRESH_AGAIN_MS = 10_000;
/** Changes that may wait for each other. */
const MAX_QUEUE = 8;

/** The changes of a session that we ask for: re-INVITE and session refresh, one behind the other. */
export class SessionChanges {
  readonly #options: SessionChangesOptions;
  /** Ends a wait between two tries. */
  #waiting: AbortController | undefined;
  #stopped = false;
  #last: Promise<unknown> = Promise.resolve();
  #queued = 0;
  #inviteUnderway = false;
  /** The peer has refused UPDATE. */
  #withoutUpdate = false;

  constructor(options: SessionChangesOptions) {
    this.#options = options;
  }

  /** An INVITE of ours, and so an offer, is unanswered. */
  get inviteUnderway(): boolean {
    return this.#inviteUnderway;
  }

  /** Nothing is sent any more; what waits fails. */
  stop(): void {
    this.#stopped = true;
    this.#waiting?.abort(callIsOver());
  }

  /**
   * Offers a changed session; the answer goes to the owner.
   * @throws SipRequestError when the peer refuses (the session is then as it was) or leaves out its answer
   */
  reinvite(sdp: string): Promise<void> {
    return this.#inTurn(async () => {
      const outcome = await this.#invite(() => sdp);
      const { response } = outcome;
      if (response === undefined || outcome.status >= 300) {
        throw new SipRequestError('INVITE', outcome.status, outcome.reason);
      }
      this.#options.session.localSdp = sdp;
      const answer = sessionDescription(response);
      if (answer === undefined)
        throw new SipRequestError('INVITE', 200, 'but without an answer to our offer');
      this.#options.owner.answer(answer);
    });
  }

  /** Refreshes the session (RFC 4028 7.4, 10): by UPDATE when the peer takes it, else by re-INVITE. Never rejects. */
  async refresh(): Promise<void> {
    try {
      await this.#inTurn(() => this.#refreshNow());
    } catch (error) {
      if (!(error instanceof SipRequestError)) throw error;
      this.#refreshAgain();
    }
  }

  async #refreshNow(): Promise<void> {
    if (this.#options.dialog.peerTakes('UPDATE') && !this.#withoutUpdate) {
      await this.#refreshByUpdate();
      if (!this.#withoutUpdate) return;
    }
    const { session } = this.#options;
    const { localSdp } = session;
    if (localSdp === undefined) return;
    const { response, status } = await this.#invite(() => session.localSdp ?? localSdp);
    if (response === undefined || status >= 300) {
      this.#refreshAgain();
      return;
    }
    const answer = sessionDescription(response);
    if (answer !== undefined) this.#options.owner.answer(answer);
  }

  async #refreshByUpdate(): Promise<void> {
    const { client, refresh } = this.#options;
    const outcome = await client.send('UPDATE', { headers: this.#timerHeaders(), withContact: true });
    if (this.#stopped) return;
    if (outcome.status < 300) this.#settleTimer(outcome.response);
    else if (outcome.status === 405 || outcome.status === 501) this.#withoutUpdate = true;
    else if (outcome.status === 491) refresh.retryAfter(this.#glareDelay());
    else if (this.#takesMinSe(outcome)) refresh.retryAfter(0);
    else if (!this.#failed(outcome)) this.#refreshAgain();
  }

  /** One refresh that is refused, or finds no way, ends no call: there is time for others until the session ends. */
  #refreshAgain(): void {
    if (this.#stopped) return;
    const { refresh } = this.#options;
    const share = (refresh.current?.seconds ?? 0) * 1000 * REFRESH_AGAIN;
    refresh.retryAfter(Math.max(share, LEAST_REFRESH_AGAIN_MS));
  }

  /**
   * A re-INVITE with its second tries: for an INVITE of the peer on the way, 491 and 422.
   * @param sdp asked for at each of them: what the peer has changed between two is not to be taken back
   */
  async #invite(sdp: () => string): Promise<Outcome> {
    const { client } = this.#options;
    for (let tries = 1; ; tries++) {
      await this.#ourTurn();
      this.#inviteUnderway = true;
      const outcome = await client.send('INVITE', {
        headers: [...this.#timerHeaders(), ['Allow', ALLOW], SDP_HEADER],
        body: Buffer.from(sdp()),
        withContact: true,
      });
      this.#inviteUnderway = false;
      if (outcome.status < 300) {
        if (!this.#stopped) this.#settleTimer(outcome.response);
        return outcome;
      }
      if (tries < MAX_TRIES && this.#takesMinSe(outcome)) continue;
      if (outcome.status !== 491 || tries >= MAX_TRIES) {
        this.#failed(outcome);
        return outcome;
      }
      await this.#glarePause();
    }
  }

  /**
   * Waits until no INVITE of the peer is under way (RFC 3261 14.1). Not for ever: without the ACK to our
   * 2xx, the call ends.
   */
  async #ourTurn(): Promise<void> {
    while (!this.#stopped && !this.#options.mayInvite()) await this.#glarePause();
    if (this.#stopped) throw callIsOver();
  }

  #timerHeaders(): HeaderField[] {
    const headers: HeaderField[] = [['Supported', SUPPORTED]];
    const { current, minSe } = this.#options.refresh;
    if (current === undefined) return headers;
    const seconds = Math.max(current.seconds, minSe ?? 0);
    const refresher = current.refreshedBy === 'local' ? 'uac' : 'uas';
    headers.push(['Session-Expires', sessionExpiresToString({ seconds, refresher })]);
    if (minSe !== undefined) headers.push(['Min-SE', String(minSe)]);
    return headers;
  }

  #settleTimer(response: SipResponse | undefined): void {
    if (response === undefined) return;
    this.#options.refresh.set(negotiateAsClient(sessionExpiresOf(response)));
  }

  /** @returns whether the outcome is a 422 from which we have learnt a longer interval (RFC 4028 7.3) */
  #takesMinSe(outcome: Outcome): boolean {
    return outcome.status === 422 && this.#options.refresh.takeMinSe(minSeOf(outcome.response));
  }

  /** @returns whether that ends the call */
  #failed({ status, reason }: Outcome): boolean {
    const isLost = status === 408 || status === 481;
    if (isLost) this.#options.lost(status, reason);
    return isLost;
  }

  async #glarePause(): Promise<void> {
    this.#waiting = new AbortController();
    await sleep(this.#options.context.clock, this.#glareDelay(), this.#waiting.signal);
  }

  /** RFC 3261 14.1: whoever owns the Call-ID waits longer, in units of 10 ms. */
  #glareDelay(): number {
    return this.#options.dialog.isInitiator ? 10 * randomInt(210, 401) : 10 * randomInt(0, 201);
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    if (this.#queued === MAX_QUEUE) {
      return Promise.reject(new SipRequestError('INVITE', 491, `${MAX_QUEUE} changes are already under way`));
    }
    this.#queued++;
    const run = this.#last.then(task).finally(() => {
      this.#queued--;
    });
    this.#last = run.catch(() => {});
    return run;
  }
}

function callIsOver(): SipRequestError {
  return new SipRequestError('INVITE', 481, 'the call is over');
}

/** Session-Expires of a response; undefined also when it is malformed. */
export function sessionExpiresOf(response: SipResponse): ReturnType<typeof sessionExpires> {
  return lenient(() => sessionExpires(response));
}

/** Min-SE of a response; undefined also when it is malformed. */
export function minSeOf(response: SipResponse | undefined): number | undefined {
  return response === undefined ? undefined : lenient(() => minSE(response));
}

function lenient<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof SipParseError) return undefined;
    throw error;
  }
}
