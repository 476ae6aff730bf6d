import type { Logger } from '../log/logger.ts';
import { decodePcma, decodePcmu } from '../media/g711.ts';
import { SymmetricLatch } from '../rtp/latch.ts';
import { parseRtp, RtpHeader } from '../rtp/packet.ts';
import { ReceiveTimeline } from '../rtp/receive-timeline.ts';
import type { DecodeSamples } from '../rtp/sample-ring.ts';
import { TelephoneEventReceiver } from '../rtp/telephone-event.ts';
import type { NegotiatedMedia } from './protocol.ts';

export interface ReceivePathOptions {
  /** Hz. */
  readonly sampleRate: number;
  /** The clock's monotonic reading at position 0 of the timeline, ms. */
  readonly startMs: number;
  /** Distance of ticks, ms. */
  readonly tickMs: number;
  readonly log: Logger;
  /** A key went down at this position of the timeline; undefined: before there was any audio. */
  readonly onKeyDown: (digit: string, position: number | undefined) => void;
}

/** Sent by some peers unasked when they pause (RFC 3389 4): it stands for silence, and is no loss. */
const COMFORT_NOISE = 13;

/**
 * What comes in: datagrams of the party we believe are decoded to their places on the timeline, and keys
 * (RFC 4733) found between them.
 */
export class ReceivePath {
  readonly latch = new SymmetricLatch();
  readonly timeline: ReceiveTimeline;
  readonly #options: ReceivePathOptions;
  readonly #header = new RtpHeader();
  readonly #events: TelephoneEventReceiver;
  /** By payload type, of all that were agreed on: packets of the former one are on their way at a change. */
  readonly #decoders = new Map<number, DecodeSamples>();
  #configured = false;
  #eventPayloadType: number | undefined;

  constructor(options: ReceivePathOptions) {
    this.#options = options;
    this.timeline = new ReceiveTimeline({
      rate: options.sampleRate,
      startMs: options.startMs,
      tickMs: options.tickMs,
    });
    this.#events = new TelephoneEventReceiver(options.sampleRate);
  }

  configure(media: NegotiatedMedia): void {
    const { telephoneEventPayloadType } = media;
    this.#configured = true;
    this.#eventPayloadType = telephoneEventPayloadType;
    this.#decoders.set(media.payloadType, media.codec === 'PCMA' ? decodePcma : decodePcmu);
    if (telephoneEventPayloadType !== undefined) this.#decoders.delete(telephoneEventPayloadType);
    const payloadTypes = [...this.#decoders.keys(), COMFORT_NOISE];
    if (telephoneEventPayloadType !== undefined) payloadTypes.push(telephoneEventPayloadType);
    this.latch.signal(
      { address: media.remoteAddress, port: media.remotePort },
      media.remoteRtcpPort,
      payloadTypes,
    );
  }

  /** Takes a datagram that came to the RTP port; whatever is no packet of this stream is dropped. */
  receive(bytes: Uint8Array, address: string, port: number, nowMs: number): void {
    const header = this.#header;
    if (!this.#configured || parseRtp(bytes, header) !== 'ok') return;
    const decode = this.#decoders.get(header.payloadType);
    const isEvent = header.payloadType === this.#eventPayloadType;
    if (decode === undefined && !isEvent && header.payloadType !== COMFORT_NOISE) return;
    if (!this.latch.admit(address, port, header, nowMs)) return;
    if (decode !== undefined) {
      this.timeline.push(header, bytes, decode, nowMs);
      return;
    }
    this.timeline.observe(header);
    if (!isEvent) return;
    for (const signal of this.#events.push(header, bytes, nowMs)) {
      if (signal.kind === 'start') {
        this.#options.onKeyDown(signal.digit, this.timeline.positionAt(signal.timestamp));
      }
    }
  }

  /** One frame period has passed. @returns samples that the timeline's head has moved */
  tick(nowMs: number): number {
    for (const signal of this.#events.tick(nowMs))
      this.#options.log.debug({ signal: signal.kind }, 'key released');
    return this.timeline.tick(nowMs);
  }
}
