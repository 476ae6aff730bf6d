import { isIP, isIPv4 } from 'node:net';
import type { SipHeader, SipListener } from './api.ts';

/** A listener that could not be opened; the message names the address and the cure. */
export class ListenError extends Error {
  readonly code: 'in_use' | 'not_ours' | 'privileged' | 'invalid' | 'failed';
  readonly listener: SipListener;

  constructor(code: ListenError['code'], listener: SipListener, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ListenError';
    this.code = code;
    this.listener = listener;
  }
}

/**
 * Thrown by an owner of a call to refuse what the peer asks for: a new call (`onInvite`), or a changed session
 * (`SipCallHandlers.offer`, usually 488).
 */
export class SipRefusal extends Error {
  /** 300 to 699. */
  readonly status: number;
  /** Reason phrase; the standard one when undefined. */
  readonly reason: string | undefined;
  readonly headers: readonly SipHeader[];

  /** @param options `retryAfterSeconds`: when the peer may try again (RFC 3261 20.33) */
  constructor(
    status: number,
    options: {
      readonly reason?: string;
      readonly retryAfterSeconds?: number;
      readonly headers?: readonly SipHeader[];
    } = {},
  ) {
    super(`refused with ${status}${options.reason === undefined ? '' : ` ${options.reason}`}`);
    this.name = 'SipRefusal';
    this.status = status;
    this.reason = options.reason;
    const retryAfter =
      options.retryAfterSeconds === undefined
        ? []
        : [{ name: 'Retry-After', value: String(Math.ceil(options.retryAfterSeconds)) }];
    this.headers = [...(options.headers ?? []), ...retryAfter];
  }
}

/** A request of ours that the peer refused, or that got no answer (`status` 408) or no route (`status` 503). */
export class SipRequestError extends Error {
  readonly method: string;
  readonly status: number;

  constructor(method: string, status: number, reason: string) {
    super(`${method} failed: ${status} ${reason}`);
    this.name = 'SipRequestError';
    this.method = method;
    this.status = status;
  }
}

const CURES: Readonly<Record<string, readonly [ListenError['code'], string]>> = {
  EADDRINUSE: [
    'in_use',
    'another program uses this address and port; stop it or set sip.listen to another port',
  ],
  EADDRNOTAVAIL: [
    'not_ours',
    'no interface of this machine has this address; use one that it has, or 0.0.0.0 for all',
  ],
  EACCES: [
    'privileged',
    'ports below 1024 need a privilege; choose a higher port or grant CAP_NET_BIND_SERVICE',
  ],
  EAFNOSUPPORT: ['not_ours', 'this machine has no IPv6; use an IPv4 address'],
};

/** @throws ListenError when host or port can be no listener's */
export function checkListener(listener: SipListener): void {
  const { host, port } = listener;
  if (isIP(host) === 0) {
    throw invalid(listener, `"${host}" is not a numeric address; use 0.0.0.0 or :: for all interfaces`);
  }
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw invalid(listener, `${port} is not a port; use 1 to 65535, or 0 for one that is free`);
  }
}

/**
 * Turns the system's error of a failed bind into one that says what to do.
 * @param others of ours that are open already: one of them may be what is in the way
 */
export function listenError(
  listener: SipListener,
  cause: unknown,
  others: readonly SipListener[] = [],
): ListenError {
  const code = (cause as { readonly code?: unknown }).code;
  const own = code === 'EADDRINUSE' ? others.find((other) => isSamePlace(other, listener)) : undefined;
  const known = own === undefined ? CURES[String(code)] : inUseByOurs(own, listener);
  const [kind, cure] = known ?? ['failed', cause instanceof Error ? cause.message : String(cause)];
  return new ListenError(kind, listener, `cannot listen for SIP on ${listenerText(listener)}: ${cure}`, {
    cause,
  });
}

function invalid(listener: SipListener, why: string): ListenError {
  return new ListenError('invalid', listener, `cannot listen for SIP on ${listenerText(listener)}: ${why}`);
}

/** Whether the system lets only one of two listeners have the port. */
export function isSamePlace(one: SipListener, other: SipListener): boolean {
  if (one.protocol !== other.protocol || one.port !== other.port) return false;
  return takesIn(one.host, other.host) || takesIn(other.host, one.host);
}

/** Whether what comes to `address` comes to a socket that is bound to `host`: one of IPv6 has IPv4, too. */
function takesIn(host: string, address: string): boolean {
  return host === address || host === '::' || (host === '0.0.0.0' && isIPv4(address));
}

function inUseByOurs(own: SipListener, listener: SipListener): readonly [ListenError['code'], string] {
  const isDual = isIPv4(own.host) !== isIPv4(listener.host);
  const why = isDual ? ', and [::] takes IPv4 as well' : '';
  return ['in_use', `our own listener on ${listenerText(own)} has it${why}; leave one of the two out`];
}

/** As in `tcp [::1]:5060`, for messages. */
export function listenerText({ protocol, host, port }: SipListener): string {
  return `${protocol} ${host.includes(':') ? `[${host}]` : host}:${port}`;
}
