import { parseAddress } from '../sip/message/address.ts';
import { parseUri, type SipUri } from '../sip/message/uri.ts';
import type { IncomingSipCall } from '../sip/api.ts';

/** Headers of an INVITE that are handed to the document: those that are nobody's but the application's. */
export function customHeaders(
  call: Pick<IncomingSipCall, 'headers'>,
): { readonly name: string; readonly value: string }[] {
  return call.headers.filter(({ name }) => /^x-/i.test(name)).map(({ name, value }) => ({ name, value }));
}

/** The `sip_data` object of an inbound SIP call (spec/document.md 2.3): URIs without scheme, all strings. */
export function sipData(
  call: Pick<IncomingSipCall, 'requestUri' | 'from' | 'to' | 'contact'>,
): Record<string, unknown> {
  return {
    ...parts('sip_req', call.requestUri),
    ...parts('sip_from', call.from.uri),
    ...parts('sip_to', call.to.uri),
    ...contactParts(call.contact),
  };
}

function parts(prefix: string, text: string): Record<string, string> {
  const uri = read(text);
  if (uri === undefined) return {};
  return {
    [`${prefix}_user`]: uri.user ?? '',
    [`${prefix}_host`]: uri.host,
    [`${prefix}_uri`]: withoutScheme(uri),
  };
}

function contactParts(contact: string | undefined): Record<string, unknown> {
  if (contact === undefined) return {};
  const uri = read(contact);
  if (uri === undefined) return {};
  return {
    sip_contact_user: uri.user ?? '',
    sip_contact_host: uri.host,
    sip_contact_port: uri.port === undefined ? '' : String(uri.port),
    sip_contact_uri: withoutScheme(uri),
    sip_contact_params: Object.fromEntries([...uri.params].map(([name, value]) => [name, value ?? ''])),
  };
}

function withoutScheme(uri: SipUri): string {
  const host = uri.host.includes(':') ? `[${uri.host}]` : uri.host;
  return `${uri.user === undefined ? '' : `${uri.user}@`}${host}${uri.port === undefined ? '' : `:${uri.port}`}`;
}

/** A URI, or the URI of a name-addr; undefined for what cannot be read. */
function read(text: string): SipUri | undefined {
  try {
    return text.includes('<') ? parseAddress(text).uri : parseUri(text);
  } catch {
    return undefined;
  }
}
