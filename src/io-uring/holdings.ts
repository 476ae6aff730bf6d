/** As many descriptors as Linux lets a process have by default (fs.nr_open); those beyond are not kept. */
const MOST_DESCRIPTORS = 2 ** 20;
/** Two for each ring. */
const MOST_MAPPINGS = 64;
const WORD_BITS = 32;
/** Behind the mappings: their number, then address and length of each. */
const DESCRIPTORS_AT = 8 * (1 + 2 * MOST_MAPPINGS);

export interface Mapping {
  /** Below 2^53. */
  readonly address: number;
  readonly bytes: number;
}

/**
 * What a thread has of the system beside what Node gave it, kept in memory that outlives the thread. Node closes its
 * own descriptors when a thread ends, whatever ended it. A ring lives as long as its memory is mapped, though, and with
 * it the requests that wait for packets: the ports that they wait at would stay bound to the end of the process.
 */
export class Holdings {
  readonly #mappings: Float64Array;
  readonly #descriptors: Int32Array;

  /** @param memory of {@link Holdings.memory}: the thread writes it; who saw it end reads it */
  constructor(memory: SharedArrayBuffer) {
    this.#mappings = new Float64Array(memory, 0, 1 + 2 * MOST_MAPPINGS);
    this.#descriptors = new Int32Array(memory, DESCRIPTORS_AT);
  }

  /** A bit for each descriptor; pages of it that nobody touches take no memory. */
  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(DESCRIPTORS_AT + MOST_DESCRIPTORS / 8);
  }

  /** A descriptor was opened. */
  add(fd: number): void {
    if (fd < MOST_DESCRIPTORS) Atomics.or(this.#descriptors, fd >>> 5, 1 << (fd % WORD_BITS));
  }

  /** To be called before it is closed: then it may be somebody else's at once. */
  delete(fd: number): void {
    if (fd < MOST_DESCRIPTORS) Atomics.and(this.#descriptors, fd >>> 5, ~(1 << (fd % WORD_BITS)));
  }

  /** Memory of a ring was mapped. */
  addMapping({ address, bytes }: Mapping): void {
    const count = this.#mappings[0]!;
    if (count < MOST_MAPPINGS) this.#mappings.set([address, bytes], 1 + 2 * count);
    this.#mappings[0] = Math.min(count + 1, MOST_MAPPINGS);
  }

  /** Takes all mappings. */
  takeMappings(): readonly Mapping[] {
    const count = this.#mappings[0]!;
    this.#mappings[0] = 0;
    return Array.from({ length: count }, (_, index) => ({
      address: this.#mappings[1 + 2 * index]!,
      bytes: this.#mappings[2 + 2 * index]!,
    }));
  }

  /** Takes all descriptors that are open, in rising order. */
  takeDescriptors(): readonly number[] {
    const taken: number[] = [];
    for (let word = 0; word < this.#descriptors.length; word++) {
      if (Atomics.load(this.#descriptors, word) === 0) continue;
      const bits = Atomics.exchange(this.#descriptors, word, 0);
      for (let bit = 0; bit < WORD_BITS; bit++) {
        if ((bits & (1 << bit)) !== 0) taken.push(word * WORD_BITS + bit);
      }
    }
    return taken;
  }
}
