/** Whole documents: text in, a checked document or everything that is wrong with it out. */
import {
  type Block,
  buildDocument,
  type DocumentReader,
  type Step,
  type SwmlDocument,
} from '../swml/document.ts';
import { codeOf, type DocumentKind } from '../swml/error-codes.ts';
import { type Diagnostic, formatDiagnostic, SwmlError } from '../swml/errors.ts';
import type { StepsNode } from '../swml/schema.ts';
import { isObject, type JsonValue, preview } from '../swml/json.ts';
import { hasPlaceholder } from '../swml/placeholders.ts';
import { type Path, START } from '../swml/position.ts';
import { classifyDest } from './dest.ts';
import { malformedUrl, unknownLabel, unknownMethod, unknownSection } from './findings.ts';
import { readParams } from './params.ts';
import type { AnyMethod } from './method.ts';
import { methodsOf } from './registry.ts';

export { formatDiagnostic };

export interface CheckOptions {
  /** For messages. */
  readonly file?: string | undefined;
  /** Default `calling`. */
  readonly kind?: DocumentKind;
  /** Unknown properties and values beyond the published language are errors instead of warnings. */
  readonly strict?: boolean | undefined;
}

export interface CheckResult {
  /** Undefined when there is an error among the diagnostics. */
  readonly document?: SwmlDocument;
  /** In the order of the text. */
  readonly diagnostics: readonly Diagnostic[];
  /**
   * Whether the text was meant to be a document: it has sections, whatever else may be wrong with it. Tells
   * documents from other YAML and JSON; undefined for a text that cannot be parsed.
   */
  readonly recognized?: boolean;
}

/** Step lists inside step lists (spec/document.md 6). */
export const MAX_NESTED_BLOCKS = 64;

/**
 * Never throws: whatever is wrong is a diagnostic.
 * @param source text in YAML or JSON, or a document as an object; places are those in its JSON then
 */
export function checkDocument(source: string | object, options: CheckOptions = {}): CheckResult {
  let built: ReturnType<typeof buildDocument>;
  try {
    built = buildDocument(typeof source === 'string' ? source : jsonOf(source, options), options);
  } catch (error) {
    if (error instanceof SwmlError) return { diagnostics: error.diagnostics };
    throw error;
  }
  const { reader, document, recognized } = built;
  const checker = new DocumentChecker(reader, document, options.strict === true);
  for (const [name, block] of document.sections) checker.block(block, ['sections', name], 0);
  const diagnostics = [...reader.diagnostics].sort(byPosition);
  if (reader.failed) return { diagnostics, recognized };
  return { document: { ...document, usesExpressions: checker.usesExpressions }, diagnostics, recognized };
}

/** @throws SwmlError for an object that JSON cannot hold: one that lies inside itself, big integers, a function */
function jsonOf(source: object, { file, kind = 'calling' }: CheckOptions): string {
  let reason = 'it is none that holds values';
  try {
    // A function has no JSON, whatever the type of `stringify` says.
    const text = JSON.stringify(source, null, 2) as string | undefined;
    if (text !== undefined) return text;
  } catch (error) {
    [reason = ''] = String(error).split('\n');
  }
  throw new SwmlError({
    code: codeOf('syntax', kind),
    message: `This object has no JSON form (${reason})`,
    file,
    position: START,
  });
}

/**
 * The checked document.
 * @throws SwmlError with the first error, and all diagnostics on it
 */
export function loadDocument(source: string | object, options: CheckOptions = {}): SwmlDocument {
  return loadAndWarn(source, options, () => {});
}

/**
 * As {@link loadDocument}.
 * @param warn told, in words, of what is wrong with the document though it can be run
 */
export function loadAndWarn(
  source: string | object,
  options: CheckOptions,
  warn: (message: string) => void,
): SwmlDocument {
  const { document, diagnostics } = checkDocument(source, options);
  if (document !== undefined) {
    for (const warning of diagnostics) warn(formatDiagnostic(warning));
    return document;
  }
  const first = diagnostics.find((diagnostic) => diagnostic.severity === 'error')!;
  // Also for what is a mere warning but in strict mode: there is nothing to go on with.
  throw new SwmlError(first, { all: diagnostics, policy: 'stop' });
}

type Labels = ReadonlySet<JsonValue>;

class DocumentChecker {
  readonly #reader: DocumentReader;
  readonly #document: Pick<SwmlDocument, 'sections'>;
  readonly #strict: boolean;
  readonly #methods: ReadonlyMap<string, AnyMethod>;
  #sectionLabels: Labels = new Set();
  usesExpressions = false;

  constructor(reader: DocumentReader, document: Pick<SwmlDocument, 'sections'>, strict: boolean) {
    this.#reader = reader;
    this.#document = document;
    this.#strict = strict;
    this.#methods = methodsOf(reader.kind);
  }

  /** @param depth how many blocks are around this one */
  block(block: Block, path: Path, depth: number): void {
    if (depth > MAX_NESTED_BLOCKS) {
      this.#reader.report({
        fault: 'tooDeep',
        message: 'Steps nest too deeply',
        path,
        expected: `at most ${MAX_NESTED_BLOCKS} lists of steps inside each other`,
      });
      return;
    }
    const labels = labelsOf(block);
    if (depth === 0) this.#sectionLabels = labels;
    const seen = new Set<JsonValue>();
    for (const step of block) {
      if (this.#reader.isFull) return;
      this.#step(step, depth, labels);
      if (step.method !== 'label' || typeof step.params !== 'string') continue;
      if (seen.has(step.params)) {
        this.#reader.report({
          fault: 'duplicate',
          message: `The label ${preview(step.params)} stands twice in this list of steps`,
          path: step.path,
        });
      }
      seen.add(step.params);
    }
  }

  #step(step: Step, depth: number, labels: Labels): void {
    const method = this.#methods.get(step.method);
    if (method === undefined) {
      this.#reader.report(unknownMethod(step, this.#methods));
      return;
    }
    readParams(method, step, {
      kind: this.#reader.kind,
      strict: this.#strict,
      report: (finding) => this.#reader.report(finding),
      onExpression: () => {
        this.usesExpressions = true;
      },
      onNumber: (value, path) => this.#reader.number(value, path),
      block: (value, path, node) => this.#nested(value, path, node, depth + 1),
    });
    this.#reference(step);
    if (step.method === 'goto') this.#jump(step, labels);
  }

  #nested(value: JsonValue, path: Path, node: StepsNode, depth: number): Block {
    const block = this.#reader.block(value, path);
    const around = this.#sectionLabels;
    if (node.own) this.#sectionLabels = labelsOf(block);
    this.block(block, path, depth);
    this.#sectionLabels = around;
    for (const step of block) {
      if (node.methods === undefined || node.methods.includes(step.method)) continue;
      if (!this.#methods.has(step.method)) continue;
      this.#reader.report({
        fault: 'invalidParameter',
        message: `"${step.method}" may not stand in this list of steps`,
        path: step.path,
        part: 'key',
        expected: node.methods.join(', '),
      });
    }
    return block;
  }

  /** A label that is written out must stand in the same list of steps, or in the section. */
  #jump(step: Step, labels: Labels): void {
    const label = isObject(step.params) ? step.params['label'] : undefined;
    if (typeof label !== 'string' || hasPlaceholder(label, this.#reader.kind)) return;
    if (labels.has(label) || this.#sectionLabels.has(label)) return;
    this.#reader.report(unknownLabel(label, [...labels, ...this.#sectionLabels], [...step.path, 'label']));
  }

  /** Names of sections, and URLs, that are written out can be looked at before anything runs. */
  #reference(step: Step): void {
    if (step.method !== 'execute' && step.method !== 'transfer') return;
    const dest = isObject(step.params) ? step.params['dest'] : undefined;
    if (typeof dest !== 'string' || hasPlaceholder(dest, this.#reader.kind)) return;
    if (this.#reader.kind === 'messaging' && step.method === 'transfer') return;
    const path = [...step.path, 'dest'];
    // A message knows sections alone; a call goes to documents, too.
    const kind = this.#reader.kind === 'messaging' ? 'section' : classifyDest(dest);
    if (kind === 'section' && !this.#document.sections.has(dest)) {
      this.#reader.report(unknownSection(dest, this.#document, path));
    } else if (kind === 'url' && !URL.canParse(dest)) {
      this.#reader.report(malformedUrl(dest, path));
    } else if (kind === 'inline' && this.#document.sections.has(dest.trim())) {
      // A block of YAML (`dest: |`) leaves a line end behind the name.
      this.#reader.report({
        fault: 'unknownSection',
        message: `A line end makes "${dest.trim()}" the text of a document, not the name of a section`,
        path,
        suggestion: `write "dest: ${dest.trim()}" on one line`,
      });
    }
  }
}

function labelsOf(block: Block): Labels {
  return new Set(block.filter((step) => step.method === 'label').map((step) => step.params));
}

function byPosition(a: Diagnostic, b: Diagnostic): number {
  const [one, other] = [a.position, b.position];
  return (one?.line ?? 0) - (other?.line ?? 0) || (one?.column ?? 0) - (other?.column ?? 0);
}
