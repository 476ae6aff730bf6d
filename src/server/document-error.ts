import { type Diagnostic, formatDiagnostic } from '../swml/errors.ts';

/** Longest reason in a line of the log, characters. */
const MAX_REASON = 1_000;

/** A document cannot be had or does not hold; the message says where and why, and for mistakes shows their lines. */
export class DocumentError extends Error {
  /** The same in one line, for the log: nothing of it is news to a programmer, so it needs no stack. */
  readonly reason: string;

  constructor(message: string, options: ErrorOptions & { readonly reason?: string } = {}) {
    const { reason = message, ...rest } = options;
    super(message, rest);
    this.name = 'DocumentError';
    this.reason = reason.length > MAX_REASON ? `${reason.slice(0, MAX_REASON)}…` : reason;
  }
}

/** The error of a text with mistakes. */
export function mistakesIn(text: string, diagnostics: readonly Diagnostic[]): DocumentError {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  return new DocumentError(diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, text)).join('\n'), {
    reason: errors.map((diagnostic) => formatDiagnostic(diagnostic)).join('; '),
  });
}
