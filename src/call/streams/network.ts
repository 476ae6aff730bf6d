/** The outside world as taps and streams need it; the server guards it, tests keep it in memory. */

export interface SocketHandlers {
  readonly onText: (text: string) => void;
  /** A binary message has come: the other side has none to send. */
  readonly onBinary?: (() => void) | undefined;
  /** What waited has left: more may be sent. */
  readonly onDrain: () => void;
  /** It is over, by whomever; nothing comes behind this. */
  readonly onClosed: (reason: string) => void;
}

/** An open WebSocket (RFC 6455). */
export interface StreamSocket {
  /** Octets that were handed over and have not left yet. */
  readonly waitingBytes: number;
  /** Texts and binary messages; without effect when it is closed. */
  send(data: string | Uint8Array): void;
  /** Lets what waits leave, and closes. */
  close(): void;
}

export interface DialOptions extends SocketHandlers {
  /** Sent as `Authorization: Bearer`. */
  readonly bearerToken?: string | undefined;
  readonly signal: AbortSignal;
}

export interface StreamNetwork {
  /**
   * Opens a WebSocket; a URL's own user and password become Basic authorization, unless there is a token.
   * @throws Error with a `code` of HttpError
   */
  dial(url: string, options: DialOptions): Promise<StreamSocket>;
  /** Why RTP may not be sent there; undefined when it may. */
  rtpRefusal(address: string, port: number): string | undefined;
}

/** Labels under which the language knows failures to start (spec/media.md 7.1), by what went wrong. */
const LABELS: Readonly<Record<string, string>> = {
  invalid_url: 'invalid_url',
  refused_address: 'invalid_url',
  https_required: 'invalid_url',
  name_not_found: 'invalid_url',
  connection: 'connection_refused',
  timeout_connect: 'connection_refused_timeout_or_ssl_error',
  tls: 'connection_refused_timeout_or_ssl_error',
  protocol: 'connection_refused',
};

export function failureLabel(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return (typeof code === 'string' ? LABELS[code] : undefined) ?? 'general_error';
}
