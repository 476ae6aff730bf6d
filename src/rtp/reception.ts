/** Reception figures of one stream, all sources that it had together. */
export interface ReceptionStatistics {
  /** Packets of the stream's own sources, duplicates not counted. */
  readonly received: number;
  /** Expected less received (RFC 3550 A.3), never negative. */
  readonly lost: number;
  readonly duplicated: number;
  /** Packets that came behind one with a higher sequence number. */
  readonly reordered: number;
  /** RFC 3550 A.8, ms. */
  readonly jitterMs: number;
}

/** What a report block says about a source (RFC 3550 6.4.1). */
export type SourceReception = Pick<
  Reception,
  'extendedHighest' | 'sourceExpected' | 'sourceReceived' | 'jitter'
>;

/** Place of a packet in the sequence: `jump` is too far from the rest to be loss or reordering. */
export type SequencePlace = 'forward' | 'backward' | 'duplicate' | 'jump';

/** A gap this long or longer is a restart of the sender, not loss (RFC 3550 A.1). */
const MAX_DROPOUT = 3000;
/** A packet this far behind or farther belongs to a restart (RFC 3550 A.1). */
const MAX_MISORDER = 100;
/** Sequence numbers whose arrival is remembered; a power of two above MAX_MISORDER. */
const REMEMBERED = 128;

/**
 * Sequence numbers and jitter of what is received, RFC 3550 A.1, A.3 and A.8. Asking for the
 * {@link place} of a packet changes nothing; {@link accept} counts it.
 */
export class Reception {
  readonly #clockPerMs: number;
  /** Extended (never wrapping) numbers of this source. −1: nothing received yet. */
  #highest = -1;
  #base = 0;
  /** One bit for each of the last {@link REMEMBERED} sequence numbers up to the highest: it came. */
  readonly #seen = new Array<number>(REMEMBERED / 32).fill(0);
  #sourceReceived = 0;
  #formerExpected = 0;
  #formerReceived = 0;
  #duplicated = 0;
  #reordered = 0;
  /** In timestamp units, as in the RFC. */
  #jitter = 0;
  #lastArrivalMs = 0;
  #lastTimestamp = 0;
  #jitterPrimed = false;

  /** @param clockRate of the RTP timestamp, Hz */
  constructor(clockRate: number) {
    this.#clockPerMs = clockRate / 1000;
  }

  /** Distance from the highest sequence number, −32768 to 32767. */
  distance(sequence: number): number {
    return ((sequence - this.#highest) << 16) >> 16;
  }

  /** The first packet of a source is a `jump`. */
  place(sequence: number): SequencePlace {
    if (this.#highest < 0) return 'jump';
    const distance = this.distance(sequence);
    if (distance > 0) return distance < MAX_DROPOUT ? 'forward' : 'jump';
    if (distance <= -MAX_MISORDER) return 'jump';
    const extended = this.#highest + distance;
    return (this.#seen[wordOf(extended)]! >>> (extended & 31)) & 1 ? 'duplicate' : 'backward';
  }

  /** Counts a packet; one that is out of place (`jump`) begins a new count, and the totals go on. */
  accept(sequence: number): void {
    switch (this.place(sequence)) {
      case 'jump':
        this.forget();
        // One cycle up, so that packets reordered before the first one keep a positive extended number.
        this.#highest = 0x10000 + sequence;
        this.#base = this.#highest;
        this.#remember(this.#highest);
        return;
      case 'duplicate':
        this.#duplicated++;
        return;
      case 'backward':
        this.#reordered++;
        this.#remember(this.#highest + this.distance(sequence));
        return;
      case 'forward':
        this.#advance(this.distance(sequence));
        this.#remember(this.#highest);
    }
  }

  /** The next packet begins a new source; the totals go on. */
  forget(): void {
    this.#formerExpected = this.expected;
    this.#formerReceived = this.received;
    this.#sourceReceived = 0;
    this.#highest = -1;
    this.#seen.fill(0);
    this.#jitterPrimed = false;
  }

  countDuplicate(): void {
    this.#duplicated++;
  }

  /** Interarrival jitter, RFC 3550 6.4.1. Call for each packet that carries a timestamp of its own. */
  timed(timestamp: number, arrivalMs: number): void {
    if (this.#jitterPrimed) {
      const elapsed = (arrivalMs - this.#lastArrivalMs) * this.#clockPerMs;
      const difference = Math.abs(elapsed - ((timestamp - this.#lastTimestamp) | 0));
      this.#jitter += (difference - this.#jitter) / 16;
    }
    this.#jitterPrimed = true;
    this.#lastArrivalMs = arrivalMs;
    this.#lastTimestamp = timestamp;
  }

  /** The timestamps broke off: the next packet is not measured against the last one. */
  breakTiming(): void {
    this.#jitterPrimed = false;
  }

  /** Highest sequence number of the source with its cycles, 32 bits (RFC 3550 6.4.1); 0 before any. */
  get extendedHighest(): number {
    return this.#highest < 0 ? 0 : (this.#highest - 0x10000) >>> 0;
  }

  /** Packets that the present source must have sent, and those of them that came. */
  get sourceExpected(): number {
    return this.#highest < 0 ? 0 : this.#highest - this.#base + 1;
  }

  get sourceReceived(): number {
    return this.#sourceReceived;
  }

  /** Packets that all sources so far must have sent. */
  get expected(): number {
    return this.#formerExpected + this.sourceExpected;
  }

  get received(): number {
    return this.#formerReceived + this.#sourceReceived;
  }

  /** In units of the clock rate that was given, as a report block wants it where that is the codec's. */
  get jitter(): number {
    return this.#jitter;
  }

  /** A snapshot; allocates. */
  statistics(): ReceptionStatistics {
    return {
      received: this.received,
      lost: Math.max(0, this.expected - this.received),
      duplicated: this.#duplicated,
      reordered: this.#reordered,
      jitterMs: this.#jitter / this.#clockPerMs,
    };
  }

  /** Of the sequence numbers on the way to the highest, none has come yet. */
  #advance(distance: number): void {
    if (distance >= REMEMBERED) this.#seen.fill(0);
    else {
      for (let ahead = 1; ahead < distance; ahead++) this.#forgetOne(this.#highest + ahead);
    }
    this.#highest += distance;
  }

  #forgetOne(extended: number): void {
    this.#seen[wordOf(extended)]! &= ~(1 << (extended & 31));
  }

  #remember(extended: number): void {
    this.#seen[wordOf(extended)]! |= 1 << (extended & 31);
    this.#sourceReceived++;
    // A packet from before the first one that came: the source began earlier than it seemed.
    if (extended < this.#base) this.#base = extended;
  }
}

function wordOf(extended: number): number {
  return (extended >>> 5) & (REMEMBERED / 32 - 1);
}
