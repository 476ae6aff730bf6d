import { EventStream } from './event-stream.ts';

/**
 * What a server says of an utterance that it was sent as a whole with `stream=true`, piece by piece. Understood are
 *
 *     {"type": "transcript.text.delta", "delta": "…"}, then {"type": "transcript.text.done", "text": "…"}  OpenAI, Speaches
 *     {"object": "transcription.chunk", "choices": [{"delta": {"content": "…"}}]}, then [DONE]             vLLM
 *     {"text": "…"} for each segment                                                                       faster-whisper-server
 */
export class StreamedTranscript {
  readonly #events: EventStream;
  readonly #onPartial: ((text: string) => void) | undefined;
  #text = '';
  #complete = false;
  #bySegment = false;

  constructor(onPartial: ((text: string) => void) | undefined) {
    this.#onPartial = onPartial;
    this.#events = new EventStream((data) => this.#take(data));
  }

  /** @throws SyntaxError when what comes is none of these, or an error of the server */
  push(bytes: Uint8Array): void {
    this.#events.push(bytes);
  }

  /** The server has told its end: what comes behind it adds nothing. */
  get complete(): boolean {
    return this.#complete;
  }

  /**
   * The whole text, when nothing more comes.
   * @throws SyntaxError when it broke off before its end
   */
  end(): string {
    if (!this.#complete) this.#events.end();
    if (!this.#complete && !this.#bySegment) throw new SyntaxError('the transcript broke off before its end');
    return this.#text;
  }

  #take(data: string): void {
    if (data === '[DONE]') {
      this.#complete = true;
      return;
    }
    const event: unknown = JSON.parse(data);
    if (!isObject(event)) throw new SyntaxError('an event is no object');
    if (event['error'] !== undefined || event['type'] === 'error') throw new SyntaxError(errorOf(event));
    const { type, delta, text, choices } = event;
    if (type === 'transcript.text.done') {
      if (typeof text === 'string') this.#text = text;
      this.#complete = true;
    } else if (type === 'transcript.text.delta') {
      this.#add(delta);
    } else if (Array.isArray(choices)) {
      for (const choice of choices)
        if (isObject(choice) && isObject(choice['delta'])) this.#add(choice['delta']['content']);
    } else if (type === undefined && typeof text === 'string') {
      this.#bySegment = true;
      this.#add(this.#text === '' ? text.trim() : ` ${text.trim()}`);
    }
  }

  #add(piece: unknown): void {
    if (typeof piece !== 'string' || piece === '') return;
    this.#text += piece;
    this.#onPartial?.(this.#text);
  }
}

function errorOf({ error, message }: Readonly<Record<string, unknown>>): string {
  const told = isObject(error) ? error['message'] : (error ?? message);
  return typeof told === 'string' ? told.slice(0, 200) : 'the server tells of an error without a reason';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
