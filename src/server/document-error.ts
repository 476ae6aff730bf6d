import type { ErrorCode } from '../swml/error-codes.ts';
import { type Diagnostic, formatDiagnostic } from '../swml/errors.ts';

/** Longest reason in a line of the log, characters. */
const MAX_REASON = 1_000;

/** A document cannot be had or does not hold; the message says where and why, and for mistakes shows their lines. */
export class DocumentError extends Error {
  /** The same in one line, for the log: nothing of it is news to a programmer, so it needs no stack. */
  readonly reason: string;
  /** That of the first mistake; of a document that cannot be had, the one of a step that could not fetch it. */
  readonly code: ErrorCode;

  constructor(
    message: string,
    options: ErrorOptions & { readonly reason?: string; readonly code?: ErrorCode | undefined } = {},
  ) {
    const { reason = message, code = 'relay_script_method_execute_failed', ...rest } = options;
    super(message, rest);
    this.name = 'DocumentError';
    this.code = code;
    this.reason = reason.length > MAX_REASON ? `${reason.slice(0, MAX_REASON)}…` : reason;
  }
}

/** The error of a text with mistakes. */
export function mistakesIn(text: string, diagnostics: readonly Diagnostic[]): DocumentError {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  return new DocumentError(diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, text)).join('\n'), {
    reason: errors.map((diagnostic) => formatDiagnostic(diagnostic)).join('; '),
    code: errors[0]?.code,
  });
}
