/** How requests reach an object store: the server brings its guarded HTTP client. */
export interface S3Transport {
  /**
   * Sends a request and resolves with the head of the answer, whatever its status; redirects are answers.
   * @throws Error when no answer came; its message names the host and the reason
   */
  send(request: S3Request): Promise<S3Response>;
}

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: S3Body | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A body that is read as it is sent. */
export interface S3Body {
  /** Bytes. */
  readonly length: number;
  open(): AsyncIterable<Uint8Array>;
}

export interface S3Response {
  readonly status: number;
  header(name: string): string | undefined;
  /** To be read to its end, or given up by `cancel`. */
  readonly body: AsyncIterable<Buffer>;
  cancel(): void;
}
