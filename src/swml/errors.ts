import { type DocumentKind, ERROR_CODES, type ErrorCode, type ErrorPolicy } from './error-codes.ts';
import { type Position, START } from './position.ts';

/** One finding about a document, with everything that its author needs to mend it. */
export interface Diagnostic {
  readonly code: ErrorCode;
  readonly severity: 'error' | 'warning';
  /** One sentence. */
  readonly message: string;
  readonly file?: string | undefined;
  readonly position?: Position | undefined;
  /** E.g. `sections.main[2].play.url`. */
  readonly path?: string | undefined;
  readonly expected?: string | undefined;
  readonly found?: string | undefined;
  /** The cure, e.g. `did you mean "play"?`. */
  readonly suggestion?: string | undefined;
}

/** A document that cannot be loaded, or a step that cannot be run. */
export class SwmlError extends Error {
  readonly diagnostic: Diagnostic;
  /** All findings, where more than one was made at once; the first of them is `diagnostic`. */
  readonly diagnostics: readonly Diagnostic[];
  /** What a running script does: the policy of the code, unless whoever raised it knew better. */
  readonly policy: ErrorPolicy;

  constructor(
    diagnostic: Omit<Diagnostic, 'severity'>,
    options: {
      readonly all?: readonly Diagnostic[];
      readonly policy?: ErrorPolicy;
      readonly cause?: unknown;
    } = {},
  ) {
    const own: Diagnostic = plainDiagnostic({ severity: 'error', ...diagnostic });
    super(describeDiagnostic(own), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SwmlError';
    this.diagnostic = own;
    this.diagnostics = options.all ?? [own];
    this.policy = options.policy ?? ERROR_CODES[own.code].policy;
  }

  get code(): ErrorCode {
    return this.diagnostic.code;
  }
}

/** A finding about any text that is read like a document, under a code of its own. */
export type AnyDiagnostic = Omit<Diagnostic, 'code'> & { readonly code: string };

/** Longest text of a finding, characters: what it quotes may be a document long. */
const MAX_TEXT = 500;

/** The finding with texts of one line and of bounded length, whatever names and values of the document they quote. */
export function plainDiagnostic(diagnostic: Diagnostic): Diagnostic {
  const { message, path, expected, found, suggestion, ...rest } = diagnostic;
  return {
    ...rest,
    message: plain(message),
    ...(path !== undefined && { path: plain(path) }),
    ...(expected !== undefined && { expected: plain(expected) }),
    ...(found !== undefined && { found: plain(found) }),
    ...(suggestion !== undefined && { suggestion: plain(suggestion) }),
  };
}

function plain(text: string): string {
  const short = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;
  return short.replace(CONTROL, '\ufffd').toWellFormed();
}

/** The message with what was expected, found, and the cure; without code and place. */
export function describeDiagnostic(diagnostic: AnyDiagnostic): string {
  const { message, expected, found, suggestion } = diagnostic;
  const facts = [
    ...(expected === undefined ? [] : [`expected ${expected}`]),
    ...(found === undefined ? [] : [`found ${found}`]),
  ];
  return `${message}${facts.length > 0 ? `: ${facts.join(', ')}` : ''}${suggestion === undefined ? '' : `; ${suggestion}`}`;
}

/**
 * `file:line:column: severity code: message`, and below it, when the text is given, the line with a caret
 * under the place.
 */
export function formatDiagnostic(diagnostic: AnyDiagnostic, text?: string): string {
  const { line, column } = diagnostic.position ?? START;
  const place = diagnostic.position === undefined ? '' : `:${line}:${column}`;
  const path = diagnostic.path ? ` (${diagnostic.path})` : '';
  const head = `${diagnostic.file ?? 'document'}${place}: ${diagnostic.severity} ${diagnostic.code}: ${describeDiagnostic(diagnostic)}${path}`;
  if (text === undefined || diagnostic.position === undefined) return visible(head);
  return `${visible(head)}\n${excerpt(text, diagnostic.position)}`;
}

/** As {@link formatDiagnostic}, for every finding of an error. */
export function formatError(error: SwmlError, text?: string): string {
  return error.diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, text)).join('\n');
}

const EXCERPT_WIDTH = 100;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** Text of a document that cannot steer the terminal it is shown in; as long as before. */
export function visible(text: string): string {
  return text.replace(CONTROL, '\ufffd');
}

function excerpt(text: string, position: Position): string {
  const source = text.split(/\r?\n/, position.line)[position.line - 1] ?? '';
  // A document of one long line (minified JSON) is shown around the place only.
  const from = position.column > EXCERPT_WIDTH ? position.column - EXCERPT_WIDTH / 2 : 0;
  const shown = visible(source.slice(from, from + EXCERPT_WIDTH).replaceAll('\t', ' '));
  const gutter = `${position.line} | `;
  const before = Math.max(0, position.column - 1 - from);
  return `  ${gutter}${shown}\n  ${' '.repeat(gutter.length - 2)}| ${blanks(shown.slice(0, before).padEnd(before))}^`;
}

/** Characters that terminals show two columns wide, though they are one unit; those of two units are so anyway. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]/g;
/** Marks over the character before, and what is not seen at all. */
const NO_WIDTH = /[\p{Mn}\p{Cf}]/gu;

/** As many blanks as a terminal takes columns for the text. */
function blanks(text: string): string {
  return text.replace(NO_WIDTH, '').replace(WIDE, '  ').replace(/[^ ]/g, ' ');
}

/** Where in a document a running step stands; for errors that arise while it runs. */
export interface Place {
  readonly kind: DocumentKind;
  readonly file?: string | undefined;
  readonly position?: Position | undefined;
  readonly path?: string | undefined;
}
