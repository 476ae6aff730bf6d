import { unescapeUri } from '../sip/message/uri.ts';

/**
 * By what number a telephone is called.
 * @param from what the document, or the operator, says: a number, a SIP URI, or a `tel:` URI, as `call.from` may be
 * @param caller URI of the calling party, whose number counts otherwise
 */
export function callerNumber(from: string | undefined, caller: string): string {
  if (from !== undefined) return telNumber(from);
  const user = /^sips?:([^@;?:]+)[^@]*@/i.exec(caller)?.[1];
  return user === undefined ? telNumber(caller) : unescapeUri(user);
}

/** Of a tel: URI, the number without separators and parameters (RFC 3966 3); anything else as it is. */
function telNumber(text: string): string {
  const number = /^tel:([^;]+)/i.exec(text)?.[1];
  return number === undefined ? text : number.replace(/[-.()]/g, '');
}
