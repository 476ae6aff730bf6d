/**
 * Telephone-events: keys as RTP payloads (RFC 4733 2.3).
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |     event     |E|R| volume    |          duration             |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * All packets of one press carry the timestamp of its beginning; `duration` grows from packet to packet, and
 * the last state is sent three times with E set.
 */
import type { RtpHeader } from './packet.ts';

/** `start` comes with the first packet of a press that is seen, `end` exactly once after it. */
export type DigitSignal =
  | { readonly kind: 'start'; readonly digit: string; readonly timestamp: number }
  | {
      readonly kind: 'end';
      readonly digit: string;
      /** RTP timestamp at which the press began. */
      readonly timestamp: number;
      readonly durationMs: number;
    };

/** Keys by event code, RFC 4733 table 3. */
export const EVENT_DIGITS = '0123456789*#ABCD';
export const TELEPHONE_EVENT_LENGTH = 4;

const END_BIT = 0x80;
/** A press of which nothing was heard for this long is over: all its end packets are lost. */
const SILENT_MS = 200;
/** Packets this much older than the newest press are late; older still, and the sender has begun anew. */
const LATE_MS = 5000;
/** Nobody presses two keys within this time: a sender moves the timestamp within a press, against the RFC. */
const SHORTEST_PRESS_MS = 30;
/** A timestamp that moved by this much within a press begins a new segment of it (RFC 4733 2.5.1.3). */
const SHORTEST_SEGMENT = 0x8000;
const LONGEST_SEGMENT = 0xffff;

const NOTHING: readonly DigitSignal[] = [];

/**
 * Turns the telephone-event packets of one stream into key presses: one `start` and one `end` each, whatever
 * is lost, repeated or overtaken. Codes other than the sixteen keys are ignored.
 */
export class TelephoneEventReceiver {
  /** Of the event payload type, Hz. */
  readonly clockRate: number;
  readonly #perMs: number;
  #event = -1;
  #ssrc = -1;
  #active = false;
  /** Timestamps of the press's first packet and of its present segment. */
  #start = 0;
  #segment = 0;
  /** Largest duration of the present segment, and the length of those before it. */
  #duration = 0;
  #formerSegments = 0;
  #lastMs = 0;

  constructor(clockRate = 8000) {
    this.clockRate = clockRate;
    this.#perMs = clockRate / 1000;
  }

  /** A key is down. */
  get active(): boolean {
    return this.#active;
  }

  /** Takes a packet of the telephone-event payload type; `bytes` is the datagram that `header` describes. */
  push(header: RtpHeader, bytes: Uint8Array, arrivalMs: number): readonly DigitSignal[] {
    if (header.payloadLength < TELEPHONE_EVENT_LENGTH) return NOTHING;
    const at = header.payloadOffset;
    const event = bytes[at]!;
    if (event >= EVENT_DIGITS.length) return NOTHING;
    const end = (bytes[at + 1]! & END_BIT) !== 0;
    const duration = (bytes[at + 2]! << 8) | bytes[at + 3]!;

    const signals: DigitSignal[] = [...this.tick(arrivalMs)];
    switch (this.#relation(header, event)) {
      case 'late':
        return signals;
      case 'segment':
        if (this.#active) this.#formerSegments += (header.timestamp - this.#segment) | 0;
        this.#segment = header.timestamp;
        this.#duration = 0;
        break;
      case 'same':
        this.#segment = header.timestamp;
        break;
      case 'new':
        this.#finish(signals);
        this.#begin(header, event);
        signals.push({ kind: 'start', digit: EVENT_DIGITS[event]!, timestamp: header.timestamp });
    }
    // What follows the end of a press are its repetitions.
    if (!this.#active) return signals;
    this.#lastMs = arrivalMs;
    this.#duration = Math.max(this.#duration, duration);
    if (end) this.#finish(signals);
    return signals;
  }

  /** Call now and then (each 20 ms, say): ends a press whose end packets are all lost. */
  tick(nowMs: number): readonly DigitSignal[] {
    return nowMs - this.#lastMs <= SILENT_MS ? NOTHING : this.end();
  }

  /** Ends a press that is under way: the rest of it will not come here. */
  end(): readonly DigitSignal[] {
    if (!this.#active) return NOTHING;
    const signals: DigitSignal[] = [];
    this.#finish(signals);
    return signals;
  }

  /** How a packet stands to the newest press. */
  #relation(header: RtpHeader, event: number): 'new' | 'same' | 'segment' | 'late' {
    if (this.#event < 0 || header.ssrc !== this.#ssrc) return 'new';
    const elapsed = (header.timestamp - this.#segment) | 0;
    if (elapsed < 0) return elapsed >= -LATE_MS * this.#perMs ? 'late' : 'new';
    if (event !== this.#event) return 'new';
    const isSegment = elapsed >= SHORTEST_SEGMENT && elapsed <= LONGEST_SEGMENT;
    if (isSegment && this.#active && !header.marker) return 'segment';
    // A key cannot go down again before it came up.
    return elapsed <= Math.max(this.#duration, SHORTEST_PRESS_MS * this.#perMs) ? 'same' : 'new';
  }

  #begin(header: RtpHeader, event: number): void {
    this.#event = event;
    this.#ssrc = header.ssrc;
    this.#active = true;
    this.#start = header.timestamp;
    this.#segment = header.timestamp;
    this.#duration = 0;
    this.#formerSegments = 0;
  }

  #finish(signals: DigitSignal[]): void {
    if (!this.#active) return;
    this.#active = false;
    signals.push({
      kind: 'end',
      digit: EVENT_DIGITS[this.#event]!,
      timestamp: this.#start,
      durationMs: Math.round((this.#formerSegments + this.#duration) / this.#perMs),
    });
  }
}
