import type { IdleMedia, InbandDigits, MediaHost } from '../mediaworker/protocol.ts';
import type { Logger } from '../log/logger.ts';
import { redactUris } from '../log/redact.ts';
import type { IncomingSipCall, SipCallEnd, SipHeader } from '../sip/api.ts';
import { type AudioCodecName, SdpRefusal } from '../sip/sdp/offer-answer.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { CallError, type EndReason } from './leg.ts';
import type { MediaClient } from './media-client.ts';
import { MediaLeg, type MediaLegOptions } from './media-leg.ts';
import type { Signalling } from './signalling.ts';
import { customHeaders, sipData } from './sip-data.ts';
import { endReasonOf } from './sip-end.ts';
import { SipMedia } from './sip-media.ts';
import { SipSession, type SipSessionOwner, takeAnswer, warningOf } from './sip-session.ts';

/** What SIP legs need, whichever side begins. */
export interface SipLegSite extends Omit<MediaLegOptions, 'info' | 'signalling'> {
  readonly callId: string;
  readonly nodeId: string;
  readonly projectId: string;
  readonly spaceId: string;
  readonly media: MediaHost;
  /** Local address to bind RTP to. */
  readonly rtpBindAddress: string;
  /** Address for our SDP; undefined: the one that this peer reaches us at. */
  readonly advertisedAddress: string | undefined;
  readonly codecs: readonly AudioCodecName[];
  readonly idleMedia: IdleMedia;
  /** Default `auto`. */
  readonly inbandDigits?: InbandDigits | undefined;
  /** Default true. */
  readonly concealLoss?: boolean | undefined;
}

export interface SipLegOptions extends SipLegSite {
  readonly call: IncomingSipCall;
}

/** An unanswered call is told that it rings when the script takes longer than this, ms. */
const RING_AFTER_MS = 200;
/** When a caller may try again for whom there was no media session, s: by then ports may be free (RFC 3261 20.33). */
const RETRY_AFTER_SECONDS = 5;
/** Final responses for the reasons with which a script may refuse a call (spec/call-control.md 2). */
const REFUSALS: Readonly<Record<EndReason, number>> = {
  hangup: 480,
  cancel: 487,
  busy: 486,
  noAnswer: 480,
  decline: 603,
  error: 503,
  abandoned: 487,
  max_duration: 480,
  not_found: 404,
};

/** Makes the leg of an INVITE and joins it to the call; the leg ends when the call does, and the other way round. */
export function createSipLeg(options: SipLegOptions): MediaLeg {
  const { call } = options;
  const signalling = new InboundSipSignalling(options);
  const leg = new MediaLeg({
    ...options,
    signalling,
    info: {
      call_id: options.callId,
      node_id: options.nodeId,
      segment_id: options.callId,
      direction: 'inbound',
      type: 'sip',
      from: redactUris(call.from.uri),
      to: redactUris(call.to.uri),
      headers: customHeaders(call),
      sip_data: sipData(call),
      project_id: options.projectId,
      space_id: options.spaceId,
    },
  });
  signalling.attach(leg);
  return leg;
}

/** Answers, refuses and ends an incoming SIP call, and keeps its media in step with its SDP. */
class InboundSipSignalling implements Signalling, SipSessionOwner {
  readonly #options: SipLegOptions;
  readonly #call: IncomingSipCall;
  readonly log: Logger;
  readonly #clock: Clock;
  #leg: MediaLeg | undefined;
  #ringTimer: Timer | undefined;
  #media: Promise<SipMedia> | undefined;
  #opened: SipMedia | undefined;
  #answerSdp: string | undefined;
  #accepted = false;
  #over = false;

  constructor(options: SipLegOptions) {
    this.#options = options;
    this.#call = options.call;
    this.log = options.log;
    this.#clock = options.clock;
  }

  attach(leg: MediaLeg): void {
    this.#leg = leg;
    this.#call.handle(new SipSession(this));
    this.#ringTimer = this.#clock.after(RING_AFTER_MS, () => {
      if (this.#accepted || this.#over || this.#answerSdp !== undefined) return;
      this.#call.ring();
      leg.ringing();
    });
  }

  opened(): SipMedia | undefined {
    return this.#opened;
  }

  fail(): void {
    void this.#leg?.hangup('error');
  }

  get localAddress(): string {
    return this.#options.advertisedAddress ?? this.#call.localAddress;
  }

  async answer(codecs: readonly string[] | undefined): Promise<MediaClient> {
    const media = await this.#open(codecs);
    if (this.#over) throw new CallError('call_over', 'the call ended before it was answered');
    const sdp = this.#answerSdp ?? this.#negotiate(media);
    this.#stopRinging();
    this.#accepted = true;
    this.#call.accept(sdp);
    return media.client;
  }

  async earlyMedia(): Promise<MediaClient> {
    // First: a session that is opened here has all codecs, and the answer, which may be to have some alone, keeps it.
    if (this.#call.offer === undefined) {
      throw new CallError('invalid_state', 'the caller made no offer, so it hears nothing before the answer');
    }
    const media = await this.#open(undefined);
    if (this.#over) throw new CallError('call_over', 'the call ended before it was answered');
    this.#answerSdp = this.#negotiate(media);
    this.#stopRinging();
    this.#call.ring(183, this.#answerSdp);
    return media.client;
  }

  async end(reason: EndReason): Promise<void> {
    if (this.#over) return;
    this.#finish();
    if (!this.#accepted) this.#call.refuse(REFUSALS[reason]);
    else await this.#call.hangup({ reason });
  }

  /** A caller that made no offer answers ours in its ACK (RFC 3261 13.2.1). */
  confirmed(sdp: string | undefined): void {
    if (this.#call.offer !== undefined) return;
    if (sdp !== undefined) {
      takeAnswer(this, sdp);
    } else {
      this.log.warn({}, 'the caller gave no answer to our offer, ending the call');
      this.fail();
    }
  }

  ended(end: SipCallEnd): void {
    this.#finish();
    this.log.debug({ how: end.how, by: end.by, status: end.status, reason: end.reason }, 'SIP call over');
    void this.#leg?.endedRemotely(endReasonOf(end, this.#accepted));
    // A session that was opened for a call which then ended unanswered has no leg to close it.
    if (!this.#accepted && this.#answerSdp === undefined)
      void this.#media?.then(
        (media) => media.client.close('hangup'),
        () => {},
      );
  }

  #finish(): void {
    this.#over = true;
    this.#stopRinging();
  }

  #stopRinging(): void {
    this.#ringTimer?.cancel();
    this.#ringTimer = undefined;
  }

  async #open(codecs: readonly string[] | undefined): Promise<SipMedia> {
    const { media, callId, rtpBindAddress, idleMedia, inbandDigits, concealLoss } = this.#options;
    this.#media ??= SipMedia.open({
      host: media,
      clock: this.#clock,
      sessionId: callId,
      bindAddress: rtpBindAddress,
      address: this.localAddress,
      codecs: chosenCodecs(this.#options.codecs, codecs),
      preference: codecs === undefined ? 'theirs' : 'ours',
      idleMedia,
      inbandDigits,
      concealLoss,
    });
    try {
      this.#opened = await this.#media;
      return this.#opened;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      this.#refuse(503, [{ name: 'Retry-After', value: String(RETRY_AFTER_SECONDS) }]);
      throw new CallError('answer_failed', `no media session for the call: ${reason}`, { cause });
    }
  }

  #negotiate(media: SipMedia): string {
    const { offer } = this.#call;
    try {
      return offer === undefined ? media.offer() : media.answer(offer);
    } catch (cause) {
      this.#refuse(488, cause instanceof SdpRefusal ? [warningOf(cause)] : []);
      void media.client.close('error');
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new CallError('no_common_codec', reason, { cause });
    }
  }

  #refuse(status: number, headers: readonly SipHeader[] = []): void {
    if (this.#over) return;
    this.#finish();
    // First, since the call reports its end from within `refuse`: the leg would take that for the party's doing.
    void this.#leg?.refused();
    this.#call.refuse(status, { headers });
  }
}

/**
 * Those of the document in its order, as far as we have them, each once: an offer describes no format twice (RFC 8866
 * 6.6). Without a document's wish, ours.
 */
export function chosenCodecs(
  ours: readonly AudioCodecName[],
  wanted: readonly string[] | undefined,
): readonly AudioCodecName[] {
  if (wanted === undefined) return ours;
  return [...new Set(wanted)].flatMap((name) => ours.filter((codec) => codec === name));
}
