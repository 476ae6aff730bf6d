import type { Logger } from '../log/logger.ts';
import type { SipCallHandlers } from '../sip/api.ts';
import { SipRefusal } from '../sip/errors.ts';
import { SdpRefusal } from '../sip/sdp/offer-answer.ts';
import { parseInfoDigit } from './info-digits.ts';
import type { SipMedia } from './sip-media.ts';

/** A leg whose SIP session changes while it runs. */
export interface SipSessionOwner {
  /** Undefined until it is open. */
  readonly media: () => SipMedia | undefined;
  /** The session cannot go on: ends the call. */
  readonly fail: () => void;
  readonly log: Logger;
}

/** Keeps the media of a call in step with what its party says by SDP and INFO, whoever called whom. */
export function sessionHandlers(
  owner: SipSessionOwner,
): Pick<SipCallHandlers, 'offer' | 'makeOffer' | 'answer' | 'info'> {
  const { media, fail, log } = owner;
  const opened = (): SipMedia => {
    const present = media();
    if (present === undefined) throw new SipRefusal(488);
    return present;
  };
  return {
    offer: (sdp) => {
      const present = opened();
      try {
        const answer = present.answer(sdp);
        log.info({}, 'the party changed the session');
        return answer;
      } catch (cause) {
        if (cause instanceof SdpRefusal) throw new SipRefusal(488, { reason: 'Not Acceptable Here' });
        throw cause;
      }
    },
    makeOffer: () => opened().offer(),
    answer: (sdp) => {
      try {
        media()?.accept(sdp);
      } catch (cause) {
        log.warn({ err: cause }, 'the party’s answer cannot be used, ending the call');
        fail();
      }
    },
    info: (contentType, body) => {
      const pressed = parseInfoDigit(contentType, body);
      if (pressed !== undefined) media()?.client.send({ type: 'digit', ...pressed });
      else log.debug({ content_type: contentType }, 'INFO with content that means nothing to us');
    },
  };
}
