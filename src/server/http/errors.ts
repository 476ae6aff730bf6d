/** The HTTP address could not be opened; the message names it and the cure. */
export class HttpListenError extends Error {
  readonly code: 'in_use' | 'not_ours' | 'privileged' | 'failed';
  readonly host: string;
  readonly port: number;

  constructor(
    code: HttpListenError['code'],
    address: { readonly host: string; readonly port: number },
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'HttpListenError';
    this.code = code;
    this.host = address.host;
    this.port = address.port;
  }
}

/** A request that is answered with an error; thrown by handlers. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    body: Readonly<Record<string, unknown>>,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(`answered with ${status}`);
    this.name = 'HttpProblem';
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** Wrong parameter or state, in the form of `/api/relay/rest` (spec/rest.md 1.2). */
export interface RelayIssue {
  readonly code: string;
  readonly title: string;
  readonly detail: string;
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  412: 'Precondition Failed',
  413: 'Payload Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

const LISTEN_CURES: Readonly<Record<string, readonly [HttpListenError['code'], string]>> = {
  EADDRINUSE: [
    'in_use',
    'another program uses this address and port; stop it or set http.listen to another port',
  ],
  EADDRNOTAVAIL: [
    'not_ours',
    'no interface of this machine has this address; set http.listen to one that it has, or to 0.0.0.0 for all',
  ],
  ENOTFOUND: ['not_ours', 'the host name has no address; set http.listen to an address of this machine'],
  EAFNOSUPPORT: ['not_ours', 'this machine has no IPv6; set http.listen to an IPv4 address'],
  EACCES: [
    'privileged',
    'ports below 1024 need a privilege; set http.listen to a higher port or grant CAP_NET_BIND_SERVICE',
  ],
};

/** An error with the body that the language's REST API has for this status (spec/rest.md 1.2). */
export function problem(status: number, detail?: string): HttpProblem {
  const error = TITLES[status] ?? 'Error';
  return new HttpProblem(status, detail === undefined ? { error } : { error, detail });
}

/** 429: the client shall come back (spec/rest.md 1.2). */
export function tooManyRequests(retryAfterSeconds: number): HttpProblem {
  return new HttpProblem(429, problem(429).body, { 'retry-after': String(retryAfterSeconds) });
}

/** 422 under `/api/relay/rest`. */
export function unprocessable(issue: RelayIssue): HttpProblem {
  const { detail, title, code } = issue;
  return new HttpProblem(422, { errors: [{ detail, status: '422', title, code }] });
}

/** Turns the system's error of a failed bind into one that says what to do. */
export function httpListenError(
  address: { readonly host: string; readonly port: number },
  cause: unknown,
): HttpListenError {
  const code = String((cause as { readonly code?: unknown } | null)?.code);
  const [kind, cure] = LISTEN_CURES[code] ?? [
    'failed',
    cause instanceof Error ? cause.message : String(cause),
  ];
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return new HttpListenError(kind, address, `cannot listen for HTTP on ${host}:${address.port}: ${cure}`, {
    cause,
  });
}
