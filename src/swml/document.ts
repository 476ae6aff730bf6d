/** A document as a typed model: sections of steps, each with its place in the text (spec/document.md 1). */
import { codeOf, type DocumentKind, type ErrorCode, type Fault } from './error-codes.ts';
import { type Diagnostic, plainDiagnostic, SwmlError } from './errors.ts';
import { isArray, isObject, type JsonObject, type JsonValue, jsonType, preview } from './json.ts';
import { type ParsedText, parseText } from './parse.ts';
import { formatPath, type Path, type Position } from './position.ts';
import { isOfSecret, NOT_SHOWN, shown } from './schema-findings.ts';
import { closest } from './suggest.ts';

export interface Step {
  readonly method: string;
  /** As written; null for a bare method name and for an empty value. */
  readonly params: JsonValue;
  /** Way to the step's parameters. */
  readonly path: Path;
  /** Where the method's name stands. */
  readonly position: Position;
}

/** A list of steps: a section, or a nested list as in `cond[].then`. */
export type Block = readonly Step[];

export interface SwmlDocument {
  readonly kind: DocumentKind;
  /** For messages: a file name, a URL without credentials, or what else the text came from. */
  readonly file: string | undefined;
  readonly text: string;
  readonly sections: ReadonlyMap<string, Block>;
  /** Blocks by the value that they were made from, so that nested lists are taken apart once. */
  readonly blocks: WeakMap<object, Block>;
  /** Whether any step holds JavaScript, so that a script without it never loads the sandbox. */
  readonly usesExpressions: boolean;
}

export interface DocumentOptions {
  readonly file?: string | undefined;
  readonly kind?: DocumentKind;
}

const ROOT_KEYS = ['version', 'sections'];
const SHORT_FORMS = ['reply', 'receive'];

/** A finding before its code, file and place are known. */
export interface Finding {
  readonly fault: Fault;
  /** In the place of the code of the fault. */
  readonly code?: ErrorCode | undefined;
  readonly message: string;
  readonly path: Path;
  /** The property that is missing from what stands at the path, when that is the fault. */
  readonly absent?: string | undefined;
  /** Whether the key or the value at the path is at fault. */
  readonly part?: 'key' | 'value';
  readonly severity?: 'error' | 'warning';
  readonly expected?: string | undefined;
  readonly found?: string | undefined;
  readonly suggestion?: string | undefined;
}

/** A document that is wrong throughout is not reported throughout. */
const MAX_DIAGNOSTICS = 100;

/** Takes values apart into steps and collects what is wrong with them. */
export class DocumentReader {
  readonly kind: DocumentKind;
  readonly file: string | undefined;
  readonly blocks = new WeakMap<object, Block>();
  readonly diagnostics: Diagnostic[] = [];
  readonly #locate: ParsedText['locate'];
  /** Numbers that are not what was written, by their path. */
  readonly #misread: Map<string, string>;
  #failed = false;

  constructor(parsed: ParsedText, options: DocumentOptions) {
    this.kind = options.kind ?? 'calling';
    this.file = options.file;
    this.#locate = parsed.locate;
    this.#misread = new Map(parsed.numberValues.map(({ path, written }) => [formatPath(path), written]));
  }

  /** Told of a number that stands where any value may: nothing else would find that a text was meant. */
  number(value: number, path: Path): void {
    const written = this.#misread.get(formatPath(path));
    // Once, however many alternatives the value is tried by.
    if (written === undefined || !this.#misread.delete(formatPath(path))) return;
    const isSecret = isOfSecret(path);
    this.report({
      fault: 'invalidValue',
      severity: 'warning',
      message: `This value is ${isSecret ? 'another one' : value}: as it is written, it is a number`,
      path,
      found: isSecret ? NOT_SHOWN : written,
      suggestion: `put it in quotes if it is ${isSecret ? 'a text' : `the text "${written}"`}`,
    });
  }

  /** Beyond the limit, the first error alone: no number of warnings makes up for one. */
  report(finding: Finding): void {
    const isError = finding.severity !== 'warning';
    if (this.diagnostics.length >= MAX_DIAGNOSTICS && (this.#failed || !isError)) return;
    this.#failed ||= isError;
    this.diagnostics.push(
      diagnosticOf(finding, this.kind, this.file, this.#locate(finding.path, finding.part ?? 'value')),
    );
  }

  get failed(): boolean {
    return this.#failed;
  }

  /** Whether the document is refused and nothing more is taken. */
  get isFull(): boolean {
    return this.#failed && this.diagnostics.length >= MAX_DIAGNOSTICS;
  }

  /** A section or nested list: an array of steps, or one step alone (spec/document.md 1.3). */
  block(value: JsonValue, path: Path): Block {
    if (typeof value !== 'object' || value === null) {
      this.report({
        fault: path.length === 2 ? 'sectionFormat' : 'wrongType',
        message: 'A list of steps is needed here',
        path,
        expected: 'a list of steps',
        found: shown(value),
      });
      return [];
    }
    const known = this.blocks.get(value);
    if (known !== undefined) return known;
    const single = isObject(value);
    const items: readonly JsonValue[] = single ? [value] : (value as readonly JsonValue[]);
    const steps: Step[] = [];
    for (const [index, item] of items.entries()) {
      const step = this.#step(item, single ? path : [...path, index]);
      if (step !== undefined) steps.push(step);
    }
    this.blocks.set(value, steps);
    return steps;
  }

  #step(value: JsonValue, path: Path): Step | undefined {
    if (typeof value === 'string' && value !== '') {
      return { method: value, params: null, path, position: this.#locate(path) };
    }
    if (!isObject(value)) {
      const empty = value === null || value === '';
      this.report({
        fault: empty ? 'noMethod' : 'wrongType',
        message: empty ? 'This step names no method' : 'A step is an object with one method name as its key',
        path,
        expected: 'a step such as `play: {url: …}`',
        found: shown(value),
      });
      return undefined;
    }
    const names = Object.keys(value);
    const [method] = names;
    if (method === undefined || method === '') {
      this.report({
        fault: 'noMethod',
        message: 'This step names no method',
        path,
        expected: 'a method name as its key',
      });
      return undefined;
    }
    if (names.length > 1) {
      this.report({
        fault: 'duplicate',
        message: `This step names ${names.length} methods`,
        path: [...path, names[1]!],
        part: 'key',
        expected: 'one method in a step',
        found: names.join(', '),
        suggestion: 'start a new step (with "-") for each method, and indent parameters below their method',
      });
      return undefined;
    }
    const paramsPath = [...path, method];
    return { method, params: value[method]!, path: paramsPath, position: this.#locate(paramsPath, 'key') };
  }
}

/**
 * Reads the outer shape of a document and all its sections' steps; what stands in the steps is not looked at.
 * @throws SwmlError when the text cannot be parsed at all
 */
export function buildDocument(
  text: string,
  options: DocumentOptions = {},
): {
  readonly reader: DocumentReader;
  readonly document: Omit<SwmlDocument, 'usesExpressions'>;
  /** Whether it was meant to be a document: it has sections, whatever else may be wrong with it. */
  readonly recognized: boolean;
} {
  const parsed = parseText(text, options);
  const reader = new DocumentReader(parsed, options);
  for (const { path, written } of parsed.numberKeys) {
    if (path.at(-2) !== 'case') continue;
    reader.report({
      fault: 'invalidValue',
      severity: 'warning',
      message: `This case is for "${path.at(-1)}": as it is written, it is a number`,
      path,
      part: 'key',
      found: written,
      suggestion: `put it in quotes if it is for "${written}"`,
    });
  }
  for (const { path, written } of parsed.commentedKeys) reader.report(onlyComment(path, written));
  const sections = readRoot(reader, parsed.value);
  const { kind, file, blocks } = reader;
  const recognized = looksLikeDocument(parsed.value, kind);
  return { reader, document: { kind, file, text, sections, blocks }, recognized };
}

/** Of a key of the text with keys of a telephone behind it that are a comment to YAML: `terminators: #`. */
export function onlyComment(path: Path, written: string): Finding {
  return {
    fault: 'invalidValue',
    severity: 'warning',
    message: `"${path.at(-1)}" has nothing behind it: "#" begins a comment`,
    path,
    part: 'key',
    found: written,
    suggestion: `put "${written}" in quotes if keys are meant`,
  };
}

function looksLikeDocument(root: JsonValue, kind: DocumentKind): boolean {
  if (!isObject(root)) return false;
  if (isObject(root['sections'])) return true;
  const names = Object.keys(root).filter((name) => name !== 'version');
  return kind === 'messaging' && names.length === 1 && SHORT_FORMS.includes(names[0]!);
}

function diagnosticOf(
  finding: Finding,
  kind: DocumentKind,
  file: string | undefined,
  position: Position | undefined,
): Diagnostic {
  const {
    fault,
    code = codeOf(fault, kind),
    path,
    part: _part,
    absent: _absent,
    severity = 'error',
    ...rest
  } = finding;
  return plainDiagnostic({ ...rest, code, severity, file, position, path: formatPath(path) });
}

/** Texts that were read again for a place, while there is memory for them: a script may warn in a loop. */
const readAgain = new WeakMap<object, WeakRef<ParsedText>>();

function locatorOf(document: Pick<SwmlDocument, 'kind' | 'file' | 'text'>): ParsedText {
  const known = readAgain.get(document)?.deref();
  if (known !== undefined) return known;
  const parsed = parseText(document.text, document);
  readAgain.set(document, new WeakRef(parsed));
  return parsed;
}

/** A finding about a document that is loaded already: its text is read again for the place. */
export function errorAt(
  document: Pick<SwmlDocument, 'kind' | 'file' | 'text'>,
  finding: Finding,
  options: ConstructorParameters<typeof SwmlError>[1] = {},
): SwmlError {
  const position = locatorOf(document).locate(finding.path, finding.part ?? 'value');
  return new SwmlError(diagnosticOf(finding, document.kind, document.file, position), options);
}

function readRoot(reader: DocumentReader, root: JsonValue): ReadonlyMap<string, Block> {
  if (!isObject(root)) {
    reader.report({
      fault: root === null || typeof root === 'string' ? 'syntax' : 'wrongType',
      message: root === null ? 'The document is empty' : 'A document is an object with `sections`',
      path: [],
      expected: 'an object with `sections`',
      found: shown(root),
    });
    return new Map();
  }
  readVersion(reader, root['version']);
  const shortForms = reader.kind === 'messaging' ? SHORT_FORMS : [];
  for (const key of Object.keys(root)) {
    if (ROOT_KEYS.includes(key) || shortForms.includes(key)) continue;
    const meant = closest(key, ROOT_KEYS);
    reader.report({
      fault: 'unknownElement',
      message: `A document has no element "${key}"`,
      path: [key],
      part: 'key',
      expected: ROOT_KEYS.join(' or '),
      suggestion: meant === undefined ? undefined : `did you mean "${meant}"?`,
    });
  }
  const entries = [...shortForms, 'sections'].filter((key) => Object.hasOwn(root, key));
  if (entries.length > 1) {
    reader.report({
      fault: 'unknownElement',
      message: 'The document has more than one entry point',
      path: [entries[1]!],
      part: 'key',
      expected: 'exactly one of reply, receive and sections',
      found: entries.join(', '),
    });
    return new Map();
  }
  const [entry] = entries;
  if (entry !== undefined && entry !== 'sections') {
    return new Map([['main', reader.block({ [entry]: root[entry]! }, [])]]);
  }
  return readSections(reader, root);
}

function readVersion(reader: DocumentReader, version: JsonValue | undefined): void {
  if (version === undefined || version === '1.0.0') return;
  reader.report({
    fault: 'version',
    message: 'This version of the language is not known',
    path: ['version'],
    expected: '"1.0.0"',
    found: preview(version),
  });
}

function readSections(reader: DocumentReader, root: JsonObject): ReadonlyMap<string, Block> {
  const sections = new Map<string, Block>();
  const value = root['sections'];
  if (value === undefined || value === null) {
    reader.report({
      fault: 'noSections',
      message: 'The document has no `sections`',
      path: value === null ? ['sections'] : [],
      expected: '`sections` with a section `main`',
      ...(Object.hasOwn(root, 'main') ? { suggestion: 'put `main` below `sections`' } : {}),
    });
    return sections;
  }
  if (!isObject(value)) {
    reader.report({
      fault: 'wrongType',
      message: '`sections` must hold sections by their names',
      path: ['sections'],
      expected: 'an object',
      found: jsonType(value),
    });
    return sections;
  }
  if (!Object.hasOwn(value, 'main')) {
    const meant = closest('main', Object.keys(value));
    reader.report({
      fault: 'noMain',
      message: 'The document has no section `main`',
      path: ['sections'],
      expected: '`main`, where the script starts',
      found: Object.keys(value).join(', ') || 'no section',
      suggestion: meant === undefined ? undefined : `did you mean "main" by "${meant}"?`,
    });
  }
  for (const [name, steps] of Object.entries(value)) sections.set(name, readSection(reader, name, steps));
  return sections;
}

function readSection(reader: DocumentReader, name: string, steps: JsonValue): Block {
  const path = ['sections', name];
  if (
    steps === null ||
    (isArray(steps) && steps.length === 0) ||
    (isObject(steps) && Object.keys(steps).length === 0)
  ) {
    reader.report({
      fault: 'emptySection',
      message: `The section "${name}" has no steps`,
      path,
      part: 'key',
      expected: 'at least one step',
    });
    return [];
  }
  return reader.block(steps, path);
}
