import type { Timer } from '../../time/clock.ts';
import type { Dialog } from '../dialog/dialog.ts';
import type { DigestClient } from '../digest.ts';
import type { HeaderField } from '../message/headers.ts';
import { NO_BODY, type SipRequest, type SipResponse } from '../message/message.ts';
import { reasonPhrase } from '../message/status.ts';
import type { ClientTransaction } from '../transaction/client-transaction.ts';
import type { Target } from '../transport/target.ts';
import { contactFor, type UserAgentContext } from './context.ts';

/** How a request of ours ended: 408 also when nothing came, 503 also when there was no way (RFC 3261 8.1.3.1). */
export interface Outcome {
  readonly status: number;
  readonly reason: string;
  /** The final response, when one came. */
  readonly response: SipResponse | undefined;
  /** Of the request that it answers: others of the dialog, with others, may be under way. */
  readonly credentials: readonly HeaderField[];
}

export interface InDialogRequest {
  readonly headers?: readonly HeaderField[];
  readonly body?: Buffer;
  /** Gives our Contact again: in INVITE and UPDATE (RFC 3261 12.2). */
  readonly withContact?: boolean;
}

/** Tries with new credentials at most; a server that keeps calling the nonce stale is not waited for. */
const MAX_CHALLENGES = 3;

/** Sends requests within one dialog, answers challenges, and acknowledges 2xx to INVITEs. */
export class InDialogClient {
  readonly #context: UserAgentContext;
  readonly #dialog: Dialog;
  readonly #digest: DigestClient | undefined;

  constructor(context: UserAgentContext, dialog: Dialog, digest: DigestClient | undefined) {
    this.#context = context;
    this.#dialog = dialog;
    this.#digest = digest;
  }

  /** Never rejects. */
  async send(method: string, options: InDialogRequest = {}): Promise<Outcome> {
    for (let challenges = 0; ; challenges++) {
      const outcome = await this.#once(method, options);
      if (challenges === MAX_CHALLENGES || !answersChallenge(this.#digest, outcome)) return outcome;
    }
  }

  #once(method: string, options: InDialogRequest): Promise<Outcome> {
    return new Promise((resolve) => {
      let target: Target;
      try {
        target = this.#dialog.target();
      } catch (error) {
        resolve(failure(503, error instanceof Error ? error.message : String(error)));
        return;
      }
      let repeatAcknowledgement: (() => void) | undefined;
      let credentials: readonly HeaderField[] = [];
      let sequence = 0;
      let limit: Timer | undefined;
      this.#context.transactions.send({
        target,
        build: (flow) => {
          const request = this.#dialog.request(method, {
            headers: [...(options.headers ?? []), ['User-Agent', this.#context.product]],
            ...(options.body === undefined ? {} : { body: options.body }),
            ...(options.withContact
              ? { contact: contactFor(this.#context, flow, this.#dialog.localUri) }
              : {}),
          });
          sequence = this.#dialog.localSequence;
          credentials = this.#authorize(request);
          return request;
        },
        unreachable: (error) => resolve(failure(503, error.message)),
        user: {
          response: (response, transaction) => {
            if (response.status < 200) {
              if (method !== 'INVITE' || limit !== undefined) return;
              const gaveUp = (): void => resolve(failure(504));
              this.#limit(transaction, gaveUp, (timer) => {
                limit = timer;
              });
              return;
            }
            limit?.cancel();
            const isSuccess = response.status < 300;
            if (isSuccess && repeatAcknowledgement !== undefined) {
              repeatAcknowledgement();
              return;
            }
            // Also that of an UPDATE (RFC 3311 5.3).
            if (isSuccess && options.withContact) this.#dialog.refresh(response);
            if (isSuccess && method === 'INVITE') {
              this.acknowledge(sequence, credentials, (repeat) => {
                repeatAcknowledgement = repeat;
              });
            }
            resolve({ status: response.status, reason: response.reason, response, credentials });
          },
          failed: (cause) => {
            limit?.cancel();
            resolve(failure(cause === 'timeout' ? 408 : 503));
          },
        },
      });
    });
  }

  /**
   * Sends the ACK to a 2xx to our INVITE with this number.
   * @param credentials those of the INVITE (RFC 3261 22.1)
   * @param repeated gets, at once and whenever that changes, what is to be done for each copy of the 2xx (13.2.2.4): it
   *   sends the same ACK again, or, where that found no way or its connection is gone, tries another
   */
  acknowledge(
    sequence: number,
    credentials: readonly HeaderField[],
    repeated: (repeat: () => void) => void,
  ): void {
    const tryAgain = (): void => {
      // Where our BYE found no way either, the peer is to end the call by itself, for want of this.
      if (!this.#dialog.isReleased) this.acknowledge(sequence, credentials, repeated);
    };
    repeated(tryAgain);
    let target: Target;
    try {
      target = this.#dialog.target();
    } catch (error) {
      this.#context.log.warn({ error, sip_call_id: this.#dialog.callId }, 'no way for an ACK');
      return;
    }
    this.#context.transactions.acknowledge(
      target,
      () => this.#dialog.acknowledgement(sequence, credentials),
      (send) =>
        repeated(() => {
          if (!send()) tryAgain();
        }),
    );
  }

  /**
   * Behind a provisional response no timer of the transaction runs, and a proxy that has forgotten the INVITE sends
   * nothing more: it is cancelled after a while (RFC 3261 9.1), and given up after another.
   */
  #limit(transaction: ClientTransaction, gaveUp: () => void, started: (timer: Timer) => void): void {
    const { clock, timers, transactions } = this.#context;
    const cancel = (): void => {
      transactions.cancel(transaction, undefined);
      started(clock.after(64 * timers.t1, giveUp));
    };
    const giveUp = (): void => {
      transaction.abandon();
      gaveUp();
    };
    started(clock.after(64 * timers.t1, cancel));
  }

  #authorize(request: SipRequest): readonly HeaderField[] {
    const fields = this.#digest?.authorize(request.method, request.uri, request.body ?? NO_BODY) ?? [];
    for (const [name, value] of fields) request.headers.add(name, value);
    return fields;
  }
}

/** Whether the outcome is a challenge that a new try may answer. */
export function answersChallenge(
  digest: DigestClient | undefined,
  { status, response, credentials }: Omit<Outcome, 'reason'>,
): boolean {
  if (digest === undefined || response === undefined || (status !== 401 && status !== 407)) return false;
  const name = status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate';
  return digest.challenged(status, response.headers.getAll(name), credentials);
}

function failure(status: number, reason: string = reasonPhrase(status)): Outcome {
  return { status, reason, response: undefined, credentials: [] };
}
