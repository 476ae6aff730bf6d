import type { HttpClient, HttpRequest, HttpResponse } from '../net/http-client.ts';
import { parseHttpDate } from '../net/http-date.ts';
import { HttpError } from '../net/http-errors.ts';
import { signatureHeaders } from '../net/signature.ts';
import type { Clock } from '../time/clock.ts';
import type { CallbackRow } from './callback-table.ts';
import type { AttemptResult } from './delivery-states.ts';
import type { CallbackSender } from './outbox.ts';
import { withEventQuery } from './query.ts';

/** UUID of the callback, the same in every attempt: receivers drop repetitions by it. */
export const IDEMPOTENCY_HEADER = 'Idempotency-Key';
/** 1 for the first attempt. */
export const ATTEMPT_HEADER = 'X-OpenSWML-Attempt';

export interface HttpSenderOptions {
  readonly http: Pick<HttpClient, 'fetch'>;
  readonly clock: Clock;
  /** Signing key of the project; without one nothing is signed. */
  readonly signingKey?: string | undefined;
  /** Refuse receivers on plain `http`. */
  readonly httpsOnly?: boolean;
}

/** Nothing in a receiver's reply but its status and `Retry-After` counts. */
const MAX_REPLY_BYTES = 4_096;
/** Statuses besides 5xx that may pass: request timeout, too early, too many requests (RFC 9110, 8470, 6585). */
const PASSING = new Set([408, 425, 429]);

/** Sends callbacks by HTTP (spec/callbacks.md 1, 4, 6). */
export class HttpSender implements CallbackSender {
  readonly #options: HttpSenderOptions;

  constructor(options: HttpSenderOptions) {
    this.#options = options;
  }

  async send(callback: CallbackRow, signal: AbortSignal): Promise<AttemptResult> {
    try {
      return judge(
        await this.#options.http.fetch(this.#request(callback, signal)),
        this.#options.clock.now(),
      );
    } catch (error) {
      if (signal.aborted) return { type: 'interrupted' };
      const text = error instanceof Error ? error.message : String(error);
      const message = callback.method === 'GET' ? withoutQueries(text) : text;
      // A repetition of what may have arrived does no harm: it carries the same idempotency key.
      const final = error instanceof HttpError && error.retry === 'never' && error.code !== 'aborted';
      return { type: final ? 'refused' : 'failed', error: message };
    }
  }

  #request(callback: CallbackRow, signal: AbortSignal): HttpRequest {
    const { signingKey, httpsOnly } = this.#options;
    const sign = callSigner(signingKey);
    const get = callback.method === 'GET';
    const headers = {
      [IDEMPOTENCY_HEADER]: callback.idempotencyKey,
      [ATTEMPT_HEADER]: String(callback.attempts),
    };
    return {
      url: get ? withEventQuery(callback.url, JSON.parse(callback.body)) : callback.url,
      method: callback.method,
      headers: get ? headers : { ...headers, 'Content-Type': 'application/json' },
      ...(get ? {} : { body: callback.body }),
      ...(sign === undefined ? {} : { sign }),
      ...(httpsOnly === true ? { httpsOnly } : {}),
      maxBodyBytes: MAX_REPLY_BYTES,
      onTooLarge: 'cut',
      onBroken: 'cut',
      onEncoded: 'take',
      signal,
    };
  }
}

/**
 * An error that names the URL, which of a GET holds the whole event: with the address of a stream, say, whose `?token=`
 * is spelled so there that the log does not know it for one. Errors are logged, kept and listed.
 */
function withoutQueries(message: string): string {
  // A colon behind it is no part of it.
  return message.replace(/(\b[a-z][a-z0-9+.-]{0,31}:\/\/[^\s?"]*)\?[^\s"]*?(?=:?(?:[\s"]|$))/gi, '$1?…');
}

/** What signs the requests of a call (spec/callbacks.md 6.1); undefined without a key. */
export function callSigner(key: string | undefined): NonNullable<HttpRequest['sign']> | undefined {
  return key === undefined ? undefined : (url, body) => signatureHeaders(key, url, body);
}

/** The error of a receiver that may not be sent to, for those who send without the guarded client. */
export function refusedReceiver(message: string, cause: unknown): Error {
  return new HttpError('refused_address', message, { cause });
}

function judge(response: HttpResponse, now: number): AttemptResult {
  const { status } = response;
  if (status >= 200 && status < 300) return { type: 'accepted', status };
  const error = `the receiver answered ${status}`;
  if (status < 500 && !PASSING.has(status)) return { type: 'refused', status, error };
  const retryAfterMs = parseRetryAfter(response.headers['retry-after'], now);
  return { type: 'failed', status, error, retryAfterMs };
}

/** Milliseconds from `now` (Unix ms) that a `Retry-After` header asks for (RFC 9110 10.2.3); undefined when it is none. */
export function parseRetryAfter(
  value: string | readonly string[] | undefined,
  now: number,
): number | undefined {
  const text = (typeof value === 'string' ? value : value?.[0])?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const date = parseHttpDate(text);
  return date === undefined ? undefined : Math.max(0, date - now);
}
