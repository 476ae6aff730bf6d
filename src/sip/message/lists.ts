import { isSpace, sliceTrimmed } from './chars.ts';
import { SipParseError } from './errors.ts';
import { SIP_LIMITS } from './limits.ts';

/**
 * Index of the comma that ends the list element at `start`, or the end of the text. Commas in quoted strings,
 * between < and >, and in (comments) do not count (RFC 3261 7.3.1, 25.1).
 */
function elementEnd(text: string, start: number): number {
  let depth = 0;
  let inAngles = false;
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22 /* " */ && !inAngles) {
      i = quotedEnd(text, i);
    } else if (code === 0x3c /* < */) {
      inAngles = true;
    } else if (code === 0x3e /* > */) {
      inAngles = false;
    } else if (code === 0x28 /* ( */ && !inAngles) {
      // A parenthesis within a word is a character of a URI's user, not the start of a comment.
      if (depth > 0 || i === start || isSpace(text.charCodeAt(i - 1))) depth++;
    } else if (code === 0x29 /* ) */ && depth > 0) {
      depth--;
    } else if (code === 0x5c /* \ */ && depth > 0) {
      i++;
    } else if (code === 0x2c /* , */ && !inAngles && depth === 0) {
      return i;
    }
  }
  return text.length;
}

/** Index of the quote that closes the one at `open`, or the end of the text when none does. */
export function quotedEnd(text: string, open: number): number {
  for (let i = open + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5c) i++;
    else if (code === 0x22) return i;
  }
  return text.length;
}

/**
 * The elements of a comma-separated header value, trimmed, empty ones left out.
 * @throws SipParseError 513 past the limit of values
 */
export function splitList(text: string): string[] {
  if (!text.includes(',')) return text === '' ? [] : [text];
  const elements: string[] = [];
  for (let start = 0; start <= text.length; ) {
    const end = elementEnd(text, start);
    const element = sliceTrimmed(text, start, end);
    if (element !== '') {
      if (elements.length === SIP_LIMITS.listValues) {
        throw new SipParseError(`more than ${SIP_LIMITS.listValues} values in one header field`, 513);
      }
      elements.push(element);
    }
    start = end + 1;
  }
  return elements;
}

/** First element of a comma-separated value, and what follows its comma (undefined when it is the last). */
export function splitFirst(text: string): { readonly first: string; readonly rest: string | undefined } {
  if (!text.includes(',')) return { first: text, rest: undefined };
  const end = elementEnd(text, 0);
  const first = sliceTrimmed(text, 0, end);
  return { first, rest: end < text.length ? sliceTrimmed(text, end + 1, text.length) : undefined };
}
