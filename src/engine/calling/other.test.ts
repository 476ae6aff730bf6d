import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError } from '../../call/leg.ts';
import { loadDocument } from '../../methods/check.ts';
import { FakeLeg } from '../../methods/fake-leg.test-helper.ts';
import { methodsOf } from '../../methods/registry.ts';
import { main, run, start } from '../run.test-helper.ts';

test('send_digits answers, sends, waits, and sets its result', async () => {
  const { leg, result } = await run('- send_digits: {digits: 1w2Wa#}');
  assert.deepEqual(leg.log.slice(0, 2), ['answer', 'digits 1w2WA#']);
  assert.equal(result.vars['send_digits_result'], 'success');
});

test('send_digits of a script that is replaced is stopped, and sets nothing in the one that takes its place', async () => {
  const leg = new FakeLeg();
  const sent = Promise.withResolvers<void>();
  const signals: (AbortSignal | undefined)[] = [];
  leg.sendDigits = (_digits: string, signal?: AbortSignal) => {
    signals.push(signal);
    return sent.promise;
  };
  const call = await start(main('- send_digits: {digits: 1WWW2}'), { leg });
  assert.deepEqual(
    signals.map((signal) => signal?.aborted),
    [false],
  );
  call.session.replace(loadDocument(main('- sleep: 1000')));
  assert.equal(signals[0]?.aborted, true);
  await call.clock.settle();
  sent.resolve();
  assert.equal((await call.finish()).vars['send_digits_result'], undefined);
});

test('a number or truth value within what a placeholder gives is a text where one belongs', async () => {
  const { leg, result, warnings } = await run(`
- set: {who: {customer: 7, vip: true, name: Ann, note: null}, keys: {digits: 12}}
- stream: {url: "wss://example.com/", custom_parameters: "\${who}"}
- send_digits: "\${keys}"`);
  assert.deepEqual([result.outcome, warnings], ['finished', []]);
  assert.deepEqual(leg.streamed[0]?.customParameters, { customer: '7', vip: 'true', name: 'Ann', note: '' });
  assert.ok(leg.log.includes('digits 12'));
});

test('send_digits that fails says so with a warning, but not in a document that has taken its place', async () => {
  for (const isReplaced of [false, true]) {
    const leg = new FakeLeg();
    const sent = Promise.withResolvers<void>();
    leg.sendDigits = () => sent.promise;
    const call = await start(main('- send_digits: {digits: "1"}'), { leg });
    if (isReplaced) call.session.replace(loadDocument(main('- sleep: 1000')));
    await call.clock.settle();
    sent.reject(new CallError('invalid_state', '200 others wait to be sent'));
    const { vars } = await call.finish();
    assert.equal(vars['send_digits_result'], isReplaced ? undefined : 'failed');
    assert.deepEqual(
      call.warnings.map(({ message }) => message.includes('200 others wait to be sent')),
      isReplaced ? [] : [true],
    );
  }
});

test('document.md 5.1, method failed: one that this version cannot run warns, naming it, and the next step runs', async () => {
  const { result, warnings } = await run('- receive_fax: {}\n- set: {after: 1}');
  assert.equal(warnings[0]?.code, 'relay_script_method_execute_failed');
  assert.match(warnings[0]?.message ?? '', /"receive_fax" is valid SWML, but this version cannot run it/);
  assert.equal(result.vars['after'], 1);
});

test('document.md 5.1, method failed: one that this version cannot run has the results of a failed step, and nothing of an earlier one', async () => {
  const refer = await run(`
- set: {return_value: success, sip_refer_result: success, sip_refer_to: "sip:a@example.com"}
- sip_refer: {to_uri: "sip:b@example.com"}
- switch: {variable: return_value, case: {success: [{set: {took: success}}], failed: [{set: {took: failed}}]}}`);
  const { script_error, ...vars } = refer.result.vars;
  assert.deepEqual(vars, { return_value: 'failed', sip_refer_result: 'failed', took: 'failed' });
  assert.equal(script_error, 'relay_script_method_execute_failed');
  const conference = await run('- set: {return_value: success}\n- join_conference: {name: a}');
  assert.equal(conference.result.vars['join_conference_result'], 'failed');
  assert.equal(conference.result.vars['return_value'], 'failed');
  // The language gives no `return_value` to this one.
  const room = await run('- set: {return_value: success}\n- join_room: {name: a}');
  assert.equal(room.result.vars['join_room_result'], 'failed');
  assert.equal(room.result.vars['return_value'], 'success');
  const payment = '- pay: {payment_connector_url: "https://example.com/pay"}';
  const pay = await run(`- set: {pay_result: success}\n${payment}`);
  assert.equal(pay.result.vars['pay_result'], 'internal-error');
});

test('the result of a conference that cannot be joined is that of one that failed; then the next step runs', async () => {
  for (const result of [
    '{case: {failed: [{set: {took: failed}}], completed: [{set: {took: completed}}]}}',
    '[{when: "join_conference_result != \'failed\'", then: [{set: {took: completed}}]}, {else: [{set: {took: failed}}]}]',
  ]) {
    const joined = await run(`- join_conference: {name: a, result: ${result}}\n- set: {after: "\${took}"}`);
    assert.equal(joined.result.vars['after'], 'failed', result);
    assert.deepEqual(
      joined.warnings.map(({ code }) => code),
      ['relay_script_method_execute_failed'],
    );
  }
  const other = await run(
    '- join_conference: {name: a, result: {case: {completed: [{set: {took: 1}}]}}}\n- set: {after: 1}',
  );
  assert.deepEqual([other.result.vars['took'], other.result.vars['after']], [undefined, 1]);
});

test('denoise answers, waits for the filter and says how it went; stop_denoise is off in any case', async () => {
  const on = await run('- denoise: {}\n- denoise: {}');
  assert.deepEqual(on.leg.log.slice(0, 2), ['answer', 'denoise']);
  assert.equal(on.result.vars['denoise_result'], 'on');
  assert.deepEqual(on.warnings, []);
  const off = await run('- denoise: {}\n- stop_denoise: {}\n- stop_denoise: {}');
  assert.equal(off.result.vars['denoise_result'], 'off');
  const leg = new FakeLeg();
  leg.denoiseError = new CallError('denoise_failed', 'the noise filter cannot be had: no memory');
  const failed = await run('- denoise: {}\n- set: {after: 1}', { leg });
  assert.equal(failed.result.vars['denoise_result'], 'failed');
  assert.equal(failed.result.vars['after'], 1);
  assert.match(failed.warnings[0]?.message ?? '', /Noise is not taken out: .*no memory/);
});

test('a denoise that still waits for the filter when another document comes leaves that one the result of its own', async () => {
  const leg = new FakeLeg();
  const loading = Promise.withResolvers<void>();
  leg.denoise = () => {
    // Once: the next one is that of the class.
    Reflect.deleteProperty(leg, 'denoise');
    return loading.promise;
  };
  const text = 'sections: {main: [{denoise: {}}], other: [{stop_denoise: {}}, {sleep: 1000}]}';
  const call = await start(text, { leg });
  await call.clock.settle();
  call.session.replace(call.document, 'other');
  await call.clock.settle();
  loading.reject(new CallError('denoise_failed', 'it was turned off before it was there'));
  const { vars } = await call.finish();
  assert.deepEqual([vars['denoise_result'], vars['script_error'], call.warnings], ['off', undefined, []]);
});

for (const [step, method] of [
  ['answer: {}', 'answer'],
  ['play: "say:Hello"', 'answer'],
  ['prompt: {play: "say:Hello"}', 'answer'],
  ['tap: {uri: "wss://example.com/"}', 'tap'],
  ['stream: {url: "wss://example.com/"}', 'stream'],
  ['record_call: {}', 'record'],
] as const) {
  test(`${step}: that the call ends meanwhile is no error of the script`, async () => {
    const leg = new FakeLeg();
    const waiting = Promise.withResolvers<never>();
    leg[method] = () => waiting.promise;
    const call = await start(main(`- ${step}`), { leg });
    leg.end();
    waiting.reject(new CallError('call_over', 'the call is over'));
    const { outcome } = await call.finish();
    await call.clock.settle();
    assert.equal(outcome, 'ended');
    assert.deepEqual(call.warnings, []);
  });
}

for (const [method, url] of [
  ['tap', 'uri'],
  ['stream', 'url'],
] as const) {
  test(`a ${method} that still connects when another document comes leaves that one the outputs of its own`, async () => {
    const leg = new FakeLeg();
    const connecting = Promise.withResolvers<never>();
    leg[method] = () => {
      // Once: the next one is that of the class.
      Reflect.deleteProperty(leg, method);
      return connecting.promise;
    };
    const step = (controlId: string): string =>
      `{${method}: {${url}: "wss://example.com/", control_id: ${controlId}}}`;
    const text = `sections: {main: [${step('old')}], other: [${step('new')}, {sleep: 1000}]}`;
    const call = await start(text, { leg });
    call.session.replace(call.document, 'other');
    await call.clock.settle();
    connecting.reject(new CallError('stream_failed', 'no answer'));
    const { vars } = await call.finish();
    assert.deepEqual([vars[`${method}_control_id`], vars[`${method}_result`]], ['new', 'success']);
    assert.deepEqual([vars['script_error'], call.warnings], [undefined, []]);
  });
}

test('document.md 4.5, only in AI methods: template functions are not touched where they stand', async () => {
  const { warnings } = await run('- ai: {prompt: {text: "${lc:caller} ${broken(}"}}');
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ['relay_script_method_execute_failed'],
  );
});

test('an unknown method cannot be reached: its document is refused', async () => {
  await assert.rejects(start(main('- plya: "say:hi"')), /did you mean "play"/);
});

test('document.md 1.2, 43 methods: and 9 messaging ones', () => {
  assert.deepEqual([methodsOf('calling').size, methodsOf('messaging').size], [43, 9]);
});

test('a digit that is no key is refused', async () => {
  await assert.rejects(start(main('- send_digits: {digits: 12x}'), { leg: new FakeLeg() }), /digits 0-9/);
});

for (const [begin, end] of [
  ['tap: {uri: "wss://example.com/", control_id: ""}', 'stop_tap'],
  ['stream: {url: "wss://example.com/", control_id: ""}', 'stop_stream'],
] as const) {
  test(`an empty control_id is none, for ${end} as for the step that begins it`, async () => {
    const { result } = await run(`- ${begin}\n- ${end}: {control_id: ""}`);
    assert.equal(result.vars[`${end}_result`], 'success');
  });
}
