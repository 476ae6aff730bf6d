/** The conformance suite, all of it in this process, in virtual time. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import path from 'node:path';
import { findTestFiles, loadTests } from '../src/cli/test/find-files.ts';
import { describeFailure } from '../src/cli/test/report.ts';
import { runTest } from '../src/testing/files/run.ts';
import { RealClock } from '../src/time/real-clock.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const clock = new RealClock();

for (const folder of ['conformance', 'examples']) {
  const { tests, broken } = loadTests(findTestFiles([path.join(ROOT, folder)]));
  test(`every test file of ${folder}/ can be read`, () => {
    assert.deepEqual(broken, []);
    assert.ok(tests.length > 0);
  });
  for (const [file, cases] of Map.groupBy(tests, (one) => path.relative(ROOT, one.file))) {
    describe(file, () => {
      for (const one of cases) {
        test(one.name, async () => {
          const { failures } = await runTest(one, { clock });
          assert.equal(failures.map((failure) => describeFailure(file, failure)).join('\n'), '');
        });
      }
    });
  }
}
