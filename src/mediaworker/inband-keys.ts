import { DtmfDetector } from '../media/dtmf-detector.ts';
import { MAX_ORDER_DELAY_MS } from '../recording/types.ts';
import type { InbandDigits, NegotiatedMedia } from './protocol.ts';

/** A stretch of the timeline in which a key sounds; `to` is Infinity while it is down. */
interface Span {
  readonly from: number;
  to: number;
}

/** A key with the position of the timeline at which it went down: some milliseconds early rather than late. */
export interface PressedTone {
  readonly digit: string;
  readonly position: number;
}

/** What the detector may be off by at either end of a tone, and the ringing of the line behind it, ms. */
const GUARD_MS = 6;
/** A gateway that sends events lets the tone through until it knows it for one; it may date the event then. */
const LEAK_BEFORE_MS = 60;
const LEAK_AFTER_MS = 20;
/** Recorders read no farther behind, ms: where they lag, where they begin late, and some time for both. */
const READ_BEHIND_MS = MAX_ORDER_DELAY_MS + 1000;
/** Spans that are remembered at most: more keys than a machine dials in that time, each as a tone and as an event. */
const REMEMBERED = 512;

/**
 * The keys that sound in what a party says, at the live head of its timeline; and where, for recordings that
 * shall not hold them: these write some 300 ms later, when all of a key is known.
 */
export class InbandKeys {
  readonly #sampleRate: number;
  readonly #guard: number;
  readonly #spans: Span[] = [];
  readonly #pressed: PressedTone[] = [];
  #detector: DtmfDetector | undefined;
  /** Position of the timeline at which the detector began, and that comes next. */
  #origin = 0;
  #next = -1;
  #ringing: Span | undefined;
  #event: Span | undefined;

  /** @param sampleRate Hz, a multiple of 8000 */
  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate;
    this.#guard = this.#samples(GUARD_MS);
  }

  /** Takes the first `count` of `samples`, which lie at `from` of the timeline. A gap before them is a new start. */
  process(from: number, count: number, samples: Int16Array): void {
    if (this.#detector === undefined || from !== this.#next) this.#restart(from);
    this.#next = from + count;
    this.#detector?.process(samples, 0, count);
  }

  /** A key that went down in what was processed since; undefined when there is none (any more). */
  take(): PressedTone | undefined {
    return this.#pressed.shift();
  }

  /** A key came as a telephone-event, at this position: its tone may have leaked into the audio. */
  eventDown(position: number): void {
    this.eventUp(position);
    this.#event = this.#remember(position - this.#samples(LEAK_BEFORE_MS));
  }

  /** The key of the last event was released, before this position. */
  eventUp(position: number): void {
    if (this.#event !== undefined) this.#event.to = position + this.#samples(LEAK_AFTER_MS);
    this.#event = undefined;
  }

  /** Silences what sounds of keys in `count` samples, which lie at `from` of the timeline. */
  mask(samples: Int16Array, from: number, count: number): void {
    for (const span of this.#spans) silence(samples, from, count, span.from, span.to);
    // A tone that has just begun, which nobody will hear the rest of: only at the end of a recording.
    if (this.#detector === undefined) return;
    const begun = this.#detector.possibleStart;
    if (begun !== Number.POSITIVE_INFINITY) {
      silence(samples, from, count, this.#origin + begun - this.#guard, Number.POSITIVE_INFINITY);
    }
  }

  #restart(from: number): void {
    if (this.#ringing !== undefined) this.#ringing.to = this.#next;
    this.#ringing = undefined;
    this.#origin = from;
    this.#detector = new DtmfDetector(this.#sampleRate, {
      keyDown: (digit, start) => {
        const position = this.#origin + start - this.#guard;
        this.#ringing = this.#remember(position);
        this.#pressed.push({ digit, position });
      },
      keyUp: (_digit, _start, end) => {
        if (this.#ringing !== undefined) this.#ringing.to = this.#origin + end + this.#guard;
        this.#ringing = undefined;
      },
    });
  }

  #remember(from: number): Span {
    const span = { from, to: Number.POSITIVE_INFINITY };
    const forgotten = from - this.#samples(READ_BEHIND_MS);
    while (
      this.#spans[0] !== undefined &&
      (this.#spans[0].to < forgotten || this.#spans.length >= REMEMBERED)
    )
      this.#spans.shift();
    this.#spans.push(span);
    return span;
  }

  #samples(ms: number): number {
    return Math.round((ms * this.#sampleRate) / 1000);
  }
}

/** Silences the part of `[from, from + count)` that lies in `[start, end)`. */
function silence(samples: Int16Array, from: number, count: number, start: number, end: number): void {
  if (end <= from || start >= from + count) return;
  samples.fill(0, Math.max(0, start - from), Math.min(count, end - from));
}

/** Whether keys that sound are taken for pressed. */
export function inbandCounts(setting: InbandDigits, media: NegotiatedMedia): boolean {
  return setting === 'always' || (setting === 'auto' && media.telephoneEventPayloadType === undefined);
}
