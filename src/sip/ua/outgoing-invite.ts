import { isIP } from 'node:net';
import type { OutgoingCallOptions } from '../api.ts';
import { MIN_SESSION_EXPIRES, sessionExpiresToString } from '../message/session-expires.ts';
import type { HeaderField } from '../message/headers.ts';
import { Headers } from '../message/headers.ts';
import { headerKey } from '../message/header-names.ts';
import { quote } from '../message/params.ts';
import { createRequest, type SipRequest } from '../message/message.ts';
import { escapeUser, hostPortToString, parseUri, type SipUri, uriToString } from '../message/uri.ts';
import { SDP_HEADER } from './body.ts';
import { ALLOW, SUPPORTED } from './capabilities.ts';

/** What stays the same in all INVITEs of one call. */
export interface CallParties {
  readonly callId: string;
  readonly localTag: string;
  /** Value of From without tag. */
  readonly fromValue: string;
  readonly localUri: string;
  /** Address of To and first Request-URI. */
  readonly to: SipUri;
  readonly remoteUri: string;
}

/** What differs from one INVITE of a call to the next. */
export interface InviteAttempt {
  readonly uri: string;
  readonly sequence: number;
  readonly contact: string;
  readonly sdp: string;
  /** s; 0: no session timer */
  readonly sessionExpires: number;
  readonly minSe: number | undefined;
  readonly product: string;
}

/** Header fields that the stack writes; an owner's would contradict them. */
const RESERVED: ReadonlySet<string> = new Set([
  'via',
  'from',
  'to',
  'call-id',
  'cseq',
  'contact',
  'max-forwards',
  'route',
  'record-route',
  'content-length',
  'content-type',
  'allow',
  'supported',
  'require',
  'session-expires',
  'min-se',
  'authorization',
  'proxy-authorization',
]);

/**
 * Who calls whom.
 * @param localHost host for a `from` that is only a user or number
 * @throws SipParseError when `to` or `from` is no URI
 * @throws RangeError when `to` is no sip: URI, or a header is one of the stack's own
 */
export function callParties(
  options: OutgoingCallOptions,
  ids: { readonly callId: string; readonly localTag: string },
  localHost: string,
): CallParties {
  for (const { name } of options.headers ?? []) {
    if (RESERVED.has(headerKey(name))) {
      throw new RangeError(`header ${name} of an outgoing call is written by the SIP stack; leave it out`);
    }
  }
  const to = parseUri(options.to);
  const localUri = fromUri(options.from, localHost);
  const name = options.displayName === undefined ? '' : `${quote(options.displayName)} `;
  return {
    ...ids,
    fromValue: `${name}<${localUri}>`,
    localUri,
    to,
    remoteUri: uriToString({ ...to, headers: [] }),
  };
}

export function buildInvite(
  options: OutgoingCallOptions,
  parties: CallParties,
  attempt: InviteAttempt,
): SipRequest {
  const headers = new Headers();
  headers.add('Max-Forwards', String(options.maxForwards ?? 70));
  headers.add('From', `${parties.fromValue};tag=${parties.localTag}`);
  headers.add('To', `<${parties.remoteUri}>`);
  headers.add('Call-ID', parties.callId);
  headers.add('CSeq', `${attempt.sequence} INVITE`);
  headers.add('Contact', attempt.contact);
  headers.add('Allow', ALLOW);
  headers.add('Supported', SUPPORTED);
  for (const [name, value] of timerHeaders(attempt)) headers.add(name, value);
  const own = options.headers ?? [];
  // There may be but one (RFC 3261 7.3.1), and the owner may name another product than ours.
  const namesProduct = own.some(({ name }) => headerKey(name) === 'user-agent');
  if (!namesProduct) headers.add('User-Agent', attempt.product);
  for (const { name, value } of own) headers.add(name, value);
  headers.add(...SDP_HEADER);
  return createRequest('INVITE', attempt.uri, headers, Buffer.from(attempt.sdp));
}

function timerHeaders({ sessionExpires, minSe }: InviteAttempt): HeaderField[] {
  if (sessionExpires === 0) return [];
  // Who took a shorter one would end the session before our refresh, which no interval below that hurries.
  const seconds = Math.max(sessionExpires, minSe ?? 0, MIN_SESSION_EXPIRES);
  const headers: HeaderField[] = [
    ['Session-Expires', sessionExpiresToString({ seconds, refresher: undefined })],
  ];
  if (minSe !== undefined) headers.push(['Min-SE', String(minSe)]);
  return headers;
}

/** A `from` may be a URI, `user@host`, or a user or number alone. */
function fromUri(from: string | undefined, localHost: string): string {
  const host = hostPortToString(localHost, undefined);
  if (from === undefined) return `sip:${host}`;
  if (/^(sips?|tel):/i.test(from)) return uriToString(parseUri(from));
  const at = from.lastIndexOf('@');
  if (at < 0) return `sip:${escapeUser(from)}@${host}`;
  const domain = from.slice(at + 1);
  return uriToString(
    parseUri(`sip:${escapeUser(from.slice(0, at))}@${isIP(domain) === 6 ? `[${domain}]` : domain}`),
  );
}
