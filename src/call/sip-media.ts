import { randomInt } from 'node:crypto';
import { CODEC_RATES } from '../mediaworker/codec-rates.ts';
import type { IdleMedia, InbandDigits, MediaHost } from '../mediaworker/protocol.ts';
import { SdpNegotiation } from '../sip/sdp/negotiation.ts';
import { type AgreedAudio, type AudioCodecName, SdpRefusal } from '../sip/sdp/offer-answer.ts';
import type { Clock } from '../time/clock.ts';
import { MediaClient } from './media-client.ts';

export interface SipMediaOptions {
  readonly host: MediaHost;
  readonly clock: Clock;
  readonly sessionId: string;
  /** Local address to bind RTP to. */
  readonly bindAddress: string;
  /** Address that goes into our SDP. */
  readonly address: string;
  /** In order of preference, if `preference` is `ours`. */
  readonly codecs: readonly AudioCodecName[];
  readonly preference: 'ours' | 'theirs';
  readonly idleMedia: IdleMedia;
  readonly inbandDigits?: InbandDigits | undefined;
  readonly concealLoss?: boolean | undefined;
  /** As in `OpenSession`. */
  readonly beside?: string | undefined;
}

/** That of the codecs which every peer has, Hz. */
const NARROW_BAND_RATE = CODEC_RATES.PCMU.sampleRate;

/** The media session of a SIP call together with its offer/answer state. */
export class SipMedia {
  readonly client: MediaClient;
  readonly #negotiation: SdpNegotiation;
  readonly #codecs: readonly AudioCodecName[];
  readonly #clock: Clock;

  private constructor(client: MediaClient, negotiation: SdpNegotiation, options: SipMediaOptions) {
    this.client = client;
    this.#negotiation = negotiation;
    this.#codecs = options.codecs;
    this.#clock = options.clock;
  }

  /** @throws Error with the media side's reason */
  static async open(options: SipMediaOptions): Promise<SipMedia> {
    const client = await MediaClient.open(options.host, {
      sessionId: options.sessionId,
      bindAddress: options.bindAddress,
      idleMedia: options.idleMedia,
      inbandDigits: options.inbandDigits,
      concealLoss: options.concealLoss,
      beside: options.beside,
    });
    const { address, codecs, preference } = options;
    const local = { address, rtpPort: client.rtpPort, codecs, preference };
    return new SipMedia(client, new SdpNegotiation(local, String(randomInt(1, 2 ** 47))), options);
  }

  /** Takes an offer of the peer. @returns our answer @throws SdpRefusal; the session then stays as it was */
  answer(offer: string): string {
    const { sdp, media } = this.#negotiation.answer(offer, this.#ofOurRate());
    this.#configure(media);
    return sdp;
  }

  /**
   * The offer of a call of ours, with all codecs: nothing sounds or is recorded before its answer.
   * @param address in the place of that of the options, from now on
   */
  firstOffer(address?: string): string {
    if (address !== undefined) this.#negotiation.moveTo(address);
    return this.#negotiation.offer(this.#codecs);
  }

  /**
   * Only with codecs of the session's rate: sounds and recordings may run before the answer comes. Where nothing is
   * agreed on yet and we have no narrow-band codec, sounds get the rate of the first one, which peers prefer in their
   * answer where they have it (RFC 3264 6.1). A wideband session that runs offers narrow-band as well, behind it: whoever
   * is put in the place of the peer (a transfer asks for our offer by a re-INVITE) may have nothing else.
   * @throws SdpRefusal when there are no codecs
   */
  offer(): string {
    const codecs = this.#ofOurRate();
    const [first] = codecs;
    if (first === undefined) throw new SdpRefusal('none of the codecs to offer is one of ours');
    if (this.client.agreed === undefined) {
      this.client.expectRate(CODEC_RATES[first].sampleRate);
      return this.#negotiation.offer(codecs);
    }
    const narrow = this.#codecs.filter((codec) => CODEC_RATES[codec].sampleRate === NARROW_BAND_RATE);
    return this.#negotiation.offer([...new Set([...codecs, ...narrow])]);
  }

  /** Takes the peer's answer to {@link offer}. @returns what it agrees on @throws SdpRefusal */
  accept(answer: string): AgreedAudio {
    const media = this.#negotiation.accept(answer);
    this.#configure(media);
    return media;
  }

  /** Codecs that need no change of rate; all of them where there is none such. */
  #ofOurRate(): readonly AudioCodecName[] {
    const { sampleRate } = this.client;
    const same = this.#codecs.filter((codec) => CODEC_RATES[codec].sampleRate === sampleRate);
    return same.length > 0 ? same : this.#codecs;
  }

  #configure(media: AgreedAudio): void {
    this.client.send({ type: 'configure', media, atMs: this.#clock.monotonic() });
  }
}
