/** The bits of a frame end before what they should hold. */
export class BitsEnded extends Error {
  constructor() {
    super('a frame is shorter than what it says is in it');
    this.name = 'BitsEnded';
  }
}

/** Reads bits, the highest first. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** @throws BitsEnded */
  bit(): number {
    const byte = this.#bytes[this.#position >> 3];
    if (byte === undefined) throw new BitsEnded();
    return (byte >> (7 - (this.#position++ & 7))) & 1;
  }

  /** @param count 0 to 31 @throws BitsEnded */
  bits(count: number): number {
    let value = 0;
    for (let left = count; left > 0; ) {
      const byte = this.#bytes[this.#position >> 3];
      if (byte === undefined) throw new BitsEnded();
      const here = Math.min(left, 8 - (this.#position & 7));
      const shifted = byte >> (8 - (this.#position & 7) - here);
      value = (value << here) | (shifted & ((1 << here) - 1));
      this.#position += here;
      left -= here;
    }
    return value;
  }

  /** @throws BitsEnded from the next read on, where there are not as many */
  skip(count: number): void {
    this.#position += count;
  }

  /** Goes on at the next whole byte. */
  align(): void {
    this.#position = (this.#position + 7) & ~7;
  }
}
