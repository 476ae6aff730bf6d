import { unescapeUri } from '../sip/message/uri.ts';

const USER_IS_PHONE = /@[^@]*;user=phone(?:[;?]|$)/i;
const NUMBER = /^\+?[0-9*#.()-]+$/;
/** What only makes a number easier to read (RFC 3966 5.1.1). */
const SEPARATORS = /[-.()]/g;

/**
 * By what number a telephone is called.
 * @param from what the document, or the operator, says: a number, a SIP URI, or a `tel:` URI, as `call.from` may be
 * @param caller URI of the calling party, whose number counts otherwise
 */
export function callerNumber(from: string | undefined, caller: string): string {
  if (from !== undefined) return telNumber(from);
  const user = /^sips?:([^@;?:]+)[^@]*@/i.exec(caller)?.[1];
  if (user === undefined) return telNumber(caller);
  const plain = unescapeUri(user);
  // A number there is written as in a tel: URI (RFC 3261 19.1.6); some telephones say so of names as well.
  const isNumber = USER_IS_PHONE.test(caller) && NUMBER.test(plain);
  return isNumber ? plain.replace(SEPARATORS, '') : plain;
}

/** Of a tel: URI, the number without separators and parameters (RFC 3966 3); anything else as it is. */
function telNumber(text: string): string {
  const number = /^tel:([^;]+)/i.exec(text)?.[1];
  return number === undefined ? text : number.replace(SEPARATORS, '');
}
