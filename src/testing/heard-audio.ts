/** Samples of a chunk: one second at 8 kHz. */
const CHUNK = 8000;
/** Stands for every chunk in which nothing sounds. */
const SILENT = new Int16Array(CHUNK);

/** What somebody heard, from the first moment on: grows at its end, and costs next to nothing where it is silent. */
export class HeardAudio {
  /** Hz. */
  readonly sampleRate: number;
  readonly #chunks: Int16Array[] = [];
  #last = new Int16Array(CHUNK);
  #lastIsSilent = true;
  #filled = 0;

  constructor(sampleRate: number) {
    this.sampleRate = sampleRate;
  }

  /** Samples so far. */
  get length(): number {
    return this.#chunks.length * CHUNK + this.#filled;
  }

  append(samples: Int16Array, count: number): void {
    let from = 0;
    while (from < count) {
      const run = Math.min(count - from, CHUNK - this.#filled);
      this.#put(samples, from, run);
      from += run;
      this.#filled += run;
      if (this.#filled === CHUNK) this.#close();
    }
  }

  /** Samples from `from` on, at most up to the end. */
  slice(from = 0, to = this.length): Int16Array {
    const end = Math.min(to, this.length);
    const result = new Int16Array(Math.max(0, end - from));
    for (let at = from; at < end; ) {
      const chunk = this.#chunks[Math.floor(at / CHUNK)] ?? this.#last;
      const offset = at % CHUNK;
      const run = Math.min(end - at, CHUNK - offset);
      result.set(chunk.subarray(offset, offset + run), at - from);
      at += run;
    }
    return result;
  }

  #put(samples: Int16Array, from: number, run: number): void {
    if (this.#lastIsSilent) {
      let at = from;
      while (at < from + run && samples[at] === 0) at++;
      if (at === from + run) return;
      this.#lastIsSilent = false;
    }
    this.#last.set(samples.subarray(from, from + run), this.#filled);
  }

  #close(): void {
    this.#chunks.push(this.#lastIsSilent ? SILENT : this.#last);
    if (!this.#lastIsSilent) this.#last = new Int16Array(CHUNK);
    this.#lastIsSilent = true;
    this.#filled = 0;
  }
}
