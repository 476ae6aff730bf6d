/** A message of the server. */
export interface RealtimeEvent {
  readonly type: string;
  readonly item_id?: unknown;
  readonly delta?: unknown;
  readonly transcript?: unknown;
  readonly error?: unknown;
  readonly session?: unknown;
}

/** Servers cut what is said into items; more are none of a conversation. */
const MAX_ITEMS = 500;
const MAX_TEXT = 20_000;

interface Item {
  text: string;
  understood: boolean;
}

/** What a server understands of an utterance, in the items into which it cuts it. */
export class RealtimeTranscript {
  readonly #items = new Map<string, Item>();

  /** What is understood of all items so far. */
  get text(): string {
    const texts = [...this.#items.values()].map(({ text }) => text.trim());
    return texts.filter((text) => text !== '').join(' ');
  }

  /** Everything that has begun is understood to its end. */
  get settled(): boolean {
    return [...this.#items.values()].every(({ understood }) => understood);
  }

  /**
   * Takes a message.
   * @returns whether it changed the text
   * @throws RangeError when it is too much
   */
  apply(event: RealtimeEvent): boolean {
    switch (event.type) {
      case 'input_audio_buffer.committed':
        // From now on its text is awaited.
        this.#item(event);
        return false;
      case 'conversation.item.input_audio_transcription.delta':
        return this.#setText(event, `${this.#item(event).text}${textOf(event.delta)}`);
      // Speaches tells the whole of the item each time.
      case 'input_audio_buffer.partial_transcription':
        return this.#setText(event, textOf(event.transcript));
      case 'conversation.item.input_audio_transcription.completed':
        this.#item(event).understood = true;
        return this.#setText(event, textOf(event.transcript));
      default:
        return false;
    }
  }

  #setText(event: RealtimeEvent, text: string): boolean {
    if (text.length > MAX_TEXT) throw new RangeError(`an item has more than ${MAX_TEXT} characters`);
    const item = this.#item(event);
    const changed = item.text !== text;
    item.text = text;
    return changed;
  }

  #item({ item_id }: RealtimeEvent): Item {
    const id = textOf(item_id);
    const known = this.#items.get(id);
    if (known !== undefined) return known;
    if (this.#items.size === MAX_ITEMS) throw new RangeError(`there are more than ${MAX_ITEMS} items`);
    const item: Item = { text: '', understood: false };
    this.#items.set(id, item);
    return item;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
