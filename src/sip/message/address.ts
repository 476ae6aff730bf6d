import { isSpace, skipSpace, sliceTrimmed } from './chars.ts';
import { excerpt, SipParseError, SipSerializeError } from './errors.ts';
import { quotedEnd } from './lists.ts';
import { paramsToString, parseParams, quote, unquote } from './params.ts';
import type { Params } from './params.ts';
import { parseUri, UNSAFE_URI } from './uri.ts';
import type { SipUri } from './uri.ts';

/** A name-addr or addr-spec with its header parameters: From, To, Contact, Route, Record-Route, Refer-To … */
export interface Address {
  /** Plain text, quotes and escapes undone; undefined when there is none. */
  readonly displayName: string | undefined;
  readonly uri: SipUri;
  /** The URI as it came: what to send back to the peer (Route, remote target). */
  readonly uriText: string;
  /** Header parameters, not those within the URI. */
  readonly params: Params;
  /** The `tag` parameter of From and To. */
  readonly tag: string | undefined;
}

/**
 * In a display name without quotes, what would make it look like something else: list, parameter, quote.
 * The grammar allows tokens only; telephones put in all else ("@", brackets, umlauts), and no harm is in it.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const DISPLAY_FORBIDDEN = /[\x00-\x08\x0a-\x1f\x7f",;:<>\\]/;

/**
 *     name-addr    =  [ display-name ] "<" addr-spec ">"
 *     display-name =  *( token LWS ) / quoted-string
 *     header       =  ( name-addr / addr-spec ) *( SEMI generic-param )
 *
 * Without < and >, all that follows ";" belongs to the header, and the URI may hold neither "," nor "?"
 * (RFC 3261 20).
 * @param what the header's name, for the error
 * @throws SipParseError 400
 */
export function parseAddress(text: string, what = 'address'): Address {
  const start = skipSpace(text, 0);
  let displayName: string | undefined;
  let open: number;
  if (text.charCodeAt(start) === 0x22 /* " */) {
    const close = quotedEnd(text, start);
    if (close === text.length) throw new SipParseError(`${what}: quote without end`);
    displayName = unquote(text, start, close);
    open = skipSpace(text, close + 1);
    if (text.charCodeAt(open) !== 0x3c) throw new SipParseError(`${what}: no "<" after the display name`);
  } else {
    open = text.indexOf('<', start);
    const semicolon = text.indexOf(';', start);
    // A "<" behind the first ";" is in a parameter of an address without brackets.
    if (open < 0 || (semicolon >= 0 && semicolon < open)) return parseBareAddress(text, start, what);
    const name = sliceTrimmed(text, start, open);
    if (DISPLAY_FORBIDDEN.test(name)) {
      throw new SipParseError(`${what}: display name ${excerpt(name)} needs quotes`);
    }
    if (name !== '') displayName = name;
  }
  const close = text.indexOf('>', open);
  if (close < 0) throw new SipParseError(`${what}: "<" without ">"`);
  return build(displayName, text.slice(open + 1, close), text, close + 1, what);
}

/**
 * The address as a header value, with brackets always.
 * @throws SipSerializeError when `uriText` could end its brackets or the line
 */
export function addressToString(address: {
  readonly displayName?: string | undefined;
  readonly uriText: string;
  readonly params?: Params;
}): string {
  if (UNSAFE_URI.test(address.uriText)) {
    throw new SipSerializeError(`URI ${excerpt(address.uriText)}: space, control character, < > or quote`);
  }
  const name = address.displayName === undefined ? '' : `${quote(address.displayName)} `;
  return `${name}<${address.uriText}>${address.params === undefined ? '' : paramsToString(address.params)}`;
}

function parseBareAddress(text: string, start: number, what: string): Address {
  let end = start;
  while (end < text.length && text.charCodeAt(end) !== 0x3b && !isSpace(text.charCodeAt(end))) end++;
  const uriText = text.slice(start, end);
  if (uriText.includes('?') || uriText.includes(',')) {
    throw new SipParseError(`${what}: a URI with "?" or "," must stand between < and >`);
  }
  return build(undefined, uriText, text, end, what);
}

function build(
  displayName: string | undefined,
  uriText: string,
  text: string,
  paramsAt: number,
  what: string,
): Address {
  const params = parseParams(text, paramsAt, what);
  return { displayName, uri: parseUri(uriText), uriText, params, tag: params.get('tag') };
}
