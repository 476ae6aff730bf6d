import type { DocumentLoader, DocumentRequest, LoadedText } from '../engine/document-source.ts';
import type { Logger } from '../log/logger.ts';
import { redactUrl } from '../log/redact.ts';
import type { HttpClient } from '../net/http-client.ts';
import { HttpError } from '../net/http-errors.ts';
import type { SwmlDocument } from '../swml/document.ts';
import type { JsonObject } from '../swml/json.ts';
import type { Clock } from '../time/clock.ts';
import { isHttpUrl } from './config-values.ts';
import { DocumentError, mistakesIn } from './document-error.ts';
import { DocumentFetcher, type FetchedDocument } from './document-fetcher.ts';
import { DocumentFiles } from './document-files.ts';

/** A server that was asked for the document of a call. */
export interface AskedServer {
  /** Without a password. */
  readonly url: string;
  readonly method: 'GET' | 'POST';
}

/** Told what came of it. */
export type AskListener = (
  asked: AskedServer,
  answer: { readonly text: string } | { readonly failure: string },
) => void;

export interface DocumentsOptions {
  readonly http: Pick<HttpClient, 'fetch'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Signs fetches (spec/callbacks.md 6); without a key they go unsigned. */
  readonly signingKey: string | undefined;
  /** A path or an http(s) URL. */
  readonly source: string;
  /** Asked when `source` cannot be had or is no valid document. */
  readonly fallback: string | undefined;
  /** How URLs of these two are asked; GET carries no payload. */
  readonly method?: 'GET' | 'POST';
}

/**
 * Gets the documents that calls run: from a file, which is read again when it has changed, or from a URL, asked
 * for each call (spec/document.md 2).
 */
export class Documents implements DocumentLoader {
  readonly #options: DocumentsOptions;
  readonly #files: DocumentFiles;
  readonly #fetcher: DocumentFetcher;

  constructor(options: DocumentsOptions) {
    this.#options = options;
    this.#files = new DocumentFiles(options.clock);
    this.#fetcher = new DocumentFetcher(options);
  }

  /** Where the documents of new calls come from, without a password, when that is a URL. */
  get sourceUrl(): string | undefined {
    const { source } = this.#options;
    return isHttpUrl(source) ? redactUrl(source) : undefined;
  }

  /** Whether anybody is asked for documents of calls, and so told about the call: not where they are files alone. */
  get asksServers(): boolean {
    const { source, fallback } = this.#options;
    return isHttpUrl(source) || (fallback !== undefined && isHttpUrl(fallback));
  }

  /**
   * The document of a new call: the source, else the fallback.
   * @param payload for whoever is asked, see {@link asksServers}
   * @throws DocumentError when neither can be had
   */
  async forCall(
    payload: JsonObject,
    signal: AbortSignal,
    log: Logger,
    onAsked: AskListener = () => {},
  ): Promise<SwmlDocument> {
    const { source, fallback } = this.#options;
    const get = (place: string): Promise<SwmlDocument> => this.#get(place, { payload, signal }, log, onAsked);
    try {
      return await get(source);
    } catch (cause) {
      if (!(cause instanceof DocumentError) || fallback === undefined || signal.aborted) throw cause;
      log.warn(
        { reason: cause.reason, fallback: redactUrl(fallback) },
        'the document cannot be had, trying the fallback',
      );
      return await get(fallback);
    }
  }

  /**
   * Reads a document file ahead of the first call.
   * @throws DocumentError
   */
  async preload(): Promise<void> {
    for (const place of [this.#options.source, this.#options.fallback]) {
      if (place !== undefined && !isHttpUrl(place)) await this.#files.get(place, this.#options.log);
    }
  }

  load(request: DocumentRequest): Promise<LoadedText> {
    return this.#fetcher.load(request);
  }

  async #get(
    place: string,
    question: Pick<DocumentRequest, 'payload' | 'signal'>,
    log: Logger,
    onAsked: AskListener,
  ): Promise<SwmlDocument> {
    if (!isHttpUrl(place)) return await this.#files.get(place, log);
    const { method = 'POST' } = this.#options;
    const asked = { url: redactUrl(place), method };
    let answer: FetchedDocument;
    try {
      answer = await this.#fetcher.fetch({ ...question, url: place, method, kind: 'calling' }, log);
    } catch (cause) {
      const error = cause instanceof HttpError ? new DocumentError(cause.message, { cause }) : cause;
      if (error instanceof DocumentError) onAsked(asked, { failure: error.reason });
      throw error;
    }
    const { text, result } = answer;
    onAsked(asked, { text });
    if (result.document === undefined) throw mistakesIn(text, result.diagnostics);
    return result.document;
  }
}
