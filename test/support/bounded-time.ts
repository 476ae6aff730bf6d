import assert from 'node:assert/strict';

/** More than a machine that stands still now and then takes for what is linear, and less than what is not. */
const LIMIT_MS = 20_000;

/**
 * Runs what must not compute for long. The `timeout` of a test is no help there: its timer fires only where the test
 * waits for something, and then the test is over.
 */
export function inBoundedTime(work: () => void): void {
  const begunAt = performance.now();
  work();
  const took = performance.now() - begunAt;
  assert.ok(took < LIMIT_MS, `it took ${Math.round(took)} ms`);
}
