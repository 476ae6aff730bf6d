import type { SipLine } from '../trace/sip-line.ts';

/** A message of a call that is not there yet. */
export interface ArrivingMessage {
  readonly direction: 'in' | 'out';
  readonly line: SipLine;
  readonly data: Uint8Array;
}

/** Calls that are remembered, as many as may wait (sip/transaction/invite-intake.ts), and messages of each. */
const MAX_CALLS = 10_000;
const MAX_MESSAGES = 8;

/** The first SIP messages of calls, until somebody takes the calls: INVITE and what was said to it at once. */
export class ArrivingCalls {
  /** By Call-ID header, oldest first. */
  readonly #messages = new Map<string, ArrivingMessage[]>();

  note(direction: 'in' | 'out', line: SipLine, data: Uint8Array): void {
    const known = this.#messages.get(line.sipCallId);
    const message = { direction, line, data: data.slice() };
    if (known !== undefined) {
      if (known.length < MAX_MESSAGES) known.push(message);
      return;
    }
    // What is said of a call that nobody takes, to its end and behind it, is of no use.
    if (line.text !== 'INVITE') return;
    this.#messages.set(line.sipCallId, [message]);
    const [oldest] = this.#messages.keys();
    if (this.#messages.size > MAX_CALLS && oldest !== undefined) this.#messages.delete(oldest);
  }

  /** Nobody takes this call. */
  forget(sipCallId: string): void {
    this.#messages.delete(sipCallId);
  }

  take(sipCallId: string): readonly ArrivingMessage[] {
    const messages = this.#messages.get(sipCallId) ?? [];
    this.#messages.delete(sipCallId);
    return messages;
  }
}
