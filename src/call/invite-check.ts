/** What keeps an INVITE from being made, before anything is sent. */
import type { OutgoingCallOptions } from '../sip/api.ts';
import { parseUri } from '../sip/message/uri.ts';
import { targetOf } from '../sip/transport/target.ts';
import { callParties } from '../sip/ua/outgoing-invite.ts';

/** Names of headers, of SIP and of HTTP (`token`, RFC 9110 5.6.2). */
export const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** No header may end its line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const UNSAFE_TEXT = /[\x00-\x08\x0a-\x1f\x7f]/;

/** @throws RangeError for a header, or a name of the caller, that no INVITE can have */
export function assertTexts(invite: Pick<OutgoingCallOptions, 'headers' | 'displayName'>): void {
  for (const { name, value } of invite.headers ?? []) {
    if (!HEADER_NAME.test(name)) throw new RangeError(`"${name}" is no name of a header`);
    if (UNSAFE_TEXT.test(value)) throw new RangeError(`the header ${name} holds a control character`);
  }
  if (UNSAFE_TEXT.test(invite.displayName ?? '')) {
    throw new RangeError('the name of the caller holds a control character');
  }
}

/** Why no such call can be made, in words, for those who call without SIP; undefined when it can. */
export function inviteFault(
  invite: Pick<OutgoingCallOptions, 'to' | 'from' | 'headers' | 'displayName'>,
): string | undefined {
  try {
    assertTexts(invite);
    targetOf(parseUri(invite.to));
    callParties({ ...invite, sdp: '' }, { callId: '', localTag: '' }, 'localhost');
    return undefined;
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}
