/** What became of a request that failed; stable, for programs. */
export type HttpErrorCode = keyof typeof HTTP_ERRORS;

/**
 * May the same request be sent again? `safe`: nothing reached the server. `unsafe`: it may have been handled
 * already, so only when a repetition does no harm. `never`: it would fail in the same way.
 */
export type RetryVerdict = 'safe' | 'unsafe' | 'never';

export const HTTP_ERRORS = {
  invalid_url: 'never',
  invalid_request: 'never',
  https_required: 'never',
  /** The address lies in a private or reserved range and is not in the allow-list. */
  refused_address: 'never',
  name_not_found: 'safe',
  /** No connection: refused, unreachable. */
  connection: 'safe',
  tls: 'safe',
  timeout_connect: 'safe',
  timeout_read: 'unsafe',
  timeout_total: 'unsafe',
  /** Closed or reset before the response was complete. */
  connection_lost: 'unsafe',
  /** What came back is not HTTP. */
  protocol: 'unsafe',
  unsupported_encoding: 'never',
  too_large: 'never',
  too_many_redirects: 'never',
  /** The caller gave up (its signal aborted), or the client was closed. */
  aborted: 'never',
} as const satisfies Readonly<Record<string, RetryVerdict>>;

/** A request without a usable response. The message names the URL without credentials, the cause and the cure. */
export class HttpError extends Error {
  readonly code: HttpErrorCode;
  readonly retry: RetryVerdict;
  /** Of an answer that is not of the kind that was asked for. */
  readonly status: number | undefined;

  constructor(
    code: HttpErrorCode,
    message: string,
    options?: ErrorOptions & { readonly status?: number | undefined },
  ) {
    super(message, options);
    this.name = 'HttpError';
    this.code = code;
    this.retry = HTTP_ERRORS[code];
    this.status = options?.status;
  }
}

/** Codes of Node and undici that mean more than "the connection was lost". */
const BY_SYSTEM_CODE: Readonly<Record<string, HttpErrorCode>> = {
  ENOTFOUND: 'name_not_found',
  EAI_AGAIN: 'name_not_found',
  EAI_NODATA: 'name_not_found',
  ENODATA: 'name_not_found',
  ECONNREFUSED: 'connection',
  EHOSTUNREACH: 'connection',
  ENETUNREACH: 'connection',
  EADDRNOTAVAIL: 'connection',
  EACCES: 'connection',
  ETIMEDOUT: 'timeout_connect',
  UND_ERR_CONNECT_TIMEOUT: 'timeout_connect',
  UND_ERR_HEADERS_TIMEOUT: 'timeout_read',
  UND_ERR_BODY_TIMEOUT: 'timeout_read',
  UND_ERR_HEADERS_OVERFLOW: 'too_large',
  UND_ERR_INVALID_ARG: 'invalid_request',
  UND_ERR_NOT_SUPPORTED: 'invalid_request',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'invalid_request',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'protocol',
  UND_ERR_DESTROYED: 'aborted',
  UND_ERR_CLOSED: 'aborted',
};

/**
 * Gives any error of the transport its {@link HttpErrorCode}; an `HttpError` passes as it is.
 * @param where URL without credentials
 * @param sent whether the request was on its way when it failed
 */
export function toHttpError(error: unknown, where: string, sent: boolean): HttpError {
  if (error instanceof HttpError) return error;
  // Several addresses were tried and all failed: one stands for them.
  const single = error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error;
  const code = codeOf(single, sent);
  return new HttpError(code, `${where}: ${explain(code)} (${messageOf(single)})`, { cause: error });
}

function codeOf(error: unknown, sent: boolean): HttpErrorCode {
  if (error instanceof Error && error.name === 'HTTPParserError') return 'protocol';
  const systemCode = (error as { code?: unknown } | null)?.code;
  if (typeof systemCode === 'string') {
    const known = BY_SYSTEM_CODE[systemCode];
    if (known !== undefined) return known;
    if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|EPROTO)/.test(systemCode)) return 'tls';
  }
  return sent ? 'connection_lost' : 'connection';
}

function explain(code: HttpErrorCode): string {
  switch (code) {
    case 'name_not_found':
      return 'the host name has no address';
    case 'connection':
      return 'no connection could be made';
    case 'tls':
      return 'TLS could not be agreed; check the certificate, or use its right host name';
    case 'timeout_connect':
      return 'no connection in time';
    case 'timeout_read':
      return 'the server did not answer in time';
    case 'protocol':
      return 'the answer is not valid HTTP';
    case 'too_large':
      return 'the headers of the answer are too large';
    case 'invalid_request':
      return 'the request is not valid';
    case 'aborted':
      return 'the HTTP client is closed';
    default:
      return 'the connection was lost before the answer was complete';
  }
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as { code?: unknown }).code;
  // Messages of OpenSSL go on over several lines.
  return error.message === '' && typeof code === 'string' ? code : error.message.trim().split('\n')[0]!;
}
