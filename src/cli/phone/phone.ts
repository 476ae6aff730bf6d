import { randomUUID } from 'node:crypto';

import { SipMedia } from '../../call/sip-media.ts';
import { Playback, type SoundSource } from '../../call/playback.ts';
import type { PlayableSound } from '../../call/leg.ts';
import type { Logger } from '../../log/logger.ts';
import type { MediaEvent, MediaHost, MediaStatistics } from '../../mediaworker/protocol.ts';
import type { Clock } from '../../time/clock.ts';
import type { RecordOutcome } from '../../recording/types.ts';
import type { SipCall, SipCallEnd, SipEndpoint, SipTransportProtocol } from '../../sip/api.ts';
import { SipRefusal } from '../../sip/errors.ts';
import { type AgreedAudio, type AudioCodecName, SdpRefusal } from '../../sip/sdp/offer-answer.ts';

export interface PhoneOptions {
  readonly endpoint: SipEndpoint;
  readonly clock: Clock;
  readonly media: MediaHost;
  readonly sounds: SoundSource;
  readonly log: Logger;
  /** SIP URI to call. */
  readonly to: string;
  readonly from?: string | undefined;
  readonly protocol: SipTransportProtocol;
  /** Our address as the called side sees it. */
  readonly localAddress: string;
  /** In order of preference. */
  readonly codecs: readonly AudioCodecName[];
  /** `nothing`: not a packet is ever sent. */
  readonly send: 'sound' | 'nothing';
  /** Send keys by SIP INFO instead of RFC 4733. */
  readonly infoDigits: boolean;
  /** WAV file for everything heard. */
  readonly saveTo?: string | undefined;
  readonly onEvent: (event: PhoneEvent) => void;
}

/** One line of the phone's story. */
export type PhoneEvent =
  | { readonly kind: 'calling'; readonly to: string }
  | { readonly kind: 'progress'; readonly status: number }
  | { readonly kind: 'answered'; readonly codec: string; readonly events: boolean }
  | { readonly kind: 'sessionChanged'; readonly direction: string }
  | { readonly kind: 'speaking' }
  | { readonly kind: 'spoken'; readonly ms: number }
  | { readonly kind: 'soundFailed'; readonly reason: string }
  | { readonly kind: 'pressed'; readonly digits: string; readonly by: 'RFC 4733' | 'INFO' }
  | { readonly kind: 'digitHeard'; readonly digit: string }
  | { readonly kind: 'ended'; readonly end: SipCallEnd }
  | { readonly kind: 'saved'; readonly path: string; readonly outcome: RecordOutcome };

/** How a call went. */
export interface PhoneCall {
  readonly answered: boolean;
  readonly end: SipCallEnd;
  readonly statistics: MediaStatistics;
  readonly saved: RecordOutcome | undefined;
}

/** Length of a key sent by INFO, as it is told to the other side, ms. */
const INFO_DIGIT_MS = 160;
/** Longest recording of what is heard: the length of any call. */
const MAX_HEARD_MS = 4 * 3_600_000;
/** The voice detector plays no part in what the phone records. */
const ANY_SENSITIVITY = 44;

/** A telephone for one outgoing call. */
export class Phone {
  /** Resolves at the answer; stays pending when there is none. */
  readonly answered: Promise<void>;
  /** Resolves when the call is over, however that came, and what was heard is in its file. Never rejects. */
  readonly over: Promise<PhoneCall>;
  readonly #options: PhoneOptions;
  readonly #media: SipMedia;
  readonly #playback: Playback;
  readonly #call: SipCall;
  readonly #answered = Promise.withResolvers<void>();
  readonly #over = Promise.withResolvers<PhoneCall>();
  readonly #sent = new Map<string, () => void>();
  #isAnswered = false;
  #isOver = false;
  #statistics: MediaStatistics | undefined;
  #saved: RecordOutcome | undefined;

  private constructor(options: PhoneOptions, media: SipMedia) {
    this.#options = options;
    this.#media = media;
    this.answered = this.#answered.promise;
    this.over = this.#over.promise;
    this.#playback = new Playback(media.client, options.sounds, options.log);
    media.client.listen((event) => this.#mediaEvent(event));
    const { endpoint, to, from, protocol } = options;
    this.#call = endpoint.call(
      { to, ...(from === undefined ? {} : { from }), protocol, sdp: media.firstOffer() },
      {
        offer: (sdp) => this.#takeOffer(sdp),
        makeOffer: () => media.offer(),
        answer: (sdp) => this.#takeAnswer(sdp),
        info: () => {},
        progress: (status) => this.#report({ kind: 'progress', status }),
        confirmed: (sdp) => this.#confirmed(sdp),
        ended: (end) => void this.#ended(end),
      },
    );
    this.#report({ kind: 'calling', to });
  }

  /**
   * Opens the media side and sends the INVITE.
   * @throws Error when no port is free, or the address cannot be called
   */
  static async call(options: PhoneOptions): Promise<Phone> {
    const media = await SipMedia.open({
      host: options.media,
      clock: options.clock,
      sessionId: randomUUID(),
      bindAddress: options.localAddress,
      address: options.localAddress,
      codecs: options.codecs,
      preference: 'ours',
      idleMedia: options.send === 'nothing' ? 'none' : 'silence',
    });
    try {
      return new Phone(options, media);
    } catch (error) {
      await media.client.close('error');
      throw error;
    }
  }

  /** Says something; resolves when it is out, or the call is over. Only after the answer. */
  async say(sound: PlayableSound): Promise<void> {
    if (this.#options.send === 'nothing' || this.#isOver) return;
    this.#report({ kind: 'speaking' });
    const { state, playedMs, error } = await this.#playback.play([sound], 0).done;
    if (state === 'error') this.#report({ kind: 'soundFailed', reason: error ?? 'unknown' });
    else if (!this.#isOver) this.#report({ kind: 'spoken', ms: playedMs });
  }

  /** Presses keys (`0-9A-D*#`); resolves when they are out. */
  async press(digits: string): Promise<void> {
    if (this.#isOver) return;
    if (this.#options.infoDigits) {
      this.#report({ kind: 'pressed', digits, by: 'INFO' });
      for (const digit of digits) {
        await this.#call.sendInfo(
          'application/dtmf-relay',
          `Signal=${digit}\r\nDuration=${INFO_DIGIT_MS}\r\n`,
        );
      }
      return;
    }
    this.#report({ kind: 'pressed', digits, by: 'RFC 4733' });
    const sendId = randomUUID();
    const sent = new Promise<void>((resolve) => this.#sent.set(sendId, resolve));
    this.#media.client.send({ type: 'sendDigits', sendId, digits });
    await Promise.race([sent, this.over]);
  }

  /** Ends the call, or cancels it before the answer; resolves when it is over. */
  async hangup(): Promise<void> {
    await this.#call.hangup();
    await this.over;
  }

  #takeOffer(sdp: string): string {
    try {
      const answer = this.#media.answer(sdp);
      this.#report({ kind: 'sessionChanged', direction: directionOf(answer) });
      return answer;
    } catch (cause) {
      if (cause instanceof SdpRefusal) throw new SipRefusal(488);
      throw cause;
    }
  }

  /** @returns undefined when it cannot be used, which ends the call */
  #takeAnswer(sdp: string): AgreedAudio | undefined {
    try {
      return this.#media.accept(sdp);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      this.#options.log.warn({}, `the other side's answer cannot be used: ${reason}`);
      void this.#call.hangup({ reason });
      return undefined;
    }
  }

  #confirmed(sdp: string | undefined): void {
    const agreed = sdp === undefined ? undefined : this.#takeAnswer(sdp);
    // What cannot be used has ended the call, and nobody has heard a word.
    if (sdp !== undefined && agreed === undefined) return;
    this.#isAnswered = true;
    this.#report({
      kind: 'answered',
      codec: agreed?.codec ?? 'no codec',
      events: agreed?.telephoneEventPayloadType !== undefined,
    });
    if (this.#options.saveTo !== undefined) this.#recordHeard(this.#options.saveTo);
    this.#answered.resolve();
  }

  /** To the media side, the party of this session is the called one: what it says is what we hear. */
  #recordHeard(path: string): void {
    const id = randomUUID();
    this.#media.client.send({
      type: 'record',
      spec: {
        recordingId: id,
        controlId: id,
        path,
        format: 'wav',
        direction: 'speak',
        stereo: false,
        beep: false,
        terminators: '',
        inputSensitivity: ANY_SENSITIVITY,
        initialTimeoutMs: 0,
        endSilenceTimeoutMs: 0,
        maxLengthMs: MAX_HEARD_MS,
      },
    });
  }

  #mediaEvent(event: MediaEvent): void {
    switch (event.type) {
      case 'digit':
        this.#report({ kind: 'digitHeard', digit: event.digit });
        break;
      case 'digitsSent':
        this.#sent.get(event.sendId)?.();
        this.#sent.delete(event.sendId);
        break;
      case 'recordEnded':
        this.#saved = event.outcome;
        break;
      case 'closed':
        this.#statistics = event.statistics;
        break;
      default:
        break;
    }
  }

  async #ended(end: SipCallEnd): Promise<void> {
    this.#isOver = true;
    this.#report({ kind: 'ended', end });
    this.#playback.close();
    await this.#media.client.close('hangup');
    const { saveTo } = this.#options;
    if (this.#saved !== undefined && saveTo !== undefined) {
      this.#report({ kind: 'saved', path: saveTo, outcome: this.#saved });
    }
    this.#over.resolve({
      answered: this.#isAnswered,
      end,
      // A media side that went down with the call has no figures.
      statistics: this.#statistics ?? NO_STATISTICS,
      saved: this.#saved,
    });
  }

  #report(event: PhoneEvent): void {
    this.#options.onEvent(event);
  }
}

const NO_STATISTICS: MediaStatistics = {
  packetsReceived: 0,
  packetsLost: 0,
  packetsLate: 0,
  packetsDuplicated: 0,
  packetsSent: 0,
  jitterMs: 0,
};

function directionOf(sdp: string): string {
  return /a=(sendrecv|sendonly|recvonly|inactive)/.exec(sdp)?.[1] ?? 'sendrecv';
}
