import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError } from '../../call/leg.ts';
import { checkDocument } from '../../methods/check.ts';
import { FakeLeg } from '../../methods/fake-leg.test-helper.ts';
import { main, run, start } from '../run.test-helper.ts';

test('answer answers, limits the call to 14,400 s by default, and sets answer_result', async () => {
  const { leg, result } = await run('- answer');
  assert.deepEqual(leg.log, ['answer', 'limit 14400', 'hangup hangup']);
  assert.equal(result.vars['answer_result'], 'success');
});

test('answer hands codecs on in their order, whatever their case', async () => {
  const { leg } = await run('- answer: {codecs: "g722, PCMA", max_duration: "${30 * 2}"}');
  assert.deepEqual(leg.log.slice(0, 2), ['answer G722,PCMA', 'limit 60']);
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

test('hangup ends the call and the script; reason decides how', async () => {
  for (const reason of ['hangup', 'busy', 'decline']) {
    const { leg, result } = await run(`- hangup: {reason: ${reason}}\n- set: {after: 1}`);
    assert.deepEqual(leg.log, [`hangup ${reason}`]);
    assert.equal(result.vars['after'], undefined);
  }
  assert.deepEqual((await run('- hangup')).leg.log, ['hangup hangup']);
});

test('the end of the script hangs up', async () => {
  const { leg, result } = await run('- label: only');
  assert.deepEqual(leg.log, ['hangup hangup']);
  assert.equal(result.outcome, 'finished');
});

test('a script that shall leave the call alive does', async () => {
  const { leg } = await run('- label: only', { hangUpAtEnd: false });
  assert.deepEqual(leg.log, []);
});

for (const [title, step, ms] of [
  ['a number is milliseconds', 'sleep: 250', 250],
  ['duration is milliseconds', 'sleep: {duration: 1500}', 1_500],
  ['a placeholder', 'sleep: "${2 * 100}"', 200],
  ['a text of digits', 'sleep: "300"', 300],
  ['0 does nothing', 'sleep: 0', 0],
] as const) {
  test(`sleep: ${title}`, async () => {
    const { clock, result } = await run(`- ${step}\n- set: {after: 1}`);
    assert.equal(clock.monotonic(), ms);
    assert.equal(result.vars['after'], 1);
  });
}

test('sleep -1 waits until the call ends', async () => {
  const test = await start(main('- sleep: -1\n- set: {after: 1}'));
  await test.clock.advance(10_000_000);
  assert.equal(test.result, undefined);
  test.leg.end();
  assert.equal((await test.finish()).outcome, 'ended');
});

test('the script stops at once when the call ends during a step', async () => {
  const test = await start(main('- sleep: 10000\n- set: {after: 1}'));
  await test.clock.advance(500);
  test.leg.end({ by: 'remote', reason: 'hangup' });
  const result = await test.finish();
  assert.deepEqual([result.outcome, result.vars['after'], test.clock.monotonic()], ['ended', undefined, 500]);
});

test('a script on a call that is over already runs no step', async () => {
  const leg = new FakeLeg();
  leg.end();
  const { result } = await run('- set: {after: 1}', { leg });
  assert.deepEqual([result.outcome, result.vars], ['ended', {}]);
});

test('user_event hands its object to the client of the leg, with placeholders replaced', async () => {
  const events: unknown[] = [];
  await run('- user_event: {event: {state: "${call.type}", n: [1]}}', {
    sendUserEvent: (event) => events.push(event),
  });
  assert.deepEqual(events, [{ state: 'sip', n: [1] }]);
});

test('user_event without a client does nothing', async () => {
  assert.equal((await run('- user_event: {event: {}}')).result.outcome, 'finished');
});

for (const [step, code] of [
  ['sleep: -2', 'relay_script_method_parameter_invalid_value'],
  ['sleep: 1.5', 'relay_script_method_parameter_invalid_value'],
  ['sleep: soon', 'relay_script_method_parameter_invalid_value'],
  ['sleep', 'relay_script_method_parameter_missing'],
  ['sleep: {time: 500}', 'relay_script_method_parameter_missing'],
  ['answer: {codecs: "PCMU,MP3"}', 'relay_script_method_parameter_invalid_value'],
  ['answer: {max_duration: 0}', 'relay_script_method_parameter_invalid_value'],
  ['hangup: {reason: rude}', 'relay_script_method_parameter_invalid_value'],
  ['user_event: {}', 'relay_script_method_parameter_missing'],
  ['user_event: {event: text}', 'relay_script_element_wrong_type'],
] as const) {
  test(`${step} is refused at load`, () => {
    const errors = checkDocument(main(`- ${step}`)).diagnostics.filter(
      ({ severity }) => severity === 'error',
    );
    assert.deepEqual(
      errors.map(({ code }) => code),
      [code],
    );
  });
}
