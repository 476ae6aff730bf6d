/** Where whole turns of lines go: a file or stream that writes behind the scenes. */
export interface TurnTarget {
  write(text: string): unknown;
  /** Writes everything out before it returns. @throws Error when the destination is gone */
  flushSync(): void;
}

/** Those that have lines: what ends the process ends no line. */
const waiting = new Set<TurnSink>();
let isListening = false;

/**
 * Hands on all lines of one turn of the event loop together. Each write behind the scenes wakes a thread, which costs
 * as much as making several lines. What waits is written out when the process exits, by an error as well.
 */
export class TurnSink {
  readonly #target: TurnTarget;
  #text = '';

  constructor(target: TurnTarget) {
    this.#target = target;
    if (isListening) return;
    isListening = true;
    process.on('exit', () => {
      for (const sink of [...waiting]) sink.#end();
    });
  }

  write(line: string): void {
    if (this.#text === '') {
      waiting.add(this);
      setImmediate(() => this.release());
    }
    this.#text += line;
  }

  /** Hands on at once what waits. */
  release(): void {
    if (this.#text === '') return;
    const text = this.#text;
    this.#text = '';
    waiting.delete(this);
    this.#target.write(text);
  }

  #end(): void {
    this.release();
    try {
      this.#target.flushSync();
    } catch {
      // Nobody reads any more, and nobody is left to be told.
    }
  }
}
