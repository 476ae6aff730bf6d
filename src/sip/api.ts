/**
 * What the rest of the program sees of SIP: an endpoint that listens, calls that come in and go out, and
 * their changes. SDP bodies are opaque text here; offer/answer (RFC 3264) is done by the owner of the call
 * with the pure functions of `sdp/`.
 */

import type { SipStats } from './stats.ts';

export type SipTransportProtocol = 'udp' | 'tcp';

export interface SipListener {
  readonly protocol: SipTransportProtocol;
  /** IPv4 or IPv6 address; `0.0.0.0` and `::` for all interfaces. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** A header field of a request, name as it came. */
export interface SipHeader {
  readonly name: string;
  readonly value: string;
}

/** Why a call is over, and who ended it. */
export interface SipCallEnd {
  readonly by: 'local' | 'remote';
  /** `cancel`: before the answer; `failed`: a final response ≥ 300; `timeout`: no answer, ACK or session refresh. */
  readonly how: 'bye' | 'cancel' | 'failed' | 'timeout' | 'transport';
  /** SIP status of the final response, when one ended the call. */
  readonly status?: number;
  /** Reason phrase or Reason header (RFC 3326), for the log. */
  readonly reason?: string;
}

/** The owner's side of a call. No handler may throw unless stated. */
export interface SipCallHandlers {
  /**
   * The peer offers a changed session (re-INVITE or UPDATE): return the answer.
   * @throws SipRefusal, usually 488, when it cannot be taken; the session then stays as it was
   */
  offer(sdp: string): string;
  /** The peer sent a re-INVITE without an offer: return ours. Its answer comes through `answer`. */
  makeOffer(): string;
  /** The peer's answer to an offer of ours in a running call (in the ACK, or in a 2xx to our re-INVITE). */
  answer(sdp: string): void;
  /** An INFO request within the dialog (RFC 2976 style digits included). */
  info(contentType: string, body: string): void;
  /** A provisional response came (outgoing calls only). `sdp`: early media. */
  progress?(status: number, sdp: string | undefined): void;
  /** Our INVITE goes out anew, as a refusal has asked for (to another address, say): what `progress` told is void. */
  restarted?(): void;
  /** The peer acknowledged our 2xx, or answered our INVITE. `sdp`: its answer, if it still owes one. */
  confirmed?(sdp: string | undefined): void;
  /** Exactly once, last. */
  ended(end: SipCallEnd): void;
}

/** One INVITE dialog usage (RFC 5057), incoming or outgoing. */
export interface SipCall {
  readonly direction: 'inbound' | 'outbound';
  /** The Call-ID header. */
  readonly sipCallId: string;
  readonly localUri: string;
  readonly remoteUri: string;
  /** Sends BYE, CANCEL or a refusal, as the state requires; no-op when over. Resolves when the peer knows. */
  hangup(options?: { readonly status?: number; readonly reason?: string }): Promise<void>;
  /** Sends a re-INVITE with our offer; the answer comes through `handlers.answer`. */
  reinvite(sdp: string): Promise<void>;
  sendInfo(contentType: string, body: string): Promise<{ readonly status: number }>;
}

/** Who takes calls says when there is no time for more. */
export interface IntakePolicy {
  /** Whether calls that were taken on wait for what is to be done for them: so nobody is taken on now. */
  readonly isBehind: () => boolean;
  /** Who would wait longer is turned away, ms; undefined: nobody is. */
  readonly mayWaitMs: () => number | undefined;
  /** Whether anybody who is taken on now would be refused anyhow; counts nothing. */
  readonly refuses: () => boolean;
  /**
   * One is turned away with 503, without having been seen by anybody.
   * @param sipCallId its Call-ID
   * @returns when it may try again, s
   */
  readonly turnedAway: (sipCallId: string) => number;
  /** One that waited was cancelled by its caller, without having been seen by anybody. */
  readonly withdrawn: (sipCallId: string) => void;
}

/** An INVITE that came in. Unless it is answered or refused, it stays ringing until CANCEL or timeout. */
export interface IncomingSipCall extends SipCall {
  readonly direction: 'inbound';
  /** Offer of the INVITE; undefined when the peer waits for ours (RFC 3261 13.2.1). */
  readonly offer: string | undefined;
  readonly requestUri: string;
  readonly from: { readonly uri: string; readonly displayName?: string };
  readonly to: { readonly uri: string; readonly displayName?: string };
  readonly contact: string | undefined;
  /** Of the INVITE, to be read before it is answered or refused: afterwards they are gone. @throws Error then */
  readonly headers: readonly SipHeader[];
  /** Where the INVITE came from on the wire. */
  readonly source: {
    readonly protocol: SipTransportProtocol;
    readonly address: string;
    readonly port: number;
  };
  /** Our own address towards this peer, for the SDP. */
  readonly localAddress: string;
  /** How long the INVITE had waited until there was time for it, ms. */
  readonly waitedMs: number;
  /** Attach before anything else. */
  handle(handlers: SipCallHandlers): void;
  /** 180 or 183; `sdp` for early media. */
  ring(status?: 180 | 183, sdp?: string): void;
  /** 200 with our answer, or with our offer when `offer` is undefined. */
  accept(sdp: string): void;
  /** Final response ≥ 300. */
  refuse(
    status: number,
    options?: { readonly reason?: string; readonly headers?: readonly SipHeader[] },
  ): void;
}

export interface OutgoingCallOptions {
  readonly to: string;
  readonly from?: string;
  readonly displayName?: string;
  readonly headers?: readonly SipHeader[];
  /** A function makes it for each INVITE, from our address on the way to the peer, which is known only then. */
  readonly sdp: string | ((localAddress: string) => string);
  /** Force a transport; otherwise the URI's `transport` parameter, else UDP. */
  readonly protocol?: SipTransportProtocol;
  /** Give up when no final response came, ms; 180,000 when left out. */
  readonly timeoutMs?: number;
  /** For a peer or proxy that asks for a digest (401, 407). */
  readonly credentials?: SipCredentials;
  /** Session interval that we ask for (RFC 4028), s; 0: none. That of the endpoint when left out. */
  readonly sessionExpires?: number;
  /** How often the call may be passed on (RFC 3261 20.22), 0 to 255; 70 when left out. */
  readonly maxForwards?: number;
  /** Asked before each INVITE, redirected ones included; a refused one fails as if its target were not there. */
  readonly refusal?: DestinationRefusal;
}

/**
 * Why a request must not go to an address; undefined when it may.
 * @param host name or address as the URI has it
 * @param address numeric, what the host was looked up to
 */
export type DestinationRefusal = (host: string, address: string, port: number) => string | undefined;

/** For digest authentication (RFC 7616). */
export interface SipCredentials {
  readonly username: string;
  readonly password: string;
  /** Answer only challenges of this realm; any when left out. */
  readonly realm?: string;
}

/** A SIP user agent: both client and server (RFC 3261 6). */
export interface SipEndpoint {
  /**
   * Binds the listeners.
   * @returns the addresses really bound, in order
   * @throws ListenError naming the address and the cure when one is in use or not ours
   */
  start(): Promise<readonly SipListener[]>;
  /**
   * Calls a sip: URI; all that happens comes to the handlers, never before this returns.
   * @throws SipParseError or RangeError when the options make no INVITE
   * @throws Error when the endpoint is closed or has its `maxCalls`
   */
  call(options: OutgoingCallOptions, handlers: SipCallHandlers): SipCall;
  /** Our address as a peer at `remote`, an address or a name, sees it (the interface of the route). */
  localAddressFor(remote: string): string;
  readonly stats: SipStats;
  /** Refuses new calls with 503, ends running ones with BYE, closes the sockets; takes 5 s at most. */
  close(): Promise<void>;
}

/** @throws SipRefusal to refuse the call */
export type IncomingCallHandler = (call: IncomingSipCall) => void;

/** @returns status to answer an OPTIONS outside of a call with, 200 to 699 */
export type OptionsHandler = (request: {
  readonly requestUri: string;
  readonly from: string;
  readonly source: IncomingSipCall['source'];
}) => number;

/** Sees each message as it is on the wire, for a log of the signalling. Must not throw or keep `data`. */
export type SipTrace = (
  direction: 'in' | 'out',
  data: Uint8Array,
  peer: {
    readonly protocol: SipTransportProtocol;
    readonly remote: { readonly address: string; readonly port: number };
  },
) => void;
