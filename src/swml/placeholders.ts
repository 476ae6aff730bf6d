/**
 * Placeholders in text (spec/document.md 4.1):
 *
 *     placeholder = ( "$" / "%" ) "{" body "}"      ; calling; messaging knows "%" alone
 *     path        = ident *( "." key / "[" int "]" / "[" quoted "]" )
 *     ident       = [A-Za-z_$][A-Za-z0-9_$]*
 *     key         = [A-Za-z0-9_$-]+
 *
 * A body that is no path is JavaScript in a calling document, and nothing in a messaging document.
 */
import type { DocumentKind } from './error-codes.ts';

export type PathSegments = readonly (string | number)[];

export type Placeholder =
  | { readonly kind: 'path'; readonly body: string; readonly path: PathSegments }
  | { readonly kind: 'expression'; readonly body: string };

/** A text taken apart: literal text and placeholders in their order. */
export type Template = readonly (string | Placeholder)[];

/** Templates are parsed once; texts of documents come again at each call. */
const CACHE_SIZE = 2_000;
const CACHED_LENGTH = 4_096;
const caches: Readonly<Record<DocumentKind, Map<string, Template>>> = {
  calling: new Map(),
  messaging: new Map(),
};

/** An opening that never closes is plain text. */
export function parseTemplate(text: string, kind: DocumentKind = 'calling'): Template {
  const cache = caches[kind];
  const known = cache.get(text);
  if (known !== undefined) return known;
  const template = scan(text, kind);
  if (text.length <= CACHED_LENGTH) {
    if (cache.size >= CACHE_SIZE) cache.clear();
    cache.set(text, template);
  }
  return template;
}

export function hasPlaceholder(text: string, kind: DocumentKind = 'calling'): boolean {
  return mayHold(text, kind) && parseTemplate(text, kind).some((part) => typeof part !== 'string');
}

/** The segments of a plain path, or undefined for anything else. */
export function parsePath(text: string): PathSegments | undefined {
  const head = /^[A-Za-z_$][A-Za-z0-9_$]*/.exec(text);
  if (head === null) return undefined;
  const segments: (string | number)[] = [head[0]];
  const next = /\.([A-Za-z0-9_$-]+)|\[(\d{1,9})\]|\["((?:[^"\\]|\\.)*)"\]|\['((?:[^'\\]|\\.)*)'\]/y;
  next.lastIndex = head[0].length;
  while (next.lastIndex < text.length) {
    const match = next.exec(text);
    if (match === null) return undefined;
    const [, key, index, double, single] = match;
    if (index !== undefined) segments.push(Number(index));
    else segments.push(key ?? (double ?? single ?? '').replace(/\\(.)/gs, '$1'));
  }
  return segments;
}

/**
 * Index of the `}` that closes the `{` at `open`: braces, brackets and parentheses of code nest, and quoted
 * text (also of templates) may hold any of them. -1 when nothing closes it.
 * @param isCode whether regular expressions of JavaScript may hold them, too
 */
export function closingBrace(text: string, open: number, isCode = false): number {
  let depth = 0;
  // A quotation mark that nothing closes (an apostrophe) is no quotation, and so are others of its kind
  // behind it; this also keeps the scan linear. It is the same with slashes.
  let plain = isCode ? '' : '/';
  // The last character of code that is no blank.
  let before = '';
  for (let index = open; index < text.length; index++) {
    const char = text[index]!;
    if (char === '{') depth++;
    else if (char === '}') {
      if (--depth === 0) return index;
    } else if ((char === '"' || char === "'" || char === '`') && !plain.includes(char)) {
      const end = closingQuote(text, index);
      if (end < 0) plain += char;
      else index = end;
    } else if (char === '/' && !plain.includes(char) && beginsPattern(text, index, before)) {
      const end = closingSlash(text, index);
      if (end < 0) plain += char;
      else index = end;
    }
    if (char.trim() !== '') before = char;
  }
  return -1;
}

function mayHold(text: string, kind: DocumentKind): boolean {
  return text.includes('%{') || (kind === 'calling' && text.includes('${'));
}

function scan(text: string, kind: DocumentKind): Template {
  if (!mayHold(text, kind)) return text === '' ? [] : [text];
  const parts: (string | Placeholder)[] = [];
  let literalFrom = 0;
  const opening = kind === 'calling' ? /[$%]\{/g : /%\{/g;
  for (let match = opening.exec(text); match !== null; match = opening.exec(text)) {
    const end = closingBrace(text, match.index + 1, kind === 'calling');
    if (end < 0) break;
    const placeholder = classify(text.slice(match.index + 2, end).trim(), kind);
    if (placeholder !== undefined) {
      if (match.index > literalFrom) parts.push(text.slice(literalFrom, match.index));
      parts.push(placeholder);
      literalFrom = end + 1;
    }
    opening.lastIndex = end + 1;
  }
  if (literalFrom < text.length) parts.push(text.slice(literalFrom));
  return parts;
}

function classify(body: string, kind: DocumentKind): Placeholder | undefined {
  const path = parsePath(body);
  if (path !== undefined) return { kind: 'path', body, path };
  return kind === 'calling' ? { kind: 'expression', body } : undefined;
}

/** Whether a slash begins a regular expression, as where a value is wanted: elsewhere it divides. */
function beginsPattern(text: string, slash: number, before: string): boolean {
  const next = text[slash + 1];
  // Two slashes, or one with a star, begin a comment.
  return '({[,;:?=!&|>'.includes(before) && next !== '/' && next !== '*';
}

/** Within `[…]` a slash closes nothing, and a line end is in no regular expression. */
function closingSlash(text: string, open: number): number {
  let isInClass = false;
  for (let index = open + 1; index < text.length; index++) {
    const char = text[index];
    if (char === '\n') return -1;
    if (char === '\\') index++;
    else if (char === '[') isInClass = true;
    else if (char === ']') isInClass = false;
    else if (char === '/' && !isInClass) return index;
  }
  return -1;
}

function closingQuote(text: string, open: number): number {
  const quote = text[open];
  for (let index = open + 1; index < text.length; index++) {
    const char = text[index];
    if (char === '\\') index++;
    else if (char === quote) return index;
  }
  return -1;
}
