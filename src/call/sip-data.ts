import { parseAddress } from '../sip/message/address.ts';
import { parseUri, type SipUri } from '../sip/message/uri.ts';
import type { IncomingSipCall } from '../sip/api.ts';

const CUSTOM = /^x-/i;

/** Headers of an INVITE that are handed to the document: those that are nobody's but the application's. */
export function customHeaders(
  call: Pick<IncomingSipCall, 'headers'>,
): { readonly name: string; readonly value: string }[] {
  return call.headers.filter(({ name }) => CUSTOM.test(name));
}

/** The `sip_data` object of an inbound SIP call (spec/document.md 2.3): URIs without scheme, all strings. */
export function sipData(
  call: Pick<IncomingSipCall, 'requestUri' | 'from' | 'to' | 'contact'>,
): Record<string, unknown> {
  const data: Record<string, unknown> = {};
  const request = read(call.requestUri);
  if (request !== undefined) {
    data['sip_req_user'] = userOf(request);
    data['sip_req_host'] = request.host;
    data['sip_req_uri'] = withoutScheme(request);
  }
  const from = read(call.from.uri);
  if (from !== undefined) {
    data['sip_from_user'] = userOf(from);
    data['sip_from_host'] = from.host;
    data['sip_from_uri'] = withoutScheme(from);
  }
  const to = read(call.to.uri);
  if (to !== undefined) {
    data['sip_to_user'] = userOf(to);
    data['sip_to_host'] = to.host;
    data['sip_to_uri'] = withoutScheme(to);
  }
  const contact = call.contact === undefined ? undefined : read(call.contact);
  if (contact !== undefined) {
    data['sip_contact_user'] = userOf(contact);
    data['sip_contact_host'] = contact.host;
    data['sip_contact_port'] = contact.port === undefined ? '' : String(contact.port);
    data['sip_contact_uri'] = withoutScheme(contact);
    data['sip_contact_params'] = paramsOf(contact);
  }
  return data;
}

function paramsOf({ params }: SipUri): Record<string, string> {
  if (params.size === 0) return {};
  return Object.fromEntries([...params].map(([name, value]) => [name, value ?? '']));
}

function withoutScheme(uri: SipUri): string {
  if (uri.opaque !== undefined) return uri.opaque;
  const host = uri.host.includes(':') ? `[${uri.host}]` : uri.host;
  return `${uri.user === undefined ? '' : `${uri.user}@`}${host}${uri.port === undefined ? '' : `:${uri.port}`}`;
}

/** Of a tel: URI, the number (RFC 3966 3); what its parameters say of it is in the whole URI. */
function userOf({ user, scheme, opaque = '' }: SipUri): string {
  return user ?? (scheme === 'tel' ? opaque.split(';', 1)[0]! : '');
}

/** A URI, or the URI of a name-addr; undefined for what cannot be read. */
function read(text: string): SipUri | undefined {
  try {
    return text.includes('<') ? parseAddress(text).uri : parseUri(text);
  } catch {
    return undefined;
  }
}
