import { hash } from 'node:crypto';

import { callId, cseq, from, to, via } from '../message/accessors.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import { hostPortToString } from '../message/uri.ts';
import { hasTransactionBranch, type Via } from '../message/via.ts';

/**
 * Key under which a request finds its server transaction (RFC 3261 17.2.3). A branch without the magic cookie
 * comes from RFC 2543 and identifies nothing; then the headers together do.
 * @param method `INVITE` for an ACK or CANCEL that looks for its INVITE
 */
export function serverKey(request: SipRequest, top: Via, method: string): string {
  if (hasTransactionBranch(top)) {
    return flat(`${method} ${top.branch} ${hostPortToString(top.host, top.port)}`);
  }
  const headers = [callId(request), from(request).tag ?? '', cseq(request).number, sentPart(top)];
  return flat(`${method} 2543 ${request.uri} ${headers.join(' ')}`);
}

/** Key under which a response finds its client transaction (RFC 3261 17.1.3). */
export function clientKey(response: SipResponse): string {
  return `${cseq(response).method} ${via(response).branch ?? ''}`;
}

/**
 * Key that copies of one request share which came here on several ways (RFC 3261 8.2.2.2); undefined within a
 * dialog.
 */
export function mergeKey(request: SipRequest): string | undefined {
  if (to(request).tag !== undefined) return undefined;
  const { number, method } = cseq(request);
  return flat(`${method} ${number} ${from(request).tag ?? ''} ${callId(request)}`);
}

/** What of the top Via its sender wrote: a retransmission may come from another port. */
function sentPart(top: Via): string {
  return `${top.transport} ${hostPortToString(top.host, top.port)} ${top.branch ?? ''}`;
}

/** Honest keys are shorter. A longer one is known by its hash: thousands are kept, and a header may have 8 KB. */
const LONGEST_KEY = 512;

/**
 * The same text on its own. V8 keeps a concatenation as references to its parts, and these as references into
 * the message that they were cut from, which would then live as long as the key (32 s): about 1 KB each.
 * Reading it as a number copies the characters.
 */
function flat(text: string): string {
  if (text.length > LONGEST_KEY) return hash('sha256', text);
  Number(text);
  return text;
}
