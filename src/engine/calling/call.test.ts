import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError } from '../../call/leg.ts';
import { checkDocument } from '../../methods/check.ts';
import { FakeLeg } from '../../methods/fake-leg.test-helper.ts';
import { methodsOf } from '../../methods/registry.ts';
import { main, run } from '../run.test-helper.ts';

test('answer answers, limits the call to 14,400 s by default, and sets answer_result', async () => {
  const { leg, result } = await run('- answer');
  assert.deepEqual(leg.log, ['answer', 'limit 14400', 'hangup hangup']);
  assert.equal(result.vars['answer_result'], 'success');
});

test('answer hands codecs on in their order, whatever their case', async () => {
  const { leg } = await run('- answer: {codecs: "g722, PCMA", max_duration: "${30 * 2}"}');
  assert.deepEqual(leg.log.slice(0, 2), ['answer G722,PCMA', 'limit 60']);
});

test('answer with an empty list of codecs takes all that the server knows, as without one', async () => {
  for (const codecs of ['""', '"${none}"', '" , "']) {
    const { leg } = await run(`- answer: {codecs: ${codecs}}`);
    assert.equal(leg.log[0], 'answer');
  }
});

test('answer on an answered call only applies its limit', async () => {
  const leg = new FakeLeg({ call_state: 'answered' });
  const { result } = await run('- answer: {max_duration: 5}', { leg });
  assert.deepEqual(leg.log, ['limit 5', 'hangup hangup']);
  assert.equal(result.vars['answer_result'], 'success');
});

test('a failed answer is answer_result failed, a warning, and the next step', async () => {
  const leg = new FakeLeg();
  leg.answerError = new CallError('answer_failed', 'no ACK came');
  const { result, warnings } = await run('- answer\n- set: {after: 1}', { leg });
  assert.deepEqual(result.vars, {
    answer_result: 'failed',
    script_error: 'relay_script_method_execute_failed',
    after: 1,
  });
  assert.match(warnings[0]?.message ?? '', /no ACK came/);
});

test('flow.md model, end of script: a script that shall leave the call alive does', async () => {
  const { leg } = await run('- label: only', { hangUpAtEnd: false });
  assert.deepEqual(leg.log, []);
});

test('flow.md model, remote end: a script on a call that is over already runs no step', async () => {
  const leg = new FakeLeg();
  leg.end();
  const { result } = await run('- set: {after: 1}', { leg });
  assert.deepEqual([result.outcome, result.vars], ['ended', {}]);
});

for (const [title, step, code] of [
  ['flow.md 9, other negatives: refused', 'sleep: -2', 'relay_script_method_parameter_invalid_value'],
  ['flow.md 9, duration: an integer', 'sleep: 1.5', 'relay_script_method_parameter_invalid_value'],
  ['flow.md 9, scalar: no other text', 'sleep: soon', 'relay_script_method_parameter_invalid_value'],
  ['flow.md 9, duration: required', 'sleep', 'relay_script_method_parameter_missing'],
  ['flow.md 9, unit: time is unknown', 'sleep: {time: 500}', 'relay_script_method_parameter_missing'],
  ['answer knows its codecs', 'answer: {codecs: "PCMU,MP3"}', 'relay_script_method_parameter_invalid_value'],
  [
    'answer lasts a second at least',
    'answer: {max_duration: 0}',
    'relay_script_method_parameter_invalid_value',
  ],
  [
    'document.md 4.4, enum property: hangup knows its reasons',
    'hangup: {reason: rude}',
    'relay_script_method_parameter_invalid_value',
  ],
  ['flow.md 10, event: required', 'user_event: {}', 'relay_script_method_parameter_missing'],
  ['flow.md 10, event: an object', 'user_event: {event: text}', 'relay_script_element_wrong_type'],
] as const) {
  test(`${title}: ${step} (at load: ${code})`, () => {
    const errors = checkDocument(main(`- ${step}`)).diagnostics.filter(
      ({ severity }) => severity === 'error',
    );
    assert.deepEqual(
      errors.map(({ code }) => code),
      [code],
    );
  });
}

test('flow.md 11, safe while ringing: what each method says of itself', () => {
  const safe = [...methodsOf('calling').values()].filter((method) => method.answers === 'never');
  assert.deepEqual(
    safe.map(({ name }) => name).sort(),
    [
      ...['cond', 'execute', 'goto', 'hangup', 'label', 'request', 'return', 'send_sms', 'set', 'sip_refer'],
      ...['sleep', 'stop_denoise', 'stop_record_call', 'stop_stream', 'stop_tap', 'switch'],
      ...['transcribe_stop', 'transfer', 'unset', 'user_event'],
    ].sort(),
  );
  const asked = [...methodsOf('calling').values()].filter((method) => method.answers === 'unless-told');
  assert.deepEqual(asked.map(({ name }) => name).sort(), ['connect', 'play']);
});
