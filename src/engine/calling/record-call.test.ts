import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError } from '../../call/leg.ts';
import { checkDocument } from '../../methods/check.ts';
import { FakeLeg, FINISHED } from '../../methods/fake-leg.test-helper.ts';
import { main, run, start } from '../run.test-helper.ts';

/** A leg whose recordings go on until they are stopped. */
function recordingLeg(): FakeLeg {
  const leg = new FakeLeg();
  leg.recordOutcome = undefined;
  return leg;
}

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

test('record_call sets its variables at the start, and the next step runs at once', async () => {
  const { result } = await run(
    '- record_call: {control_id: mine, format: mp4, stereo: true}\n- set: {seen: "${record_call_url}"}',
    {
      leg: recordingLeg(),
    },
  );
  assert.deepEqual(result.vars, {
    record_call_url: 'https://files.example.com/1',
    record_control_id: 'mine',
    record_call_result: 'success',
    seen: 'https://files.example.com/1',
  });
});

test('record_call with explicit zeros is as without them', async () => {
  const leg = recordingLeg();
  await run('- record_call: {initial_timeout: 0.0, end_silence_timeout: 0.0}', { leg });
  const { initialTimeout, endSilenceTimeout } = leg.recordings[0]!.options;
  assert.deepEqual([initialTimeout, endSilenceTimeout], [0, 0]);
});

test('record_call answers an unanswered call', async () => {
  const leg = recordingLeg();
  await run('- record_call', { leg });
  assert.equal(leg.log[0], 'answer');
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

test('stop_record_call without control_id stops the one that was started last', async () => {
  const leg = recordingLeg();
  const { result } = await run(
    '- record_call: {control_id: a}\n- record_call: {control_id: b}\n- stop_record_call',
    { leg },
  );
  assert.equal(result.vars['stop_record_call_result'], 'success');
  assert.equal(leg.log.filter((entry) => entry === 'stop record stop').length, 1);
  assert.deepEqual(leg.stopped, ['b']);
});

test('stop_record_call with a control_id stops that one', async () => {
  const { result } = await run(
    '- record_call: {control_id: a}\n- record_call: {control_id: b}\n- stop_record_call: {control_id: "${\'a\'}"}',
    {
      leg: recordingLeg(),
    },
  );
  assert.equal(result.vars['stop_record_call_result'], 'success');
});

for (const [title, steps] of [
  ['none was ever started', '- stop_record_call'],
  ['the id is unknown', '- record_call\n- stop_record_call: {control_id: other}'],
  ['it was stopped already', '- record_call\n- stop_record_call\n- stop_record_call'],
] as const) {
  test(`stop_record_call is failed without a script error when ${title}`, async () => {
    const { result } = await run(steps, { leg: recordingLeg() });
    assert.equal(result.vars['stop_record_call_result'], 'failed');
    assert.equal(result.vars['script_error'], undefined);
    assert.equal(result.outcome, 'finished');
  });
}

test('stop_record_call never answers the call', async () => {
  const { leg } = await run('- stop_record_call');
  assert.deepEqual(leg.log, ['hangup hangup']);
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

test('a background recording is left alone when the script goes on elsewhere', async () => {
  const leg = recordingLeg();
  const test = await start(
    'sections: {main: [{record_call: {}}, {sleep: 100}, {transfer: {dest: other}}], other: [{sleep: 100}]}',
    { leg },
  );
  await test.finish();
  assert.deepEqual(
    leg.log.filter((entry) => entry.startsWith('stop')),
    [],
  );
});

for (const params of [
  '{direction: up}',
  '{format: ogg}',
  '{terminators: "x"}',
  '{input_sensitivity: 101}',
  '{max_length: -1}',
  '{status_url: "ftp://x"}',
  '{initial_timeout: -1}',
]) {
  test(`record and record_call refuse ${params} at load`, () => {
    for (const method of ['record', 'record_call']) {
      assert.deepEqual(
        checkDocument(main(`- ${method}: ${params}`)).diagnostics.map(({ code }) => code),
        ['relay_script_method_parameter_invalid_value'],
      );
    }
  });
}

test('record takes direction both, except in strict mode', () => {
  const text = main('- record: {direction: both}');
  assert.deepEqual(checkDocument(text).diagnostics, []);
  assert.equal(
    checkDocument(text, { strict: true }).diagnostics[0]?.code,
    'relay_script_method_parameter_invalid_value',
  );
});

test('control_id in record is unknown: a warning, and an error in strict mode', () => {
  const text = main('- record: {control_id: a}');
  for (const strict of [false, true]) {
    const [diagnostic] = checkDocument(text, { strict }).diagnostics;
    assert.equal(diagnostic?.code, 'relay_script_method_parameter_undefined');
    assert.equal(diagnostic?.severity, strict ? 'error' : 'warning');
  }
});
