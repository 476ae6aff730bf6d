import type { SipTransportProtocol } from '../api.ts';
import { callId, contact, cseq, from, to, via } from '../message/accessors.ts';
import { parseAddress } from '../message/address.ts';
import { SipParseError } from '../message/errors.ts';
import { checkTokens } from '../message/fields.ts';
import { type HeaderField, Headers } from '../message/headers.ts';
import { splitList } from '../message/lists.ts';
import { createRequest, type SipMessage, type SipRequest, type SipResponse } from '../message/message.ts';
import { canonicalHost, parseUri, type SipUri, uriToString } from '../message/uri.ts';
import type { Flow } from '../transport/flow.ts';
import { type Target, targetOf } from '../transport/target.ts';
import { isIP } from 'node:net';

export interface DialogRequestOptions {
  /** Value of our Contact, for methods that refresh the target. */
  readonly contact?: string;
  readonly headers?: Iterable<HeaderField>;
  readonly body?: Buffer;
}

interface DialogParts {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  readonly localValue: string;
  readonly remoteValue: string;
  readonly localUri: string;
  readonly remoteUri: string;
  readonly routeSet: readonly string[];
  readonly remoteTarget: string;
  readonly localSequence: number;
  readonly remoteSequence: number | undefined;
  readonly allowed: readonly string[];
  readonly protocol: SipTransportProtocol | undefined;
  readonly pinned: Flow | undefined;
  readonly kept: Flow | undefined;
  readonly isInitiator: boolean;
}

/** More than any sane path has; each request of ours would carry them all (RFC 3261 12.1). */
const MAX_ROUTES = 32;
/** URI parameters that a Request-URI must not have (RFC 3261 19.1.1, table 1). */
const NOT_IN_REQUEST_URI = 'method';

/** State of one dialog (RFC 3261 12): who talks to whom, by which way, and with which numbers. */
export class Dialog {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** Our address, without tag. */
  readonly localUri: string;
  readonly remoteUri: string;
  /** We sent the request that made the dialog, so the Call-ID is ours. */
  readonly isInitiator: boolean;
  readonly #localValue: string;
  readonly #remoteValue: string;
  readonly #routeSet: readonly string[];
  readonly #protocol: SipTransportProtocol | undefined;
  /** The way that the peer's last INVITE or UPDATE came by, when its Contact leads nowhere from here. */
  #pinned: Flow | undefined;
  /** The way that our first request went: the peer may have no other one to us. */
  readonly #kept: Flow | undefined;
  #remoteTarget: string;
  #localSequence: number;
  #remoteSequence: number | undefined;
  /** Values of the peer's Allow as they came: few dialogs ever ask for them. */
  #allowed: readonly string[];
  #isReleased = false;

  private constructor(parts: DialogParts) {
    this.callId = parts.callId;
    this.localTag = parts.localTag;
    this.remoteTag = parts.remoteTag;
    this.localUri = parts.localUri;
    this.remoteUri = parts.remoteUri;
    this.isInitiator = parts.isInitiator;
    this.#localValue = parts.localValue;
    this.#remoteValue = parts.remoteValue;
    this.#routeSet = parts.routeSet;
    this.#protocol = parts.protocol;
    this.#pinned = parts.pinned;
    this.#kept = parts.kept;
    this.#remoteTarget = parts.remoteTarget;
    this.#localSequence = parts.localSequence;
    this.#remoteSequence = parts.remoteSequence;
    this.#allowed = parts.allowed;
    this.#pinned?.retain();
    this.#kept?.retain();
  }

  /**
   * The dialog that our answer to `request` makes (RFC 3261 12.1.1).
   * @throws SipParseError when Contact or Record-Route cannot be used
   */
  static fromRequest(request: SipRequest, localTag: string, flow: Flow): Dialog {
    const remote = from(request);
    const routeSet = routesOf(request);
    const remoteTarget = targetUriOf(request);
    return new Dialog({
      callId: callId(request),
      localTag,
      remoteTag: remote.tag ?? '',
      localValue: withTag(request.headers.get('To')!, to(request).tag, localTag),
      remoteValue: request.headers.get('From')!,
      localUri: to(request).uriText,
      remoteUri: remote.uriText,
      routeSet,
      remoteTarget,
      localSequence: 0,
      remoteSequence: cseq(request).number,
      allowed: request.headers.getWhole('Allow'),
      protocol: undefined,
      pinned: pinnedFlow(request, routeSet, remoteTarget, flow),
      kept: undefined,
      isInitiator: false,
    });
  }

  /**
   * The dialog that `response` to our `request` makes (RFC 3261 12.1.2). Without a usable Contact the peer is
   * where the request found it.
   * @param flow of the request, which is to stay open until {@link release}
   * @throws SipParseError when Record-Route cannot be used
   */
  static fromResponse(
    request: SipRequest,
    response: SipResponse,
    protocol: SipTransportProtocol | undefined,
    flow?: Flow,
  ): Dialog {
    const remote = to(response);
    return new Dialog({
      callId: callId(request),
      localTag: from(request).tag ?? '',
      remoteTag: remote.tag ?? '',
      localValue: request.headers.get('From')!,
      remoteValue: response.headers.get('To')!,
      localUri: from(request).uriText,
      remoteUri: remote.uriText,
      routeSet: routesOf(response).reverse(),
      remoteTarget: contactUriOf(response) ?? request.uri,
      localSequence: cseq(request).number,
      remoteSequence: undefined,
      allowed: response.headers.getWhole('Allow'),
      protocol,
      pinned: undefined,
      kept: flow,
      isInitiator: true,
    });
  }

  /** Key of the dialog among those of an endpoint. */
  get id(): string {
    return dialogId(this.callId, this.localTag, this.remoteTag);
  }

  /** Number of our last request. */
  get localSequence(): number {
    return this.#localSequence;
  }

  /** Where our requests go in the end: the peer's Contact. */
  get remoteTarget(): string {
    return this.#remoteTarget;
  }

  /** Whether the peer has said that it takes `method`; false when it has said nothing. */
  peerTakes(method: string): boolean {
    return methodsOf(this.#allowed).includes(method);
  }

  /** Takes note of a request's CSeq. @returns false when it is out of order (RFC 3261 12.2.2) */
  takesSequence(number: number): boolean {
    if (this.#remoteSequence !== undefined && number <= this.#remoteSequence) return false;
    this.#remoteSequence = number;
    return true;
  }

  /**
   * Follows a new Contact in a target refresh request or its 2xx (RFC 3261 12.2.1.2, 12.2.2).
   * @param flow that the request of the peer came by
   */
  refresh(message: SipMessage, flow?: Flow): void {
    try {
      const there = contact(message);
      if (there !== undefined && there.uri.scheme === 'sip') this.#remoteTarget = requestUri(there.uri);
      if (message.headers.has('Allow')) this.#allowed = message.headers.getWhole('Allow');
    } catch (error) {
      // A peer that spoils its Contact midway is still where it was.
      if (!(error instanceof SipParseError)) throw error;
    }
    // The way depends on where the peer is by now.
    if (flow !== undefined && message.kind === 'request') this.#follow(message, flow);
  }

  /** A request within the dialog with the next number, without Via (RFC 3261 12.2.1.1). */
  request(method: string, options: DialogRequestOptions = {}): SipRequest {
    this.#localSequence++;
    return this.#build(method, this.#localSequence, options);
  }

  /** The ACK to a 2xx to our INVITE with this number (RFC 3261 13.2.2.4). */
  acknowledgement(sequence: number, headers: Iterable<HeaderField>): SipRequest {
    return this.#build('ACK', sequence, { headers });
  }

  /**
   * Where the next request goes.
   * @throws RangeError when there is no way for us
   */
  target(): Target {
    const first = this.#routeSet[0];
    const next = first === undefined ? parseUri(this.#remoteTarget) : parseAddress(first).uri;
    const open = [this.#pinned, this.#kept].find((flow) => flow?.closed === false);
    if (open !== undefined && lacksTransport(next)) {
      const { protocol, remote } = open;
      return { protocol, host: remote.address, port: remote.port, mayUpgrade: false, flow: open };
    }
    const target = targetOf(next, next.params.has('transport') ? undefined : this.#protocol);
    if (this.#pinned !== undefined) return { ...target, flow: this.#pinned };
    // A peer behind a NAT of its own may name what cannot be reached from here.
    return this.#kept?.reliable === true ? { ...target, lastResort: this.#kept } : target;
  }

  /** The dialog is over. */
  get isReleased(): boolean {
    return this.#isReleased;
  }

  /** Lets go of the connection; the dialog is over. */
  release(): void {
    this.#isReleased = true;
    this.#pinned?.release();
    this.#kept?.release();
  }

  /** A caller that we answer where it came from may come from elsewhere now: another NAT, or a new connection. */
  #follow(request: SipRequest, flow: Flow): void {
    if (this.isInitiator) return;
    const pinned = pinnedFlow(request, this.#routeSet, this.#remoteTarget, flow);
    pinned?.retain();
    this.#pinned?.release();
    this.#pinned = pinned;
  }

  #build(method: string, sequence: number, options: DialogRequestOptions): SipRequest {
    const headers = new Headers();
    const [first, ...rest] = this.#routeSet;
    let uri = this.#remoteTarget;
    if (first !== undefined) {
      const hop = parseAddress(first).uri;
      // A strict router wants to be the Request-URI, and the target last (RFC 3261 12.2.1.1).
      const isLoose = hop.params.has('lr');
      if (!isLoose) uri = requestUri(hop);
      for (const route of isLoose ? this.#routeSet : rest) headers.add('Route', route);
      if (!isLoose) headers.add('Route', `<${this.#remoteTarget}>`);
    }
    headers.add('Max-Forwards', '70');
    headers.add('From', this.#localValue);
    headers.add('To', this.#remoteValue);
    headers.add('Call-ID', this.callId);
    headers.add('CSeq', `${sequence} ${method}`);
    if (options.contact !== undefined) headers.add('Contact', options.contact);
    for (const [name, value] of options.headers ?? []) headers.add(name, value);
    return createRequest(method, uri, headers, options.body);
  }
}

/** Key of a dialog (RFC 3261 12: Call-ID, local tag, remote tag). */
export function dialogId(call: string, localTag: string, remoteTag: string): string {
  return `${localTag} ${remoteTag} ${call}`;
}

function routesOf(message: SipMessage): string[] {
  const routes = message.headers.getAll('Record-Route');
  if (routes.length > MAX_ROUTES) throw new SipParseError(`more than ${MAX_ROUTES} Record-Route values`, 400);
  for (const route of routes) parseAddress(route, 'Record-Route');
  return routes;
}

function targetUriOf(message: SipMessage): string {
  const there = contact(message);
  if (there === undefined) throw new SipParseError('no Contact header');
  if (there.uri.scheme !== 'sip') {
    throw new SipParseError(`Contact with a ${there.uri.scheme}: URI, which cannot be reached from here`);
  }
  return requestUri(there.uri);
}

/** Methods of Allow; none when it is malformed. */
function methodsOf(allowed: readonly string[]): readonly string[] {
  try {
    return checkTokens(allowed.flatMap(splitList), 'Allow');
  } catch (error) {
    if (error instanceof SipParseError) return [];
    throw error;
  }
}

function contactUriOf(message: SipMessage): string | undefined {
  try {
    return targetUriOf(message);
  } catch (error) {
    if (error instanceof SipParseError) return undefined;
    throw error;
  }
}

/** A URI as it may stand in a start line. */
export function requestUri(uri: SipUri): string {
  if (uri.headers.length === 0 && !uri.params.has(NOT_IN_REQUEST_URI)) return uriToString(uri);
  const params = new Map(uri.params);
  params.delete(NOT_IN_REQUEST_URI);
  return uriToString({ ...uri, params, headers: [] });
}

/**
 * A caller that sits right behind this flow is answered on it for the whole call, if its Contact cannot be
 * trusted to lead back: over TCP always (the connection is there, its Contact may be behind a NAT), over UDP
 * when it gave itself another address than the one it came from, or names a transport that we lack.
 */
function pinnedFlow(
  request: SipRequest,
  routeSet: readonly string[],
  remoteTarget: string,
  flow: Flow,
): Flow | undefined {
  if (routeSet.length > 0 || request.headers.getAll('Via').length > 1) return undefined;
  if (flow.reliable) return flow;
  const { host } = via(request);
  const isElsewhere = isIP(host) !== 0 && canonicalHost(host) !== flow.remote.address;
  return isElsewhere || lacksTransport(parseUri(remoteTarget)) ? flow : undefined;
}

/** TLS, say, which a proxy before us has taken off without a word in the message. */
function lacksTransport({ params }: SipUri): boolean {
  const named = params.get('transport')?.toLowerCase();
  return named !== undefined && named !== 'udp' && named !== 'tcp';
}

function withTag(value: string, tag: string | undefined, ours: string): string {
  return tag === undefined ? `${value};tag=${ours}` : value;
}
