import type { CheckResult } from '../methods/check.ts';

/** An answer to the question for a document, as it is kept. */
export interface CachedDocument {
  readonly text: string;
  /** Where it came from, behind redirects. */
  readonly from: string;
  readonly result: CheckResult;
  /** Entity tag of the answer, with its quotes; undefined when it had none that can be asked with. */
  readonly etag: string | undefined;
  /** False: it has been shown that it cannot be asked with an entity tag. */
  readonly conditional: boolean;
}

const MAX_ENTRIES = 256;
/** All texts together, characters. */
const MAX_TEXT = 16 * 1_048_576;

/** The last document of each URL, so that one which comes again need not be taken apart again. Least recently used go. */
export class DocumentCache {
  readonly #entries = new Map<string, CachedDocument>();
  #textLength = 0;

  get(key: string): CachedDocument | undefined {
    const entry = this.#entries.get(key);
    if (entry !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, entry);
    }
    return entry;
  }

  set(key: string, entry: CachedDocument): void {
    this.delete(key);
    this.#entries.set(key, entry);
    this.#textLength += entry.text.length;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MAX_ENTRIES && this.#textLength <= MAX_TEXT) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#textLength -= this.#entries.get(key)?.text.length ?? 0;
    this.#entries.delete(key);
  }
}
