import { bodyText } from '../methods/body-text.ts';
import {
  type HttpAnswer,
  HttpFailure,
  type HttpClient as ScriptHttp,
  type HttpRequest,
} from '../methods/context.ts';
import type { HttpClient, HttpMethod } from '../net/http-client.ts';
import { HttpError, type HttpErrorCode } from '../net/http-errors.ts';
import { messageSignatureHeaders } from '../net/signature.ts';

/** How the language sees the ways in which a request can fail. */
const REASONS: Readonly<Partial<Record<HttpErrorCode, HttpFailure['reason']>>> = {
  timeout_connect: 'timeout',
  timeout_read: 'timeout',
  timeout_total: 'timeout',
  refused_address: 'refused',
  https_required: 'refused',
  aborted: 'aborted',
};

/** Methods that do no more when they come twice (RFC 9110 9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'PUT', 'DELETE']);

/** The guarded client as scripts see it. */
export class GuardedScriptHttp implements ScriptHttp {
  readonly #http: Pick<HttpClient, 'fetch'>;
  readonly #signingKey: string | undefined;

  /** @param signingKey without one nothing is signed */
  constructor(http: Pick<HttpClient, 'fetch'>, signingKey: string | undefined) {
    this.#http = http;
    this.#signingKey = signingKey;
  }

  async request(request: HttpRequest): Promise<HttpAnswer> {
    const key = request.signed === true ? this.#signingKey : undefined;
    try {
      const response = await this.#http.fetch({
        url: request.url,
        method: request.method as HttpMethod,
        headers: request.headers,
        ...(request.body !== undefined && { body: request.body }),
        timeouts: {
          connectMs: request.connectTimeoutMs,
          readMs: request.timeoutMs,
          totalMs: request.timeoutMs,
        },
        isRepeatable: IDEMPOTENT.has(request.method),
        maxRedirects: request.maxRedirects,
        maxBodyBytes: request.maxBodyBytes,
        onTooLarge: 'cut',
        signal: request.signal,
        ...(key !== undefined && {
          sign: (sent: string, body: string | Uint8Array) =>
            messageSignatureHeaders(key, request.url, sent, body),
        }),
      });
      return {
        status: response.status,
        headers: Object.entries(response.headers).flatMap(([name, value]) =>
          (Array.isArray(value) ? value : [value]).flatMap((one) =>
            one === undefined ? [] : [[name, one] as const],
          ),
        ),
        body: bodyText(response.body, response.truncated),
        truncated: response.truncated,
      };
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      const reason = cause instanceof HttpError ? (REASONS[cause.code] ?? 'network') : 'network';
      throw new HttpFailure(reason, message, { cause });
    }
  }
}
