import type { SipTransportProtocol } from '../api.ts';
import type { NetworkAddress } from './network.ts';

/** A way to one peer: a connection, or a UDP socket with the peer's address. */
export interface Flow {
  readonly protocol: SipTransportProtocol;
  /** Whether what is sent arrives, or the flow breaks (RFC 3261 17). */
  readonly reliable: boolean;
  /** Our end: the connection's, or the one that the UDP socket is bound to (perhaps the wildcard). */
  readonly local: NetworkAddress;
  readonly remote: NetworkAddress;
  /** A connection that is gone; never true for UDP. */
  readonly closed: boolean;
  /** `failed` is called, later, when the message certainly did not leave. */
  send(data: Uint8Array, failed: (error: Error) => void): void;
  /** A request that was sent at this reading of the monotonic clock has waited for an answer in vain. */
  unanswered(sinceMs: number): void;
  /** Keeps an idle connection open for the sake of a dialog; each call is undone by one of {@link release}. */
  retain(): void;
  release(): void;
}
