/** One caller of the load test: its INVITE, its packets, its BYE. */
import type { SipCall, SipCallEnd, SipEndpoint } from '../src/sip/api.ts';
import { SdpNegotiation } from '../src/sip/sdp/negotiation.ts';
import type { CallReport } from './messages.ts';
import { HOST, Talker, type TalkerOptions } from './talker.ts';

const ANSWER_WITHIN_MS = 20_000;

export class Caller {
  readonly talker: Talker;
  readonly #settled = Promise.withResolvers<void>();
  #call: SipCall | undefined;
  #answerMs: number | undefined;
  #problem: string | undefined;
  #telephoneEvent: number | undefined;
  #hangingUp = false;
  readonly #over = Promise.withResolvers<SipCallEnd>();

  private constructor(talker: Talker) {
    this.talker = talker;
  }

  static async open(options: TalkerOptions): Promise<Caller> {
    return new Caller(await Talker.open(options));
  }

  /** Resolves when the call is up or has failed. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** Resolves when the call has ended, whoever ended it. */
  get over(): Promise<SipCallEnd> {
    return this.#over.promise;
  }

  get report(): CallReport {
    const { number, leadMs, packetsSent, packetsReceived } = this.talker;
    return { number, answerMs: this.#answerMs, leadMs, packetsSent, packetsReceived, problem: this.#problem };
  }

  /** @param media whether to talk once the call is up */
  dial(endpoint: SipEndpoint, to: string, media: boolean): void {
    const { number, port } = this.talker;
    const local = { address: HOST, rtpPort: port, codecs: ['PCMU'] } as const;
    const negotiation = new SdpNegotiation(local, String(number + 1));
    const dialledAt = performance.now();
    this.#call = endpoint.call(
      {
        to,
        from: `sip:${number}@${HOST}`,
        protocol: 'udp',
        sdp: negotiation.offer(),
        timeoutMs: ANSWER_WITHIN_MS,
      },
      {
        offer: (sdp) => negotiation.answer(sdp).sdp,
        makeOffer: () => negotiation.offer(),
        answer: () => {},
        info: () => {},
        confirmed: (sdp) => {
          this.#answerMs = performance.now() - dialledAt;
          this.talker.answered();
          const agreed = negotiation.accept(sdp ?? '');
          this.#telephoneEvent = agreed.telephoneEventPayloadType;
          if (media) this.talker.talkTo(agreed.remotePort);
          this.#settled.resolve();
        },
        ended: (end) => {
          const { how, status, reason } = end;
          if (!this.#hangingUp) this.#problem = `${how} ${status ?? ''} ${reason ?? ''}`.trim();
          this.talker.stop();
          this.#settled.resolve();
          this.#over.resolve(end);
        },
      },
    );
  }

  /** Without signalling. */
  talkTo(port: number): void {
    this.talker.talkTo(port);
    this.#settled.resolve();
  }

  /** Presses a key, and says nothing more; nothing happens where the server takes no telephone-events. */
  async press(key: string): Promise<void> {
    if (this.#telephoneEvent !== undefined) await this.talker.press(key, this.#telephoneEvent);
  }

  /** Stops talking and says BYE, or CANCEL while nobody has answered. */
  async hangup(): Promise<void> {
    this.talker.stop();
    this.#hangingUp = true;
    if (this.#problem === undefined) await this.#call?.hangup();
  }
}
