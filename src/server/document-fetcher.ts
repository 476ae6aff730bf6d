import type { DocumentLoader, DocumentRequest, LoadedText } from '../engine/document-source.ts';
import type { Logger } from '../log/logger.ts';
import { redactUrl } from '../log/redact.ts';
import { type CheckResult, checkDocument } from '../methods/check.ts';
import type { HttpClient, HttpMethod, HttpRequest, HttpResponse } from '../net/http-client.ts';
import { HttpError } from '../net/http-errors.ts';
import { headerOf, headerText } from '../net/redirects.ts';
import { messageSignatureHeaders, signatureHeaders } from '../net/signature.ts';
import { formatDiagnostic } from '../swml/errors.ts';
import { MAX_DOCUMENT_BYTES } from '../swml/parse.ts';
import { type CachedDocument, DocumentCache } from './document-cache.ts';
import { DocumentError } from './document-error.ts';

export interface DocumentFetcherOptions {
  readonly http: Pick<HttpClient, 'fetch'>;
  readonly log: Logger;
  /** Signs fetches (spec/callbacks.md 6); without a key they go unsigned. */
  readonly signingKey: string | undefined;
}

/** A text that came, and what checking it gave. */
export interface FetchedDocument extends LoadedText {
  readonly result: CheckResult;
}

/** What HTTP allows in an entity tag (RFC 9110 8.8.3), of a length that may be sent back. */
const ENTITY_TAG = /^(?:W\/)?"[\x21\x23-\x7e]{0,256}"$/;

/**
 * Asks web servers for documents (spec/document.md 2.1, 2.3). Every call asks anew, since the answer may depend
 * on it, but what was answered last is not taken apart again: neither when the server says that it would answer
 * the same (304 to the entity tag that we have), nor when it does.
 */
export class DocumentFetcher implements DocumentLoader {
  readonly #options: DocumentFetcherOptions;
  readonly #cache = new DocumentCache();

  constructor(options: DocumentFetcherOptions) {
    this.#options = options;
  }

  /** @throws DocumentError, HttpError */
  async load(request: DocumentRequest): Promise<LoadedText> {
    const { text, name, result } = await this.fetch(request, this.#options.log);
    return { text, name, ...(result.document !== undefined && { document: result.document }) };
  }

  /**
   * Warnings about the document go to `log`, once.
   * @throws DocumentError for an answer that is no 2xx, HttpError without an answer
   */
  async fetch(request: DocumentRequest, log: Logger): Promise<FetchedDocument> {
    const { url, method, kind, strict = false } = request;
    const name = redactUrl(url);
    const key = `${kind} ${strict} ${method} ${url}`;
    const cached = this.#cache.get(key);
    let response = await this.#ask(request, cached?.etag);
    const isSame = response.status === 304;
    if (cached !== undefined && isSame && (cached.etag === undefined || response.url === cached.from)) {
      return { text: cached.text, name, result: cached.result };
    }
    if ((isSame || response.status === 412) && cached?.etag !== undefined) {
      // RFC 9110 13.1.2 has 412 for a POST whose condition is false; it means the same as 304 then, but not from
      // every server. And where a redirect leads elsewhere now, the tag is that of another document, which two may
      // share (8.8.3). Neither is asked in this way again.
      this.#cache.set(key, { ...cached, etag: undefined, conditional: false });
      response = await this.#ask(request, undefined);
    }
    if (response.status < 200 || response.status > 299) {
      throw new DocumentError(`${name} answered ${response.status}, expected 2xx`);
    }
    return { name, ...this.#taken(key, response, request, name, log) };
  }

  #taken(
    key: string,
    response: HttpResponse,
    { kind, strict = false }: DocumentRequest,
    file: string,
    log: Logger,
  ): CachedDocument {
    const text = response.body.toString('utf8');
    const known = this.#cache.get(key);
    const same = known?.text === text;
    const result = same ? known.result : checkDocument(text, { file, kind, strict });
    const conditional = known?.conditional ?? true;
    const etag = conditional ? entityTag(response) : undefined;
    const taken = { text, from: response.url, result, etag, conditional };
    if (/\bno-store\b/i.test(headerText(response.headers, 'cache-control') ?? '')) this.#cache.delete(key);
    else this.#cache.set(key, taken);
    if (!same && result.document !== undefined) {
      for (const diagnostic of result.diagnostics) log.warn({}, formatDiagnostic(diagnostic));
    }
    return taken;
  }

  async #ask(request: DocumentRequest, etag: string | undefined): Promise<HttpResponse> {
    const { http, signingKey } = this.#options;
    const isGet = request.method === 'GET';
    const question: HttpRequest = {
      url: request.url,
      method: request.method as HttpMethod,
      headers: {
        accept: 'application/json, application/yaml, text/x-yaml, */*;q=0.5',
        ...(!isGet && { 'content-type': 'application/json' }),
        ...(etag !== undefined && { 'if-none-match': etag }),
      },
      ...(!isGet && { body: JSON.stringify(request.payload) }),
      maxBodyBytes: MAX_DOCUMENT_BYTES,
      ...(signingKey !== undefined && { sign: signer(signingKey, request) }),
      signal: request.signal,
    };
    try {
      return await http.fetch(question);
    } catch (cause) {
      if (!(cause instanceof HttpError) || cause.code !== 'connection_lost') throw cause;
      // A server may close a connection that it kept open just when it is used again (RFC 9112 section 9.3.1).
      // To ask for a document twice does no harm, to turn the caller down does.
      return await http.fetch(question);
    }
  }
}

/** Calls bear both signatures, messages the older one (spec/callbacks.md 6.1, 6.2). */
function signer(key: string, { kind, url }: DocumentRequest): NonNullable<HttpRequest['sign']> {
  if (kind === 'calling') return (sent, body) => signatureHeaders(key, sent, body);
  return (sent, body) => messageSignatureHeaders(key, url, sent, body);
}

function entityTag({ headers }: HttpResponse): string | undefined {
  const tag = headerOf(headers, 'etag')?.trim();
  return tag !== undefined && ENTITY_TAG.test(tag) ? tag : undefined;
}
