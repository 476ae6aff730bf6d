/**
 * The events of a `text/event-stream` (WHATWG HTML, "Server-sent events") as far as APIs use it: the data of each.
 * Text may come in any pieces.
 */
export class EventStream {
  readonly #onData: (data: string) => void;
  readonly #decoder = new TextDecoder();
  #line = '';
  #data: string[] = [];

  constructor(onData: (data: string) => void) {
    this.#onData = onData;
  }

  push(bytes: Uint8Array): void {
    this.#take(this.#decoder.decode(bytes, { stream: true }));
  }

  /** An event that lacks the empty line behind it is told as well: some servers end so. */
  end(): void {
    this.#take(`${this.#decoder.decode()}\n\n`);
  }

  #take(text: string): void {
    const lines = (this.#line + text).split('\n');
    this.#line = lines.pop() ?? '';
    for (const line of lines) this.#takeLine(line.endsWith('\r') ? line.slice(0, -1) : line);
  }

  #takeLine(line: string): void {
    if (line.startsWith('data:')) {
      this.#data.push(line.slice(line[5] === ' ' ? 6 : 5));
    } else if (line === '' && this.#data.length > 0) {
      const data = this.#data.join('\n');
      this.#data = [];
      this.#onData(data);
    }
  }
}
