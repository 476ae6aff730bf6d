import type { SwmlDocument } from '../swml/document.ts';
import type { DocumentKind } from '../swml/error-codes.ts';
import type { JsonObject } from '../swml/json.ts';

/** Gets documents that scripts name by URL; the server implements it. */
export interface DocumentLoader {
  /**
   * Fetches the text of a document.
   * @throws Error with a reason for the author when it cannot be had
   */
  load(request: DocumentRequest): Promise<LoadedText>;
}

export interface DocumentRequest {
  /** `http` or `https`; userinfo is sent as Basic authorization. */
  readonly url: string;
  readonly method: string;
  /** What the document is for. */
  readonly kind: DocumentKind;
  /** As in `CheckOptions`. */
  readonly strict?: boolean;
  /** Sent as JSON, except with GET (spec/document.md 2.3, 2.4). */
  readonly payload: JsonObject;
  readonly signal: AbortSignal;
}

export interface LoadedText {
  readonly text: string;
  /** For messages: the URL without credentials. */
  readonly name: string;
  /** The text as a document, where the loader has it taken apart already and it is without errors. */
  readonly document?: SwmlDocument;
}
