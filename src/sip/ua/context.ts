import { randomInt } from 'node:crypto';
import type { Logger } from '../../log/logger.ts';
import type { Clock } from '../../time/clock.ts';
import type { SessionTimerPolicy } from '../dialog/session-timer.ts';
import type { SipLimits } from '../limits.ts';
import type { SipRequest } from '../message/message.ts';
import { hostPortToString, parseUri } from '../message/uri.ts';
import type { ServerTransaction } from '../transaction/server-transaction.ts';
import type { TransactionLayer } from '../transaction/transaction-layer.ts';
import type { SipTimers } from '../timers.ts';
import type { Flow } from '../transport/flow.ts';
import type { TransportLayer } from '../transport/transport-layer.ts';

/** Who gets the requests within one dialog. */
export interface DialogUser {
  request(request: SipRequest, transaction: ServerTransaction): void;
  /** An ACK to a 2xx. */
  acknowledgement(request: SipRequest): void;
}

/** What every call of one endpoint needs. */
export interface UserAgentContext {
  readonly clock: Clock;
  readonly timers: SipTimers;
  readonly limits: SipLimits;
  readonly log: Logger;
  readonly transactions: TransactionLayer;
  readonly transports: TransportLayer;
  readonly sessionPolicy: SessionTimerPolicy;
  /** For User-Agent and Server. */
  readonly product: string;
  /** Dialogs by their id (`dialogId`). */
  readonly dialogs: Map<string, DialogUser>;
}

/** How long a peer waits that asks for too much at once, s (RFC 3261 14.2: 0 to 10 at random). */
const MOST_RETRY_AFTER = 10;

/** Value of the Contact that leads back to us on this flow. @param localUri gives the user part */
export function contactFor(context: UserAgentContext, flow: Flow, localUri: string): string {
  const { host, port } = context.transports.sentBy(flow);
  const { user } = parseUri(localUri);
  const transport = flow.protocol === 'tcp' ? ';transport=tcp' : '';
  return `<sip:${user === undefined ? '' : `${user}@`}${hostPortToString(host, port)}${transport}>`;
}

export function randomRetryAfter(): string {
  return String(randomInt(MOST_RETRY_AFTER + 1));
}

/** Value of a Reason header for BYE and CANCEL (RFC 3326); undefined when there is nothing to tell. */
export function reasonHeader(options: {
  readonly status?: number | undefined;
  readonly reason?: string | undefined;
}): string | undefined {
  const { status, reason } = options;
  if (status === undefined && reason === undefined) return undefined;
  const cause = status === undefined ? '' : `;cause=${status}`;
  // No control character may end the line; a quote or backslash is escaped.
  const text = reason?.replace(/[^\x20-\x7e\x80-\uffff]/g, ' ').replace(/["\\]/g, '\\$&');
  return `SIP${cause}${text === undefined ? '' : `;text="${text}"`}`;
}
