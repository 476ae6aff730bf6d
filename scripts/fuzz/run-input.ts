import assert from 'node:assert/strict';
import { startScript } from '../../src/engine/call-script.ts';
import { silentLogger } from '../../src/log/logger.ts';
import { HttpFailure } from '../../src/methods/context.ts';
import { FakeLeg } from '../../src/methods/fake-leg.test-helper.ts';
import type { SwmlDocument } from '../../src/swml/document.ts';
import { SwmlError } from '../../src/swml/errors.ts';
import { VirtualClock } from '../../src/time/virtual-clock.ts';

/** A day: no step but an endless sleep lasts as long. */
const LONGEST_MS = 86_400_000;

/**
 * Runs a document on a leg in memory until its end, or until the call ends after a day.
 * @throws AssertionError when the script does not end, or ends with anything but an outcome of the language
 */
export async function runOnVirtualLeg(document: SwmlDocument): Promise<void> {
  const clock = new VirtualClock();
  const leg = new FakeLeg();
  const { done, session } = startScript({
    leg,
    document,
    services: {
      clock,
      log: silentLogger,
      http: { request: () => Promise.reject(new HttpFailure('network', 'there is no network')) },
      loader: { load: () => Promise.reject(new Error('there is no network')) },
      emit: () => {},
    },
  });
  let over = false;
  void done.then(() => {
    over = true;
  });
  await clock.settle();
  if (!over) await clock.advance(LONGEST_MS);
  if (!over) leg.end();
  await clock.settle();
  assert.ok(over, 'the script ends');
  const { outcome, error } = await done;
  assert.ok(['finished', 'ended', 'error'].includes(outcome), outcome);
  assert.equal(outcome === 'error', error !== undefined);
  if (error !== undefined) {
    assert.ok(error instanceof SwmlError);
    assert.notEqual(error.code, 'relay_script_internal_error', error.message);
  }
  assert.deepEqual(session.snapshot().frames, []);
}
