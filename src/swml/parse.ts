/**
 * Text → plain values with the place of each. JSON is read by the same parser, of which it is a subset
 * (YAML 1.2, core schema: `on`, `off`, `yes` and `no` are strings).
 */
import {
  type Alias,
  CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
  type YAMLParseError,
} from 'yaml';
import { codeOf, type DocumentKind, type Fault } from './error-codes.ts';
import { SwmlError } from './errors.ts';
import { type JsonValue, setMember } from './json.ts';
import { formatPath, type Path, type Position, START } from './position.ts';

export interface ParsedText {
  /** Deeply frozen. Aliases share the value of their anchor. */
  readonly value: JsonValue;
  /** Where the value at `path` starts, or its key; for a path that leads nowhere, its nearest ancestor. */
  locate(path: Path, part?: 'key' | 'value'): Position;
  /** Keys that are numbers to YAML, and are so not what was written: `+15550100:` is the key "15550100". */
  readonly numberKeys: readonly Misread[];
  /** The same of values that are whole numbers; `written` may have more digits than a number holds, too. */
  readonly numberValues: readonly Misread[];
  /** Keys with nothing behind them but what may be keys of a telephone, and is a comment: `terminators: #`. */
  readonly commentedKeys: readonly Misread[];
}

/** Something that YAML reads otherwise than it was written. */
export interface Misread {
  readonly path: Path;
  readonly written: string;
}

export interface ParseOptions {
  readonly file?: string | undefined;
  readonly kind?: DocumentKind;
}

/** UTF-8 bytes of a document (spec/document.md 6). */
export const MAX_DOCUMENT_BYTES = 1_048_576;
/** Values inside values. */
export const MAX_DEPTH = 512;
/** Values in a document, those that aliases repeat counted each time. */
export const MAX_VALUES = 100_000;
const MAX_TOKENS = 200_000;

/** @throws SwmlError with the code for text that cannot be read, is too large or too deep, or repeats a key */
export function parseText(source: string, options: ParseOptions = {}): ParsedText {
  const text = withoutByteOrderMark(source);
  const lines = new LineCounter();
  const reader = new Reader(lines, options, text);
  if (text.length > MAX_DOCUMENT_BYTES || new TextEncoder().encode(text).length > MAX_DOCUMENT_BYTES) {
    throw reader.error('syntax', 'The document is too large', { expected: 'at most 1 MiB' });
  }
  const other = otherKind(text);
  if (other !== undefined) {
    const { message, ...details } = other;
    throw reader.error('syntax', message, { position: START, ...details });
  }
  reader.guard(text);
  let document: Document.Parsed;
  try {
    document = parseDocument(text, {
      lineCounter: lines,
      version: '1.2',
      schema: 'core',
      merge: false,
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'error',
    });
  } catch (error) {
    throw reader.error('parser', 'The parser failed on this document', { cause: error });
  }
  const problem = document.errors[0];
  if (problem !== undefined) throw reader.syntaxError(problem, text);
  return {
    value: reader.read(document),
    locate: (path, part) => reader.locate(document, path, part),
    numberKeys: reader.numberKeys,
    numberValues: reader.numberValues,
    commentedKeys: reader.commentedKeys,
  };
}

/** Of what comes in the place of a document, and what YAML would have odd complaints of. */
function otherKind(text: string): { readonly message: string; readonly suggestion?: string } | undefined {
  // Neither JSON nor YAML has this character; UTF-16 that is read as UTF-8 is full of it.
  if (text.includes('\0')) return { message: 'This is no text in UTF-8', suggestion: 'save it as UTF-8' };
  if (/^\s*<(?:!doctype|html|\?xml)\b/i.test(text)) {
    return { message: 'This is HTML or XML, neither JSON nor YAML' };
  }
  return undefined;
}

/** The text as it is counted in lines and columns: editors show no byte order mark. */
export function withoutByteOrderMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/** A value with an anchor. */
interface Anchored {
  readonly node: unknown;
  readonly value: JsonValue;
  /** Values in it. */
  readonly weight: number;
  /** Values inside each other in it. */
  readonly depth: number;
}

class Reader {
  readonly #lines: LineCounter;
  readonly #options: ParseOptions;
  readonly #text: string;
  readonly #anchors = new Map<string, Anchored | 'open'>();
  /** What aliases stand for: the parser itself would look through the whole document for each. */
  readonly #targets = new WeakMap<Alias, unknown>();
  readonly #pairs = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>();
  readonly numberKeys: Misread[] = [];
  readonly numberValues: Misread[] = [];
  readonly commentedKeys: Misread[] = [];
  #values = 0;
  /** Of the values read so far. */
  #deepest = 0;

  constructor(lines: LineCounter, options: ParseOptions, text: string) {
    this.#lines = lines;
    this.#options = options;
    this.#text = text;
  }

  /**
   * Refuses, from the tokens alone, what the parser could not read in bounded time: indicators that nest on
   * one line (`? ? ?`, `- - -`), brackets that nest, and sheer number.
   */
  guard(text: string): void {
    let tokens = 0;
    let flowDepth = 0;
    let onLine = 0;
    let offset = 0;
    for (const token of new Lexer().lex(text)) {
      const type = CST.tokenType(token);
      if (type === 'newline') onLine = 0;
      else if (type === 'flow-seq-start' || type === 'flow-map-start') flowDepth++;
      else if (type === 'flow-seq-end' || type === 'flow-map-end') flowDepth--;
      else if (flowDepth === 0 && (type === 'seq-item-ind' || type === 'explicit-key-ind')) onLine++;
      if (++tokens > MAX_TOKENS) {
        throw this.error('syntax', 'The document has too many parts', {
          expected: `at most ${MAX_TOKENS} tokens`,
        });
      }
      if (flowDepth > MAX_DEPTH || onLine > MAX_DEPTH) {
        const before = text.slice(0, offset);
        const line = before.split('\n').length;
        throw this.error('tooDeep', 'The document nests too deeply', {
          expected: `at most ${MAX_DEPTH} values inside each other`,
          position: { line, column: offset - before.lastIndexOf('\n') },
        });
      }
      if (type !== 'doc-mode' && type !== 'flow-error-end' && type !== 'scalar') offset += token.length;
    }
  }

  read(document: Document.Parsed): JsonValue {
    return this.#value(document.contents, []);
  }

  locate(document: Document.Parsed, path: Path, part: 'key' | 'value' = 'value'): Position {
    let node: unknown = document.contents;
    let found = this.#start(node) ?? START;
    for (const [index, key] of path.entries()) {
      if (isAlias(node)) node = this.#targets.get(node);
      const last = index === path.length - 1;
      if (isSeq(node) && typeof key === 'number') {
        node = node.items[key];
        found = this.#start(node) ?? found;
      } else if (isMap(node)) {
        const pair = this.#pairsOf(node).get(String(key));
        if (pair === undefined) break;
        const keyStart = this.#start(pair.key) ?? found;
        node = pair.value;
        found = last && part === 'key' ? keyStart : (this.#start(node) ?? keyStart);
      } else break;
    }
    return found;
  }

  syntaxError(problem: YAMLParseError, text: string): SwmlError {
    const position = this.#at(problem.pos[0]);
    if (problem.code === 'RESOURCE_EXHAUSTION') {
      return this.error('tooDeep', 'The document nests too deeply', { position });
    }
    if (problem.code === 'MULTIPLE_DOCS') {
      return this.error('syntax', 'The text holds more than one document', {
        position,
        suggestion: 'put each into a file of its own, or leave out the line "---" between them',
      });
    }
    const lines = text.split(/\r?\n/, position.line);
    const [before = '', line = ''] = [lines[position.line - 2], lines[position.line - 1]];
    const message = firstSentence(problem.message);
    return this.error('syntax', `This is neither JSON nor YAML (${message})`, {
      position,
      suggestion:
        /^\s*[{[]/.test(text) && hasComment(before, line, position.column)
          ? 'leave out the comment: JSON has none, and in YAML it begins with "#"'
          : cure(problem, line),
    });
  }

  error(
    fault: Fault,
    message: string,
    details: {
      readonly position?: Position | undefined;
      readonly path?: Path;
      readonly expected?: string;
      readonly found?: string;
      readonly suggestion?: string | undefined;
      readonly cause?: unknown;
    } = {},
  ): SwmlError {
    const { path, cause, ...rest } = details;
    return new SwmlError(
      {
        code: codeOf(fault, this.#options.kind ?? 'calling'),
        message,
        file: this.#options.file,
        ...(path === undefined ? {} : { path: formatPath(path) }),
        ...rest,
      },
      cause === undefined ? {} : { cause },
    );
  }

  #value(node: unknown, path: Path): JsonValue {
    if (++this.#values > MAX_VALUES) {
      throw this.error('syntax', 'The document has too many values', {
        expected: `at most ${MAX_VALUES}, aliases counted as often as they stand`,
        position: this.#start(node),
        path,
      });
    }
    this.#reach(path.length, node);
    if (isAlias(node)) return this.#alias(node, path);
    const own = isMap(node) || isSeq(node) || isScalar(node) ? node : undefined;
    if (own?.tag !== undefined && !JSON_TAG.test(own.tag)) throw this.#tagged(own.tag, own.range?.[0], path);
    const anchor = own?.anchor;
    if (anchor === undefined) return this.#plain(node, path);
    this.#anchors.set(anchor, 'open');
    const [valuesBefore, deepestBefore] = [this.#values, this.#deepest];
    this.#deepest = path.length;
    const value = this.#plain(node, path);
    const [weight, depth] = [this.#values - valuesBefore, this.#deepest - path.length];
    this.#deepest = Math.max(this.#deepest, deepestBefore);
    this.#anchors.set(anchor, { node, value, weight, depth });
    return value;
  }

  /** YAML would pass over the tag, and with it over the "!" of `when: !vars.vip` and `when: ! vars.vip`. */
  #tagged(tag: string, offset: number | undefined, path: Path): SwmlError {
    let at = this.#text.lastIndexOf('!', offset);
    while (this.#text[at - 1] === '!') at--;
    return this.error('wrongType', 'A value with a tag has no JSON form', {
      position: this.#at(Math.max(0, at)),
      path,
      found: tag,
      suggestion: 'put a text that begins with "!" in double quotes',
    });
  }

  /** @throws SwmlError when a value lies too deep */
  #reach(depth: number, node: unknown): void {
    if (depth > MAX_DEPTH) {
      throw this.error('tooDeep', 'The document nests too deeply', {
        expected: `at most ${MAX_DEPTH} values inside each other`,
        position: this.#start(node),
      });
    }
    this.#deepest = Math.max(this.#deepest, depth);
  }

  #alias(node: Alias, path: Path): JsonValue {
    const name = node.source;
    const target = this.#anchors.get(name);
    if (target === undefined || target === 'open') {
      throw this.error(
        'syntax',
        target === 'open'
          ? `Alias *${name} stands inside its own anchor`
          : `Alias *${name} has no anchor before it`,
        {
          position: this.#start(node),
          path,
          suggestion: target === undefined ? STAR_CURE : undefined,
        },
      );
    }
    this.#values += target.weight;
    this.#reach(path.length + target.depth, node);
    this.#targets.set(node, target.node);
    return target.value;
  }

  #plain(node: unknown, path: Path): JsonValue {
    if (isMap(node)) return this.#map(node, path);
    if (isSeq(node))
      return Object.freeze(node.items.map((item, index) => this.#value(item, [...path, index])));
    if (!isScalar(node)) return null;
    const { value } = node;
    if (value === null || value === undefined) return null;
    if (typeof value === 'string' || typeof value === 'boolean') return value;
    if (typeof value === 'number' && Number.isFinite(value)) {
      const written = node.source ?? '';
      if (/^[-+]?\d+$/.test(written) && written !== String(value)) this.numberValues.push({ path, written });
      return value;
    }
    throw this.error('wrongType', 'This number has no JSON form', {
      expected: 'a finite number',
      found: String(value),
      position: this.#start(node),
      path,
    });
  }

  #map(node: YAMLMap, path: Path): JsonValue {
    const object: Record<string, JsonValue> = {};
    for (const pair of node.items) {
      const key = keyText(pair);
      if (key === undefined) {
        throw this.error('syntax', 'A key must be a plain text', { position: this.#start(pair.key), path });
      }
      if (Object.hasOwn(object, key)) {
        throw this.error('duplicate', `"${key}" is given twice`, {
          position: this.#start(pair.key),
          path: [...path, key],
        });
      }
      const written = isScalar(pair.key) && typeof pair.key.value === 'number' ? pair.key.source : undefined;
      if (written !== undefined && written !== key) this.numberKeys.push({ path: [...path, key], written });
      const comment = this.#commentOfKeys(pair.value);
      if (comment !== undefined) this.commentedKeys.push({ path: [...path, key], written: comment });
      setMember(object, key, this.#value(pair.value, [...path, key]));
    }
    return Object.freeze(object);
  }

  /** The comment in the place of a value, if it looks like keys of a telephone: `#`, `#21#`. */
  #commentOfKeys(node: unknown): string | undefined {
    if (!isScalar(node) || node.value !== null || node.source !== '' || !node.range) return undefined;
    const comment = /#[0-9A-D*#]*(?=[ \t]*(?:\r?\n|$))/y;
    comment.lastIndex = node.range[0];
    return comment.exec(this.#text)?.[0];
  }

  /** Pairs by their keys, so that finding places stays linear in a document of thousands of sections. */
  #pairsOf(map: YAMLMap): ReadonlyMap<string, Pair> {
    const known = this.#pairs.get(map);
    if (known !== undefined) return known;
    const pairs = new Map<string, Pair>();
    for (const pair of map.items) {
      const key = keyText(pair);
      if (key !== undefined) pairs.set(key, pair);
    }
    this.#pairs.set(map, pairs);
    return pairs;
  }

  #start(node: unknown): Position | undefined {
    const range = (node as Node | null | undefined)?.range;
    return range ? this.#at(range[0]) : undefined;
  }

  #at(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return line === 0 ? START : { line, column: col };
  }
}

/** Keys are texts, so `5:` and `true:` are "5" and "true" (spec/document.md 1.4). */
function keyText(pair: Pair): string | undefined {
  if (!isScalar(pair.key)) return undefined;
  const { value } = pair.key;
  return value === null || typeof value === 'object' ? (pair.key.source ?? '') : String(value);
}

function firstSentence(message: string): string {
  return message.split('\n')[0]!.replace(/\s+at line \d+.*$/, '');
}

/** Tags of what JSON has, too; `!!str 5` is "5". */
const JSON_TAG = /^tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq)$/;
const STAR_CURE = 'put a text that begins with "*" in double quotes';

/** What writers of documents most often get wrong in YAML. */
function cure(problem: YAMLParseError, line: string): string | undefined {
  if (/^Alias cannot be an empty string/.test(problem.message)) return STAR_CURE;
  // Such as `when: "a" == b`, or `when: [1, 2].includes(x)`.
  if (/ at node end$/.test(problem.message) && /["'\]]/.test(line)) {
    return 'put the whole text in quotes, of another kind than those in it';
  }
  if (problem.code === 'MULTILINE_IMPLICIT_KEY' || / followed by map values$/.test(problem.message)) {
    const missing = missingInKey(line);
    if (missing !== undefined) return missing;
  }
  if (/[$%]\{/.test(line) && /BAD_SCALAR_START|UNEXPECTED_TOKEN|FLOW|MISSING_CHAR/.test(problem.code)) {
    return 'put the text with the placeholder in double quotes';
  }
  if (problem.code === 'BLOCK_AS_IMPLICIT_KEY' || problem.code === 'MULTILINE_IMPLICIT_KEY') {
    return 'put a text that holds a colon and a blank in double quotes';
  }
  if (problem.code === 'TAB_AS_INDENT') return 'indent with blanks';
  return undefined;
}

/** Texts that begin so are sounds, addresses and the like, and no keys. */
const SCHEME = /^(?:say|silence|ring|https?|wss?|sips?|tel|queue|stream)$/i;

/** Of a line with a key that lacks its colon, or the blank behind it: to YAML, a text begins there. */
function missingInKey(line: string): string | undefined {
  const bare = /^[\s-]*(\w[\w-]*)\s*$/.exec(line)?.[1];
  if (bare !== undefined) return `is a colon missing behind "${bare}"?`;
  const tight = /^[\s-]*(\w[\w-]*):\S/.exec(line)?.[1];
  return tight === undefined || SCHEME.test(tight) ? undefined : `put a blank behind "${tight}:"`;
}

/** Whether a comment as in JavaScript stands at the place, or begins what is on its line or on the one before. */
function hasComment(before: string, line: string, column: number): boolean {
  const behindMark = /(?:^|[,{[])\s*\/[/*]/;
  return behindMark.test(before) || behindMark.test(line) || /^\s*\/[/*]/.test(line.slice(column - 1));
}
