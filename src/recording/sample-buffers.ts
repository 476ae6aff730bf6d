import { endianness } from 'node:os';

const BIG_ENDIAN = endianness() === 'BE';

/** Free buffers that are kept for the next recording; more are left to the garbage collector. */
const MAX_FREE = 64;

/**
 * Buffers of 16-bit samples that go round between recorders and the disk: a recorder fills one, hands it over
 * and goes on with another, so audio is copied once. One pool per thread serves all recordings.
 */
export class SampleBuffers {
  readonly #free = new Map<number, Int16Array[]>();
  readonly #shared: boolean;

  /** @param options `shared`: on memory that other threads can read */
  constructor(options: { readonly shared?: boolean } = {}) {
    this.#shared = options.shared ?? false;
  }

  /** A buffer of `length` samples, contents arbitrary. */
  acquire(length: number): Int16Array {
    const free = this.#free.get(length)?.pop();
    if (free !== undefined) return free;
    return this.#shared ? new Int16Array(new SharedArrayBuffer(length * 2)) : new Int16Array(length);
  }

  /** Gives a buffer back that nobody reads or writes any more. */
  release(buffer: Int16Array): void {
    const free = this.#free.get(buffer.length);
    if (free === undefined) this.#free.set(buffer.length, [buffer]);
    else if (free.length < MAX_FREE) free.push(buffer);
  }
}

/** Samples as files hold them, little-endian: the same memory, which may hold no samples any more afterwards. */
export function sampleBytes(samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  if (BIG_ENDIAN) Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).swap16();
  return bytes;
}
