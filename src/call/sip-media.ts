import { randomInt } from 'node:crypto';
import type { IdleMedia, MediaHost } from '../mediaworker/protocol.ts';
import { SdpNegotiation } from '../sip/sdp/negotiation.ts';
import type { AgreedAudio, AudioCodecName } from '../sip/sdp/offer-answer.ts';
import { MediaClient } from './media-client.ts';

export interface SipMediaOptions {
  readonly host: MediaHost;
  readonly sessionId: string;
  /** Local address to bind RTP to. */
  readonly bindAddress: string;
  /** Address that goes into our SDP. */
  readonly address: string;
  readonly codecs: readonly AudioCodecName[];
  readonly idleMedia: IdleMedia;
}

/** The media session of a SIP call together with its offer/answer state. */
export class SipMedia {
  readonly client: MediaClient;
  readonly #negotiation: SdpNegotiation;

  private constructor(client: MediaClient, negotiation: SdpNegotiation) {
    this.client = client;
    this.#negotiation = negotiation;
  }

  /** @throws Error with the media side's reason */
  static async open(options: SipMediaOptions): Promise<SipMedia> {
    const client = await MediaClient.open(options.host, {
      sessionId: options.sessionId,
      bindAddress: options.bindAddress,
      idleMedia: options.idleMedia,
    });
    const local = { address: options.address, rtpPort: client.rtpPort, codecs: options.codecs };
    return new SipMedia(client, new SdpNegotiation(local, String(randomInt(1, 2 ** 47))));
  }

  /** Takes an offer of the peer. @returns our answer @throws SdpRefusal; the session then stays as it was */
  answer(offer: string): string {
    const { sdp, media } = this.#negotiation.answer(offer);
    this.#configure(media);
    return sdp;
  }

  offer(): string {
    return this.#negotiation.offer();
  }

  /** Takes the peer's answer to {@link offer}. @throws SdpRefusal */
  accept(answer: string): void {
    this.#configure(this.#negotiation.accept(answer));
  }

  #configure(media: AgreedAudio): void {
    this.client.send({ type: 'configure', media });
  }
}
