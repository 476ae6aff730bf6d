import type { Logger } from '../log/logger.ts';
import { redactUris } from '../log/redact.ts';
import type {
  DestinationRefusal,
  OutgoingCallOptions,
  SipCall,
  SipCallEnd,
  SipEndpoint,
} from '../sip/api.ts';
import { parseUri } from '../sip/message/uri.ts';
import { assertTexts } from './invite-check.ts';
import { CallError, type CallInfo, type EndReason, type HangupCause } from './leg.ts';
import type { MediaClient } from './media-client.ts';
import { MediaLeg } from './media-leg.ts';
import type { Signalling } from './signalling.ts';
import { endReasonOf } from './sip-end.ts';
import { sipData } from './sip-data.ts';
import type { SipLegSite } from './sip-leg.ts';
import { SipMedia } from './sip-media.ts';
import { SipSession } from './sip-session.ts';

export interface OutboundSipLegOptions extends SipLegSite {
  readonly endpoint: Pick<SipEndpoint, 'call' | 'localAddressFor'>;
  /** What to send; its SDP comes from here. */
  readonly invite: Omit<OutgoingCallOptions, 'sdp' | 'refusal'>;
  readonly refusal: DestinationRefusal | undefined;
  /** Why no call can be made: it ends at once. */
  readonly fault?: unknown;
  /** As the call object shows them: numbers for a call to a number. */
  readonly from: string;
  readonly to: string;
  readonly type: 'sip' | 'phone';
  readonly parent: NonNullable<CallInfo['parent']>;
  /** Told when a call was really made. */
  readonly onSipCall: (sipCallId: string) => void;
}

export interface OutboundSipLeg {
  readonly leg: MediaLeg;
  /** Why the call could not be made, in words; undefined when the party itself said no. */
  readonly failure: string | undefined;
}

/**
 * The failure of a call whose INVITE nobody has answered by as much as a `100 Trying`. One before it may have been
 * challenged, or redirected.
 */
const SILENT = 'nothing at all came back to the INVITE';

/** Calls a SIP URI. One that cannot be called ends with `error`, after this returned. */
export function callBySip(options: OutboundSipLegOptions): OutboundSipLeg {
  const signalling = new OutboundSipSignalling(options);
  const { callId, nodeId, projectId, spaceId, type, parent, invite } = options;
  // Everybody sees these; passwords are for the INVITE.
  const [from, to] = [redactUris(options.from), redactUris(options.to)];
  const leg = new MediaLeg({
    ...options,
    signalling,
    info: {
      call_id: callId,
      node_id: nodeId,
      segment_id: callId,
      direction: 'outbound',
      type,
      from,
      to,
      headers: [...(invite.headers ?? [])],
      ...(type === 'sip' && {
        sip_data: sipData({ requestUri: to, from: { uri: from }, to: { uri: to }, contact: undefined }),
      }),
      parent,
      project_id: projectId,
      space_id: spaceId,
    },
  });
  void signalling.start(leg);
  return {
    leg,
    get failure() {
      return signalling.failure;
    },
  };
}

/** Dials, takes early media and the answer, and ends an outgoing SIP call. */
class OutboundSipSignalling implements Signalling {
  failure: string | undefined;
  readonly #options: OutboundSipLegOptions;
  readonly #log: Logger;
  #media: SipMedia | undefined;
  #call: SipCall | undefined;
  /** Of ours, on the way that the INVITE took: before, nobody knows where a name leads. */
  #address: string | undefined;
  #accepted = false;
  #agreed = false;
  #over = false;

  constructor(options: OutboundSipLegOptions) {
    this.#options = options;
    this.#log = options.log;
  }

  get localAddress(): string {
    const { advertisedAddress, endpoint, invite } = this.#options;
    return advertisedAddress ?? this.#address ?? endpoint.localAddressFor(parseUri(invite.to).host);
  }

  /** Opens the media session and sends the INVITE. */
  async start(leg: MediaLeg): Promise<void> {
    try {
      if (this.#options.fault !== undefined) throw this.#options.fault;
      const media = await this.#open();
      this.#media = media;
      if (this.#over) {
        await media.client.close('hangup');
        return;
      }
      media.client.listen(({ type }) => {
        if (type === 'closed') this.#mediaClosed(leg);
      });
      this.#invite(leg, media);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      this.#log.warn({ reason }, 'the call cannot be made');
      this.failure ??= reason;
      this.#finish();
      // Whoever follows the call (a trace, say) has the leg only when `callBySip` has returned.
      await Promise.resolve();
      void leg.refused();
    }
  }

  async answer(): Promise<MediaClient> {
    throw new CallError('invalid_state', 'only its party can answer a call of ours');
  }

  async earlyMedia(): Promise<MediaClient> {
    throw new CallError('invalid_state', 'nothing can be played to a party that has not answered yet');
  }

  async end(reason: EndReason, cause?: HangupCause): Promise<void> {
    if (this.#over) return;
    this.#finish();
    await this.#call?.hangup(cause === undefined ? { reason } : { status: cause.status, reason: cause.text });
  }

  /** @throws Error for what makes no INVITE */
  #invite(leg: MediaLeg, media: SipMedia): void {
    const { endpoint, invite, refusal, onSipCall } = this.#options;
    assertTexts(invite);
    const offerFrom = (localAddress: string): string => {
      this.#address = localAddress;
      return media.firstOffer(this.localAddress);
    };
    this.#call = endpoint.call(
      { ...invite, sdp: offerFrom, ...(refusal !== undefined && { refusal }) },
      new SipSession({
        log: this.#log,
        opened: () => this.#media,
        fail: () => void leg.hangup('error'),
        progress: (status, sdp) => this.#progress(leg, media, status, sdp),
        restarted: () => {
          this.#agreed = false;
          leg.ringsElsewhere();
        },
        confirmed: (sdp) => this.#confirmed(leg, media, sdp),
        ended: (end) => this.#ended(leg, end),
      }),
    );
    onSipCall(this.#call.sipCallId);
  }

  #progress(leg: MediaLeg, media: SipMedia, status: number, sdp: string | undefined): void {
    if (this.#over) return;
    if (sdp !== undefined) {
      try {
        const { direction } = media.accept(sdp);
        this.#agreed = true;
        // In a stream that is off, or to the party alone, nothing comes: who waits is to hear ringing.
        if (direction === 'sendrecv' || direction === 'recvonly') {
          leg.ringingWithSound(media.client);
          return;
        }
      } catch (cause) {
        // The answer proper may still be of use.
        this.#log.warn({ err: cause }, 'sound before the answer cannot be used');
      }
    }
    // 181, 182 and 199 say nothing of a telephone that rings (RFC 3261 21.1, RFC 6228).
    if (status === 180 || status === 183) leg.ringing();
  }

  #confirmed(leg: MediaLeg, media: SipMedia, sdp: string | undefined): void {
    if (this.#over) return;
    this.#accepted = true;
    try {
      if (sdp !== undefined) media.accept(sdp);
      else if (!this.#agreed) throw new Error('the answer has no session description');
    } catch (cause) {
      this.failure = cause instanceof Error ? cause.message : String(cause);
      this.#log.warn({ reason: this.failure }, 'the party’s answer cannot be used, ending the call');
      void leg.hangup('error');
      return;
    }
    leg.answered(media.client);
  }

  #ended(leg: MediaLeg, end: SipCallEnd): void {
    const { how, by, status, reason } = end;
    this.#log.debug({ how, by, status, reason }, 'SIP call over');
    const why = endReasonOf(end, this.#accepted);
    if (why === 'error') {
      const known = how === 'transport' ? [reason] : [status, reason];
      // The 408 that stands for silence (RFC 3261 8.1.3.1) is no answer of the party. Behind the answer, it is of a
      // request within the call.
      const isSilent = how === 'timeout' && status === 408 && !this.#accepted;
      this.failure ??= isSilent ? SILENT : known.filter((part) => part !== undefined).join(' ') || how;
    }
    void leg.endedRemotely(why, how === 'failed' && by === 'remote' ? status : undefined);
    this.#finish();
  }

  /** Under a call that only rings, the leg does not know its session: it would ring on, and be answered for nothing. */
  #mediaClosed(leg: MediaLeg): void {
    // It is closed by the end of the call.
    if (this.#over || leg.signal.aborted) return;
    this.failure ??= 'its media session was lost';
    // The leg knows it, and ends the call itself.
    if (leg.hearsUs) return;
    this.#log.error({}, 'media session lost, taking the call back');
    void leg.hangup('error');
  }

  /** A session that the leg does not have has nobody else to close it. */
  #finish(): void {
    this.#over = true;
    void this.#media?.client.close('hangup');
  }

  #open(): Promise<SipMedia> {
    const { media, clock, callId, rtpBindAddress, codecs, idleMedia, inbandDigits, concealLoss } =
      this.#options;
    if (codecs.length === 0) throw new RangeError('none of the codecs to offer is one of ours');
    return SipMedia.open({
      host: media,
      clock,
      sessionId: callId,
      bindAddress: rtpBindAddress,
      address: this.localAddress,
      codecs,
      preference: 'ours',
      idleMedia,
      inbandDigits,
      concealLoss,
      beside: this.#options.parent.call_id,
    });
  }
}
