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
/** Of all messages together: each may be as long as SIP allows, and of calls that are refused they stay, bytes. */
const MAX_BYTES = 64 * 1024 * 1024;

/** The first SIP messages of calls, until somebody takes the calls: INVITE and what was said to it at once. */
export class ArrivingCalls {
  /** By Call-ID header, oldest first. */
  readonly #messages = new Map<string, ArrivingMessage[]>();
  #bytes = 0;

  note(direction: 'in' | 'out', line: SipLine, data: Uint8Array): void {
    const known = this.#messages.get(line.sipCallId);
    // What is said of a call that nobody takes, to its end and behind it, is of no use.
    if (known === undefined ? line.text !== 'INVITE' : known.length === MAX_MESSAGES) return;
    // A copy: what came over TCP is a part of something larger.
    const message = { direction, line, data: new Uint8Array(data) };
    if (known !== undefined) known.push(message);
    else this.#messages.set(line.sipCallId, [message]);
    this.#bytes += data.length;
    for (const oldest of this.#messages.keys()) {
      if (this.#messages.size <= MAX_CALLS && this.#bytes <= MAX_BYTES) return;
      this.take(oldest);
    }
  }

  /** Nobody takes this call. */
  forget(sipCallId: string): void {
    this.take(sipCallId);
  }

  take(sipCallId: string): readonly ArrivingMessage[] {
    const messages = this.#messages.get(sipCallId) ?? [];
    this.#messages.delete(sipCallId);
    for (const { data } of messages) this.#bytes -= data.length;
    return messages;
  }
}
