/** What one endpoint takes on at most; passing one is answered or counted, never fatal. */
export interface SipLimits {
  /** Calls at the same time, in both directions; further INVITEs get 503 with Retry-After. */
  readonly maxCalls: number;
  /**
   * Server transactions, those included that only wait for late copies (32 s after each answer); further
   * requests get 503 with Retry-After.
   */
  readonly maxServerTransactions: number;
  /** Of the requests of these together, headers and bodies, bytes: their answers say much of them again. */
  readonly maxServerTransactionBytes: number;
  /** Retry-After of these answers, s. */
  readonly retryAfterSeconds: number;
  /** TCP connections in all, and from one address; further ones are closed at once. */
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** A connection that no call uses is closed after this long without a message, ms. */
  readonly connectionIdleMs: number;
  /** Time for a message to arrive whole once it has begun, and for the first one to begin, ms. */
  readonly messageArrivalMs: number;
  /** Time for an outgoing connection to come about, ms. */
  readonly connectMs: number;
  /** How often an idle connection of ours sends a keep-alive (RFC 5626 3.5.1), ms. */
  readonly keepAliveMs: number;
  /** Bytes that wait for a slow reader before its connection is closed. */
  readonly maxPendingBytes: number;
  /** Answers to malformed requests from one source: so many at once, then so many a second. */
  readonly malformedBurst: number;
  readonly malformedPerSecond: number;
  /** Sources whose malformed messages are counted at the same time. */
  readonly malformedSources: number;
}

export const DEFAULT_SIP_LIMITS: SipLimits = {
  maxCalls: 10_000,
  maxServerTransactions: 100_000,
  maxServerTransactionBytes: 256 * 1024 * 1024,
  retryAfterSeconds: 5,
  maxConnections: 4096,
  maxConnectionsPerAddress: 256,
  connectionIdleMs: 600_000,
  messageArrivalMs: 10_000,
  connectMs: 4000,
  keepAliveMs: 90_000,
  maxPendingBytes: 1024 * 1024,
  malformedBurst: 10,
  malformedPerSecond: 2,
  malformedSources: 4096,
};
