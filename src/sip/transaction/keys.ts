import { callId, cseq, from, to } from '../message/accessors.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import { hostPortToString } from '../message/uri.ts';
import { hasTransactionBranch, type Via } from '../message/via.ts';
import { via } from '../message/accessors.ts';

/**
 * Key under which a request finds its server transaction (RFC 3261 17.2.3). A branch without the magic cookie
 * comes from RFC 2543 and identifies nothing; then the headers together do.
 * @param method `INVITE` for an ACK or CANCEL that looks for its INVITE
 */
export function serverKey(request: SipRequest, top: Via, method: string): string {
  if (hasTransactionBranch(top)) {
    return `${method} ${top.branch} ${hostPortToString(top.host, top.port)}`;
  }
  const headers = [callId(request), from(request).tag ?? '', cseq(request).number, sentPart(top)];
  return `${method} 2543 ${request.uri} ${headers.join(' ')}`;
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
  return `${method} ${number} ${from(request).tag ?? ''} ${callId(request)}`;
}

/** What of the top Via its sender wrote: a retransmission may come from another port. */
function sentPart(top: Via): string {
  return `${top.transport} ${hostPortToString(top.host, top.port)} ${top.branch ?? ''}`;
}
