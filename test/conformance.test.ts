/** The conformance suite, all of it in this process, in virtual time. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import path from 'node:path';
import { findTestFiles, loadTests } from '../src/cli/test/find-files.ts';
import { describeFailure } from '../src/cli/test/report.ts';
import { runTest } from '../src/testing/files/run.ts';
import { RealClock } from '../src/time/real-clock.ts';
import { SECTIONS, sectionOf } from '../scripts/docs/conformance-sections.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const clock = new RealClock();

const SUITE = loadTests(findTestFiles([path.join(ROOT, 'conformance')]));
const EXAMPLES = loadTests(findTestFiles([path.join(ROOT, 'examples')]));

for (const [folder, { tests, broken }] of [
  ['conformance', SUITE],
  ['examples', EXAMPLES],
] as const) {
  test(`every test file of ${folder}/ can be read`, () => {
    assert.deepEqual(broken, []);
    assert.ok(tests.length > 0);
  });
  // One test for each file: the runner takes longer for a test than most calls do.
  for (const [file, cases] of Map.groupBy(tests, (one) => path.relative(ROOT, one.file))) {
    test(`${file}: all ${cases.length} tests pass`, async () => {
      const failed: string[] = [];
      for (const one of cases) {
        const { failures } = await runTest(one, { clock });
        failed.push(...failures.map((failure) => `${one.name}\n${describeFailure(file, failure)}`));
      }
      assert.equal(failed.join('\n\n'), '');
    });
  }
}

describe('what the suite cites', () => {
  const cited = SUITE.tests.flatMap(({ file, references, position }) =>
    (references.length > 0 ? references : ['']).map((citation) => ({
      place: `${path.relative(ROOT, file)}:${position.line}`,
      section: sectionOf(citation),
    })),
  );

  test('every test names a section of the reference', () => {
    assert.deepEqual(
      cited.filter(({ section }) => SECTIONS[section] === undefined),
      [],
    );
  });

  test('every section is named by a test, but for those that are tested elsewhere', () => {
    for (const [section, { elsewhere }] of Object.entries(SECTIONS)) {
      assert.equal(
        cited.some((one) => one.section === section),
        elsewhere === undefined,
        section,
      );
    }
  });
});
