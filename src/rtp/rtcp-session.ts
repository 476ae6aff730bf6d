import type { SourceReception } from './reception.ts';
import {
  MAX_RTCP_LENGTH,
  ntpMiddle,
  parseRtcp,
  type ReportBlock,
  type RtcpParseError,
  writeRtcp,
} from './rtcp.ts';

export interface RtcpSessionOptions {
  /** Our own SSRC. */
  readonly ssrc: number;
  /** Canonical name, the same for all streams of one call (RFC 3550 6.5.1). */
  readonly cname: string;
  /** The monotonic clock's reading now, ms. */
  readonly startMs: number;
  /** The wall clock's reading now, ms since the Unix epoch. */
  readonly wallMs: number;
  /** Uniform in [0, 1), as `Math.random`. */
  readonly random: () => number;
  /** RTP clock rate, Hz. Default 8000. */
  readonly clockRate?: number;
}

/** What we have sent so far. */
export interface Sent {
  /** RTP timestamp of this instant. */
  readonly timestamp: number;
  readonly packets: number;
  /** Payload bytes. */
  readonly octets: number;
}

/** What the peer says about our stream. */
export interface PeerReport {
  /** Network round trip, ms; undefined until a report answers one of ours. */
  readonly roundTripMs?: number;
  /** Share of our packets lost between its last two reports, 0 to 1. */
  readonly lossFraction?: number;
  readonly jitterMs?: number;
  /** It said BYE. */
  readonly left: boolean;
}

/**
 * RFC 3550 6.2: with two parties at telephone rates, 5 % of the bandwidth would allow more than one report
 * in 5 s, so that the minimum interval always rules.
 */
const INTERVAL_MS = 5000;
/** RFC 3550 6.3.1: e − 3/2 makes up for timer reconsideration. */
const COMPENSATION = Math.E - 1.5;
/** Round trips above this are the peer's errors, ms. */
const MAX_ROUND_TRIP_MS = 60_000;

/** The RTCP of one stream in both directions, for two parties (RFC 3550 6). Driven by its owner's ticks. */
export class RtcpSession {
  readonly #options: RtcpSessionOptions;
  readonly #clockPerMs: number;
  #dueMs: number;
  #hasReported = false;
  /** Packets we had sent at the last two reports: a sender report is due if there were more since. */
  #sentBefore = 0;
  #sentBeforeThat = 0;
  /** Reception at the last report, of this source. */
  #source = -1;
  #expectedBefore = 0;
  #receivedBefore = 0;
  /** The peer's last sender report: its source, NTP time and arrival. */
  #reportSource = -1;
  #reportNtp = 0;
  #reportMs = 0;
  #peer: PeerReport = { left: false };

  constructor(options: RtcpSessionOptions) {
    this.#options = options;
    this.#clockPerMs = (options.clockRate ?? 8000) / 1000;
    // RFC 3550 6.2: half the interval before the first report.
    this.#dueMs = options.startMs + this.#interval(INTERVAL_MS / 2);
  }

  get peer(): PeerReport {
    return this.#peer;
  }

  /** Whether it is time for {@link report}. */
  due(nowMs: number): boolean {
    return nowMs >= this.#dueMs;
  }

  /**
   * Our report; the next one is due an interval later.
   * @param source SSRC of the stream that we receive; −1 for none yet
   * @returns the datagram
   */
  report(nowMs: number, sent: Sent, source: number, reception: SourceReception): Uint8Array {
    this.#dueMs = nowMs + this.#interval(INTERVAL_MS);
    this.#hasReported = true;
    return this.#compose(nowMs, sent, source, reception, false);
  }

  /**
   * The last report, with BYE (RFC 3550 6.6).
   * @returns undefined when neither RTP nor RTCP was sent before: nobody knows of us then (6.3.7)
   */
  bye(nowMs: number, sent: Sent, source: number, reception: SourceReception): Uint8Array | undefined {
    this.#dueMs = Number.POSITIVE_INFINITY;
    if (sent.packets === 0 && !this.#hasReported) return undefined;
    return this.#compose(nowMs, sent, source, reception, true);
  }

  /** Takes a datagram that came at `nowMs`. @returns `ok`, or why it was dropped */
  receive(bytes: Uint8Array, nowMs: number): 'ok' | RtcpParseError {
    const compound = parseRtcp(bytes);
    if (typeof compound === 'string') return compound;
    for (const { ssrc, sender, blocks } of compound.reports) {
      if (sender !== undefined) {
        this.#reportSource = ssrc;
        this.#reportNtp = sender.ntpMiddle;
        this.#reportMs = nowMs;
      }
      const ours = blocks.find((block) => block.ssrc === this.#options.ssrc);
      if (ours !== undefined) this.#read(ours, nowMs);
    }
    if (compound.byes.some((ssrc) => ssrc !== this.#options.ssrc)) this.#peer = { ...this.#peer, left: true };
    return 'ok';
  }

  /** Uniform between half and one and a half of `ms`, compensated. */
  #interval(ms: number): number {
    return (ms * (0.5 + this.#options.random())) / COMPENSATION;
  }

  /** Wall-clock time that does not jump when the wall clock is set. */
  #wallMs(nowMs: number): number {
    return this.#options.wallMs + nowMs - this.#options.startMs;
  }

  #compose(nowMs: number, sent: Sent, source: number, reception: SourceReception, bye: boolean): Uint8Array {
    const isSender = sent.packets > this.#sentBeforeThat;
    this.#sentBeforeThat = this.#sentBefore;
    this.#sentBefore = sent.packets;
    const buffer = new Uint8Array(MAX_RTCP_LENGTH);
    const length = writeRtcp(buffer, {
      ssrc: this.#options.ssrc,
      sender: isSender ? { wallMs: this.#wallMs(nowMs), ...sent } : undefined,
      blocks: source < 0 ? [] : [this.#block(nowMs, source, reception)],
      cname: this.#options.cname,
      bye,
    });
    return buffer.subarray(0, length);
  }

  /** RFC 3550 A.3 */
  #block(nowMs: number, source: number, reception: SourceReception): ReportBlock {
    const { sourceExpected, sourceReceived } = reception;
    if (source !== this.#source || sourceExpected < this.#expectedBefore) {
      this.#source = source;
      this.#expectedBefore = 0;
      this.#receivedBefore = 0;
    }
    const expected = sourceExpected - this.#expectedBefore;
    const lost = expected - (sourceReceived - this.#receivedBefore);
    this.#expectedBefore = sourceExpected;
    this.#receivedBefore = sourceReceived;
    const known = this.#reportSource === source;
    // It may have come behind the reading for this frame.
    const sinceMs = Math.max(0, nowMs - this.#reportMs);
    return {
      ssrc: source,
      fractionLost: expected <= 0 || lost <= 0 ? 0 : Math.min(255, Math.floor((256 * lost) / expected)),
      cumulativeLost: Math.min(0x7fffff, Math.max(-0x800000, sourceExpected - sourceReceived)),
      extendedHighest: reception.extendedHighest,
      jitter: Math.floor(reception.jitter),
      lastSenderReport: known ? this.#reportNtp : 0,
      delaySinceLastSenderReport: known ? Math.round(sinceMs * 65.536) >>> 0 : 0,
    };
  }

  #read(block: ReportBlock, nowMs: number): void {
    const { lastSenderReport, delaySinceLastSenderReport } = block;
    const elapsed = (ntpMiddle(this.#wallMs(nowMs)) - lastSenderReport - delaySinceLastSenderReport) | 0;
    const roundTripMs = elapsed / 65.536;
    // Rounding at both ends may take it a little below 0.
    const plausible = lastSenderReport !== 0 && roundTripMs > -1 && roundTripMs < MAX_ROUND_TRIP_MS;
    this.#peer = {
      ...this.#peer,
      ...(plausible && { roundTripMs: Math.max(0, roundTripMs) }),
      lossFraction: block.fractionLost / 256,
      jitterMs: block.jitter / this.#clockPerMs,
    };
  }
}
