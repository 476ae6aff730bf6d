import type { TestCase } from '../../testing/files/load.ts';
import { runTest, type RunOptions, type TestResult } from '../../testing/files/run.ts';

/** Calls at once: they compute for most of the time, so more of them would only make each seem slow. */
const AT_ONCE = 2;

/**
 * Runs tests side by side, and gives their results in the order of the tests.
 * @param onResult called in that order, each as soon as those before it are there
 */
export async function runAll(
  tests: readonly TestCase[],
  options: RunOptions,
  onResult: (result: TestResult) => void,
): Promise<readonly TestResult[]> {
  const results: (TestResult | undefined)[] = tests.map(() => undefined);
  let next = 0;
  let told = 0;
  const work = async (): Promise<void> => {
    while (next < tests.length) {
      const index = next++;
      results[index] = await runTest(tests[index]!, options);
      for (let result = results[told]; result !== undefined; result = results[told]) {
        onResult(result);
        // What it recorded and heard is a megabyte or more.
        results[told++] = { ...result, call: undefined };
      }
    }
  };
  const atOnce = options.realTime === true ? tests.length : AT_ONCE;
  await Promise.all(Array.from({ length: Math.min(atOnce, tests.length) }, work));
  return results.map((result) => result!);
}
