import type { Logger } from '../../log/logger.ts';
import type { SipCallEnd, SipCallHandlers } from '../api.ts';
import { SipRefusal } from '../errors.ts';

/**
 * The owner of a call behind a guard: what it throws is logged and does no harm, and `ended` comes once and
 * last.
 */
export class CallOwner {
  readonly #log: Logger;
  #handlers: SipCallHandlers | undefined;
  #end: SipCallEnd | undefined;
  #told = false;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** A call that ended before its owner was there tells it now. */
  attach(handlers: SipCallHandlers): void {
    this.#handlers = handlers;
    if (this.#end !== undefined) this.#tellEnd(this.#end);
  }

  /** @throws SipRefusal */
  offer(sdp: string): string {
    return this.#ask('offer', (handlers) => handlers.offer(sdp));
  }

  /** @throws SipRefusal */
  makeOffer(): string {
    return this.#ask('makeOffer', (handlers) => handlers.makeOffer());
  }

  answer(sdp: string): void {
    this.#tell('answer', (handlers) => handlers.answer(sdp));
  }

  info(contentType: string, body: string): void {
    this.#tell('info', (handlers) => handlers.info(contentType, body));
  }

  progress(status: number, sdp: string | undefined): void {
    this.#tell('progress', (handlers) => handlers.progress?.(status, sdp));
  }

  restarted(): void {
    this.#tell('restarted', (handlers) => handlers.restarted?.());
  }

  confirmed(sdp: string | undefined): void {
    this.#tell('confirmed', (handlers) => handlers.confirmed?.(sdp));
  }

  ended(end: SipCallEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#tellEnd(end);
  }

  #tellEnd(end: SipCallEnd): void {
    if (this.#handlers === undefined || this.#told) return;
    this.#told = true;
    this.#guard('ended', () => this.#handlers?.ended(end));
  }

  #ask(what: string, ask: (handlers: SipCallHandlers) => string): string {
    if (this.#handlers === undefined || this.#end !== undefined) throw new SipRefusal(480);
    try {
      return ask(this.#handlers);
    } catch (error) {
      if (error instanceof SipRefusal) throw error;
      this.#log.error({ error }, `the owner of a SIP call failed in ${what}`);
      throw new SipRefusal(500);
    }
  }

  #tell(what: string, tell: (handlers: SipCallHandlers) => void): void {
    if (this.#end !== undefined) return;
    const handlers = this.#handlers;
    if (handlers !== undefined) this.#guard(what, () => tell(handlers));
  }

  #guard(what: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#log.error({ error }, `the owner of a SIP call failed in ${what}`);
    }
  }
}
