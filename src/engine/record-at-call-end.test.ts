import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate } from 'node:timers/promises';

import { FakeLeg } from '../methods/fake-leg.test-helper.ts';
import { start, type TestRun } from './run.test-helper.ts';

/** @param started the leg takes until then to start the recording */
async function startRecording(started = Promise.resolve()): Promise<TestRun> {
  const leg = new FakeLeg();
  leg.recordOutcome = undefined;
  const record = leg.record.bind(leg);
  leg.record = async (options) => {
    await started;
    return await record(options);
  };
  return await start('version: 1.0.0\nsections:\n  main:\n    - record: {}\n', { leg });
}

function stopsOf(run: TestRun): readonly string[] {
  return run.leg.log.filter((line) => line.startsWith('stop record'));
}

test('When the call ends, record leaves the end of the recording, and its cause, to the leg', async () => {
  const run = await startRecording();
  await setImmediate();
  assert.equal(run.leg.recordings.length, 1);
  run.leg.end();
  await run.finish();
  assert.deepEqual(stopsOf(run), []);
});

test('When the script is left while the recording runs, record stops it', async () => {
  const run = await startRecording();
  await setImmediate();
  run.session.stop();
  await setImmediate();
  assert.deepEqual(stopsOf(run), ['stop record transfer']);
});

test('When the script is left while the recording is being started, record stops it', async () => {
  const started = Promise.withResolvers<void>();
  const run = await startRecording(started.promise);
  run.session.stop();
  started.resolve();
  await setImmediate();
  assert.deepEqual(stopsOf(run), ['stop record transfer']);
});
