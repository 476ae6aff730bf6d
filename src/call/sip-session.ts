import type { Logger } from '../log/logger.ts';
import type { SipCallEnd, SipCallHandlers, SipHeader } from '../sip/api.ts';
import { SipRefusal } from '../sip/errors.ts';
import { quote } from '../sip/message/params.ts';
import { SdpRefusal } from '../sip/sdp/offer-answer.ts';
import { parseInfoDigit } from './info-digits.ts';
import type { SipMedia } from './sip-media.ts';

/** Longest text of a Warning, characters. */
const MAX_WARNING = 200;

/** A leg whose SIP session changes while it runs. */
export interface SipSessionOwner {
  readonly log: Logger;
  /** Its media; undefined until they are open. */
  opened(): SipMedia | undefined;
  /** The session cannot go on: ends the call. */
  fail(): void;
  /** As the rest, of `SipCallHandlers`. */
  progress?(status: number, sdp: string | undefined): void;
  restarted?(): void;
  confirmed(sdp: string | undefined): void;
  ended(end: SipCallEnd): void;
}

/** Keeps the media of a call in step with what its party says by SDP and INFO, whoever called whom. */
export class SipSession implements SipCallHandlers {
  readonly #owner: SipSessionOwner;

  constructor(owner: SipSessionOwner) {
    this.#owner = owner;
  }

  offer(sdp: string): string {
    const media = this.#media();
    try {
      const answer = media.answer(sdp);
      this.#owner.log.info({}, 'the party changed the session');
      return answer;
    } catch (cause) {
      if (cause instanceof SdpRefusal) throw new SipRefusal(488, { headers: [warningOf(cause)] });
      throw cause;
    }
  }

  makeOffer(): string {
    return this.#media().offer();
  }

  answer(sdp: string): void {
    takeAnswer(this.#owner, sdp);
  }

  info(contentType: string, body: string): void {
    const { log } = this.#owner;
    const pressed = parseInfoDigit(contentType, body);
    if (pressed !== undefined) this.#owner.opened()?.client.send({ type: 'digit', ...pressed });
    else log.debug({ content_type: contentType }, 'INFO with content that means nothing to us');
  }

  progress(status: number, sdp: string | undefined): void {
    this.#owner.progress?.(status, sdp);
  }

  restarted(): void {
    this.#owner.restarted?.();
  }

  confirmed(sdp: string | undefined): void {
    this.#owner.confirmed(sdp);
  }

  ended(end: SipCallEnd): void {
    this.#owner.ended(end);
  }

  #media(): SipMedia {
    const media = this.#owner.opened();
    if (media === undefined) throw new SipRefusal(488);
    return media;
  }
}

/** What a 488 tells the party of its offer (RFC 3261 13.3.1.3, 20.43); 399 is for people to read. */
export function warningOf({ message }: SdpRefusal): SipHeader {
  // It names what the offer had in it, which is any text.
  const text = message.slice(0, MAX_WARNING).replace(/[^\x20-\x7e]/g, '?');
  return { name: 'Warning', value: `399 openswml ${quote(text)}` };
}

/** Takes the party's answer to an offer of ours; one that cannot be used ends the call. */
export function takeAnswer(owner: Pick<SipSessionOwner, 'log' | 'opened' | 'fail'>, sdp: string): void {
  try {
    owner.opened()?.accept(sdp);
  } catch (cause) {
    owner.log.warn({ err: cause }, 'the party’s answer cannot be used, ending the call');
    owner.fail();
  }
}
