import { copySamples } from '../media/copy-samples.ts';
import { copyBetweenRings, ringLength } from '../media/sample-rings.ts';

/**
 * Decodes `length` bytes of `src` from `srcOffset` on into samples of `dest` from `destOffset` on; one byte
 * is one sample, and any part of a payload can be decoded by itself (G.711: src/media/g711.ts).
 */
export type DecodeSamples = (
  src: Uint8Array,
  srcOffset: number,
  length: number,
  dest: Int16Array,
  destOffset: number,
) => void;

const NO_SAMPLES = new Int16Array(0);
const NO_MARKS = new Int32Array(0);

/**
 * Samples addressed by absolute position (0, 1, 2 … without end), of which the window `[oldest, end)` is kept
 * in a ring. Marks go with each sample: *received*, *expected* (sent, as far as the sequence numbers tell), and
 * *restored* (something stands for it that is as good as can be had). Expected but not received is lost; neither
 * is a pause of the sender. What is received or restored is *held*; anything else is open.
 *
 * Reading takes any range and finds silence outside of the window; writing and marking need a range within.
 */
export class SampleRing {
  #capacity: number;
  /** Samples that there is memory for: none before the first, then half, until a sender runs ahead farther than that. */
  #stored = 0;
  #mask = -1;
  #samples: Int16Array = NO_SAMPLES;
  /** One bit per sample. */
  #received: Int32Array = NO_MARKS;
  #expected: Int32Array = NO_MARKS;
  /** Made when it is needed, which on a good line is never. */
  #restored: Int32Array | undefined;
  #oldest = 0;

  /** @param minimum samples that must fit; the capacity is the next power of two, at least 64 */
  constructor(minimum: number) {
    this.#capacity = capacityFor(minimum);
  }

  /** Samples that it holds; a power of two. */
  get capacity(): number {
    return this.#capacity;
  }

  /**
   * From now on, `minimum` samples must fit. Memory that is not needed for that is given back.
   * @param until nothing was written behind here; must fit as well
   */
  fit(minimum: number, until: number): void {
    const capacity = capacityFor(minimum);
    if (capacity === this.#capacity) return;
    this.#capacity = capacity;
    const needed = Math.max(firstStored(capacity), capacityFor(until - this.#oldest));
    if (this.#stored > needed) this.#resize(needed, this.#oldest + needed);
  }

  /** The first position that is kept. */
  get oldest(): number {
    return this.#oldest;
  }

  /** Behind the last position that can be written. */
  get end(): number {
    return this.#oldest + this.#capacity;
  }

  /** Behind the last position that there is memory for; nothing lies behind it. */
  get #storedEnd(): number {
    return this.#oldest + this.#stored;
  }

  /** Decodes `count` bytes of `src` into their places and marks them received. */
  write(from: number, decode: DecodeSamples, src: Uint8Array, srcOffset: number, count: number): void {
    if (count <= 0) return;
    this.#reserve(from + count);
    const index = from & this.#mask;
    const first = Math.min(count, this.#stored - index);
    decode(src, srcOffset, first, this.#samples, index);
    setBits(this.#received, index, first);
    if (first < count) {
      decode(src, srcOffset + first, count - first, this.#samples, 0);
      setBits(this.#received, 0, count - first);
    }
  }

  /** Writes samples to open positions, which stay open. */
  put(from: number, src: Int16Array, srcOffset: number, count: number): void {
    this.#reserve(from + count);
    for (let n = 0; n < count; n++) {
      const index = (from + n) & this.#mask;
      if (!this.#isHeld(index)) this.#samples[index] = src[srcOffset + n]!;
    }
  }

  /** Writes samples to open positions, which are then restored. */
  restore(from: number, src: Int16Array, srcOffset: number, count: number): void {
    this.#reserve(from + count);
    this.#restored ??= new Int32Array(this.#stored / 32);
    for (let n = 0; n < count; n++) {
      const index = (from + n) & this.#mask;
      if (this.#isHeld(index)) continue;
      this.#samples[index] = src[srcOffset + n]!;
      this.#restored[index >>> 5]! |= 1 << (index & 31);
    }
  }

  /** Writes the same sample to open positions, which stay open. */
  fill(from: number, count: number, value: number): void {
    this.#reserve(from + count);
    for (let position = from; position < from + count; position++) {
      const index = position & this.#mask;
      if (!this.#isHeld(index)) this.#samples[index] = value;
    }
  }

  /** The first open position from `from` on, or `limit`; nothing from {@link end} on is held. */
  nextOpen(from: number, limit: number): number {
    const stop = Math.min(limit, this.#storedEnd);
    for (let position = from; position < stop; ) {
      const index = position & this.#mask;
      const open = ~this.#heldWord(index >>> 5) >>> (index & 31);
      if (open !== 0) return Math.min(stop, position + zerosBelow(open));
      position += 32 - (index & 31);
    }
    return Math.min(limit, Math.max(from, stop));
  }

  /** The first position from `from` on that is held, or `limit`. */
  nextHeld(from: number, limit: number): number {
    const stop = Math.min(limit, this.#storedEnd);
    for (let position = Math.max(from, this.#oldest); position < stop; ) {
      const index = position & this.#mask;
      const held = this.#heldWord(index >>> 5) >>> (index & 31);
      if (held !== 0) {
        const found = position + zerosBelow(held);
        return found < stop ? found : limit;
      }
      position += 32 - (index & 31);
    }
    return limit;
  }

  /** The last position before `before` that is held, not below `lowest`; or the one before that. */
  lastHeld(before: number, lowest: number): number {
    const first = Math.max(lowest, this.#oldest);
    for (let position = Math.min(before, this.#storedEnd) - 1; position >= first; ) {
      const index = position & this.#mask;
      const held = this.#heldWord(index >>> 5) << (31 - (index & 31));
      if (held !== 0) {
        const found = position - Math.clz32(held);
        return found >= first ? found : lowest - 1;
      }
      position -= (index & 31) + 1;
    }
    return lowest - 1;
  }

  /** Behind the last of the positions from `from` on that are lost one behind the other; at most `limit`. */
  lostUntil(from: number, limit: number): number {
    let position = from;
    const stop = Math.min(limit, this.#storedEnd);
    while (position < stop) {
      const index = position & this.#mask;
      const lost = this.#expected[index >>> 5]! & ~this.#received[index >>> 5]!;
      if (((lost >>> (index & 31)) & 1) === 0) return position;
      position++;
    }
    return Math.max(from, stop);
  }

  /** The first position from `from` on that is lost, or `limit`. */
  nextLost(from: number, limit: number): number {
    const stop = Math.min(limit, this.#storedEnd);
    for (let position = from; position < stop; ) {
      const index = position & this.#mask;
      const lost = (this.#expected[index >>> 5]! & ~this.#received[index >>> 5]!) >>> (index & 31);
      if (lost !== 0) {
        const found = position + zerosBelow(lost);
        return found < stop ? found : limit;
      }
      position += 32 - (index & 31);
    }
    return limit;
  }

  markExpected(from: number, count: number): void {
    if (count <= 0) return;
    this.#reserve(from + count);
    const index = from & this.#mask;
    const first = Math.min(count, this.#stored - index);
    setBits(this.#expected, index, first);
    if (first < count) setBits(this.#expected, 0, count - first);
  }

  /** Moves the window up to `oldest`: what lay before is forgotten, and the same space ahead is silent. */
  forgetBefore(oldest: number): void {
    if (oldest <= this.#oldest) return;
    if (this.#stored === 0) {
      this.#oldest = oldest;
      return;
    }
    const count = Math.min(oldest - this.#oldest, this.#stored);
    const index = this.#oldest & this.#mask;
    const first = Math.min(count, this.#stored - index);
    this.#clearAt(index, first);
    if (first < count) this.#clearAt(0, count - first);
    this.#oldest = oldest;
  }

  copyTo(dest: Int16Array, destOffset: number, from: number, count: number): void {
    if (this.#stored === 0) {
      dest.fill(0, destOffset, destOffset + count);
      return;
    }
    const first = Math.min(Math.max(from, this.#oldest), from + count);
    const end = Math.max(first, Math.min(from + count, this.#storedEnd));
    if (first > from) dest.fill(0, destOffset, destOffset + first - from);
    const index = first & this.#mask;
    const unwrapped = Math.min(end - first, this.#stored - index);
    const at = destOffset + first - from;
    copySamples(this.#samples, index, dest, at, unwrapped);
    copySamples(this.#samples, 0, dest, at + unwrapped, end - first - unwrapped);
    if (end < from + count) dest.fill(0, destOffset + end - from, destOffset + count);
  }

  /** The largest magnitude of a range, 0 to 32768. */
  peak(from: number, count: number): number {
    const end = Math.min(from + count, this.#storedEnd);
    let peak = 0;
    for (let position = Math.max(from, this.#oldest); position < end; position++) {
      const magnitude = Math.abs(this.#samples[position & this.#mask]!);
      if (magnitude > peak) peak = magnitude;
    }
    return peak;
  }

  /** Samples of a range that a packet brought. */
  countReceived(from: number, count: number): number {
    return this.#count(from, count, false);
  }

  /** Samples of a range that were sent and did not come. */
  countLost(from: number, count: number): number {
    return this.#count(from, count, true);
  }

  /** Makes room for what lies before `end`, which is within the capacity. */
  #reserve(end: number): void {
    if (this.#stored === 0) this.#begin();
    if (end <= this.#storedEnd || this.#stored === this.#capacity) return;
    this.#resize(Math.min(this.#capacity, capacityFor(end - this.#oldest)), this.#storedEnd);
  }

  /** Gets memory for `stored` samples, and takes along what lies before `until`. */
  #resize(stored: number, until: number): void {
    const former = { mask: this.#mask, samples: this.#samples };
    const marks = [this.#received, this.#expected, this.#restored] as const;
    this.#stored = stored;
    this.#mask = this.#stored - 1;
    this.#samples = new Int16Array(this.#stored);
    copyBetweenRings(former.samples, this.#samples, this.#oldest, until);
    const grown = marks.map((words) => words && this.#grown(words, former.mask, until));
    this.#received = grown[0]!;
    this.#expected = grown[1]!;
    this.#restored = grown[2];
  }

  #begin(): void {
    this.#stored = firstStored(this.#capacity);
    this.#mask = this.#stored - 1;
    // One piece of memory for all three: each would have the overhead of its own.
    const marksAt = 2 * this.#stored;
    const bytesOfMarks = this.#stored / 8;
    const memory = new ArrayBuffer(marksAt + 2 * bytesOfMarks);
    this.#samples = new Int16Array(memory, 0, this.#stored);
    this.#received = new Int32Array(memory, marksAt, this.#stored / 32);
    this.#expected = new Int32Array(memory, marksAt + bytesOfMarks, this.#stored / 32);
  }

  #grown(words: Int32Array, formerMask: number, until: number): Int32Array {
    const grown = new Int32Array(this.#stored / 32);
    for (let position = this.#oldest; position < until; ) {
      const word = (position & formerMask) >>> 5;
      const bit = position & 31;
      const bits = Math.min(32 - bit, until - position);
      grown[(position & this.#mask) >>> 5]! |= words[word]! & maskOf(bit, bits);
      position += bits;
    }
    return grown;
  }

  #clearAt(index: number, count: number): void {
    this.#samples.fill(0, index, index + count);
    clearBits(this.#received, index, count);
    clearBits(this.#expected, index, count);
    if (this.#restored !== undefined) clearBits(this.#restored, index, count);
  }

  #heldWord(word: number): number {
    const received = this.#received[word]!;
    return this.#restored === undefined ? received : received | this.#restored[word]!;
  }

  #isHeld(index: number): boolean {
    return ((this.#heldWord(index >>> 5) >>> (index & 31)) & 1) !== 0;
  }

  #count(from: number, count: number, lost: boolean): number {
    const end = Math.min(from + count, this.#storedEnd);
    let total = 0;
    for (let position = Math.max(from, this.#oldest); position < end; ) {
      const index = position & this.#mask;
      const bits = Math.min(32 - (index & 31), end - position);
      const received = this.#received[index >>> 5]!;
      const marks = lost ? this.#expected[index >>> 5]! & ~received : received;
      total += ones(marks & maskOf(index & 31, bits));
      position += bits;
    }
    return total;
  }
}

/** The marks of 32 samples make a word, so it holds no fewer than twice as many. */
function capacityFor(minimum: number): number {
  return ringLength(Math.max(minimum, 64));
}

/** Of a ring that holds so many, there is memory for so many from the first on. */
function firstStored(capacity: number): number {
  return Math.max(64, capacity / 2);
}

/** `bits` (1 to 32) ones from bit `first` on; `first + bits` ≤ 32. */
function maskOf(first: number, bits: number): number {
  return (-1 >>> (32 - bits)) << first;
}

function setBits(words: Int32Array, first: number, count: number): void {
  for (let bit = first, left = count; left > 0; ) {
    const bits = Math.min(32 - (bit & 31), left);
    const word = bit >>> 5;
    words[word] = words[word]! | maskOf(bit & 31, bits);
    bit += bits;
    left -= bits;
  }
}

function clearBits(words: Int32Array, first: number, count: number): void {
  for (let bit = first, left = count; left > 0; ) {
    const bits = Math.min(32 - (bit & 31), left);
    const word = bit >>> 5;
    words[word] = words[word]! & ~maskOf(bit & 31, bits);
    bit += bits;
    left -= bits;
  }
}

/** Of a word that is not 0, the number of zeros below its lowest one. */
function zerosBelow(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** Number of ones in a 32-bit word, by adding neighbours in parallel. */
function ones(word: number): number {
  let sum = word - ((word >>> 1) & 0x55555555);
  sum = (sum & 0x33333333) + ((sum >>> 2) & 0x33333333);
  return Math.imul((sum + (sum >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
