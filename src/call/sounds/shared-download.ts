import type { HttpStream } from '../../net/http-client.ts';

const NOTHING = Buffer.alloc(0);

/**
 * A body that several read, each from its beginning, while it is downloaded once. It comes as fast as the
 * quickest of them reads; when all have left, the rest of it is fetched to be kept.
 */
export class SharedDownload {
  readonly #response: HttpStream;
  readonly #pieces: AsyncIterator<Buffer>;
  readonly #limit: number;
  readonly #onEnd: (whole: readonly Buffer[] | undefined) => void;
  readonly #chunks: Buffer[] = [];
  /** Where each reader is. */
  readonly #readers = new Set<{ index: number }>();
  #size = 0;
  /** Told the end, so that nobody begins to read any more. */
  #told = false;
  /** Chunks that nobody needs any more, once it is told. */
  #dropped = 0;
  #ended = false;
  #error: unknown;
  #pulling: Promise<void> | undefined;

  /**
   * @param limit of bytes
   * @param onEnd called once: with all of it, or without when it failed or is longer than `limit`
   */
  constructor(response: HttpStream, limit: number, onEnd: (whole: readonly Buffer[] | undefined) => void) {
    this.#response = response;
    this.#pieces = response.body[Symbol.asyncIterator]();
    this.#limit = limit;
    this.#onEnd = onEnd;
  }

  open(signal: AbortSignal | undefined): HttpStream {
    const { status, headers, url, redirects } = this.#response;
    const reader = { index: 0 };
    this.#readers.add(reader);
    const cancel = (): void => {
      if (this.#readers.delete(reader) && this.#readers.size === 0) void this.#drain();
    };
    return { status, headers, url, redirects, body: this.#read(reader, signal, cancel), cancel };
  }

  async *#read(
    reader: { index: number },
    signal: AbortSignal | undefined,
    cancel: () => void,
  ): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        while (reader.index >= this.#chunks.length && !this.#ended) await until(this.#pull(), signal);
        signal?.throwIfAborted();
        const chunk = this.#chunks[reader.index];
        if (chunk === undefined) break;
        reader.index++;
        if (this.#size > this.#limit) this.#drop();
        yield chunk;
      }
      if (this.#error !== undefined) throw this.#error;
    } finally {
      cancel();
    }
  }

  /** Never rejects. */
  #pull(): Promise<void> {
    this.#pulling ??= this.#next().finally(() => {
      this.#pulling = undefined;
    });
    return this.#pulling;
  }

  async #next(): Promise<void> {
    try {
      const { done, value } = await this.#pieces.next();
      if (done === true) {
        this.#end(undefined);
        return;
      }
      this.#chunks.push(value);
      this.#size += value.length;
      // It said nothing of its length, or something wrong: whoever reads it goes on, but nobody else begins.
      if (this.#size > this.#limit) this.#tell(undefined);
    } catch (error) {
      this.#end(error);
    }
  }

  #end(error: unknown): void {
    this.#ended = true;
    this.#error = error;
    this.#tell(error === undefined ? this.#chunks : undefined);
  }

  /** A file that is not kept need not lie in memory further than its slowest reader. */
  #drop(): void {
    let first = this.#chunks.length;
    for (const { index } of this.#readers) first = Math.min(first, index);
    for (; this.#dropped < first; this.#dropped++) this.#chunks[this.#dropped] = NOTHING;
  }

  #tell(whole: readonly Buffer[] | undefined): void {
    if (this.#told) return;
    this.#told = true;
    this.#onEnd(whole);
  }

  async #drain(): Promise<void> {
    while (!this.#ended && this.#readers.size === 0) {
      if (this.#size > this.#limit) {
        this.#response.cancel();
        return;
      }
      await this.#pull();
    }
  }
}

/** @throws the signal's reason, as soon as it aborts */
export async function until<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise;
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
