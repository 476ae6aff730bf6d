import { readFileSync, statSync } from 'node:fs';

import type { Command } from 'commander';

import { checkDocument, formatDiagnostic } from '../../methods/check.ts';
import type { Diagnostic } from '../../swml/errors.ts';
import { MAX_DOCUMENT_BYTES } from '../../swml/parse.ts';
import { EXIT, fileError, UsageError } from '../errors.ts';
import type { CommandContext } from '../program.ts';

interface CheckFlags {
  readonly json?: true;
  readonly strict?: true;
  readonly messaging?: true;
}

/** What is known of one file. */
interface CheckedFile {
  readonly file: string;
  readonly text: string;
  readonly diagnostics: readonly Diagnostic[];
}

const EXAMPLES = `
Examples:
  openswml check voicemail.yaml
  openswml check --strict flows/*.yaml
  openswml check --json menu.yaml | jq '.[].diagnostics[].message'
  cat menu.yaml | openswml check -

Exit status: 0 without errors (warnings allowed), 1 with errors, 2 when a file cannot be read.
`;

export function addCheckCommand(program: Command, context: CommandContext): void {
  program
    .command('check')
    .description('check SWML documents without running them')
    .argument('<file...>', 'documents, YAML or JSON; - is standard input')
    .option('--json', 'print the findings as JSON')
    .option('--strict', 'unknown properties and extensions of the language are errors')
    .option('--messaging', 'the documents are for messages, not for calls')
    .addHelpText('after', EXAMPLES)
    .action((files: readonly string[], flags: CheckFlags) => {
      const { terminal } = context;
      const unreadable: UsageError[] = [];
      const checked = files.flatMap((file) => {
        try {
          return [checkFile(file, flags)];
        } catch (error) {
          if (!(error instanceof UsageError)) throw error;
          unreadable.push(error);
          return [];
        }
      });
      terminal.out(flags.json === true ? jsonReport(checked) : textReport(checked));
      for (const { message } of unreadable) terminal.err(`openswml: ${message}\n`);
      const failed = checked.some(({ diagnostics }) => errorsIn(diagnostics) > 0);
      context.exit(unreadable.length > 0 ? EXIT.usage : failed ? EXIT.failed : EXIT.ok);
    });
}

function checkFile(file: string, flags: CheckFlags): CheckedFile {
  const text = readDocument(file);
  const name = file === '-' ? 'standard input' : file;
  const kind = flags.messaging === true ? 'messaging' : 'calling';
  const { diagnostics } = checkDocument(text, { file: name, kind, strict: flags.strict === true });
  return { file: name, text, diagnostics };
}

/** @throws UsageError when there is no such file, or one that no document can be as long as */
function readDocument(file: string): string {
  try {
    if (file === '-') return readFileSync(0, 'utf8');
    const { size } = statSync(file);
    if (size > MAX_DOCUMENT_BYTES) {
      throw new UsageError(
        `cannot check ${file}: it has ${size} bytes, a document at most ${MAX_DOCUMENT_BYTES}`,
      );
    }
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw error instanceof UsageError ? error : fileError('read', file, error);
  }
}

/** One place in the text for each finding, then a line for each file. */
function textReport(checked: readonly CheckedFile[]): string {
  return checked
    .map(({ file, text, diagnostics }) => {
      const findings = diagnostics.map((diagnostic) => `${formatDiagnostic(diagnostic, text)}\n`);
      const errors = errorsIn(diagnostics);
      const warnings = diagnostics.length - errors;
      const parts = [
        ...(errors > 0 ? [count(errors, 'error')] : []),
        ...(warnings > 0 ? [count(warnings, 'warning')] : []),
      ];
      return `${findings.join('')}${file}: ${parts.length === 0 ? 'ok' : parts.join(', ')}\n`;
    })
    .join('');
}

function jsonReport(checked: readonly CheckedFile[]): string {
  const report = checked.map(({ file, diagnostics }) => ({
    file,
    ok: errorsIn(diagnostics) === 0,
    diagnostics: diagnostics.map(({ file: _file, position, ...rest }) => ({ ...position, ...rest })),
  }));
  return `${JSON.stringify(report, null, 2)}\n`;
}

function errorsIn(diagnostics: readonly Diagnostic[]): number {
  return diagnostics.filter(({ severity }) => severity === 'error').length;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
