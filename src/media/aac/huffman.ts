import type { BitReader } from './bit-reader.ts';
import type { CodeTable, SpectrumBook } from './tables.ts';

/** Reads code words of a table that count up by length. */
export class Codes {
  readonly #table: CodeTable;

  constructor(table: CodeTable) {
    this.#table = table;
  }

  /** What the next word stands for. @throws BitsEnded */
  read(reader: BitReader): number {
    const { counts, symbols } = this.#table;
    let code = 0;
    let first = 0;
    let index = 0;
    for (const count of counts) {
      code = (code << 1) | reader.bit();
      first <<= 1;
      if (code - first < count) return symbols[index + code - first]!;
      index += count;
      first += count;
    }
    throw new Error('no such code word: the table is not complete');
  }
}

const ESCAPE = 16;
const MAX_ESCAPE_BITS = 8;

/** Reads the values of one spectrum codebook. */
export class SpectrumCodes {
  readonly values: 2 | 4;
  readonly #codes: Codes;
  readonly #book: SpectrumBook;
  readonly #escapes: boolean;

  constructor(book: SpectrumBook) {
    this.values = book.values;
    this.#codes = new Codes(book);
    this.#book = book;
    this.#escapes = book.base === ESCAPE + 1;
  }

  /**
   * Reads the values of one word (14496-3 4.6.3.3) to `dest`, from `at` on.
   * @throws BitsEnded; Error when a value is larger than there are
   */
  read(reader: BitReader, dest: Int32Array, at: number): void {
    const { values, base, offset } = this.#book;
    let symbol = this.#codes.read(reader);
    for (let i = values - 1; i >= 0; i--) {
      dest[at + i] = (symbol % base) - offset;
      symbol = Math.floor(symbol / base);
    }
    if (offset > 0) return;
    for (let i = 0; i < values; i++) {
      if (dest[at + i] !== 0 && reader.bit() === 1) dest[at + i] = -dest[at + i]!;
    }
    if (!this.#escapes) return;
    for (let i = 0; i < values; i++) {
      const value = dest[at + i]!;
      if (value === ESCAPE) dest[at + i] = escaped(reader);
      else if (value === -ESCAPE) dest[at + i] = -escaped(reader);
    }
  }
}

function escaped(reader: BitReader): number {
  let more = 0;
  while (reader.bit() === 1) {
    if (++more > MAX_ESCAPE_BITS) throw new Error('a value of the spectrum is too large');
  }
  return (1 << (more + 4)) + reader.bits(more + 4);
}
