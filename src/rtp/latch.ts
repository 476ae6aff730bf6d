import { isIP, isIPv6 } from 'node:net';
import type { RtpHeader } from './packet.ts';

export interface Endpoint {
  /** IPv4 or IPv6 address as the socket reports it. */
  readonly address: string;
  readonly port: number;
}

export interface LatchOptions {
  /** Packets in a row that another source must send. Default 3. */
  readonly packets?: number;
  /** Silence of the latched source after which any other may take its place, ms. Default 2000. */
  readonly silenceMs?: number;
}

/** The same after a re-negotiation, which is when a source is expected to change, ms. */
const RENEGOTIATED_SILENCE_MS = 100;
/** A source that goes on for so long behind a re-negotiation is the one that was meant, ms. */
const STAYS_MS = 2000;
/** Sequence numbers that one of the packets in a row may be ahead of the one before. */
const MAX_SEQUENCE_STEP = 10;
/** Time for which a continuation of the stream cannot be displaced by other candidates, ms. */
const CONTINUATION_MS = 200;
/** How far ahead of the latched stream its continuation from a new port may be. */
const MAX_CONTINUATION = 200;

/**
 * Symmetric RTP (RFC 4961) behind NAT: whom to believe, and where to send.
 *
 * | Packet from                     | is let in                                                          |
 * |---------------------------------|--------------------------------------------------------------------|
 * | the address and port of the SDP | always, and becomes the latched source at once                     |
 * | the latched source              | always                                                             |
 * | elsewhere, nothing latched      | from the third in a row on: same source, SSRC, our payload types   |
 * | elsewhere, as the continuation  | the same; SSRC and sequence numbers go on from the latched stream  |
 * | … of the latched stream         | (NAT rebinding; no third party can guess them), which is silent    |
 * | elsewhere, otherwise            | the same, after the latched source was silent for 2 s, or for      |
 * |                                 | 100 ms since a re-negotiation, until that source is the one of the |
 * |                                 | SDP, or has gone on for 2 s                                        |
 *
 * So nobody takes over a stream that runs by spraying packets at our port, however fast.
 */
export class SymmetricLatch {
  readonly #packets: number;
  readonly #silenceMs: number;
  #signalledAddress = '';
  #signalledPort = 0;
  #signalledRtcpPort = 0;
  /** The SDP names an address that something can be sent to. */
  #isSendable = false;
  #payloadTypes: readonly number[] = [];
  /** The latched source; port 0: none. */
  #address = '';
  #port = 0;
  #ssrc = -1;
  #sequence = 0;
  #lastMs = Number.NEGATIVE_INFINITY;
  /** The SDP has named another address since, so that another source may be expected. */
  #renegotiated = false;
  /** When the latched source was first heard since that, ms; NaN: it was not yet. */
  #staysSinceMs = Number.NaN;
  /** RTCP port of the latched source once seen; 0: not seen. */
  #rtcpPort = 0;
  /**
   * The latched source is where the SDP said, or was when it was latched: no NAT is between us, so a new address of the
   * SDP holds before anything comes from there. A peer that only listens would hear nothing for ever.
   */
  #asSignalled = false;
  /** Who would like to take over. */
  #candidateAddress = '';
  #candidatePort = 0;
  #candidateSsrc = -1;
  #candidateSequence = 0;
  #candidatePackets = 0;
  #candidateMs = 0;
  /** The candidate goes on with the latched stream's numbers. */
  #continues = false;
  #rejected = 0;

  constructor(options: LatchOptions = {}) {
    this.#packets = options.packets ?? 3;
    this.#silenceMs = options.silenceMs ?? 2000;
  }

  /**
   * What SDP says about the peer, at first and at each re-negotiation. An address that no packet can come
   * from (`0.0.0.0`, a host name) or port 0 leaves only the packets themselves to latch to.
   * @param payloadTypes that a packet of the stream may have
   */
  signal(remote: Endpoint, rtcpPort: number, payloadTypes: readonly number[]): void {
    const address = canonicalAddress(remote.address);
    const changed = address !== this.#signalledAddress || remote.port !== this.#signalledPort;
    this.#payloadTypes = payloadTypes;
    this.#signalledRtcpPort = rtcpPort;
    if (!changed) return;
    this.#signalledAddress = address;
    this.#signalledPort = remote.port;
    this.#isSendable = remote.port !== 0 && isIP(address) !== 0 && address !== '0.0.0.0' && address !== '::';
    const isLatched = this.#port === remote.port && this.#address === address;
    if (isLatched) this.#asSignalled = true;
    this.#renegotiated = !isLatched;
    this.#staysSinceMs = Number.NaN;
    this.#candidatePackets = 0;
  }

  /** Whether a packet may be heard. `address` and `port` are where it came from; allocates nothing. */
  admit(address: string, port: number, header: RtpHeader, nowMs: number): boolean {
    const known = this.#payloadTypes.includes(header.payloadType);
    if (port === this.#port && address === this.#address) {
      if (!known) return this.#reject();
      this.#admitted(header, nowMs);
      return true;
    }
    if (!known) return this.#reject();
    if (port === this.#signalledPort && address === this.#signalledAddress) {
      this.#latch(address, port, header, nowMs);
      return true;
    }
    this.#countCandidate(address, port, header, nowMs);
    if (this.#candidatePackets < this.#packets || !this.#mayTakeOver(nowMs)) return this.#reject();
    this.#latch(address, port, header, nowMs);
    return true;
  }

  /** Whether an RTCP packet may be believed: it must come from the address that RTP comes from. */
  admitRtcp(address: string, port: number): boolean {
    if (this.#port !== 0 && address === this.#address) {
      this.#rtcpPort = port;
      return true;
    }
    return port === this.#signalledRtcpPort && address === this.#signalledAddress;
  }

  /** Where a source is latched. */
  get latched(): boolean {
    return this.#port !== 0;
  }

  /** Whether what comes from there is of the latched source. */
  isLatchedTo(address: string, port: number): boolean {
    return this.#port !== 0 && port === this.#port && address === this.#address;
  }

  /**
   * Where to send RTP: to the latched source, else where SDP says. Once that has been true, what it says next is, too.
   * Port 0: nowhere yet.
   */
  get targetAddress(): string {
    return this.#followsSdp ? this.#signalledAddress : this.#address;
  }

  get targetPort(): number {
    if (!this.#followsSdp) return this.#port;
    // To the system, 0.0.0.0 is this machine.
    return this.#isSendable ? this.#signalledPort : 0;
  }

  /**
   * Where to send RTCP, at `targetAddress`: where it comes from; else where SDP says, if the target is the one of the
   * SDP; else the port above that of RTP (RFC 3550 11). Port 0: nowhere yet, or no more, as the stream is switched off.
   */
  get targetRtcpPort(): number {
    if (this.#signalledPort === 0 || this.targetPort === 0) return 0;
    const isHeardThere = this.#port === this.#signalledPort && this.#address === this.#signalledAddress;
    if (this.#followsSdp && !isHeardThere) return this.#signalledRtcpPort;
    if (this.#rtcpPort !== 0) return this.#rtcpPort;
    return isHeardThere ? this.#signalledRtcpPort : Math.min(this.#port + 1, 65_535);
  }

  /** Packets that were not let in. */
  get rejected(): number {
    return this.#rejected;
  }

  get #followsSdp(): boolean {
    return this.#port === 0 || (this.#asSignalled && this.#isSendable);
  }

  #reject(): false {
    this.#rejected++;
    return false;
  }

  #mayTakeOver(nowMs: number): boolean {
    if (this.#port === 0 || this.#continues) return true;
    const silence = this.#renegotiated ? RENEGOTIATED_SILENCE_MS : this.#silenceMs;
    return nowMs - this.#lastMs >= silence;
  }

  #countCandidate(address: string, port: number, header: RtpHeader, nowMs: number): void {
    const same =
      this.#candidatePackets > 0 &&
      port === this.#candidatePort &&
      address === this.#candidateAddress &&
      header.ssrc === this.#candidateSsrc;
    const step = ((header.sequence - this.#candidateSequence) << 16) >> 16;
    if (same && step === 0) return;
    if (same && Math.abs(step) <= MAX_SEQUENCE_STEP) {
      this.#candidatePackets++;
    } else {
      const follows = this.#follows(header);
      const contested = this.#continues && this.#candidatePackets > 0;
      if (contested && !follows && nowMs - this.#candidateMs < CONTINUATION_MS) return;
      this.#candidateAddress = address;
      this.#candidatePort = port;
      this.#candidateSsrc = header.ssrc;
      this.#candidatePackets = 1;
      this.#continues = follows;
    }
    this.#candidateMs = nowMs;
    this.#candidateSequence = header.sequence;
  }

  #follows(header: RtpHeader): boolean {
    const ahead = ((header.sequence - this.#sequence) << 16) >> 16;
    return header.ssrc === this.#ssrc && ahead > 0 && ahead <= MAX_CONTINUATION;
  }

  #latch(address: string, port: number, header: RtpHeader, nowMs: number): void {
    this.#address = address;
    this.#port = port;
    this.#rtcpPort = 0;
    this.#asSignalled = port === this.#signalledPort && address === this.#signalledAddress;
    this.#renegotiated = false;
    this.#admitted(header, nowMs);
  }

  #admitted(header: RtpHeader, nowMs: number): void {
    this.#ssrc = header.ssrc;
    this.#sequence = header.sequence;
    this.#lastMs = nowMs;
    // A candidate must have its packets in a row while the latched source sends none.
    this.#candidatePackets = 0;
    if (this.#renegotiated) this.#noteStay(nowMs);
  }

  /** Else any pause in its speech would do to take it over, for the rest of a call that was once put on hold. */
  #noteStay(nowMs: number): void {
    if (Number.isNaN(this.#staysSinceMs)) this.#staysSinceMs = nowMs;
    else if (nowMs - this.#staysSinceMs >= STAYS_MS) this.#renegotiated = false;
  }
}

/** One spelling for each address: IPv6 in lower case and shortened, IPv4 within IPv6 as IPv4. */
export function canonicalAddress(address: string): string {
  if (!address.includes(':')) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped !== null) return mapped[1]!;
  const [host, zone] = address.split('%');
  if (!isIPv6(host!)) return address;
  const short = new URL(`http://[${host}]`).hostname.slice(1, -1);
  return zone === undefined ? short : `${short}%${zone}`;
}
