import { requestUri } from '../dialog/dialog.ts';
import { contacts } from '../message/accessors.ts';
import { SipParseError } from '../message/errors.ts';
import type { SipResponse } from '../message/message.ts';

/** Contacts of one 3xx that are looked at. */
const MAX_CONTACTS = 8;

/** The sip: URIs that a 3xx names, the best liked first (RFC 3261 8.1.3.4); none when they cannot be read. */
export function redirectTargets(response: SipResponse): string[] {
  try {
    const all = contacts(response);
    if (all === '*') return [];
    return all
      .filter(({ uri }) => uri.scheme === 'sip')
      .slice(0, MAX_CONTACTS)
      .map(({ uri, params }) => ({ uri: requestUri(uri), q: quality(params.get('q')) }))
      .sort((a, b) => b.q - a.q)
      .map(({ uri }) => uri);
  } catch (error) {
    if (error instanceof SipParseError) return [];
    throw error;
  }
}

function quality(text: string | undefined): number {
  const q = text === undefined ? 1 : Number(text);
  return q >= 0 && q <= 1 ? q : 0;
}
