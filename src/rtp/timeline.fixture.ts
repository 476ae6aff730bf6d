/** A sender, a network and the listeners of a timeline in simulated time, for its tests. */
import { RTP_HEADER_LENGTH, RtpHeader, parseRtp, writeRtpHeader } from './packet.ts';
import { ReceiveTimeline } from './receive-timeline.ts';
import type { PushResult, TimelineOptions } from './timeline-types.ts';
import type { DecodeSamples } from './sample-ring.ts';

/** One packet on its way; times in ms, on the receiver's clock. */
export interface Sent {
  readonly sequence: number;
  readonly timestamp: number;
  readonly samples: number;
  readonly arrivalMs: number;
  readonly marker?: boolean;
  readonly ssrc?: number;
  /** The first sample's number in what was said, when it is not the timestamp. */
  readonly content?: number;
  /** Loudness: 200 by default; 1 is quiet enough to be hurried through. */
  readonly gain?: number;
}

export const SSRC = 0xc0ffee01;

/** The code word said at sample `n`; never the same for long. */
export function codeAt(n: number): number {
  const mixed = Math.imul(n ^ (n >>> 15), 0x2c1b3c6d);
  return Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39) >>> 24;
}

/** The sample said at `n`, as `decodeLoud` and `decodeQuiet` bring it out; never 0. */
export function sampleAt(n: number, gain = 200): number {
  return (codeAt(n) - 128) * gain + (codeAt(n) === 128 ? 1 : 0);
}

const decoders = new Map<number, DecodeSamples>();

function decoder(gain: number): DecodeSamples {
  let decode = decoders.get(gain);
  if (decode === undefined) {
    decode = (src, srcOffset, length, dest, destOffset) => {
      for (let i = 0; i < length; i++) {
        const code = src[srcOffset + i]!;
        dest[destOffset + i] = (code - 128) * gain + (code === 128 ? 1 : 0);
      }
    };
    decoders.set(gain, decode);
  }
  return decode;
}

/** Samples that grow at the end. */
export class Tape {
  length = 0;
  #samples = new Int16Array(1 << 16);

  at(index: number): number {
    return index < this.length ? this.#samples[index]! : 0;
  }

  slice(from: number, to: number): Int16Array {
    return this.#samples.slice(from, Math.min(to, this.length));
  }

  /** Takes what `timeline` has from the end of the tape to `until`. */
  take(timeline: ReceiveTimeline, until: number): void {
    const count = until - this.length;
    if (count <= 0) return;
    if (until > this.#samples.length) {
      const grown = new Int16Array(2 * until);
      grown.set(this.#samples);
      this.#samples = grown;
    }
    timeline.copyTo(this.#samples, this.length, this.length, count);
    this.length = until;
  }
}

export class Simulation {
  readonly timeline: ReceiveTimeline;
  /** Everything a recorder took, from position 0. */
  readonly recorded = new Tape();
  /** Everything a live listener took, from position 0. */
  readonly heard = new Tape();
  /** What each tick returned. */
  readonly advances: number[] = [];
  readonly results: PushResult[] = [];
  /** Samples known lost when the recorder passed them. */
  missing = 0;
  #nowMs: number;
  #nextTickMs: number;
  readonly #header = new RtpHeader();
  readonly #bytes = new Uint8Array(4096);

  constructor(options: Partial<TimelineOptions> = {}) {
    this.timeline = new ReceiveTimeline({ startMs: 0, ...options });
    this.#nowMs = 0;
    this.#nextTickMs = 20;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Lets packets arrive (in the order of their arrival) and ticks happen until `untilMs`. */
  run(packets: readonly Sent[], untilMs: number): this {
    const queue = [...packets].sort((a, b) => a.arrivalMs - b.arrivalMs);
    for (const packet of queue) {
      this.tickUntil(packet.arrivalMs);
      this.push(packet);
    }
    this.tickUntil(untilMs);
    return this;
  }

  push(packet: Sent): PushResult {
    this.#nowMs = Math.max(this.#nowMs, packet.arrivalMs);
    const { sequence, timestamp, samples, marker = false, ssrc = SSRC, content = timestamp } = packet;
    writeRtpHeader(this.#bytes, 0, marker, sequence, timestamp, ssrc);
    for (let i = 0; i < samples; i++) this.#bytes[RTP_HEADER_LENGTH + i] = codeAt(content + i);
    const datagram = this.#bytes.subarray(0, RTP_HEADER_LENGTH + samples);
    parseRtp(datagram, this.#header);
    const result = this.timeline.push(this.#header, datagram, decoder(packet.gain ?? 200), packet.arrivalMs);
    this.results.push(result);
    return result;
  }

  /** A packet without audio in the same stream, a telephone-event. */
  observe(packet: Sent): void {
    this.#header.sequence = packet.sequence & 0xffff;
    this.#header.timestamp = packet.timestamp >>> 0;
    this.#header.ssrc = packet.ssrc ?? SSRC;
    this.timeline.observe(this.#header);
  }

  tickUntil(untilMs: number): void {
    for (; this.#nextTickMs <= untilMs; this.#nextTickMs += 20) this.tick(this.#nextTickMs);
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /** One tick at `nowMs`, out of the schedule's order if need be. */
  tick(nowMs: number): number {
    this.#nowMs = nowMs;
    const advance = this.timeline.tick(nowMs);
    this.advances.push(advance);
    this.heard.take(this.timeline, this.timeline.head);
    this.#record(this.timeline.availableUntil);
    return advance;
  }

  /** Leaves out the ticks up to `untilMs`, as a process that stands still. */
  skipTicks(untilMs: number): void {
    while (this.#nextTickMs <= untilMs) this.#nextTickMs += 20;
  }

  /** Ends the recording with all that has come. */
  flush(): this {
    this.#record(Math.max(this.timeline.head, this.timeline.receivedUntil));
    return this;
  }

  /** Position at which the recording has the sample said at `content`; −1 when it has not. */
  find(content: number, run = 40, gain = 200): number {
    for (let at = 0; at + run <= this.recorded.length; at++) {
      if (this.has(at, content, run, gain)) return at;
    }
    return -1;
  }

  /** Whether the recording has `run` samples said from `content` on, at position `at`. */
  has(at: number, content: number, run: number, gain = 200): boolean {
    for (let i = 0; i < run; i++) if (this.recorded.at(at + i) !== sampleAt(content + i, gain)) return false;
    return true;
  }

  /** Whether `[from, to)` of the recording is silent. */
  silent(from: number, to: number): boolean {
    return this.recorded.slice(from, to).every((sample) => sample === 0);
  }

  #record(until: number): void {
    const from = this.recorded.length;
    if (until > from) this.missing += this.timeline.missingSamples(from, until - from);
    this.recorded.take(this.timeline, until);
  }
}

/** Packets of a sender that talks without a pause, each `delayMs` on the way. */
export function talk(options: {
  readonly packets: number;
  readonly ptimeMs?: number;
  readonly startMs?: number;
  readonly sequence?: number;
  readonly timestamp?: number;
  readonly ssrc?: number;
  readonly content?: number;
  readonly gain?: number;
  /** The sender's clock against ours: 1.0005 is 500 ppm fast. */
  readonly speed?: number;
  readonly delayMs?: (index: number) => number;
}): Sent[] {
  const { packets, ptimeMs = 20, startMs = 0, sequence = 1000, timestamp = 5000, speed = 1 } = options;
  const samples = ptimeMs * 8;
  return Array.from({ length: packets }, (_, index) => ({
    sequence: (sequence + index) & 0xffff,
    timestamp: (timestamp + index * samples) >>> 0,
    content: (options.content ?? timestamp) + index * samples,
    samples,
    marker: index === 0,
    ssrc: options.ssrc ?? SSRC,
    gain: options.gain ?? 200,
    arrivalMs: startMs + (index * ptimeMs) / speed + (options.delayMs?.(index) ?? 0),
  }));
}
