import { copySamples } from '../media/copy-samples.ts';

/** PCM that arrives in pieces from another thread and is read in frames. */
export class StreamBuffer {
  readonly #chunks: Int16Array[] = [];
  #offset = 0;
  #buffered = 0;
  #consumed = 0;
  #ended = false;
  #error: string | undefined;

  push(samples: Int16Array): void {
    if (this.#ended || samples.length === 0) return;
    this.#chunks.push(samples);
    this.#buffered += samples.length;
  }

  /** Nothing more will come. `error` says why, when that is not the natural end. */
  end(error?: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
  }

  /** Copies at most `count` samples to `dest`. @returns how many were there */
  read(dest: Int16Array, destOffset: number, count: number): number {
    let done = 0;
    while (done < count) {
      const chunk = this.#chunks[0];
      if (chunk === undefined) break;
      const take = Math.min(count - done, chunk.length - this.#offset);
      copySamples(chunk, this.#offset, dest, destOffset + done, take);
      done += take;
      this.#offset += take;
      if (this.#offset === chunk.length) {
        this.#chunks.shift();
        this.#offset = 0;
      }
    }
    this.#buffered -= done;
    this.#consumed += done;
    return done;
  }

  get buffered(): number {
    return this.#buffered;
  }

  get consumed(): number {
    return this.#consumed;
  }

  /** True when everything that will ever come has been read. */
  get exhausted(): boolean {
    return this.#ended && this.#buffered === 0;
  }

  get error(): string | undefined {
    return this.#error;
  }
}
