/** What `openswml check` prints, in each of its formats. */
import path from 'node:path';

import { type AnyDiagnostic, describeDiagnostic, formatDiagnostic, visible } from '../../swml/errors.ts';
import { type CheckedDocument, countErrors } from './check-document.ts';

export const FORMATS = ['text', 'json', 'github'] as const;
export type ReportFormat = (typeof FORMATS)[number];

export interface CheckOutcome {
  readonly checked: readonly CheckedDocument[];
  /** Files of folders that are no documents. */
  readonly passedOver: readonly string[];
}

export function report(format: ReportFormat, outcome: CheckOutcome): string {
  switch (format) {
    case 'text':
      return textReport(outcome);
    case 'json':
      return jsonReport(outcome);
    case 'github':
      return githubReport(outcome);
  }
}

/** Findings with their lines; then a line for each document that was named, and one for all of the folders. */
function textReport({ checked, passedOver }: CheckOutcome): string {
  const lines = checked.flatMap(({ name, text, folder, diagnostics }) => [
    ...diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, text)),
    ...(folder === undefined || diagnostics.length > 0 ? [`${name}: ${verdict(diagnostics)}`] : []),
  ]);
  for (const folder of new Set(checked.flatMap((document) => document.folder ?? []))) {
    const inside = checked.filter((document) => document.folder === folder);
    const findings = inside.flatMap(({ diagnostics }) => diagnostics);
    const tests = inside.filter(({ kind }) => kind === 'test').length;
    const what = [
      ...(tests === inside.length ? [] : [count(inside.length - tests, 'document')]),
      ...(tests === 0 ? [] : [count(tests, 'test file')]),
    ];
    lines.push(`${folder}: ${what.join(', ')}: ${verdict(findings)}`);
  }
  if (passedOver.length > 0) {
    const some = passedOver.slice(0, SHOWN).join(', ');
    const rest = passedOver.length - SHOWN;
    lines.push(`Passed over, no \`sections\`: ${some}${rest > 0 ? ` and ${rest} more` : ''}`);
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** Names of files that are listed before only their number is told. */
const SHOWN = 5;

function jsonReport({ checked }: CheckOutcome): string {
  const documents = checked.map(({ name, kind, diagnostics }) => ({
    file: name,
    kind,
    ok: countErrors(diagnostics) === 0,
    diagnostics: diagnostics.map(({ file: _file, position, ...rest }) => ({ ...position, ...rest })),
  }));
  return `${JSON.stringify(documents, null, 2)}\n`;
}

/** Commands that make GitHub show the findings at their lines (workflow commands of GitHub Actions). */
function githubReport({ checked }: CheckOutcome): string {
  const commands = checked.flatMap(({ name, diagnostics }) =>
    diagnostics.map((diagnostic) => {
      const { severity, code, position } = diagnostic;
      const properties = {
        file: forGithub(name),
        ...(position === undefined ? {} : { line: position.line, col: position.column }),
        title: code,
      };
      const list = Object.entries(properties).map(
        ([key, value]) => `${key}=${escapeProperty(String(value))}`,
      );
      return `::${severity} ${list.join(',')}::${escapeData(visible(describeDiagnostic(diagnostic)))}\n`;
    }),
  );
  return commands.join('');
}

/** GitHub knows files by their way from the root of the checkout, where jobs run. */
function forGithub(name: string): string {
  if (!path.isAbsolute(name)) return path.normalize(name);
  const relative = path.relative(process.cwd(), name);
  return relative.startsWith('..') ? name : relative;
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

function verdict(diagnostics: readonly AnyDiagnostic[]): string {
  const errors = countErrors(diagnostics);
  const warnings = diagnostics.length - errors;
  if (errors + warnings === 0) return 'ok';
  return [
    ...(errors > 0 ? [count(errors, 'error')] : []),
    ...(warnings > 0 ? [count(warnings, 'warning')] : []),
  ].join(', ');
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
