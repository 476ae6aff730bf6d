import { copySamples } from '../media/copy-samples.ts';
import { RtpHeader } from './packet.ts';
import type { DecodeSamples } from './sample-ring.ts';

/**
 * Why packets wait. `source`: another SSRC. `jump`: timestamps out of line with the sequence numbers or with
 * the time that has passed. `stalled`: timestamps in line, but the packet comes too late or too early for
 * them.
 */
export type PendingKind = 'source' | 'jump' | 'stalled';

/** A packet with its samples, which {@link decode} copies; they start at `header.payloadOffset` = 0. */
export interface PendingPacket {
  readonly header: RtpHeader;
  readonly samples: Int16Array;
  /** Takes no notice of the bytes that it is given. */
  readonly decode: DecodeSamples;
  arrivalMs: number;
}

/** Packets that can wait; see {@link PendingPackets.add}. */
export const MAX_PENDING = 3;

/** Sequence numbers and time between two packets that still belong together. */
const MAX_SEQUENCE_STEP = 10;
const MAX_TIMESTAMP_STEP_MS = 600;
/** A packet whose successor has not come after this time, and as many times its length, is judged by itself. */
const PATIENCE_MS = 100;
const PATIENCE_PACKETS = 1.5;
/** Packets that come at this share of the time between their timestamps, or more, come at their own pace. */
const PACED = 0.7;

/**
 * A few packets of one kind and source that do not fit the timeline, kept until their successors show what
 * happened. The slots are allocated when the first packet has to wait, then reused.
 */
export class PendingPackets {
  readonly #perMs: number;
  readonly #maxPayload: number;
  #kind: PendingKind = 'jump';
  #slots: PendingPacket[] = [];
  #count = 0;

  /**
   * @param perMs timestamp units in a millisecond
   * @param maxPayload longest payload, samples
   */
  constructor(perMs: number, maxPayload: number) {
    this.#perMs = perMs;
    this.#maxPayload = maxPayload;
  }

  get count(): number {
    return this.#count;
  }

  get kind(): PendingKind {
    return this.#kind;
  }

  /** The `index`-th waiting packet, in order of arrival; `index` < `count`. */
  at(index: number): PendingPacket {
    return this.#slots[index]!;
  }

  /** Whether `header` continues the waiting packets: same source, near in sequence and in time. */
  continuedBy(header: RtpHeader): boolean {
    if (this.#count === 0) return false;
    const last = this.#slots[this.#count - 1]!.header;
    const sequences = ((header.sequence - last.sequence) << 16) >> 16;
    const timestamps = (header.timestamp - last.timestamp) | 0;
    return (
      header.ssrc === last.ssrc &&
      Math.abs(sequences) <= MAX_SEQUENCE_STEP &&
      Math.abs(timestamps) <= MAX_TIMESTAMP_STEP_MS * this.#perMs
    );
  }

  /** Whether the successor of the first packet should have come by now: a longer packet has a later one. */
  isOverdue(nowMs: number): boolean {
    if (this.#count === 0) return false;
    const { header, arrivalMs } = this.#slots[0]!;
    const lengthMs = header.payloadLength / this.#perMs;
    return nowMs - arrivalMs > Math.max(PATIENCE_MS, PATIENCE_PACKETS * lengthMs);
  }

  /** Whether this very packet waits already. */
  holds(header: RtpHeader): boolean {
    for (let i = 0; i < this.#count; i++) {
      const waiting = this.#slots[i]!.header;
      if (waiting.sequence === header.sequence && waiting.ssrc === header.ssrc) return true;
    }
    return false;
  }

  /**
   * Whether the waiting packets and this one come at the pace of their timestamps, not in a burst. Two of a burst may
   * have come apart by chance; but with a marker, the first begins a talkspurt (RFC 3551 4.1), as behind a pause.
   */
  paced(header: RtpHeader, arrivalMs: number): boolean {
    const first = this.#slots[0]!;
    if (this.#count < 2 && !first.header.marker) return false;
    const spanMs = ((header.timestamp - first.header.timestamp) | 0) / this.#perMs;
    return spanMs > 0 && arrivalMs - first.arrivalMs >= PACED * spanMs;
  }

  /** Copies a packet behind those that wait; the caller has made room (`count` < {@link MAX_PENDING}). */
  add(
    kind: PendingKind,
    header: RtpHeader,
    bytes: Uint8Array,
    decode: DecodeSamples,
    arrivalMs: number,
  ): void {
    if (this.#slots.length === 0) {
      this.#slots = Array.from({ length: MAX_PENDING }, () => newSlot(this.#maxPayload));
    }
    const slot = this.#slots[this.#count++]!;
    this.#kind = kind;
    slot.header.marker = header.marker;
    slot.header.sequence = header.sequence;
    slot.header.timestamp = header.timestamp;
    slot.header.ssrc = header.ssrc;
    slot.header.payloadOffset = 0;
    slot.header.payloadLength = header.payloadLength;
    decode(bytes, header.payloadOffset, header.payloadLength, slot.samples, 0);
    slot.arrivalMs = arrivalMs;
  }

  /** Forgets the first packet. */
  shift(): void {
    if (this.#count === 0) return;
    this.#slots.push(this.#slots.shift()!);
    this.#count--;
  }

  clear(): void {
    this.#count = 0;
  }
}

function newSlot(maxPayload: number): PendingPacket {
  const samples = new Int16Array(maxPayload);
  return {
    header: new RtpHeader(),
    samples,
    decode: (_bytes, offset, length, dest, destOffset) =>
      copySamples(samples, offset, dest, destOffset, length),
    arrivalMs: 0,
  };
}
