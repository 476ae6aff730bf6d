import { readFile, stat } from 'node:fs/promises';
import type { DocumentLoader, DocumentRequest, LoadedText } from '../engine/document-source.ts';
import type { Logger } from '../log/logger.ts';
import { checkDocument, formatDiagnostic } from '../methods/check.ts';
import type { HttpClient, HttpMethod, HttpRequest, HttpResponse } from '../net/http-client.ts';
import { HttpError } from '../net/http-errors.ts';
import { redactUrl } from '../net/http-url.ts';
import { signatureHeaders } from '../net/signature.ts';
import type { SwmlDocument } from '../swml/document.ts';
import type { JsonObject } from '../swml/json.ts';
import { MAX_DOCUMENT_BYTES } from '../swml/parse.ts';
import type { Clock } from '../time/clock.ts';

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
}

interface CachedFile {
  readonly modifiedMs: number;
  readonly size: number;
  readonly document: SwmlDocument;
}

/** A document cannot be had or does not hold; the message says where and why. */
export class DocumentError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DocumentError';
  }
}

/**
 * Gets the documents that calls run: from a file, which is read again when it has changed, or from a URL, asked
 * for each call (spec/document.md 2).
 */
export class Documents implements DocumentLoader {
  readonly #options: DocumentsOptions;
  readonly #files = new Map<string, CachedFile>();

  constructor(options: DocumentsOptions) {
    this.#options = options;
  }

  /** Where the documents of new calls come from, without a password, when that is a URL. */
  get sourceUrl(): string | undefined {
    const { source } = this.#options;
    return isUrl(source) ? redactUrl(source) : undefined;
  }

  /**
   * The document of a new call: the source, else the fallback.
   * @throws DocumentError when neither can be had
   */
  async forCall(payload: JsonObject, signal: AbortSignal, log: Logger): Promise<SwmlDocument> {
    const { source, fallback } = this.#options;
    try {
      return await this.#get(source, payload, signal, log);
    } catch (cause) {
      if (fallback === undefined || signal.aborted) throw cause;
      log.warn(
        { err: cause, source: redactUrl(source), fallback: redactUrl(fallback) },
        'the document cannot be had, trying the fallback',
      );
      return await this.#get(fallback, payload, signal, log);
    }
  }

  /**
   * Reads a document file ahead of the first call.
   * @throws DocumentError
   */
  async preload(): Promise<void> {
    for (const place of [this.#options.source, this.#options.fallback]) {
      if (place !== undefined && !isUrl(place)) await this.#file(place, this.#options.log);
    }
  }

  async load(request: DocumentRequest): Promise<LoadedText> {
    const { http, signingKey } = this.#options;
    const isGet = request.method === 'GET';
    const question: HttpRequest = {
      url: request.url,
      method: request.method as HttpMethod,
      headers: {
        accept: 'application/json, application/yaml, text/x-yaml, */*;q=0.5',
        ...(!isGet && { 'content-type': 'application/json' }),
      },
      ...(!isGet && { body: JSON.stringify(request.payload) }),
      maxBodyBytes: MAX_DOCUMENT_BYTES,
      ...(signingKey !== undefined && {
        sign: (url: string, body: string | Uint8Array) => signatureHeaders(signingKey, url, body),
      }),
      signal: request.signal,
    };
    let response: HttpResponse;
    try {
      response = await http.fetch(question);
    } catch (cause) {
      if (!(cause instanceof HttpError) || cause.code !== 'connection_lost') throw cause;
      // A server may close a connection that it kept open just when it is used again (RFC 9112 section 9.3.1).
      // To ask for a document twice does no harm, to turn the caller down does.
      response = await http.fetch(question);
    }
    const name = redactUrl(request.url);
    if (response.status < 200 || response.status > 299) {
      throw new DocumentError(`${name} answered ${response.status}, expected 2xx`);
    }
    return { text: response.body.toString('utf8'), name };
  }

  async #get(place: string, payload: JsonObject, signal: AbortSignal, log: Logger): Promise<SwmlDocument> {
    if (!isUrl(place)) return await this.#file(place, log);
    let loaded: LoadedText;
    try {
      loaded = await this.load({ url: place, method: 'POST', payload, signal });
    } catch (cause) {
      if (cause instanceof DocumentError) throw cause;
      throw new DocumentError(cause instanceof Error ? cause.message : String(cause), { cause });
    }
    return check(loaded.text, loaded.name, log);
  }

  async #file(path: string, log: Logger): Promise<SwmlDocument> {
    const { clock } = this.#options;
    const cached = this.#files.get(path);
    try {
      const { mtimeMs, size } = await clock.holdWhile(stat(path));
      if (cached !== undefined && cached.modifiedMs === mtimeMs && cached.size === size)
        return cached.document;
      if (size > MAX_DOCUMENT_BYTES)
        throw new DocumentError(`${path}: ${size} bytes, at most ${MAX_DOCUMENT_BYTES}`);
      const document = check(await clock.holdWhile(readFile(path, 'utf8')), path, log);
      this.#files.set(path, { modifiedMs: mtimeMs, size, document });
      return document;
    } catch (cause) {
      const error =
        cause instanceof DocumentError
          ? cause
          : new DocumentError(`the document ${path} cannot be read: ${whyNot(cause)}`, { cause });
      // While a document is being edited under a running server, calls go on with the last good state of it.
      if (cached === undefined) throw error;
      log.error({ err: error }, 'the changed document is not usable, going on with the one before');
      return cached.document;
    }
  }
}

function isUrl(place: string): boolean {
  return /^https?:\/\//i.test(place);
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'this is a folder, a file is needed',
  EACCES: 'no permission',
};

function whyNot(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  return PROBLEMS[code ?? ''] ?? message;
}

function check(text: string, name: string, log: Logger): SwmlDocument {
  const { document, diagnostics } = checkDocument(text, { file: name });
  if (document === undefined) {
    throw new DocumentError(diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, text)).join('\n'));
  }
  for (const diagnostic of diagnostics) log.warn({}, formatDiagnostic(diagnostic));
  return document;
}
