import {
  type AgreedAudio,
  type Answer,
  type AudioCodecName,
  acceptAnswer,
  answerOffer,
  createOffer,
  type LocalAudio,
  type MediaDirection,
  type OtherStreams,
  type SdpIdentity,
  SdpRefusal,
} from './offer-answer.ts';

/**
 * Our half of the offer/answer exchanges of one dialog. The version in `o=` goes up by one when our
 * description differs from the one before, and only then (RFC 3264 8).
 */
export class SdpNegotiation {
  #local: LocalAudio;
  readonly #sessionId: string;
  #version = 0n;
  #last = '';
  #established = false;
  #others: OtherStreams | undefined;

  /** @param sessionId decimal digits, unique for each dialog */
  constructor(local: LocalAudio, sessionId: string) {
    this.#local = local;
    this.#sessionId = sessionId;
  }

  /** Our descriptions name this address from now on. */
  moveTo(address: string): void {
    this.#local = { ...this.#local, address };
  }

  /**
   * @param favoured codecs of ours that are taken before others once the session runs
   * @throws SdpRefusal; the session then stays as it was
   */
  answer(
    offer: string,
    favoured: readonly AudioCodecName[] = this.#local.codecs,
  ): { readonly sdp: string; readonly media: AgreedAudio } {
    const { media, others, sdpAs } = this.#answerTo(offer, favoured);
    const sdp = this.#versioned(sdpAs);
    this.#established = true;
    this.#others = others;
    return { sdp, media };
  }

  /** @param codecs of ours that it names */
  offer(
    codecs: readonly AudioCodecName[] = this.#local.codecs,
    direction: MediaDirection = 'sendrecv',
  ): string {
    const local = { ...this.#local, codecs };
    return this.#versioned((identity) => createOffer(local, identity, direction, this.#others));
  }

  /** @throws SdpRefusal */
  accept(answer: string): AgreedAudio {
    const media = acceptAnswer(answer, this.#local, this.#others?.before.length);
    this.#established = true;
    return media;
  }

  #answerTo(offer: string, favoured: readonly AudioCodecName[]): Answer {
    if (!this.#established) return answerOffer(offer, this.#local);
    try {
      return answerOffer(offer, { ...this.#local, codecs: favoured }, true);
    } catch (error) {
      if (!(error instanceof SdpRefusal)) throw error;
      return answerOffer(offer, this.#local, true);
    }
  }

  #identity(): SdpIdentity {
    return { sessionId: this.#sessionId, sessionVersion: this.#version.toString() };
  }

  #versioned(render: (identity: SdpIdentity) => string): string {
    if (this.#last === '' || render(this.#identity()) !== this.#last) {
      this.#version++;
      this.#last = render(this.#identity());
    }
    return this.#last;
  }
}
