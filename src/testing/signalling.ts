import { CallError, type EndReason } from '../call/leg.ts';
import { MediaClient } from '../call/media-client.ts';
import type { MediaLeg } from '../call/media-leg.ts';
import type { Signalling } from '../call/signalling.ts';
import { CODEC_RATES } from '../mediaworker/codec-rates.ts';
import type { AudioCodec, MediaHost } from '../mediaworker/protocol.ts';
import type { Clock } from '../time/clock.ts';
import { type CallerLine, PAYLOAD_TYPES } from './caller-line.ts';
import { REFUSALS } from './party-plan.ts';

export interface VirtualSignallingOptions {
  readonly clock: Clock;
  readonly media: MediaHost;
  readonly sessionId: string;
  readonly line: CallerLine;
  readonly codec: AudioCodec;
  readonly telephoneEventPayloadType: number | undefined;
  /** Where the line is; default {@link CALLER_ADDRESS}. */
  readonly address?: string | undefined;
  /** Session that it may be bridged to. */
  readonly beside?: string | undefined;
}

/** Addresses of the two ends, on a network in memory. */
export const SERVER_ADDRESS = '10.0.0.1';
export const CALLER_ADDRESS = '10.0.0.2';

/** An unanswered call is told that it rings when the script takes longer than this, as SIP legs do it, ms. */
const RING_AFTER_MS = 200;
const PTIME_MS = 20;
/** What INFO says of how long a key was down, ms. */
const KEY_MS = 100;

/** Connects a leg with a caller in the same process: what SIP and SDP do, without them. */
export class VirtualSignalling implements Signalling {
  /** Resolves at the answer; rejects when the call ends before. */
  readonly answered: Promise<void>;
  readonly localAddress = SERVER_ADDRESS;
  readonly #options: VirtualSignallingOptions;
  readonly #answer = Promise.withResolvers<void>();
  #leg: MediaLeg | undefined;
  #media: Promise<MediaClient> | undefined;
  #client: MediaClient | undefined;
  #isAnswered = false;
  #isHeard = false;
  #over = false;

  constructor(options: VirtualSignallingOptions) {
    this.#options = options;
    this.answered = this.#answer.promise;
    this.answered.catch(() => {});
  }

  /** An incoming call begins: it rings when nobody answers it for a moment. */
  attach(leg: MediaLeg): void {
    this.#leg = leg;
    if (leg.info.direction === 'outbound') return;
    this.#options.clock.after(RING_AFTER_MS, () => {
      if (!this.#isAnswered && !this.#over) leg.ringing();
    });
  }

  async answer(codecs: readonly string[] | undefined): Promise<MediaClient> {
    const { codec } = this.#options;
    // Behind early media the codec is settled, as it is for a SIP caller who was sent a session description.
    if (this.#media === undefined && !this.takes(codecs)) {
      this.#finish();
      void this.#leg?.refused();
      throw new CallError(
        'no_common_codec',
        `the caller speaks ${codec}, the document takes ${codecs?.join(', ')}`,
      );
    }
    const client = await this.#open();
    this.#isAnswered = true;
    if (!this.#isHeard) this.#connect(client);
    this.#answer.resolve();
    return client;
  }

  async earlyMedia(): Promise<MediaClient> {
    const client = await this.#open();
    this.#connect(client);
    return client;
  }

  /** Whether the line has one of these codecs; undefined: any. */
  takes(codecs: readonly string[] | undefined): boolean {
    return codecs === undefined || codecs.includes(this.#options.codec);
  }

  /** The party of a call of ours is heard before it answers. */
  async heardEarly(): Promise<MediaClient> {
    const client = await this.#open();
    this.#isHeard = true;
    this.#connect(client);
    return client;
  }

  async end(_reason: EndReason): Promise<void> {
    this.#finish();
  }

  /** The party puts down the phone: whoever is called and has not answered declines, for only who calls can cancel. */
  async hangUp(): Promise<void> {
    const leg = this.#leg;
    const declines = !this.#isAnswered && leg?.info.direction === 'outbound';
    this.#finish();
    if (declines) await leg?.endedRemotely('decline', REFUSALS.declined);
    else await leg?.endedRemotely(this.#isAnswered ? 'hangup' : 'cancel');
  }

  /** A key that comes beside the audio, by SIP INFO. */
  pressBeside(digit: string): void {
    this.#client?.send({ type: 'digit', digit, durationMs: KEY_MS });
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.line.close();
    this.#answer.reject(new CallError('call_over', 'the call ended before it was answered'));
  }

  async #open(): Promise<MediaClient> {
    const { media, sessionId, beside } = this.#options;
    this.#media ??= MediaClient.open(media, {
      sessionId,
      bindAddress: SERVER_ADDRESS,
      idleMedia: 'silence',
      beside,
    });
    const client = await this.#media;
    if (this.#over) {
      await client.close('hangup');
      throw new CallError('call_over', 'the call ended before it was answered');
    }
    this.#client = client;
    return client;
  }

  #connect(client: MediaClient): void {
    const { line, codec, telephoneEventPayloadType, address = CALLER_ADDRESS } = this.#options;
    line.connect({ address: SERVER_ADDRESS, rtpPort: client.rtpPort }, this.#isAnswered || this.#isHeard);
    client.send({
      type: 'configure',
      media: {
        codec,
        payloadType: PAYLOAD_TYPES[codec],
        telephoneEventPayloadType,
        telephoneEventClockRate: CODEC_RATES[codec].clockRate,
        remoteAddress: address,
        remotePort: line.rtpPort,
        remoteRtcpPort: line.rtpPort + 1,
        direction: 'sendrecv',
        ptimeMs: PTIME_MS,
      },
    });
  }
}
