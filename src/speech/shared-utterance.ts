import type { Clock } from '../time/clock.ts';
import type { SpeechChunk } from './synthesizer.ts';

export interface SharedUtteranceOptions {
  readonly clock: Clock;
  /** Makes the utterance; the signal aborts when nobody listens any more. */
  readonly produce: (signal: AbortSignal) => AsyncIterable<SpeechChunk>;
  /** Called once, at the end of production; `whole` undefined when it failed or was given up. */
  readonly onEnd: (whole: Int16Array | undefined) => void;
}

/**
 * One synthesis with any number of listeners: each gets all of it from its beginning, those who come late get
 * at once what is there. It is made at full speed, ahead of them; when the last one leaves it is given up.
 */
export class SharedUtterance {
  readonly #options: SharedUtteranceOptions;
  readonly #chunks: Int16Array[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #abort = new AbortController();
  #listeners = 0;
  #state: 'idle' | 'producing' | 'complete' | 'failed' = 'idle';
  #error: unknown;

  constructor(options: SharedUtteranceOptions) {
    this.#options = options;
  }

  /** Chunks lie on SharedArrayBuffers and are not to be changed. @throws what the production threw */
  async *listen(signal?: AbortSignal): AsyncGenerator<SpeechChunk> {
    this.#listeners++;
    if (this.#state === 'idle') {
      this.#state = 'producing';
      void this.#produce();
    }
    try {
      for (let index = 0; ; index++) {
        while (index >= this.#chunks.length && this.#state === 'producing' && signal?.aborted !== true) {
          await this.#options.clock.holdWhile(this.#change(signal));
        }
        signal?.throwIfAborted();
        const chunk = this.#chunks[index];
        if (chunk !== undefined) yield chunk;
        else if (this.#state === 'failed') throw this.#error;
        else return;
      }
    } finally {
      this.#listeners--;
      if (this.#listeners === 0 && this.#state === 'producing') {
        this.#finish('failed', new DOMException('nobody listens any more', 'AbortError'));
        this.#abort.abort(this.#error);
      }
    }
  }

  async #produce(): Promise<void> {
    try {
      for await (const chunk of this.#options.produce(this.#abort.signal)) {
        if (this.#state !== 'producing') return;
        this.#chunks.push(onSharedBuffer([chunk]));
        this.#wake();
      }
      if (this.#state === 'producing') this.#finish('complete', undefined);
    } catch (error) {
      if (this.#state === 'producing') this.#finish('failed', error);
    }
  }

  #finish(state: 'complete' | 'failed', error: unknown): void {
    this.#state = state;
    this.#error = error;
    this.#options.onEnd(state === 'complete' ? onSharedBuffer(this.#chunks) : undefined);
    this.#wake();
  }

  #change(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      signal?.addEventListener('abort', done, { once: true });
    });
  }

  #wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}

function onSharedBuffer(chunks: readonly Int16Array[]): Int16Array {
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const whole = new Int16Array(new SharedArrayBuffer(2 * length));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
