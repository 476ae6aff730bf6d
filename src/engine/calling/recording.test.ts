/** What `record`, `record_call` and `stop_record_call` ask of a leg, and make of its answers; the rest is in conformance/. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { CallError } from '../../call/leg.ts';
import { RECORD_DEFAULTS } from '../../call/leg.test-helper.ts';
import { checkDocument } from '../../methods/check.ts';
import { FakeLeg, type FakeRecording, FINISHED } from '../../methods/fake-leg.test-helper.ts';
import type { RecordOutcome } from '../../recording/types.ts';
import { main, run, start, type TestRun } from '../run.test-helper.ts';

const INVALID = 'relay_script_method_parameter_invalid_value';

const NO_INPUT: RecordOutcome = { ...FINISHED, state: 'no_input', endedBy: 'no_speech' };

/** A leg whose recordings go on until they are stopped. */
function recordingLeg(): FakeLeg {
  const leg = new FakeLeg();
  leg.recordOutcome = undefined;
  return leg;
}

/** A `record` that another document, of these steps, has broken off; its file takes a while. */
async function brokenOff(steps: string): Promise<{ readonly test: TestRun; readonly first: FakeRecording }> {
  const leg = recordingLeg();
  const test = await start(`sections: {main: [{record: {}}], other: [${steps}]}`, { leg });
  const first = leg.recordings[0]!;
  Object.assign(leg.recording(first.options.controlId)!, { stop: () => {} });
  test.session.replace(test.document, 'other');
  await test.clock.settle();
  return { test, first };
}

test('record has the defaults of the language', async () => {
  const { leg } = await run('- record: {}');
  const { controlId, ...options } = leg.recordings[0]!.options;
  assert.ok(controlId);
  assert.deepEqual(options, RECORD_DEFAULTS);
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

test('a script that is replaced during a recording stops it', async () => {
  const leg = recordingLeg();
  const test = await start('sections: {main: [{record: {}}], other: [{set: {here: true}}]}', { leg });
  test.session.replace(test.document, 'other');
  const result = await test.finish();
  assert.equal(result.vars['here'], true);
  assert.ok(leg.log.includes('stop record transfer'));
});

test('a recording that another document broke off, and whose file comes late, leaves that one the outputs of its own', async () => {
  const { test, first } = await brokenOff('{record: {}}, {sleep: 1000}');
  test.leg.recordings[1]!.finish({ ...NO_INPUT, byteSize: 0 });
  await test.clock.settle();
  first.finish({ ...FINISHED, endedBy: 'transfer' });
  const { vars } = await test.finish();
  assert.deepEqual([vars['record_result'], vars['record_url']], ['failed', undefined]);
});

test('a recording that another document broke off, and whose file fails, is no error of that one', async () => {
  const { test, first } = await brokenOff('{sleep: 1000}');
  first.finish({ ...FINISHED, state: 'error', endedBy: 'error', byteSize: 0, error: 'disk full' });
  const { vars } = await test.finish();
  assert.deepEqual([vars['record_result'], vars['script_error']], ['failed', undefined]);
  assert.deepEqual(test.warnings, []);
});

test('a record_call that begins behind that of another document leaves that one the variables', async () => {
  const leg = recordingLeg();
  const began = Promise.withResolvers<void>();
  const record = leg.record.bind(leg);
  leg.record = async (options) => {
    if (options.controlId === 'slow') await began.promise;
    return await record(options);
  };
  const test = await start(
    'sections: {main: [{record_call: {control_id: slow}}], other: [{record_call: {control_id: next}}, {sleep: 1000}]}',
    { leg },
  );
  test.session.replace(test.document, 'other');
  await test.clock.settle();
  began.resolve();
  const { vars } = await test.finish();
  assert.equal(leg.recordings.length, 2);
  assert.deepEqual(
    [vars['record_control_id'], vars['record_call_url']],
    ['next', 'https://files.example.com/1'],
  );
});

test('record_call has the defaults of the language: both sides, and nothing that ends it', async () => {
  const leg = recordingLeg();
  await run('- record_call', { leg });
  const { controlId, ...options } = leg.recordings[0]!.options;
  assert.ok(controlId);
  assert.deepEqual(options, {
    format: 'wav',
    direction: 'both',
    stereo: false,
    beep: false,
    terminators: '',
    inputSensitivity: 44,
    initialTimeout: 0,
    endSilenceTimeout: 0,
    maxLength: 0,
    statusUrl: undefined,
  });
});

test('record_call that cannot start is failed, keeps the variables of the running one, and goes on', async () => {
  const leg = recordingLeg();
  const test = await start(
    main('- record_call: {control_id: a}\n- sleep: 1000\n- record_call: {control_id: a}\n- set: {after: 1}'),
    { leg },
  );
  leg.recordError = new CallError('control_id_in_use', 'a recording "a" is running');
  const { vars } = await test.finish();
  assert.deepEqual(
    [vars['record_call_result'], vars['record_control_id'], vars['after']],
    ['failed', 'a', 1],
  );
  assert.match(test.warnings[0]?.message ?? '', /"a" is running/);
});

test('stop_record_call waits for the file, but no longer than 10 s', async () => {
  const leg = recordingLeg();
  const test = await start(
    main('- record_call: {control_id: a}\n- sleep: 1\n- stop_record_call\n- set: {after: 1}'),
    { leg },
  );
  const operation = leg.recording('a')!;
  Object.assign(operation, { stop: () => {} });
  await test.clock.advance(9_999);
  assert.equal(test.session.variables.get('after'), undefined);
  await test.finish();
  assert.equal(test.clock.monotonic(), 10_001);
  leg.recordings[0]!.finish(FINISHED);
});

test('a call that cannot be answered makes them failed, and the script goes on', async () => {
  const leg = new FakeLeg();
  leg.answerError = new CallError('no_common_codec', 'no codec in common');
  const { result, warnings } = await run('- record: {}\n- record_call\n- set: {after: 1}', { leg });
  const { record_result, record_call_result, after } = result.vars;
  assert.deepEqual([record_result, record_call_result, after], ['failed', 'failed', 1]);
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ['relay_script_method_execute_failed', 'relay_script_method_execute_failed'],
  );
});

test('a document that replaces the script leaves it running, and finds it by record_control_id', async () => {
  const leg = recordingLeg();
  const test = await start(
    'sections: {main: [{record_call: {control_id: a}}, {sleep: 60000}], other: [{stop_record_call: {}}]}',
    { leg },
  );
  test.session.replace(test.document, 'other');
  const { vars } = await test.finish();
  assert.equal(vars['stop_record_call_result'], 'success');
  assert.deepEqual(leg.stopped, ['a']);
});

test('the end of a script that leaves its call alive leaves it running (8 #34)', async () => {
  const leg = recordingLeg();
  await run('- record_call: {control_id: a}', { leg, hangUpAtEnd: false });
  assert.equal(leg.recording('a')?.controlId, 'a');
  leg.end();
});

test('stop_record_call of a recording whose file fails is failed, with a warning', async () => {
  const leg = recordingLeg();
  const test = await start(main('- record_call: {control_id: a}\n- sleep: 1\n- stop_record_call'), { leg });
  const error = { ...FINISHED, state: 'error', endedBy: 'error', byteSize: 0, error: 'disk full' } as const;
  Object.assign(leg.recording('a')!, { stop: () => leg.recordings[0]!.finish(error) });
  assert.equal((await test.finish()).vars['stop_record_call_result'], 'failed');
  assert.match(test.warnings[0]?.message ?? '', /disk full/);
});

test('a control_id has at most 255 characters', async () => {
  const codes = (length: number): unknown[] =>
    checkDocument(main(`- record_call: {control_id: ${'a'.repeat(length)}}`)).diagnostics.map(
      ({ code }) => code,
    );
  assert.deepEqual([codes(255), codes(256)], [[], [INVALID]]);
});

test('an engine that cannot start: failed, a warning with the reason, and the script goes on', async () => {
  for (const [method, variable] of [
    ['record', 'record_result'],
    ['record_call', 'record_call_result'],
  ] as const) {
    const leg = new FakeLeg();
    leg.recordError = new CallError('record_failed', 'the disk is full');
    const { result, warnings } = await run(`- ${method}: {}\n- set: {after: 1}`, { leg });
    assert.deepEqual([result.vars[variable], result.vars['after']], ['failed', 1]);
    assert.equal(warnings[0]?.code, 'relay_script_method_execute_failed');
    assert.match(warnings[0]?.message ?? '', /the disk is full/);
  }
});

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

test('when the call ends, record leaves the end of the recording, and its cause, to the leg', async () => {
  const run = await startRecording();
  await setImmediate();
  assert.equal(run.leg.recordings.length, 1);
  run.leg.end();
  await run.finish();
  assert.deepEqual(stopsOf(run), []);
});

test('when the script is left while the recording runs, record stops it', async () => {
  const run = await startRecording();
  await setImmediate();
  run.session.stop();
  await setImmediate();
  assert.deepEqual(stopsOf(run), ['stop record transfer']);
});

test('when the script is left while the recording is being started, record stops it', async () => {
  const started = Promise.withResolvers<void>();
  const run = await startRecording(started.promise);
  run.session.stop();
  started.resolve();
  await setImmediate();
  assert.deepEqual(stopsOf(run), ['stop record transfer']);
});

test('an empty control_id is none, for stop_record_call as for record_call', async () => {
  const leg = recordingLeg();
  const { result } = await run(
    '- record_call: {control_id: "${id}"}\n- stop_record_call: {control_id: "${id}"}',
    { leg },
  );
  assert.equal(result.vars['stop_record_call_result'], 'success');
  assert.deepEqual(leg.stopped, [result.vars['record_control_id']]);
});
