/** What a test expects of its document before it runs. */
import path from 'node:path';
import { checkDocument } from '../../methods/check.ts';
import type { SwmlDocument } from '../../swml/document.ts';
import { type Diagnostic, formatDiagnostic } from '../../swml/errors.ts';
import { type DocumentSource, documentText, isDocumentText } from '../documents.ts';
import { compare, matches } from '../partial.ts';
import { type Failure, sequence } from './check-call.ts';
import type { TestCase } from './load.ts';

/** The document of a test. */
export interface CheckedDocument {
  /** Undefined when it is refused. */
  readonly document: SwmlDocument | { readonly url: string } | undefined;
  readonly problems: readonly Diagnostic[];
}

/** Absolute path of the document of a test; undefined for one that is no file. */
export function documentFile({ spec, embedded, file }: TestCase): string | undefined {
  const { document: source } = spec;
  if (embedded !== undefined || typeof source !== 'string') return undefined;
  if (/^https?:\/\//i.test(source) || isDocumentText(source)) return undefined;
  return path.resolve(path.dirname(file), source);
}

/** @throws Error when its file cannot be read */
export async function readDocument(test: TestCase): Promise<CheckedDocument> {
  const { embedded, file } = test;
  const { document: source, strict } = test.spec;
  if (embedded === undefined && typeof source === 'string' && /^https?:\/\//i.test(source)) {
    return { document: { url: source }, problems: [] };
  }
  const found =
    embedded === undefined
      ? await documentText(source as DocumentSource, path.dirname(path.resolve(file)))
      : { text: embedded, file };
  const { document, diagnostics } = checkDocument(found.text, {
    file: found.file,
    ...(strict !== undefined && { strict }),
  });
  return { document, problems: diagnostics };
}

/** What is not as expected of the findings; with a document that is refused, of everything. */
export function checkProblems(test: TestCase, { document, problems }: CheckedDocument): readonly Failure[] {
  const { expect = {}, caller } = test.spec;
  const failures: Failure[] = [];
  if (expect.problems !== undefined) {
    const failure = sequence(
      'Other problems were found in the document',
      expect.problems,
      problems.map(shown),
      fits,
      show,
    );
    if (failure !== undefined) failures.push({ path: ['expect', 'problems'], ...failure });
  }
  if (document !== undefined) return failures;
  const first = problems.find(({ severity }) => severity === 'error')!;
  if (expect.error !== undefined) {
    const differences = compare(first.code, expect.error);
    if (differences.length > 0) {
      failures.push({
        path: ['expect', 'error'],
        message: 'The document was refused for another reason',
        differences,
      });
    }
  } else if (expect.problems === undefined) {
    const told = problems.map((problem) => formatDiagnostic(problem)).join('\n');
    failures.push({ path: ['document'], message: `The document has errors:\n${told}` });
    return failures;
  }
  const others = Object.keys(expect).filter((name) => name !== 'error' && name !== 'problems');
  const left = [
    ...others.map((name) => ['expect', name]),
    ...(caller === undefined || caller.length === 0 ? [] : [['caller']]),
  ];
  for (const place of left) {
    failures.push({
      path: place,
      message: `The document is refused (${first.code}), so there is no call of which this could be expected`,
    });
  }
  return failures;
}

type Shown = Readonly<Record<string, unknown>>;

function shown({ position, ...problem }: Diagnostic): Shown {
  return { ...problem, ...position };
}

function fits(problem: Shown, expected: unknown): boolean {
  return typeof expected === 'string' ? matches(problem['code'], expected) : matches(problem, expected);
}

function show({ severity, code, message, line, column }: Shown): string {
  return `${String(severity)} ${String(code)} at ${String(line)}:${String(column)}: ${String(message)}`;
}
