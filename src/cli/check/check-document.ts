import { checkDocument } from '../../methods/check.ts';
import { codeOf, type DocumentKind } from '../../swml/error-codes.ts';
import type { AnyDiagnostic } from '../../swml/errors.ts';
import { withoutByteOrderMark } from '../../swml/parse.ts';
import { loadTestFile, TestFileError } from '../../testing/files/load.ts';
import { TEST_FILE_NAME } from '../test/find-files.ts';
import { type FoundDocument, mentionsSections } from './find-documents.ts';

export interface CheckedDocument extends FoundDocument {
  /** What the document is for, or was taken for; `test` for a test file. */
  readonly kind: DocumentKind | 'test';
  readonly diagnostics: readonly AnyDiagnostic[];
}

export interface CheckRules {
  /** `auto`: each document is what fits it better; calling when both fit. */
  readonly kind: DocumentKind | 'auto';
  readonly strict: boolean;
}

/** @returns undefined for a file of a folder that was never meant to be a document */
export function checkFound(found: FoundDocument, rules: CheckRules): CheckedDocument | undefined {
  const checked = checkText(found, rules);
  if (checked === undefined) return undefined;
  const { kind, diagnostics } = checked;
  const code = kind === 'test' ? 'test_parse_error' : codeOf('syntax', kind);
  const all = [...lostCharacter(found, code), ...diagnostics];
  return { ...checked, diagnostics: all.sort((a, b) => (a.position?.line ?? 0) - (b.position?.line ?? 0)) };
}

/** In the place of bytes that are no UTF-8, as those of letters with accents in Latin-1. */
const LOST = '\ufffd';

function lostCharacter({ name: file, text: whole }: FoundDocument, code: string): AnyDiagnostic[] {
  const text = withoutByteOrderMark(whole);
  const at = text.indexOf(LOST);
  // Of UTF-16, which is no document at all, that is said already.
  if (at < 0 || text.includes('\0')) return [];
  const before = text.slice(0, at);
  return [
    {
      code,
      severity: 'warning',
      message: 'A character was lost here: the text is not in UTF-8',
      file,
      position: { line: before.split('\n').length, column: at - before.lastIndexOf('\n') },
      suggestion: 'save it as UTF-8',
    },
  ];
}

function checkText(found: FoundDocument, rules: CheckRules): CheckedDocument | undefined {
  const { name: file, text, folder } = found;
  if (TEST_FILE_NAME.test(file)) return { ...found, kind: 'test', diagnostics: problemsOfTests(text, file) };
  const first = rules.kind === 'auto' ? 'calling' : rules.kind;
  if (folder !== undefined && !MAY_BE_DOCUMENT.test(text)) return undefined;
  const check = (kind: DocumentKind) => ({
    kind,
    ...checkDocument(text, { file, kind, strict: rules.strict }),
  });
  let best = check(first);
  if (rules.kind === 'auto' && best.document === undefined && ONLY_MESSAGING.test(text)) {
    const other = check('messaging');
    if (countErrors(other.diagnostics) < countErrors(best.diagnostics)) best = other;
  }
  const { kind, diagnostics, recognized = mentionsSections(text) } = best;
  return folder === undefined || recognized ? { ...found, kind, diagnostics } : undefined;
}

function problemsOfTests(text: string, file: string): readonly AnyDiagnostic[] {
  try {
    loadTestFile(text, file);
    return [];
  } catch (error) {
    if (error instanceof TestFileError) return error.problems;
    throw error;
  }
}

/** Cheap to ask of a text: whether it can hold sections, or be a message document in its short form. */
const MAY_BE_DOCUMENT = /\b(?:sections|reply|receive)\b/;
/** Methods that messages have and calls do not. */
const ONLY_MESSAGING = /\b(?:reply|receive)\b/;

export function countErrors(diagnostics: readonly AnyDiagnostic[]): number {
  return diagnostics.filter(({ severity }) => severity === 'error').length;
}
