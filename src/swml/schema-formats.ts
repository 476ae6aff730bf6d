import type { StringFormat } from './schema.ts';
import { parsePath } from './placeholders.ts';

/** A number as text; other forms that JavaScript reads (`0x10`, blanks around it) are none here. */
export const DECIMAL = /^-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/** JavaScript in a document, in characters (spec/document.md 6). */
export const MAX_EXPRESSION_LENGTH = 1_024;

/** What was expected, when `text` does not have the format. */
export function formatFault(format: StringFormat, text: string): string | undefined {
  switch (format) {
    case 'http-url':
      return isHttpUrl(text) ? undefined : 'a URL that starts with http:// or https://';
    case 'uri':
      return URL.canParse(text) ? undefined : 'an absolute URL';
    case 'javascript':
      return text.length <= MAX_EXPRESSION_LENGTH
        ? undefined
        : `JavaScript of at most ${MAX_EXPRESSION_LENGTH} characters`;
    case 'path':
      return parsePath(text) === undefined ? 'a path such as call.type or list[0].name' : undefined;
  }
}

export function isHttpUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}
