import type { Agent, Dispatcher } from 'undici';
import type { Logger } from '../log/logger.ts';
import type { Clock } from '../time/clock.ts';
import { AddressGuard } from './address-guard.ts';
import { Exchange, type HttpHeaders, hasNoBody, type ResponseHead } from './exchange.ts';
import { guardedConnector, refusalOf, type Resolver, systemResolver } from './guarded-connector.ts';
import { HttpError, toHttpError } from './http-errors.ts';
import { type HttpTimeouts, parseHttpUrl, urlToSign } from './http-url.ts';
import {
  type Hop,
  type HttpMethod,
  headerOf,
  headerText,
  isRedirect,
  isTemporary,
  nextHop,
} from './redirects.ts';
import { RequestRun } from './request-run.ts';
import { isStreamBody, readableBody, type StreamBody } from './stream-body.ts';
import { undici } from './undici.ts';

export type { HttpMethod } from './redirects.ts';

export interface HttpRequest {
  /** `http` or `https`; userinfo becomes Basic authorization, `#ot=&rt=&tt=` sets deadlines; neither is sent. */
  readonly url: string;
  /** Default `GET`. */
  readonly method?: HttpMethod;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** A body that is read as it is sent, in the place of `body`; it cannot be signed by `sign`. */
  readonly upload?: StreamBody;
  /** Over the client's defaults; the URL's own fragment goes over these. */
  readonly timeouts?: Partial<HttpTimeouts>;
  /** Largest body of the response, bytes. */
  readonly maxBodyBytes?: number;
  /** What a larger body is: an error (default), or cut at the limit. */
  readonly onTooLarge?: 'error' | 'cut';
  /** What a body is that breaks off, or does not come: an error (default), or cut where it stopped. */
  readonly onBroken?: 'error' | 'cut';
  /** What a compressed body is: an error (default), or taken as it came (for callers that only need the status). */
  readonly onEncoded?: 'error' | 'take';
  /**
   * Whether it may be sent once more, within the same deadlines, where the connection is lost before the answer: a
   * server may close one that it kept open just when it is used again (RFC 9112 9.3.1). Not with `upload`.
   */
  readonly isRepeatable?: boolean;
  readonly maxRedirects?: number;
  /** What a redirect is: a way to go (default), or the answer. */
  readonly onRedirect?: 'follow' | 'take';
  /** Refuse plain `http`, also behind a redirect. */
  readonly httpsOnly?: boolean;
  /**
   * Headers computed for each request that is really sent, redirects included (signatures).
   * @param url without userinfo and fragment
   */
  readonly sign?: (url: string, body: string | Uint8Array) => Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: HttpHeaders;
  readonly body: Buffer;
  /** The body was larger than `maxBodyBytes`, or broke off, and was cut there. */
  readonly truncated: boolean;
  /** Where the response came from, behind redirects; without userinfo and fragment. */
  readonly url: string;
  readonly redirects: number;
}

/** A response whose body is read as it comes. Whoever takes it reads it to its end, or breaks off, or cancels. */
export interface HttpStream extends Omit<HttpResponse, 'body' | 'truncated'> {
  /** A redirect led there that may lead elsewhere next time. */
  readonly temporary?: boolean;
  /** Waits for its reader: what is not taken is not downloaded. @throws HttpError from the iteration */
  readonly body: AsyncIterable<Buffer>;
  cancel(): void;
}

export interface HttpClientOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Addresses, ranges and host names that may be reached although they are not public ({@link AddressGuard}). */
  readonly allow?: readonly string[];
  readonly defaults?: HttpDefaults;
  readonly resolve?: Resolver;
  readonly userAgent?: string;
  /** At a time, to one server; requests beyond that wait for a connection. Default 1,024. */
  readonly connectionsPerOrigin?: number;
}

export interface HttpDefaults {
  readonly timeouts?: Partial<HttpTimeouts>;
  readonly maxBodyBytes?: number;
  readonly maxRedirects?: number;
  readonly httpsOnly?: boolean;
}

/** spec/callbacks.md 4. */
export const DEFAULT_TIMEOUTS: HttpTimeouts = { connectMs: 2000, readMs: 5000, totalMs: 15_000 };
export const DEFAULT_MAX_BODY_BYTES = 1024 * 1024;
export const DEFAULT_MAX_REDIRECTS = 3;

/** Longest connect deadline that anyone may ask for, ms. */
const MAX_CONNECT_MS = 10_000;
/** What finds all of them taken waits, and misses its connect deadline: hundreds of calls may ask one server at once. */
const DEFAULT_CONNECTIONS_PER_ORIGIN = 1_024;
/**
 * What makes another body of one (RFC 9110 8.4.1, the registry of content codings). Whatever else is said for one makes
 * nothing of it, as browsers have it: `utf-8`, or the `aws-chunked` of an upload, which many object stores repeat.
 */
const CODINGS: ReadonlySet<string> = new Set([
  ...['aes128gcm', 'br', 'compress', 'dcb', 'dcz', 'deflate', 'exi', 'gzip', 'pack200-gzip'],
  ...['x-compress', 'x-gzip', 'zstd'],
]);
/** The transport's own deadlines stand behind ours by this much; they end what stalls in virtual time. */
const BACKSTOP_MS = 1000;

/** Every request that the product sends goes through here: guarded, bounded in time and size, free of secrets in logs. */
export class HttpClient {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #guard: AddressGuard;
  readonly #resolve: Resolver;
  readonly #defaults: HttpDefaults;
  readonly #userAgent: string;
  readonly #connectionsPerOrigin: number;
  /** Made for the first request. */
  #agent: Agent | undefined;
  #closed = false;

  /** @throws RangeError when an entry of `allow` is not understood */
  constructor(options: HttpClientOptions) {
    this.#clock = options.clock;
    this.#log = options.log.child({ component: 'http' });
    this.#defaults = options.defaults ?? {};
    this.#userAgent = options.userAgent ?? 'OpenSWML';
    this.#connectionsPerOrigin = options.connectionsPerOrigin ?? DEFAULT_CONNECTIONS_PER_ORIGIN;
    this.#guard = new AddressGuard(options.allow);
    this.#resolve = options.resolve ?? systemResolver;
  }

  /**
   * Sends the request and reads the whole response, whatever its status.
   * @throws HttpError
   */
  fetch(request: HttpRequest): Promise<HttpResponse> {
    return this.#clock.holdWhile(this.#fetch(request));
  }

  /**
   * Sends the request and resolves with the headers; `totalMs` ends there, `readMs` goes on for each piece.
   * `maxBodyBytes` counts only when given, and passing it is always an error.
   * @throws HttpError
   */
  stream(request: HttpRequest): Promise<HttpStream> {
    return this.#clock.holdWhile(this.#stream(request));
  }

  /**
   * Why a request to this URL could never be sent, as far as that shows without looking its name up: for those
   * who are given a URL long before they use it.
   */
  refusal(url: string): HttpError | undefined {
    try {
      const target = parseHttpUrl(url).url;
      this.#requireHttps(target, undefined);
      return refusalOf(target, this.#guard);
    } catch (error) {
      if (error instanceof HttpError) return error;
      throw error;
    }
  }

  /** Breaks off what is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#agent?.destroy();
  }

  #connections(): Agent {
    if (this.#agent !== undefined) return this.#agent;
    const { Agent } = undici();
    this.#agent = new Agent({
      connect: guardedConnector(this.#guard, this.#resolve, MAX_CONNECT_MS),
      connections: this.#connectionsPerOrigin,
      pipelining: 1,
    });
    // Whoever comes behind the end is told so.
    if (this.#closed) void this.#agent.destroy();
    return this.#agent;
  }

  async #fetch(request: HttpRequest): Promise<HttpResponse> {
    const limit = request.maxBodyBytes ?? this.#defaults.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
    const run = new RequestRun(this.#clock, request.signal);
    try {
      const { exchange, head, hop, redirects } = await this.#send(request, run);
      const chunks: Buffer[] = [];
      let size = 0;
      let broken = false;
      const cut = request.onTooLarge === 'cut';
      if (!cut && hop.method !== 'HEAD') refuseLargeLength(head, limit, hop.target.url.href, exchange);
      const next = (): Promise<Buffer | undefined> =>
        exchange.read().catch((error: unknown) => {
          if (request.onBroken !== 'cut') throw error;
          broken = true;
          return undefined;
        });
      for (let chunk = await next(); chunk !== undefined; chunk = await next()) {
        size += chunk.length;
        chunks.push(chunk);
        if (size > limit) {
          const error = tooLarge(hop.target.url.href, limit);
          exchange.cancel(error);
          if (!cut) throw error;
          break;
        }
      }
      const whole = Buffer.concat(chunks);
      return {
        status: head.status,
        headers: head.headers,
        body: size > limit ? whole.subarray(0, limit) : whole,
        truncated: broken || size > limit,
        url: hop.target.url.href,
        redirects,
      };
    } finally {
      run.end();
    }
  }

  async #stream(request: HttpRequest): Promise<HttpStream> {
    const run = new RequestRun(this.#clock, request.signal);
    try {
      const { exchange, head, hop, redirects, temporary } = await this.#send(request, run);
      run.endDeadline();
      const url = hop.target.url.href;
      const limit = request.maxBodyBytes ?? Number.POSITIVE_INFINITY;
      refuseLargeLength(head, limit, url, exchange);
      const cancel = (): void => {
        run.end();
        exchange.cancel(new HttpError('aborted', `${url}: no longer wanted`));
      };
      const body = readBody(this.#clock, exchange, limit, url, cancel);
      return { status: head.status, headers: head.headers, url, redirects, temporary, body, cancel };
    } catch (error) {
      run.end();
      throw error;
    }
  }

  /** Follows redirects until there is a response to read. */
  async #send(
    request: HttpRequest,
    run: RequestRun,
  ): Promise<{ exchange: Exchange; head: ResponseHead; hop: Hop; redirects: number; temporary: boolean }> {
    const target = parseHttpUrl(request.url);
    const timeouts: HttpTimeouts = {
      ...DEFAULT_TIMEOUTS,
      ...this.#defaults.timeouts,
      ...request.timeouts,
      ...target.timeouts,
    };
    const maxRedirects = request.maxRedirects ?? this.#defaults.maxRedirects ?? DEFAULT_MAX_REDIRECTS;
    run.start(timeouts.totalMs, target.url.href);
    let hop: Hop = {
      target,
      text: request.url,
      method: request.method ?? 'GET',
      headers: lowerCase(request.headers ?? {}),
      body: request.upload ?? request.body,
    };
    let temporary = false;
    let mayRepeat = request.isRepeatable === true;
    let redirects = 0;
    for (;;) {
      const exchange = this.#dispatch(hop, request, timeouts);
      run.watch(exchange);
      let head: ResponseHead;
      try {
        head = await exchange.head;
      } catch (cause) {
        if (!mayRepeat || !(cause instanceof HttpError) || cause.code !== 'connection_lost') throw cause;
        mayRepeat = false;
        continue;
      }
      const url = hop.target.url;
      this.#log.debug(
        { method: hop.method, url: url.href, status: head.status, redirects },
        'request answered',
      );
      if (request.onRedirect === 'take' || !isRedirect(head)) {
        if (request.onEncoded !== 'take') refuseEncoding(head, url.href, exchange);
        return { exchange, head, hop, redirects, temporary };
      }
      temporary ||= isTemporary(head);
      exchange.cancel(new HttpError('aborted', 'redirected'));
      if (redirects >= maxRedirects) {
        throw new HttpError('too_many_redirects', `${target.url.href}: more than ${maxRedirects} redirects`);
      }
      redirects++;
      hop = nextHop(hop, head);
    }
  }

  /** @throws HttpError `https_required` */
  #requireHttps(url: URL, httpsOnly = this.#defaults.httpsOnly ?? false): void {
    if (httpsOnly && url.protocol !== 'https:') {
      throw new HttpError('https_required', `${url.href}: plain http is switched off here; use https`);
    }
  }

  #dispatch(hop: Hop, request: HttpRequest, timeouts: HttpTimeouts): Exchange {
    const { url, authorization } = hop.target;
    this.#requireHttps(url, request.httpsOnly);
    const connectMs = Math.min(timeouts.connectMs, MAX_CONNECT_MS);
    const exchange = new Exchange(this.#clock, { ...timeouts, connectMs }, url.href);
    const { body } = hop;
    const streamed = isStreamBody(body);
    if (streamed && request.sign !== undefined) throw new TypeError('a streamed body cannot be signed');
    const headers = {
      'user-agent': this.#userAgent,
      accept: '*/*',
      'accept-encoding': 'identity',
      ...(authorization === undefined ? {} : { authorization }),
      ...hop.headers,
      ...(streamed
        ? { 'content-length': String(body.length) }
        : request.sign?.(urlToSign(hop.text), body ?? '')),
    };
    const options: Dispatcher.DispatchOptions = {
      origin: url.origin,
      path: url.pathname + url.search,
      method: hop.method,
      headers,
      body: streamed ? readableBody(body, () => exchange.sending()) : (body ?? null),
      // While a body is being sent the deadline moves on with it, on our own clock only.
      headersTimeout: (streamed ? timeouts.totalMs : timeouts.readMs) + BACKSTOP_MS,
      bodyTimeout: timeouts.readMs + BACKSTOP_MS,
    };
    try {
      this.#connections().dispatch(options, exchange);
    } catch (error) {
      exchange.cancel(toHttpError(error, url.href, false));
    }
    return exchange;
  }
}

async function* readBody(
  clock: Clock,
  exchange: Exchange,
  limit: number,
  url: string,
  cancel: () => void,
): AsyncGenerator<Buffer> {
  let size = 0;
  try {
    for (;;) {
      const chunk = await clock.holdWhile(exchange.read());
      if (chunk === undefined) return;
      size += chunk.length;
      if (size > limit) throw tooLarge(url, limit);
      yield chunk;
    }
  } finally {
    cancel();
  }
}

function refuseLargeLength(head: ResponseHead, limit: number, url: string, exchange: Exchange): void {
  if (!(Number(headerOf(head.headers, 'content-length')) > limit)) return;
  const error = tooLarge(url, limit);
  exchange.cancel(error);
  throw error;
}

function refuseEncoding(head: ResponseHead, url: string, exchange: Exchange): void {
  const encoding = headerText(head.headers, 'content-encoding')?.trim().toLowerCase() ?? '';
  if (!encoding.split(/[\s,]+/).some((coding) => CODINGS.has(coding)) || hasNoBody(head.status)) return;
  const error = new HttpError(
    'unsupported_encoding',
    `${url}: the body is compressed (${encoding}) although it was asked for as it is; switch that off for this path`,
    { status: head.status },
  );
  exchange.cancel(error);
  throw error;
}

function tooLarge(url: string, limit: number): HttpError {
  return new HttpError('too_large', `${url}: the body is larger than the limit of ${limit} bytes`);
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
