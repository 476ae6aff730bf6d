import { to as toOf } from './accessors.ts';
import { Headers } from './headers.ts';
import type { HeaderField } from './headers.ts';
import { reasonPhrase } from './status.ts';

export interface SipRequest {
  readonly kind: 'request';
  /** Case counts (RFC 3261 7.1). */
  method: string;
  /** Request-URI as text; see `parseUri`. */
  uri: string;
  headers: Headers;
  body: Buffer;
}

export interface SipResponse {
  readonly kind: 'response';
  /** 100 to 699. */
  status: number;
  reason: string;
  headers: Headers;
  body: Buffer;
}

export type SipMessage = SipRequest | SipResponse;

export interface ResponseExtras {
  /** Tag for To when the request has none there (RFC 3261 8.2.6.2); not used with status 100. */
  readonly toTag?: string;
  /** Header fields behind the copied ones. */
  readonly headers?: Iterable<HeaderField>;
  readonly body?: Buffer;
}

export const NO_BODY = Buffer.alloc(0);

/** @param headers without Content-Length, which `serialize` writes */
export function createRequest(
  method: string,
  uri: string,
  headers: Iterable<HeaderField> = [],
  body: Buffer = NO_BODY,
): SipRequest {
  return {
    kind: 'request',
    method,
    uri,
    headers: headers instanceof Headers ? headers : new Headers(headers),
    body,
  };
}

/** Of a request in memory, about, bytes. */
export function sizeOf({ uri, headers, body }: SipRequest): number {
  let size = uri.length + body.length;
  for (let i = 0; i < headers.size; i++) size += headers.nameAt(i).length + headers.valueAt(i).length;
  return size;
}

/**
 * A response to `request` with its Via (all, in order), From, To, Call-ID and CSeq, and with its Timestamp
 * when the status is 100 (RFC 3261 8.2.6). What the request lacks is left out, so that also a malformed one
 * can be answered.
 * @param reason the standard phrase when left out
 */
export function createResponse(
  request: SipRequest,
  status: number,
  reason: string = reasonPhrase(status),
  extra: ResponseExtras = {},
): SipResponse {
  const headers = new Headers();
  const from = request.headers;
  for (let i = 0; i < from.size; i++) {
    const key = from.keyAt(i);
    if (key === 'via') headers.addKeyed('Via', key, from.valueAt(i));
  }
  copyFirst(from, headers, 'From');
  const to = from.get('To');
  if (to !== undefined) {
    const needsTag = extra.toTag !== undefined && status !== 100 && !hasTag(request);
    headers.add('To', needsTag ? `${to};tag=${extra.toTag}` : to);
  }
  copyFirst(from, headers, 'Call-ID');
  copyFirst(from, headers, 'CSeq');
  if (status === 100) copyFirst(from, headers, 'Timestamp');
  if (extra.headers !== undefined) for (const [name, value] of extra.headers) headers.add(name, value);
  return { kind: 'response', status, reason, headers, body: extra.body ?? NO_BODY };
}

function copyFirst(from: Headers, to: Headers, name: string): void {
  const value = from.get(name);
  if (value !== undefined) to.add(name, value);
}

/** Whether To has a tag. One that cannot be read counts as having one: it goes back as it came. */
function hasTag(request: SipRequest): boolean {
  try {
    return toOf(request).params.has('tag');
  } catch {
    return true;
  }
}
