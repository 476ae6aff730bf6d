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
  /** Keys that are numbers to YAML, and are so not what was written. */
  readonly numberKeys: readonly NumberKey[];
}

/** `+15550100:` is the key "15550100". */
export interface NumberKey {
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
  const reader = new Reader(lines, options);
  if (text.length > MAX_DOCUMENT_BYTES || new TextEncoder().encode(text).length > MAX_DOCUMENT_BYTES) {
    throw reader.error('syntax', 'The document is too large', { expected: 'at most 1 MiB' });
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
  };
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
  readonly #anchors = new Map<string, Anchored | 'open'>();
  /** What aliases stand for: the parser itself would look through the whole document for each. */
  readonly #targets = new WeakMap<Alias, unknown>();
  readonly #pairs = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>();
  readonly numberKeys: NumberKey[] = [];
  #values = 0;
  /** Of the values read so far. */
  #deepest = 0;

  constructor(lines: LineCounter, options: ParseOptions) {
    this.#lines = lines;
    this.#options = options;
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
    const line = text.split(/\r?\n/, position.line)[position.line - 1] ?? '';
    const message = firstSentence(problem.message);
    return this.error('syntax', `This is neither JSON nor YAML (${message})`, {
      position,
      suggestion: cure(problem, line),
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
    const anchor = isMap(node) || isSeq(node) || isScalar(node) ? node.anchor : undefined;
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
    if (typeof value === 'number' && Number.isFinite(value)) return value;
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
      setMember(object, key, this.#value(pair.value, [...path, key]));
    }
    return Object.freeze(object);
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

/** What writers of documents most often get wrong in YAML. */
function cure(problem: YAMLParseError, line: string): string | undefined {
  if (/[$%]\{/.test(line) && /BAD_SCALAR_START|UNEXPECTED_TOKEN|FLOW|MISSING_CHAR/.test(problem.code)) {
    return 'put the text with the placeholder in double quotes';
  }
  if (problem.code === 'BLOCK_AS_IMPLICIT_KEY' || problem.code === 'MULTILINE_IMPLICIT_KEY') {
    return 'put a text that holds a colon and a blank in double quotes';
  }
  if (problem.code === 'TAB_AS_INDENT') return 'indent with blanks';
  return undefined;
}
