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

test('flow.md model, end of script: the outermost frame ends, and the call is hung up', async () => {
  const { leg, result } = await run('- label: only');
  assert.deepEqual(leg.log, ['hangup hangup']);
  assert.equal(result.outcome, 'finished');
});

test('flow.md model, end of script: a script that shall leave the call alive does', async () => {
  const { leg } = await run('- label: only', { hangUpAtEnd: false });
  assert.deepEqual(leg.log, []);
});

for (const [title, step, ms] of [
  ['flow.md 9, scalar: a number is milliseconds', 'sleep: 250', 250],
  ['flow.md 9, duration: is milliseconds', 'sleep: {duration: 1500}', 1_500],
  ['document.md 1.3, scalar sleep: a variable', 'sleep: "${2 * 100}"', 200],
  ['flow.md 9, unit: milliseconds, so 1 is a millisecond', 'sleep: {duration: 1}', 1],
  ['flow.md 9, scalar: a text of digits', 'sleep: "300"', 300],
  ['flow.md 9, 0: does nothing', 'sleep: 0', 0],
] as const) {
  test(title, async () => {
    const { clock, result } = await run(`- ${step}\n- set: {after: 1}`);
    assert.equal(clock.monotonic(), ms);
    assert.equal(result.vars['after'], 1);
  });
}

test('flow.md 9, -1: waits until the call ends', async () => {
  const test = await start(main('- sleep: -1\n- set: {after: 1}'));
  await test.clock.advance(10_000_000);
  assert.equal(test.result, undefined);
  test.leg.end();
  assert.equal((await test.finish()).outcome, 'ended');
});

test('flow.md model, remote end: the script stops at once, in the middle of a step', async () => {
  const test = await start(main('- sleep: 10000\n- set: {after: 1}'));
  await test.clock.advance(500);
  test.leg.end({ by: 'remote', reason: 'hangup' });
  const result = await test.finish();
  assert.deepEqual([result.outcome, result.vars['after'], test.clock.monotonic()], ['ended', undefined, 500]);
});

test('flow.md model, remote end: a script on a call that is over already runs no step', async () => {
  const leg = new FakeLeg();
  leg.end();
  const { result } = await run('- set: {after: 1}', { leg });
  assert.deepEqual([result.outcome, result.vars], ['ended', {}]);
});

test('flow.md 10, client event: the client of the leg gets the object, with placeholders replaced', async () => {
  const events: unknown[] = [];
  await run('- user_event: {event: {state: "${call.type}", n: [1]}}', {
    sendUserEvent: (event) => events.push(event),
  });
  assert.deepEqual(events, [{ state: 'sip', n: [1] }]);
});

test('flow.md 10, no client: does nothing, and is no error', async () => {
  assert.equal((await run('- user_event: {event: {}}')).result.outcome, 'finished');
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

test('flow.md 9, other negatives: known at run only', async () => {
  const { result } = await run('- sleep: "${0 - 5}"');
  assert.equal(result.error?.code, 'relay_script_method_parameter_invalid_value');
});

test('flow.md 9, media stays alive: nothing is asked of the call meanwhile, a recording goes on', async () => {
  const test = await start(main('- record_call: {}\n- sleep: 5000'));
  const before = [...test.leg.log];
  await test.clock.advance(2_500);
  test.leg.press('5#');
  await test.clock.advance(2_000);
  assert.deepEqual(test.leg.log, before);
  assert.equal(test.result, undefined);
  await test.finish();
});
