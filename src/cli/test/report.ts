/** What a run of tests looks like on a terminal, and as JSON. */
import { styleText } from 'node:util';
import type { TestFailure, TestResult } from '../../testing/files/run.ts';
import { shortTimeline } from '../../trace/events.ts';
import type { Terminal } from '../terminal.ts';

type Style = Parameters<typeof styleText>[0];

/** All results of a run. */
export interface TestRun {
  readonly results: readonly TestResult[];
  /** Files that could not be used. */
  readonly broken: readonly string[];
  /** ms of the machine. */
  readonly tookMs: number;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/g;

/** Writes results as they come, file by file. */
export class TestReport {
  readonly #terminal: Terminal;
  #file: string | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  tell({ test, failures, seconds: length, timeline, tookMs }: TestResult): void {
    if (this.#file !== test.file) {
      this.#file = test.file;
      this.#line(this.#paint('bold', test.file));
    }
    const mark = failures.length === 0 ? this.#paint('green', '✓') : this.#paint('red', '✗');
    const times = length === undefined ? '' : ` (${seconds(length)} in ${seconds(tookMs / 1000)})`;
    this.#line(`  ${mark} ${test.name}${this.#paint('gray', times)}`);
    for (const failure of failures) this.#tellFailure(test.file, failure);
    if (failures.length > 0 && timeline.length > 0) {
      this.#line(this.#paint('gray', '      The call:'));
      this.#line(indented(shortTimeline(timeline), '      '));
    }
  }

  tellEnd({ results, broken, tookMs }: TestRun): void {
    for (const message of broken) this.#terminal.err(`${message}\n`);
    const failed = results.filter(({ failures }) => failures.length > 0).length;
    const virtual = results.reduce((sum, { seconds: length = 0 }) => sum + length, 0);
    const parts = [
      this.#paint('green', `${results.length - failed} passed`),
      ...(failed === 0 ? [] : [this.#paint('red', `${failed} failed`)]),
      ...(broken.length === 0
        ? []
        : [this.#paint('red', `${broken.length} file${broken.length === 1 ? '' : 's'} cannot be used`)]),
    ];
    this.#line(`${parts.join(', ')}; ${seconds(virtual)} of calls in ${seconds(tookMs / 1000)}`);
  }

  #tellFailure(file: string, { message, position, differences, diff }: TestFailure): void {
    const { line, column } = position;
    this.#line(`      ${this.#paint('red', `${file}:${line}:${column}`)}: ${message}`);
    for (const { path, expected, found } of differences) {
      const where = path === '' ? '' : `${path}: `;
      this.#line(
        `        ${where}expected ${this.#paint('green', expected)}, found ${this.#paint('red', found)}`,
      );
    }
    for (const { kind, text } of diff) {
      if (kind === 'same') this.#line(`          ${text}`);
      else if (kind === 'expected') this.#line(this.#paint('green', `        - ${text}`));
      else this.#line(this.#paint('red', `        + ${text}`));
    }
    if (diff.length > 0) this.#line(this.#paint('gray', '        (- expected, + found)'));
  }

  #line(text: string): void {
    this.#terminal.out(`${text}\n`);
  }

  #paint(style: Style, text: string): string {
    const safe = text.replace(CONTROL, ' ');
    return this.#terminal.colors ? styleText(style, safe, { validateStream: false }) : safe;
  }
}

/** For programs: every test with its failures and its timeline. */
export function jsonReport({ results, broken, tookMs }: TestRun): string {
  const report = {
    ok: broken.length === 0 && results.every(({ failures }) => failures.length === 0),
    took_ms: Math.round(tookMs),
    broken,
    tests: results.map(({ test, failures, seconds: length, timeline, tookMs: took }) => ({
      file: test.file,
      ...test.position,
      name: test.name,
      ...(test.references.length > 0 && { spec: test.references }),
      ok: failures.length === 0,
      seconds: length,
      took_ms: Math.round(took),
      failures: failures.map(({ position, ...failure }) => ({ ...position, ...failure })),
      timeline,
    })),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** A failure as plain text, for reports without colours. */
export function describeFailure(file: string, failure: TestFailure): string {
  const { message, position, differences, diff } = failure;
  return [
    `${file}:${position.line}:${position.column}: ${message}`,
    ...differences.map(
      ({ path, expected, found }) =>
        `  ${path === '' ? '' : `${path}: `}expected ${expected}, found ${found}`,
    ),
    ...diff.map(({ kind, text }) => `  ${kind === 'same' ? ' ' : kind === 'expected' ? '-' : '+'} ${text}`),
  ].join('\n');
}

function indented(text: string, by: string): string {
  return text.replace(/^/gm, by);
}

function seconds(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(1)} s`;
}
