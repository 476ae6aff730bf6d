import { EVENT_DIGITS, TELEPHONE_EVENT_LENGTH } from './telephone-event.ts';

export interface DigitSenderOptions {
  /** Distance of ticks, ms. Default 20. */
  readonly tickMs?: number;
  /** Time that each key is down, ms; rounded to ticks, at least one. Default 250 (spec/call-control.md 5). */
  readonly durationMs?: number;
  /** From the end of one key to the next, ms; at least two ticks. Default 50. */
  readonly gapMs?: number;
}

/** `packet`: send the event packet that the sender's fields describe. `pause`: nothing to send. */
export type DigitStep = 'packet' | 'pause' | 'done';

/** The end of an event is sent this many times (RFC 4733 2.5.1.4). */
const END_PACKETS = 3;
const END_BIT = 0x80;
/** −10 dBm0. */
const VOLUME = 10;
const PAUSES_MS: Readonly<Record<string, number>> = { w: 500, W: 1000 };
const LONGEST_DURATION = 0xffff;

/**
 * The packets of a string of keys (RFC 4733 2.5.1), one per tick of the caller:
 *
 *     tick       0   1  …  n−1   n   n+1  …
 *     duration   1t  2t …  nt    nt  nt          gap, then the next key
 *     marker     M
 *     E                    E     E   E
 *
 * The timestamp is that of the key's first tick throughout.
 */
export class DigitSender {
  #digits: string;
  readonly #tickMs: number;
  readonly #durationMs: number;
  readonly #gapTicks: number;
  /** Of the key that is down; a later one may have another clock. */
  #clockPerTick = 0;
  #pressTicks = 0;
  #next = 0;
  #event = -1;
  /** Ticks since the key went down. */
  #ticks = 0;
  #pauseTicks = 0;

  /** Of the packet to send, after a `packet` step. */
  marker = false;
  timestamp = 0;
  readonly payload = new Uint8Array(TELEPHONE_EVENT_LENGTH);

  /**
   * @param digits `0-9A-D*#` (letters in either case); `w` is a pause of 500 ms, `W` of 1 s
   * @throws RangeError naming the first character that is none of these
   */
  constructor(digits: string, options: DigitSenderOptions = {}) {
    const wrong = /[^0-9A-Da-d*#wW]/.exec(digits);
    if (wrong !== null) {
      throw new RangeError(
        `'${wrong[0]}' at position ${wrong.index + 1} is no key: expected 0-9, A-D, *, #, w or W`,
      );
    }
    const tickMs = options.tickMs ?? 20;
    this.#digits = digits;
    this.#tickMs = tickMs;
    this.#durationMs = options.durationMs ?? 250;
    this.#gapTicks = Math.max(END_PACKETS - 1, Math.round((options.gapMs ?? 50) / tickMs));
  }

  /** A key is down, or up and still being told so. */
  get pressing(): boolean {
    return this.#event >= 0;
  }

  /** Keys and pauses that have not begun. */
  get rest(): string {
    return this.#digits.slice(this.#next);
  }

  /** No key comes behind the one that is down. */
  endWithThis(): void {
    this.#digits = this.#digits.slice(0, this.#next);
  }

  /**
   * One tick.
   * @param timestamp RTP timestamp that an audio packet of this tick would have
   * @param clockRate of the event payload type, Hz: another one holds from the next key on
   */
  step(timestamp: number, clockRate = 8000): DigitStep {
    if (this.#pauseTicks > 0) {
      this.#pauseTicks--;
      return 'pause';
    }
    if (this.#event < 0) {
      const digit = this.#digits[this.#next];
      if (digit === undefined) return 'done';
      this.#next++;
      const pauseMs = PAUSES_MS[digit];
      if (pauseMs !== undefined) {
        this.#pauseTicks = Math.max(1, Math.round(pauseMs / this.#tickMs)) - 1;
        return 'pause';
      }
      this.#event = EVENT_DIGITS.indexOf(digit.toUpperCase());
      this.#ticks = 0;
      this.timestamp = timestamp;
      this.#clockPerTick = (clockRate * this.#tickMs) / 1000;
      const longest = Math.floor(LONGEST_DURATION / this.#clockPerTick);
      this.#pressTicks = Math.min(longest, Math.max(1, Math.round(this.#durationMs / this.#tickMs)));
    }
    this.#write();
    if (this.#ticks === this.#pressTicks + END_PACKETS - 1) {
      this.#event = -1;
      this.#pauseTicks = this.#gapTicks - (END_PACKETS - 1);
    }
    return 'packet';
  }

  #write(): void {
    this.marker = this.#ticks === 0;
    this.#ticks++;
    const duration = Math.min(this.#ticks, this.#pressTicks) * this.#clockPerTick;
    this.payload[0] = this.#event;
    this.payload[1] = VOLUME | (this.#ticks >= this.#pressTicks ? END_BIT : 0);
    this.payload[2] = duration >>> 8;
    this.payload[3] = duration;
  }
}
