import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError } from '../../call/leg.ts';
import { FakeLeg, FINISHED } from '../../methods/fake-leg.test-helper.ts';
import type { RecordOutcome } from '../../recording/types.ts';
import { main, run, start } from '../run.test-helper.ts';

const NO_INPUT: RecordOutcome = { ...FINISHED, state: 'no_input', endedBy: 'no_speech' };

test('record has the defaults of the language', async () => {
  const { leg } = await run('- record: {}');
  const { controlId, ...options } = leg.recordings[0]!.options;
  assert.ok(controlId);
  assert.deepEqual(options, {
    format: 'wav',
    direction: 'speak',
    stereo: false,
    beep: false,
    terminators: '#',
    inputSensitivity: 44,
    initialTimeout: 4,
    endSilenceTimeout: 5,
    maxLength: 0,
    statusUrl: undefined,
  });
});

test('record hands all its properties to the leg, terminators in upper case', async () => {
  const { leg } = await run(`
- record:
    stereo: true
    format: mp3
    direction: listen
    terminators: "*a"
    beep: true
    input_sensitivity: 60.5
    initial_timeout: 0
    end_silence_timeout: 1.5
    max_length: 30
    status_url: https://example.com/cb`);
  const { controlId: _id, ...options } = leg.recordings[0]!.options;
  assert.deepEqual(options, {
    format: 'mp3',
    direction: 'listen',
    stereo: true,
    beep: true,
    terminators: '*A',
    inputSensitivity: 60.5,
    initialTimeout: 0,
    endSilenceTimeout: 1.5,
    maxLength: 30,
    statusUrl: 'https://example.com/cb',
  });
});

test('record takes placeholders, and texts that stand for numbers and truth values', async () => {
  const { leg } = await run(`
- set: {limit: "12", loud: "true", kind: mp4}
- record: {max_length: "\${limit}", beep: "%{loud}", format: "\${kind}"}`);
  const { maxLength, beep, format } = leg.recordings[0]!.options;
  assert.deepEqual({ maxLength, beep, format }, { maxLength: 12, beep: true, format: 'mp4' });
});

for (const [title, outcome, vars] of [
  [
    'finished is success with the URL',
    FINISHED,
    { record_result: 'success', record_url: 'https://files.example.com/1' },
  ],
  [
    'no_input with a file is failed with the URL',
    NO_INPUT,
    { record_result: 'failed', record_url: 'https://files.example.com/1' },
  ],
  [
    'no_input without a file is failed without a URL',
    { ...NO_INPUT, byteSize: 0 },
    { record_result: 'failed' },
  ],
  [
    'error is failed without a URL, and a warning',
    { ...FINISHED, state: 'error', endedBy: 'error', error: 'disk full' },
    { record_result: 'failed', script_error: 'relay_script_method_execute_failed' },
  ],
] as const) {
  test(`record: ${title}`, async () => {
    const leg = new FakeLeg();
    leg.recordOutcome = outcome;
    const { result } = await run('- record: {}', { leg });
    assert.equal(result.outcome, 'finished');
    assert.deepEqual(result.vars, vars);
  });
}

test('record removes the values of an earlier recording when it starts', async () => {
  const leg = new FakeLeg();
  leg.recordOutcome = undefined;
  const test = await start(main('- set: {record_url: old, record_result: old}\n- record: {}'), { leg });
  assert.deepEqual(test.session.variables.snapshot(), {});
  leg.recordings[0]!.finish(FINISHED);
  assert.equal((await test.finish()).vars['record_result'], 'success');
});

test('record answers an unanswered call first', async () => {
  const { leg } = await run('- record: {}');
  assert.equal(leg.log[0], 'answer');
});

test('record that cannot start is failed, and the script goes on', async () => {
  const leg = new FakeLeg();
  leg.recordError = new CallError('record_failed', 'disk full');
  const { result, warnings } = await run('- record: {}\n- set: {after: true}', { leg });
  assert.deepEqual(result.vars, {
    record_result: 'failed',
    script_error: 'relay_script_method_execute_failed',
    after: true,
  });
  assert.equal(warnings[0]?.method, 'record');
  assert.match(warnings[0]?.message ?? '', /disk full/);
});

test('the next step waits until the recording has ended', async () => {
  const leg = new FakeLeg();
  leg.recordOutcome = undefined;
  const test = await start(main('- record: {}\n- play: "${record_url}"'), { leg });
  assert.deepEqual(leg.played, []);
  leg.recordings[0]!.finish(FINISHED);
  await test.finish();
  assert.deepEqual(leg.played, [{ kind: 'url', url: 'https://files.example.com/1' }]);
});

test('the script ends when the party hangs up during a recording', async () => {
  const leg = new FakeLeg();
  leg.recordOutcome = undefined;
  const test = await start(main('- record: {}\n- set: {after: true}'), { leg });
  leg.end();
  const result = await test.finish();
  assert.equal(result.outcome, 'ended');
  assert.deepEqual(result.callEnd, { by: 'remote', reason: 'hangup' });
  assert.equal(result.vars['after'], undefined);
});

test('a script that is replaced during a recording stops it', async () => {
  const leg = new FakeLeg();
  leg.recordOutcome = undefined;
  const test = await start('sections: {main: [{record: {}}], other: [{set: {here: true}}]}', { leg });
  test.session.replace(test.document, 'other');
  const result = await test.finish();
  assert.equal(result.vars['here'], true);
  assert.ok(leg.log.includes('stop record transfer'));
});
