import { RTP_HEADER_LENGTH, writeRtpHeader } from '../../rtp/packet.ts';
import type { DatagramSocket, Network, NetworkAddress } from '../../sip/transport/network.ts';
import { type Clock, sleep } from '../../time/clock.ts';

export interface WarmUpPhoneOptions {
  /** Leads to the server that is called. */
  readonly signalling: Network;
  readonly server: NetworkAddress;
  /** Carries what is said, on the real network. */
  readonly audio: Network;
  /** Of this machine: where audio is sent from and to. */
  readonly audioHost: string;
  readonly clock: Clock;
}

/** Frames that a call says something in. */
const FRAMES = 5;
const FRAME_MS = 20;
const SAMPLES = 160;
/** An answer that does not come within this time does not come any more, ms. */
const ANSWER_MS = 2000;
const OWN_HOST = '127.0.0.2';

/** A telephone that does no more than it must: says a tenth of a second and hangs up, as often as it is asked to. */
export class WarmUpPhone {
  readonly #options: WarmUpPhoneOptions;
  /** By Call-ID: who waits for a response. */
  readonly #waiting = new Map<string, (response: string) => void>();
  #sip: DatagramSocket | undefined;
  #rtp: DatagramSocket | undefined;
  #calls = 0;

  constructor(options: WarmUpPhoneOptions) {
    this.#options = options;
  }

  /** @throws Error of the system */
  async start(): Promise<void> {
    const { signalling, audio, audioHost } = this.#options;
    this.#sip = await signalling.bindDatagram(OWN_HOST, 5060, {
      message: (data) => this.#receive(data.toString('latin1')),
      error: () => {},
    });
    this.#rtp = await audio.bindDatagram(audioHost, 0, { message: () => {}, error: () => {} });
  }

  async close(): Promise<void> {
    await Promise.all([this.#sip?.close(), this.#rtp?.close()]);
  }

  /**
   * One call, from INVITE to the answer to its BYE.
   * @param signal ends it early
   * @throws Error when it is not answered
   */
  async call(signal: AbortSignal): Promise<void> {
    const id = `warm-up-${++this.#calls}@${OWN_HOST}`;
    const answer = await this.#request('INVITE', id, 1, '', this.#offer());
    const tag = /\r\nTo:[^\r]*;tag=([^;\r]+)/i.exec(answer)?.[1];
    const port = Number(/\r\nm=audio (\d+) /.exec(answer)?.[1]);
    if (!answer.startsWith('SIP/2.0 200 ') || tag === undefined) throw new Error('the call was not answered');
    this.#send('ACK', id, 1, tag, '');
    if (port > 0) await this.#speak(port, signal);
    await this.#request('BYE', id, 2, tag, '');
  }

  async #speak(port: number, signal: AbortSignal): Promise<void> {
    const packet = new Uint8Array(RTP_HEADER_LENGTH + SAMPLES).fill(0xff);
    for (let frame = 0; frame < FRAMES && !signal.aborted; frame++) {
      writeRtpHeader(packet, 0, frame === 0, frame, frame * SAMPLES, this.#calls);
      this.#rtp?.send(packet, this.#options.audioHost, port, () => {});
      await sleep(this.#options.clock, FRAME_MS, signal).catch(() => {});
    }
  }

  /** @returns the final response */
  async #request(method: string, id: string, cseq: number, tag: string, body: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const limit = this.#options.clock.after(ANSWER_MS, () => reject(new Error(`no answer to ${method}`)));
    this.#waiting.set(id, resolve);
    try {
      this.#send(method, id, cseq, tag, body);
      return await promise;
    } finally {
      limit.cancel();
      this.#waiting.delete(id);
    }
  }

  #receive(message: string): void {
    if (!/^SIP\/2\.0 [2-6]/.test(message)) return;
    const id = /\r\n(?:Call-ID|i): *([^\r]+)/i.exec(message)?.[1];
    this.#waiting.get(id ?? '')?.(message);
  }

  #send(method: string, id: string, cseq: number, tag: string, body: string): void {
    const { server } = this.#options;
    const to = `${server.address}:${server.port}`;
    const lines = [
      `${method} sip:warm-up@${to} SIP/2.0`,
      `Via: SIP/2.0/UDP ${OWN_HOST}:5060;branch=z9hG4bK-${id.split('@', 1)[0]}-${method};rport`,
      'Max-Forwards: 70',
      `From: "Warm-up" <sip:phone@${OWN_HOST}>;tag=${id.split('@', 1)[0]}`,
      `To: <sip:warm-up@${to}>${tag === '' ? '' : `;tag=${tag}`}`,
      `Call-ID: ${id}`,
      `CSeq: ${cseq} ${method}`,
      `Contact: <sip:phone@${OWN_HOST}:5060;transport=udp>`,
      'Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE',
      'Supported: replaces, timer',
      'User-Agent: OpenSWML warm-up',
      ...(body === '' ? [] : ['Content-Type: application/sdp']),
      `Content-Length: ${body.length}`,
      '',
      body,
    ];
    this.#sip?.send(Buffer.from(lines.join('\r\n'), 'latin1'), server.address, server.port, () => {});
  }

  #offer(): string {
    const address = `IN IP${this.#options.audioHost.includes(':') ? 6 : 4} ${this.#options.audioHost}`;
    return [
      'v=0',
      `o=- 1 1 ${address}`,
      's=-',
      `c=${address}`,
      't=0 0',
      `m=audio ${this.#rtp?.local.port ?? 9} RTP/AVP 0 8 101`,
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:101 telephone-event/8000',
      'a=fmtp:101 0-16',
      'a=ptime:20',
      'a=sendrecv',
      '',
    ].join('\r\n');
  }
}
