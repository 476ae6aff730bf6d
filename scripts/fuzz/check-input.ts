/** What must hold for any text that is given for a document. */
import assert from 'node:assert/strict';
import { runOnVirtualLeg } from './run-input.ts';
import { checkDocument, loadDocument } from '../../src/methods/check.ts';
import { type DocumentKind, ERROR_CODES } from '../../src/swml/error-codes.ts';
import { type Diagnostic, formatDiagnostic, SwmlError } from '../../src/swml/errors.ts';
import { threadTimeMs } from '../../src/time/thread-time.ts';

/** Longest check of a text of at most 60,000 characters, ms of computing. */
const MAX_CHECK_MS = 3_000;

export interface Outcome {
  /** Whether the text was a document. */
  readonly valid: boolean;
  readonly codes: readonly string[];
}

/** @throws AssertionError for what must not happen, and whatever was thrown that is no finding */
export async function checkInput(text: string, kind: DocumentKind, run: boolean): Promise<Outcome> {
  const startedAt = threadTimeMs();
  const options = { file: 'fuzz.yaml', kind };
  const { document, diagnostics } = checkDocument(text, options);
  const took = threadTimeMs() - startedAt;
  assert.ok(took < MAX_CHECK_MS, `the check took ${took.toFixed(0)} ms`);
  const lines = text.split(/\r?\n/);
  for (const diagnostic of diagnostics) checkDiagnostic(diagnostic, lines, kind, text);
  assert.equal(
    document === undefined,
    diagnostics.some(({ severity }) => severity === 'error'),
  );
  assert.deepEqual(checkDocument(text, options).diagnostics, diagnostics, 'a second check finds the same');
  const strict = checkDocument(text, { ...options, strict: true });
  assert.ok(strict.document === undefined || document !== undefined, 'what strict mode takes is a document');
  if (document === undefined) {
    assert.throws(() => loadDocument(text, options), SwmlError);
  } else {
    assert.ok(document.sections.has('main'));
    if (run && kind === 'calling') await runOnVirtualLeg(document);
  }
  return { valid: document !== undefined, codes: diagnostics.map(({ code }) => code) };
}

function checkDiagnostic(
  diagnostic: Diagnostic,
  lines: readonly string[],
  kind: DocumentKind,
  text: string,
): void {
  const { code, message, position, file, path } = diagnostic;
  assert.equal(ERROR_CODES[code].kind, kind, code);
  assert.ok(
    message.length > 0 && !message.includes('\n'),
    `the message is one line: ${JSON.stringify(message)}`,
  );
  assert.equal(file, 'fuzz.yaml');
  assert.ok(path === undefined || typeof path === 'string');
  if (position !== undefined) {
    const { line, column } = position;
    assert.ok(line >= 1 && line <= lines.length, `line ${line} of ${lines.length}`);
    assert.ok(column >= 1, `column ${column}`);
    // A place may be just behind the end of its line.
    assert.ok(column <= lines[line - 1]!.length + 1, `column ${column} of line ${line}`);
  }
  assert.doesNotMatch(formatDiagnostic(diagnostic, text), /[^\P{Cc}\n]/u, 'nothing steers a terminal');
}
