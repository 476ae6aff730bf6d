import { isSecretName } from '../log/redact.ts';
import type { HttpHeaders, ResponseHead } from './exchange.ts';
import { type HttpTarget, parseHttpUrl } from './http-url.ts';
import type { RequestBody } from './stream-body.ts';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD';

/** A request on its way: what changes from hop to hop. */
export interface Hop {
  readonly target: HttpTarget;
  /** URL as it was written, for the signature. */
  readonly text: string;
  readonly method: HttpMethod;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: RequestBody | undefined;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Whether a header must not follow a redirect to another origin (RFC 9110 15.4): credentials, and its name. */
function isOfOrigin(name: string): boolean {
  return name === 'host' || isSecretName(name);
}

/** Whether a response sends the client somewhere else. */
export function isRedirect(head: ResponseHead): boolean {
  return REDIRECTS.has(head.status) && headerOf(head.headers, 'location') !== undefined;
}

/** Whether a redirect may lead elsewhere next time (RFC 9110 15.4): all do but 301 and 308. */
export function isTemporary({ status }: ResponseHead): boolean {
  return status !== 301 && status !== 308;
}

/**
 * The request that a redirect asks for (RFC 9110 15.4): 303 always and 301, 302 after a POST become a GET
 * without a body; credentials, and a `Host` that was set, stay behind when the origin changes.
 * @throws HttpError `invalid_url`
 */
export function nextHop(hop: Hop, head: ResponseHead): Hop {
  const { status } = head;
  const target = parseHttpUrl(locationOf(head), hop.target.url);
  const toGet =
    (status === 303 && hop.method !== 'HEAD') ||
    ((status === 301 || status === 302) && hop.method === 'POST');
  const sameOrigin = target.url.origin === hop.target.url.origin;
  const headers = Object.fromEntries(
    Object.entries(hop.headers).filter(
      ([name]) => (sameOrigin || !isOfOrigin(name)) && !(toGet && name.startsWith('content-')),
    ),
  );
  const authorization = target.authorization ?? (sameOrigin ? hop.target.authorization : undefined);
  return {
    target: { ...target, authorization },
    text: target.url.href,
    method: toGet ? 'GET' : hop.method,
    headers,
    body: toGet ? undefined : hop.body,
  };
}

/**
 * Where a redirect leads. The transport gives a character for each octet of a header; a URL whose letters the
 * server did not escape is in UTF-8, as browsers take it.
 */
function locationOf({ headers }: ResponseHead): string {
  const octets = headerOf(headers, 'location') ?? '';
  const text = Buffer.from(octets, 'latin1').toString('utf8');
  return text.includes('\ufffd') ? octets : text;
}

/** The first value of a header; its name in lower case. */
export function headerOf(headers: HttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** All values of a header that is a list, in one (RFC 9110 5.3); its name in lower case. */
export function headerText(headers: HttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
