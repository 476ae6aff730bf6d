import { Dialog } from '../dialog/dialog.ts';
import { cseq, to } from '../message/accessors.ts';
import { SipParseError } from '../message/errors.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import type { ServerTransaction } from '../transaction/server-transaction.ts';
import { sessionDescription } from './body.ts';
import type { CallOwner } from './call-owner.ts';
import { CAPABILITY_HEADERS } from './capabilities.ts';
import { contactFor, type DialogUser, randomRetryAfter, type UserAgentContext } from './context.ts';

/** Branches of a forked call that may ring at the same time. */
const MAX_BRANCHES = 16;

/**
 * The dialogs that provisional responses to our INVITE have made (RFC 3261 12.1.2): a callee may already send
 * requests in them. They are over with the final response.
 */
export class EarlyDialogs {
  readonly #context: UserAgentContext;
  readonly #owner: CallOwner;
  readonly #ids = new Set<string>();

  constructor(context: UserAgentContext, owner: CallOwner) {
    this.#context = context;
    this.#owner = owner;
  }

  /** Takes note of a provisional response. */
  add(request: SipRequest, response: SipResponse): void {
    const tag = to(response).tag;
    if (tag === undefined || this.#ids.size === MAX_BRANCHES) return;
    try {
      const dialog = Dialog.fromResponse(request, response, undefined);
      if (this.#ids.has(dialog.id)) return;
      this.#ids.add(dialog.id);
      this.#context.dialogs.set(dialog.id, new EarlyDialog(this.#context, dialog, this.#owner));
    } catch (error) {
      if (!(error instanceof SipParseError)) throw error;
    }
  }

  /** The INVITE is answered: what lives on is a confirmed dialog. */
  clear(): void {
    for (const id of this.#ids) this.#context.dialogs.delete(id);
    this.#ids.clear();
  }
}

class EarlyDialog implements DialogUser {
  readonly #context: UserAgentContext;
  readonly #dialog: Dialog;
  readonly #owner: CallOwner;

  constructor(context: UserAgentContext, dialog: Dialog, owner: CallOwner) {
    this.#context = context;
    this.#dialog = dialog;
    this.#owner = owner;
  }

  request(request: SipRequest, transaction: ServerTransaction): void {
    const server = ['Server', this.#context.product] as const;
    const retry = ['Retry-After', randomRetryAfter()] as const;
    if (!this.#dialog.takesSequence(cseq(request).number)) {
      transaction.reply(500, { headers: [retry, server] });
    } else if (request.method === 'INVITE') {
      // It has overtaken the 200 to ours, which is in progress (RFC 3261 14.2). A 481 would end the call.
      transaction.reply(491, { headers: [server] });
    } else if (request.method === 'INFO' && !request.headers.has('Info-Package')) {
      transaction.reply(200, { headers: [server] });
      this.#owner.info(request.headers.get('Content-Type') ?? '', request.body.toString('utf8'));
    } else if (request.method === 'OPTIONS' || request.method === 'UPDATE') {
      // Our offer of the INVITE is unanswered until the 2xx, so no other can be taken yet (RFC 3311 5.2).
      const isOffer = sessionDescription(request) !== undefined;
      const contact = contactFor(this.#context, transaction.flow, this.#dialog.localUri);
      if (isOffer) transaction.reply(491, { headers: [server] });
      else transaction.reply(200, { headers: [['Contact', contact], ...CAPABILITY_HEADERS, server] });
    } else {
      transaction.reply(481, { headers: [server] });
    }
  }

  acknowledgement(): void {}
}
