import {
  type AgreedAudio,
  acceptAnswer,
  answerOffer,
  createOffer,
  type LocalAudio,
  type MediaDirection,
  type SdpIdentity,
} from './offer-answer.ts';

/**
 * Our half of the offer/answer exchanges of one dialog. The version in `o=` goes up by one when our
 * description differs from the one before, and only then (RFC 3264 8).
 */
export class SdpNegotiation {
  readonly #local: LocalAudio;
  readonly #sessionId: string;
  #version = 0n;
  #last = '';
  #established = false;

  /** @param sessionId decimal digits, unique for each dialog */
  constructor(local: LocalAudio, sessionId: string) {
    this.#local = local;
    this.#sessionId = sessionId;
  }

  /** @throws SdpRefusal; the session then stays as it was */
  answer(offer: string): { readonly sdp: string; readonly media: AgreedAudio } {
    const { media } = answerOffer(offer, this.#local, this.#identity(), this.#established);
    const sdp = this.#versioned(
      (identity) => answerOffer(offer, this.#local, identity, this.#established).sdp,
    );
    this.#established = true;
    return { sdp, media };
  }

  offer(direction: MediaDirection = 'sendrecv'): string {
    return this.#versioned((identity) => createOffer(this.#local, identity, direction));
  }

  /** @throws SdpRefusal */
  accept(answer: string): AgreedAudio {
    const media = acceptAnswer(answer, this.#local);
    this.#established = true;
    return media;
  }

  #identity(): SdpIdentity {
    return { sessionId: this.#sessionId, sessionVersion: this.#version.toString() };
  }

  #versioned(render: (identity: SdpIdentity) => string): string {
    let sdp = render(this.#identity());
    if (sdp !== this.#last) {
      this.#version++;
      sdp = render(this.#identity());
    }
    this.#last = sdp;
    return sdp;
  }
}
