import { allOf, isOf, lowerCase, PARAM_VALUE, skipSpace, TOKEN } from './chars.ts';
import { excerpt, SipParseError } from './errors.ts';
import { quotedEnd } from './lists.ts';

/**
 * Parameters by lower-case name, in order. A value is without its quotes and escapes; `undefined` is a
 * parameter without "=" (`;lr`), which `has` tells from one that is not there.
 */
export type Params = ReadonlyMap<string, string | undefined>;

export const NO_PARAMS: Params = new Map();

/**
 * Header parameters from `start` to the end of `text`. Of a name that comes twice the first counts.
 *
 *     *( SEMI generic-param )
 *     generic-param  =  token [ EQUAL gen-value ]        gen-value = token / host / quoted-string
 *
 * @param what the header, for the error
 * @throws SipParseError 400 on anything else, an empty parameter included
 */
export function parseParams(text: string, start: number, what: string): Params {
  let i = skipSpace(text, start);
  if (i === text.length) return NO_PARAMS;
  const params = new Map<string, string | undefined>();
  while (i < text.length) {
    if (text.charCodeAt(i) !== 0x3b /* ; */) throw unexpected(text, i, what);
    i = skipSpace(text, i + 1);
    const nameStart = i;
    while (i < text.length && isOf(text.charCodeAt(i), TOKEN)) i++;
    if (i === nameStart) throw unexpected(text, i, what);
    const name = lowerCase(text.slice(nameStart, i));
    i = skipSpace(text, i);
    let value: string | undefined;
    if (text.charCodeAt(i) === 0x3d /* = */) {
      i = skipSpace(text, i + 1);
      if (text.charCodeAt(i) === 0x22 /* " */) {
        const close = quotedEnd(text, i);
        if (close === text.length) throw new SipParseError(`${what}: quote without end`);
        value = unquote(text, i, close);
        i = close + 1;
      } else {
        const valueStart = i;
        while (i < text.length && isOf(text.charCodeAt(i), PARAM_VALUE)) i++;
        value = text.slice(valueStart, i);
      }
      i = skipSpace(text, i);
    }
    if (!params.has(name)) params.set(name, value);
  }
  return params;
}

/** `;name=value…` as it goes into a header; values that need quotes get them. */
export function paramsToString(params: Params): string {
  let text = '';
  params.forEach((value, name) => {
    text += value === undefined ? `;${name}` : `;${name}=${bare(value)}`;
  });
  return text;
}

/**
 * Content of the quoted string whose quotes stand at `open` and `close`, escapes undone.
 *
 *     quoted-pair  =  "\" (%x00-09 / %x0B-0C / %x0E-7F)
 */
export function unquote(text: string, open: number, close: number): string {
  const content = text.slice(open + 1, close);
  return content.includes('\\') ? content.replace(/\\([\s\S])/g, '$1') : content;
}

/** `text` as a quoted string (RFC 3261 25.1). */
export function quote(text: string): string {
  return `"${text.replace(/["\\\0]/g, '\\$&')}"`;
}

function bare(value: string): string {
  return value !== '' && allOf(value, PARAM_VALUE) && !value.includes('\\') ? value : quote(value);
}

function unexpected(text: string, index: number, what: string): SipParseError {
  return new SipParseError(
    index < text.length
      ? `${what}: ${excerpt(text.slice(index))} where a parameter should be`
      : `${what}: empty parameter at the end`,
  );
}
