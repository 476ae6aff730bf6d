export interface PortBookOptions {
  /** Lowest and highest UDP port, at least an even one and the odd one above it. */
  readonly minPort: number;
  readonly maxPort: number;
  /** A clock whose origin all threads of the book share, ms. */
  readonly nowMs: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Of {@link portBookMemory} for the same range. Default: a book for this thread alone. */
  readonly memory?: SharedArrayBuffer | undefined;
  /** Which of the threads that share it this is, from 0. */
  readonly thread?: number | undefined;
}

/** A pair that was given back, or that another program had, rests for one to two of these periods, ms. */
export const REST_MS = 5_000;

/** The first word tells the period; then come the sets, one behind the other. */
const PERIOD = 0;
const SETS_AT = 1;
const WORD_BITS = 32;
const FREE = 0;
/** Given back in periods with an even and an odd number. */
const RESTING = [1, 2] as const;
/** Found in use by another program in such periods. */
const FOREIGN = [3, 4] as const;
/** And those of the further ones. */
const USED_BY_FIRST = 5;

/**
 * @param reserved ports that are ours for something else: their pairs are nobody's
 * @throws RangeError where no pair is in the range
 */
export function portBookMemory(
  range: { readonly minPort: number; readonly maxPort: number },
  threads: number,
  reserved: readonly number[] = [],
): SharedArrayBuffer {
  const { first, pairs } = pairsOf(range);
  const wordsOfSet = Math.ceil(pairs / WORD_BITS);
  const memory = new SharedArrayBuffer(4 * (SETS_AT + wordsOfSet * (USED_BY_FIRST + threads)));
  const words = new Int32Array(memory);
  for (let pair = 0; pair < pairs; pair++) {
    if (reserved.some((port) => Math.floor((port - first) / 2) === pair)) continue;
    words[SETS_AT + FREE * wordsOfSet + (pair >>> 5)]! |= 1 << (pair % WORD_BITS);
  }
  return memory;
}

/**
 * Which pairs of an even RTP port and the odd one above it are free, kept in memory that the media threads and the
 * main thread share: each knows at once, without asking the system, whether there is one, and none tries what
 * another has. (A part of the range for each thread would need no sharing; but then none knows what is left of the
 * others' parts, and calls are lost, or tried in vain, where the load is not even.)
 *
 * Each pair is in one set at any time: free, resting, another program's, or used by some thread. A set is a bit for
 * each pair; whoever clears the bit has the pair. A pair that was given back rests, so that late packets of one call
 * do not reach the next: it is taken again before its time only where nothing else is free.
 */
export class PortBook {
  readonly #first: number;
  readonly #words: Int32Array;
  readonly #wordsOfSet: number;
  readonly #nowMs: () => number;
  readonly #random: () => number;
  readonly #used: number;

  /** @throws RangeError where no pair is in the range */
  constructor(options: PortBookOptions) {
    const { first, pairs } = pairsOf(options);
    const { memory = portBookMemory(options, 1), thread = 0 } = options;
    this.#first = first;
    this.#words = new Int32Array(memory);
    this.#wordsOfSet = Math.ceil(pairs / WORD_BITS);
    this.#nowMs = options.nowMs;
    this.#random = options.random;
    this.#used = USED_BY_FIRST + thread;
  }

  /** Whether {@link take} would give one now. */
  get hasFree(): boolean {
    return this.#search().some((set) => this.#isInhabited(set));
  }

  /**
   * Takes a pair for this thread, from a random place on (as RFC 6056 3.3.1 chooses ports), so that a peer cannot
   * guess the next one.
   * @returns its even port; undefined when there is none
   */
  take(): number | undefined {
    for (const set of this.#search()) {
      const port = this.#takeFrom(set);
      if (port !== undefined) return port;
    }
    return undefined;
  }

  /** Others may have it once it has rested. No-op for what this thread has not taken. */
  giveBack(rtpPort: number): void {
    this.#put(rtpPort, RESTING[this.#turn() % 2]!);
  }

  /** As {@link giveBack} for what was never used: it needs no rest. */
  putBack(rtpPort: number): void {
    this.#put(rtpPort, FREE);
  }

  /** As {@link giveBack} for what another program has: nobody is given it before its time. */
  setAside(rtpPort: number): void {
    this.#put(rtpPort, FOREIGN[this.#turn() % 2]!);
  }

  /** Gives back all that a thread had which is no more. */
  giveBackOf(thread: number): void {
    const resting = RESTING[this.#turn() % 2]!;
    this.#moveAll(USED_BY_FIRST + thread, resting);
  }

  #at(set: number, word: number): number {
    return SETS_AT + set * this.#wordsOfSet + word;
  }

  /** Frees what has rested since the period before the last. @returns the number of the period */
  #turn(): number {
    const period = Math.floor(this.#nowMs() / REST_MS) & 0x7fff_ffff;
    const last = Atomics.load(this.#words, PERIOD);
    // A reading may be older than that of another thread.
    if (period <= last) return last;
    if (Atomics.compareExchange(this.#words, PERIOD, last, period) !== last) return period;
    for (const sets of [RESTING, FOREIGN]) {
      this.#moveAll(sets[period % 2]!, FREE);
      if (period - last > 1) this.#moveAll(sets[(period + 1) % 2]!, FREE);
    }
    return period;
  }

  /** Where free pairs are: rested ones first, then those that rest longest, then what another thread freed meanwhile. */
  #search(): readonly number[] {
    const period = this.#turn();
    return [FREE, RESTING[(period + 1) % 2]!, RESTING[period % 2]!, FREE];
  }

  #isInhabited(set: number): boolean {
    for (let word = 0; word < this.#wordsOfSet; word++)
      if (Atomics.load(this.#words, this.#at(set, word)) !== 0) return true;
    return false;
  }

  #takeFrom(set: number): number | undefined {
    const start = Math.floor(this.#random() * this.#wordsOfSet);
    for (let i = 0; i < this.#wordsOfSet; i++) {
      const word = (start + i) % this.#wordsOfSet;
      let bits = Atomics.load(this.#words, this.#at(set, word));
      while (bits !== 0) {
        const bit = someBit(bits, this.#random());
        if (this.#move(word, 1 << bit, set, this.#used) !== 0)
          return this.#first + 2 * (word * WORD_BITS + bit);
        bits = Atomics.load(this.#words, this.#at(set, word));
      }
    }
    return undefined;
  }

  #put(rtpPort: number, set: number): void {
    const pair = (rtpPort - this.#first) / 2;
    this.#move(pair >>> 5, 1 << (pair % WORD_BITS), this.#used, set);
  }

  #moveAll(from: number, to: number): void {
    for (let word = 0; word < this.#wordsOfSet; word++) this.#move(word, -1, from, to);
  }

  /** @returns those of the bits that were there: nobody else has moved them */
  #move(word: number, bits: number, from: number, to: number): number {
    const moved = Atomics.and(this.#words, this.#at(from, word), ~bits) & bits;
    if (moved !== 0) Atomics.or(this.#words, this.#at(to, word), moved);
    return moved;
  }
}

/** The first that is set from a random one on. */
function someBit(bits: number, random: number): number {
  const start = Math.floor(random * WORD_BITS);
  const turned = (bits >>> start) | (bits << (WORD_BITS - start));
  const lowest = WORD_BITS - 1 - Math.clz32(turned & -turned);
  return (lowest + start) % WORD_BITS;
}

function pairsOf({ minPort, maxPort }: { readonly minPort: number; readonly maxPort: number }) {
  const first = minPort + (minPort % 2);
  const pairs = Math.floor((maxPort - first + 1) / 2);
  if (pairs < 1)
    throw new RangeError(`RTP ports ${minPort} to ${maxPort}: expected at least one even-odd pair`);
  return { first, pairs };
}
