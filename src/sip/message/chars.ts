/**
 * Character classes of RFC 3261 section 25.1 as bits, one table look-up a character.
 *
 *     token       = 1*(alphanum / "-" / "." / "!" / "%" / "*" / "_" / "+" / "`" / "'" / "~")
 *     unreserved  = alphanum / "-" / "_" / "." / "!" / "~" / "*" / "'" / "(" / ")"
 *     user        = 1*( unreserved / escaped / "&" / "=" / "+" / "$" / "," / ";" / "?" / "/" )
 *     password    = *( unreserved / escaped / "&" / "=" / "+" / "$" / "," )
 *     paramchar   = "[" / "]" / "/" / ":" / "&" / "+" / "$" / unreserved / escaped
 *     hname/value = "[" / "]" / "/" / "?" / ":" / "+" / "$" / unreserved / escaped
 */
export const TOKEN = 1;
export const UNRESERVED = 2;
export const USER = 4;
export const PASSWORD = 8;
export const URI_PARAM = 16;
export const URI_HEADER = 32;
export const HOST = 64;
export const DIGIT = 128;
export const HEX = 256;
/** Value of a header parameter that is not quoted: anything visible that cannot end it. */
export const PARAM_VALUE = 512;
/** %x21-7E. */
export const VISIBLE = 1024;

const TABLE = new Uint16Array(128);

const ALPHANUM = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
grant(ALPHANUM, TOKEN | UNRESERVED | USER | PASSWORD | URI_PARAM | URI_HEADER | HOST | PARAM_VALUE);
grant('0123456789', DIGIT);
grant('0123456789abcdefABCDEF', HEX);
grant("-.!%*_+`'~", TOKEN);
grant("-_.!~*'()", UNRESERVED | USER | PASSWORD | URI_PARAM | URI_HEADER);
// Not in the grammar of user: a raw "#", which telephones put into dialled strings all the same.
grant('&=+$,;?/#', USER);
grant('&=+$,', PASSWORD);
grant('[]/:&+$', URI_PARAM);
grant('[]/?:+$', URI_HEADER);
// Not in the grammar of host: "_", common in the names of private networks.
grant('-._', HOST);
for (let code = 0x21; code < 0x7f; code++) {
  TABLE[code]! |= VISIBLE;
  if (!';,"<>'.includes(String.fromCharCode(code))) TABLE[code]! |= PARAM_VALUE;
}

function grant(characters: string, bits: number): void {
  for (let i = 0; i < characters.length; i++) TABLE[characters.charCodeAt(i)]! |= bits;
}

/** Whether `code` (a UTF-16 unit) is of one of the classes in `bits`. Nothing past ASCII is. */
export function isOf(code: number, bits: number): boolean {
  return code < 128 && (TABLE[code]! & bits) !== 0;
}

/** Whether `text` from `start` to `end` is of the classes in `bits` throughout. True for an empty range. */
export function allOf(text: string, bits: number, start = 0, end = text.length): boolean {
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code > 127 || (TABLE[code]! & bits) === 0) return false;
  }
  return true;
}

/** A token (RFC 3261 25.1), at least one character. */
export function isToken(text: string): boolean {
  return text.length > 0 && allOf(text, TOKEN);
}

/** `text.toLowerCase()`; a text that needs no change, as most do, costs no call into the engine. */
export function lowerCase(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127 || (code >= 0x41 && code <= 0x5a)) return text.toLowerCase();
  }
  return text;
}

/** First index at or after `index` that is neither space nor tab. */
export function skipSpace(text: string, index: number): number {
  let i = index;
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (code !== 0x20 && code !== 0x09) break;
    i++;
  }
  return i;
}

/** `text` from `start` to `end` without spaces and tabs on either side. Unlike `trim`, takes nothing else. */
export function sliceTrimmed(text: string, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && isSpace(text.charCodeAt(from))) from++;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

/** Space or tab. */
export function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
