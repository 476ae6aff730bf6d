import { copySamples } from '../media/copy-samples.ts';
import type { Logger } from '../log/logger.ts';
import { RateChanger } from '../media/rate-changer.ts';
import { MAX_ORDER_DELAY_MS } from '../recording/types.ts';
import { SymmetricLatch } from '../rtp/latch.ts';
import { parseRtp, RtpHeader } from '../rtp/packet.ts';
import { MAX_PAYLOAD_MS, ReceiveTimeline } from '../rtp/receive-timeline.ts';
import type { SourceReception } from '../rtp/reception.ts';
import type { DecodeSamples } from '../rtp/sample-ring.ts';
import { type DigitSignal, TELEPHONE_EVENT_LENGTH, TelephoneEventReceiver } from '../rtp/telephone-event.ts';
import { createFrameDecoder, DIRECT_DECODERS, type FrameDecoder } from './codecs.ts';
import { CODEC_RATES } from './codec-rates.ts';
import type { AudioCodec, AudioFormat, EventFormat, NegotiatedMedia } from './protocol.ts';

export interface ReceivePathOptions {
  /** Hz. */
  readonly sampleRate: number;
  /** The clock's monotonic reading at position 0 of the timeline, ms. */
  readonly startMs: number;
  /** Distance of ticks, ms. */
  readonly tickMs: number;
  readonly log: Logger;
  /** {@link ReceivePath.receive} is told when packets came, though the thread stood still meanwhile. Default false. */
  readonly knowsArrivals?: boolean | undefined;
  /** Whether something is made up for what was lost. Default true. */
  readonly conceal?: boolean | undefined;
  /** What lies behind the live head is about to change: a packet has come late. */
  readonly onRewrite?: () => void;
  /** There is no room for a packet so far ahead: time goes on by a frame that is missing. @returns whether one was */
  readonly makeRoom?: () => boolean;
  /** A key went down at this position of the timeline; undefined: before there was any audio, or it is not known. */
  readonly onKeyDown: (digit: string, position: number | undefined) => void;
  /** It was released there, so long after it went down. */
  readonly onKeyUp?: (position: number | undefined, durationMs: number) => void;
}

/** How payloads of one type become samples. */
interface PayloadFormat {
  readonly payloadType: number;
  readonly codec: AudioCodec;
  /** Straight to their places, for codecs of the session's rate that allow it. */
  readonly direct: DecodeSamples | undefined;
  /** Whole payloads otherwise. */
  readonly frames: FrameDecoder | undefined;
  readonly changer: RateChanger | undefined;
  /** Source and sequence number of the last payload decoded: a duplicate would disturb the decoder. */
  ssrc: number;
  sequence: number;
  /** The highest sequence number so far, and the timestamp of what should come behind it. */
  highest: number;
  nextTimestamp: number;
}

/** Sent by some peers unasked when they pause (RFC 3389 4): it stands for a little noise, and is no loss. */
const COMFORT_NOISE = 13;
const COMFORT_NOISE_CLOCK_RATE = 8000;
/** Packets in a row that a decoder is led over. */
const MAX_LOST = 6;
/** A key whose timestamp is farther than this from all audio is not of its stream, ms. */
const MAX_KEY_AWAY_MS = 500;
const NO_SAMPLES = new Int16Array(0);
const NO_FORMATS: readonly AudioFormat[] = [];
const NO_EVENTS: readonly EventFormat[] = [];
const NO_RECEIVERS: readonly TelephoneEventReceiver[] = [];
/** Of the packet that is being received: shared by all of a thread. */
const header = new RtpHeader();

/**
 * What comes in: datagrams of the party we believe are decoded to their places on the timeline, and keys
 * (RFC 4733) found between them.
 */
export class ReceivePath {
  readonly latch = new SymmetricLatch();
  readonly timeline: ReceiveTimeline;
  readonly #options: ReceivePathOptions;
  /** Of all payload types that were agreed on: packets of the former one are on their way at a change. */
  #formats: readonly PayloadFormat[] = [];
  /** What may come as well; most of it never does, and a decoder may be large. */
  #expected: readonly AudioFormat[] = NO_FORMATS;
  /** A payload decoded, at the codec's rate and at the session's: made for the first codec that needs them. */
  #decoded = NO_SAMPLES;
  #pcm = NO_SAMPLES;
  #fromPcm: DecodeSamples | undefined;
  /** For each clock that keys have had, made with the first agreement on it: repetitions of a key may come behind a change. */
  #events = NO_RECEIVERS;
  #payloadType: number | undefined;
  #eventFormats = NO_EVENTS;
  /** Clock rates of the present codec and of its keys, Hz; 0 before the first agreement. */
  #clockRate = 0;
  #eventClockRate = 0;

  constructor(options: ReceivePathOptions) {
    this.#options = options;
    this.timeline = new ReceiveTimeline({
      rate: options.sampleRate,
      startMs: options.startMs,
      tickMs: options.tickMs,
      maxHeldMs: MAX_ORDER_DELAY_MS,
      knowsArrivals: options.knowsArrivals,
      conceal: options.conceal ?? true,
      onRewrite: options.onRewrite,
    });
  }

  configure(media: NegotiatedMedia): void {
    const { codec, payloadType, telephoneEventPayloadType, telephoneEventClockRate = 8000 } = media;
    const { otherFormats = NO_FORMATS, otherEvents = NO_EVENTS } = media;
    const { clockRate } = CODEC_RATES[codec];
    if (clockRate !== this.#clockRate || telephoneEventClockRate !== this.#eventClockRate) {
      // A press has its length and place by the clocks with which it began; without its end, it would never be over.
      for (const events of this.#events) this.#signal(events.end(), events.clockRate);
    }
    this.#clockRate = clockRate;
    this.#payloadType = payloadType;
    this.#eventClockRate = telephoneEventClockRate;
    this.#eventFormats =
      telephoneEventPayloadType === undefined
        ? NO_EVENTS
        : [{ payloadType: telephoneEventPayloadType, clockRate: telephoneEventClockRate }, ...otherEvents];
    for (const event of this.#eventFormats)
      if (this.#receiverOf(event) === undefined)
        this.#events = this.#events.concat(new TelephoneEventReceiver(event.clockRate));
    this.#expected = otherFormats;
    for (const format of otherFormats) this.#forget(format.payloadType, format.codec);
    this.#forget(payloadType, codec);
    if (this.#formatOf(payloadType) === undefined) this.#addFormat(payloadType, codec);
    for (const event of this.#eventFormats) this.#forget(event.payloadType);
    this.latch.signal(
      { address: media.remoteAddress, port: media.remotePort },
      media.remoteRtcpPort,
      [...this.#formats, ...otherFormats, ...this.#eventFormats]
        .map((format) => format.payloadType)
        .concat(COMFORT_NOISE),
    );
  }

  /**
   * Where on the timeline the party is now: behind what has arrived, or at the live head, which goes on while nothing
   * comes (silence suppression).
   */
  get present(): number {
    return Math.max(this.timeline.receivedUntil, this.timeline.head);
  }

  /** Of the audio that was agreed on last; undefined before. */
  get payloadType(): number | undefined {
    return this.#payloadType;
  }

  /** For report blocks, which want the jitter by the clock of the codec (RFC 3550 6.4.1); allocates. */
  get reception(): SourceReception {
    const { extendedHighest, sourceExpected, sourceReceived, jitter } = this.timeline.reception;
    const byClock = (jitter * this.#clockRate) / this.#options.sampleRate;
    return { extendedHighest, sourceExpected, sourceReceived, jitter: byClock };
  }

  /** Takes a datagram that came to the RTP port; whatever is no packet of this stream is dropped. */
  receive(bytes: Uint8Array, address: string, port: number, nowMs: number): void {
    if (this.#clockRate === 0 || parseRtp(bytes, header) !== 'ok') return;
    let format = this.#formatOf(header.payloadType);
    const event = format === undefined ? this.#eventOf(header.payloadType) : undefined;
    const mayBeAudio = format === undefined && event === undefined;
    const expected = mayBeAudio ? this.#expectedOf(header.payloadType) : undefined;
    const isAudio = format !== undefined || expected !== undefined;
    if (!isAudio && event === undefined && header.payloadType !== COMFORT_NOISE) {
      // A keepalive (RFC 6263 4.6), say: it means nothing, but has a number among the others, which is not lost.
      if (this.latch.isLatchedTo(address, port)) this.timeline.observe(header);
      return;
    }
    if (!this.latch.admit(address, port, header, nowMs)) return;
    if (isAudio && header.payloadLength === 0) {
      // Some telephones send these as keepalives; they mean no more than those above.
      this.timeline.observe(header);
      return;
    }
    if (expected !== undefined) format = this.#addFormat(expected.payloadType, expected.codec);
    if (format?.direct !== undefined) {
      this.#place(bytes, format.direct, nowMs);
      return;
    }
    if (format !== undefined) {
      this.#decodeFrames(format, bytes, nowMs);
      return;
    }
    const clockRate = event?.clockRate ?? COMFORT_NOISE_CLOCK_RATE;
    const timestamp = clockRate === this.#clockRate ? this.#scaled(header.timestamp) : undefined;
    // Without the padding, which would be taken for more of the spectrum.
    const end = header.payloadOffset + header.payloadLength;
    const noise = event === undefined ? bytes.subarray(0, end) : undefined;
    this.timeline.observe(header, timestamp, noise, event && this.#samplesOfKey(bytes, clockRate));
    const events = event && this.#receiverOf(event);
    if (events !== undefined) this.#signal(events.push(header, bytes, nowMs), clockRate);
  }

  /** One frame period has passed. @returns samples that the timeline's head has moved */
  tick(nowMs: number): number {
    const events = this.#events;
    for (let i = 0; i < events.length; i++) this.#signal(events[i]!.tick(nowMs), events[i]!.clockRate);
    return this.timeline.tick(nowMs);
  }

  close(): void {
    for (const { frames } of this.#formats) frames?.close();
    this.#formats = [];
  }

  /** @param clockRate of their timestamps, Hz */
  #signal(signals: readonly DigitSignal[], clockRate: number): void {
    for (let i = 0; i < signals.length; i++) {
      const signal = signals[i]!;
      if (signal.kind === 'start') {
        this.#options.onKeyDown(signal.digit, this.#positionOf(signal.timestamp, clockRate));
      } else {
        const { timestamp, durationMs } = signal;
        this.#options.onKeyUp?.(this.#positionOf(timestamp, clockRate, durationMs), durationMs);
      }
    }
  }

  #receiverOf({ clockRate }: EventFormat): TelephoneEventReceiver | undefined {
    return this.#events.find((events) => events.clockRate === clockRate);
  }

  #eventOf(payloadType: number): EventFormat | undefined {
    return this.#eventFormats.find((event) => event.payloadType === payloadType);
  }

  /** Of a few: a look at each is quicker than a table, and takes less memory. */
  #formatOf(payloadType: number): PayloadFormat | undefined {
    const formats = this.#formats;
    for (let i = 0; i < formats.length; i++) if (formats[i]!.payloadType === payloadType) return formats[i];
    return undefined;
  }

  #expectedOf(payloadType: number): AudioFormat | undefined {
    const expected = this.#expected;
    for (let i = 0; i < expected.length; i++)
      if (expected[i]!.payloadType === payloadType) return expected[i];
    return undefined;
  }

  #addFormat(payloadType: number, codec: AudioCodec): PayloadFormat {
    const format = this.#newFormat(payloadType, codec);
    this.#formats = this.#formats.concat(format);
    return format;
  }

  /** @param codec that it may stay */
  #forget(payloadType: number, codec?: AudioCodec): void {
    const format = this.#formatOf(payloadType);
    if (format === undefined || format.codec === codec) return;
    format.frames?.close();
    this.#formats = this.#formats.filter((other) => other !== format);
  }

  #newFormat(payloadType: number, codec: AudioCodec): PayloadFormat {
    const { sampleRate } = this.#options;
    const own = CODEC_RATES[codec].sampleRate;
    const direct = own === sampleRate ? DIRECT_DECODERS[codec] : undefined;
    if (direct === undefined && this.#pcm === NO_SAMPLES) {
      this.#decoded = new Int16Array((CODEC_RATES.OPUS.sampleRate * MAX_PAYLOAD_MS) / 1000);
      this.#pcm = new Int16Array((sampleRate * MAX_PAYLOAD_MS) / 1000);
      this.#fromPcm = (_bytes, offset, length, dest, destOffset) =>
        copySamples(this.#pcm, offset, dest, destOffset, length);
    }
    return {
      payloadType,
      codec,
      direct,
      frames: direct === undefined ? createFrameDecoder(codec) : undefined,
      changer: own === sampleRate ? undefined : new RateChanger(own, sampleRate),
      ssrc: -1,
      sequence: -1,
      highest: -1,
      nextTimestamp: 0,
    };
  }

  /** Decodes the payload of {@link header} as a whole and places its samples. */
  #decodeFrames(format: PayloadFormat, bytes: Uint8Array, nowMs: number): void {
    const { sampleRate } = this.#options;
    const { payloadOffset, payloadLength } = header;
    if (this.#isRepeated()) return;
    if (header.sequence === format.sequence && header.ssrc === format.ssrc) return;
    const rates = CODEC_RATES[format.codec];
    const newest = header.ssrc !== format.ssrc || ((header.sequence - format.highest) & 0xffff) < 0x8000;
    if (newest) this.#tellLoss(format);
    format.ssrc = header.ssrc;
    format.sequence = header.sequence;
    // An octet is two samples at the most, but for Opus, whose packets are bounded by themselves.
    if (format.codec !== 'OPUS' && 2 * payloadLength > this.#decoded.length) return;
    const { changer } = format;
    const target = changer === undefined ? this.#pcm : this.#decoded;
    let count = format.frames!.decode(bytes, payloadOffset, payloadOffset + payloadLength, target);
    if (newest) {
      format.highest = header.sequence;
      format.nextTimestamp = (header.timestamp + (count * rates.clockRate) / rates.sampleRate) >>> 0;
    }
    if (changer !== undefined) {
      if (changer.outputOf(count) > this.#pcm.length) return;
      count = changer.process(this.#decoded, 0, count, this.#pcm, 0);
    }
    header.payloadOffset = 0;
    header.payloadLength = count;
    header.timestamp = scaled(header.timestamp, sampleRate, rates.clockRate);
    this.#place(bytes, this.#fromPcm!, nowMs);
  }

  /** Whether {@link header} has come before, among the last hundred: it is counted, and a decoder must not have it twice. */
  #isRepeated(): boolean {
    const { ssrc, reception } = this.timeline;
    if (header.ssrc !== ssrc || reception.place(header.sequence) !== 'duplicate') return false;
    reception.countDuplicate();
    return true;
  }

  /** What {@link header} describes takes its place. */
  #place(bytes: Uint8Array, decode: DecodeSamples, nowMs: number): void {
    const { timeline } = this;
    while (timeline.lacksRoom(header) && this.#options.makeRoom?.() === true);
    timeline.push(header, bytes, decode, nowMs);
  }

  /** Tells the decoder of packets that are missing before {@link header}, as far as that shows. */
  #tellLoss({ frames, codec, ssrc, highest, nextTimestamp }: PayloadFormat): void {
    const { ssrc: newSsrc, sequence: newSequence, timestamp } = header;
    if (frames?.lost === undefined || ssrc !== newSsrc || this.#options.conceal === false) return;
    const ahead = (newSequence - highest) & 0xffff;
    if (ahead < 2 || ahead > MAX_LOST + 1) return;
    const { clockRate, sampleRate } = CODEC_RATES[codec];
    const missing = (timestamp - nextTimestamp) | 0;
    if (missing > 0) frames.lost((missing * sampleRate) / clockRate);
  }

  /**
   * Keys share the clock of the audio (RFC 4733 2.1); of those that do not, or that are timed otherwise, only the arrival is
   * known.
   * @param laterMs behind the timestamp
   */
  #positionOf(timestamp: number, clockRate: number, laterMs = 0): number | undefined {
    if (clockRate !== this.#clockRate) return undefined;
    const { head, receivedUntil } = this.timeline;
    const perMs = this.#options.sampleRate / 1000;
    const position = (this.timeline.positionAt(this.#scaled(timestamp)) ?? Number.NaN) + laterMs * perMs;
    const away = Math.min(Math.abs(position - head), Math.abs(position - receivedUntil));
    return away <= MAX_KEY_AWAY_MS * perMs ? position : undefined;
  }

  /** For so long a key has been down by the event that {@link header} describes, in samples. */
  #samplesOfKey(bytes: Uint8Array, clockRate: number): number {
    const { payloadOffset, payloadLength } = header;
    if (payloadLength < TELEPHONE_EVENT_LENGTH) return 0;
    const duration = (bytes[payloadOffset + 2]! << 8) | bytes[payloadOffset + 3]!;
    return Math.round((duration * this.#options.sampleRate) / clockRate);
  }

  /** A timestamp of the present codec, in samples. */
  #scaled(timestamp: number): number {
    return scaled(timestamp, this.#options.sampleRate, this.#clockRate);
  }
}

/** A timestamp in samples. Differences stay right across the wrap of either, but for rates below the clock's. */
function scaled(timestamp: number, sampleRate: number, clockRate: number): number {
  return sampleRate === clockRate ? timestamp : Math.floor((timestamp * sampleRate) / clockRate) >>> 0;
}
