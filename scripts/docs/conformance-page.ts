import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { loadTestFile, type TestCase } from '../../src/testing/files/load.ts';
import { SECTIONS, sectionOf } from './conformance-sections.ts';
import { generated, table } from './markdown.ts';

const FOLDER = path.resolve(import.meta.dirname, '../../conformance');

export interface SuiteFile {
  readonly name: string;
  /** The comment that it begins with. */
  readonly about: string;
  readonly tests: readonly TestCase[];
}

/** The files of the conformance suite, by name. */
export function conformanceSuite(): readonly SuiteFile[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.test.yaml'))
    .sort()
    .map((name) => {
      const text = readFileSync(path.join(FOLDER, name), 'utf8');
      return {
        name,
        about: /^# (.*)/.exec(text)?.[1] ?? '',
        tests: loadTestFile(text, path.join(FOLDER, name)),
      };
    });
}

/** conformance/COVERAGE.md */
export function conformancePage(): string {
  const suite = conformanceSuite();
  const tests = suite.flatMap((file) => file.tests);
  const filesOf = (section: string): string =>
    suite
      .filter((file) => file.tests.some((one) => cites(one, section)))
      .map(({ name }) => `[${name.replace('.test.yaml', '')}](${name})`)
      .join(', ');
  return [
    generated('conformance/*.test.yaml'),
    '# What the suite covers',
    `${tests.length} tests in ${suite.length} files. A test that shows what several sections say counts for each of them. [How to read and run them](README.md).`,
    '## By file',
    table(
      ['File', 'Tests', 'What it is about'],
      suite.map(({ name, about, tests: { length } }) => [`[${name}](${name})`, String(length), about]),
    ),
    '## By section of the reference',
    table(
      ['Section', 'About', 'Tests', 'In'],
      Object.entries(SECTIONS).map(([section, { title, elsewhere }]) => {
        const count = tests.filter((one) => cites(one, section)).length;
        return [section, title, count === 0 ? '–' : String(count), elsewhere ?? filesOf(section)];
      }),
    ),
  ]
    .join('\n\n')
    .concat('\n');
}

function cites({ references }: TestCase, section: string): boolean {
  return references.some((citation) => sectionOf(citation) === section);
}
