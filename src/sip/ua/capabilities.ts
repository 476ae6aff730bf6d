import type { HeaderField } from '../message/headers.ts';
import type { SipRequest } from '../message/message.ts';
import { contentType } from '../message/accessors.ts';
import type { SipCapabilities } from '../message/validate.ts';

/** What this user agent can do, as it tells in Allow, Supported and Accept. */
export const CAPABILITIES: SipCapabilities = {
  methods: ['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS', 'INFO', 'UPDATE'],
  extensions: ['timer'],
  schemes: ['sip', 'tel'],
  contentTypes: ['application/sdp', 'multipart/mixed', 'multipart/alternative'],
};

export const ALLOW = CAPABILITIES.methods.join(', ');
export const SUPPORTED = CAPABILITIES.extensions.join(', ');

/** For OPTIONS and wherever the peer should learn what we can do (RFC 3261 11.2). */
export const CAPABILITY_HEADERS: readonly HeaderField[] = [
  ['Allow', ALLOW],
  ['Accept', 'application/sdp'],
  ['Accept-Encoding', 'identity'],
  ['Accept-Language', 'en'],
  ['Supported', SUPPORTED],
];

/**
 * What we ask of a request: only INVITE and UPDATE have bodies that we must understand; what BYE or OPTIONS
 * carry is ignored, and INFO goes to the owner as it is.
 */
export function capabilitiesFor(request: SipRequest): SipCapabilities {
  if (request.method === 'INVITE' || request.method === 'UPDATE') return CAPABILITIES;
  const type = request.body.length === 0 ? undefined : contentType(request)?.type;
  return type === undefined ? CAPABILITIES : { ...CAPABILITIES, contentTypes: [type] };
}
