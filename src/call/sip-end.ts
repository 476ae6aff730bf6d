import type { SipCallEnd } from '../sip/api.ts';
import type { EndReason } from './leg.ts';

/** Others are errors. */
const REASONS: Readonly<Record<number, EndReason>> = {
  404: 'not_found',
  410: 'not_found',
  484: 'not_found',
  604: 'not_found',
  408: 'noAnswer',
  480: 'noAnswer',
  486: 'busy',
  600: 'busy',
  487: 'cancel',
  603: 'decline',
  607: 'decline',
};

/** What a final response to a call of ours means (RFC 3261 21.4 to 21.6). */
export function reasonOfStatus(status: number): EndReason {
  return REASONS[status] ?? 'error';
}

/**
 * How a SIP call ended, in the words of the language (spec/call-control.md 3.6).
 * @param accepted whether it had been answered
 */
export function endReasonOf(end: SipCallEnd, accepted: boolean): EndReason {
  switch (end.how) {
    // A caller may take its call back by BYE as well (RFC 3261 15).
    case 'bye':
    case 'cancel':
      return accepted ? 'hangup' : 'cancel';
    case 'failed':
      return end.by === 'remote' ? reasonOfStatus(end.status ?? 0) : 'error';
    case 'timeout':
      // 408: nobody has said a word; else it rang for as long as it may.
      return accepted || end.status === 408 ? 'error' : 'noAnswer';
    case 'transport':
      return 'error';
  }
}
