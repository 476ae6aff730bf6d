import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamOperation } from '../../call/streams/types.ts';
import { FakeDialler } from '../../methods/fake-dialler.test-helper.ts';
import { FakeLeg } from '../../methods/fake-leg.test-helper.ts';
import { main, said, start, type TestRun, type TestRunOptions } from '../run.test-helper.ts';

const A = 'sip:a@example.com';
const B = 'sip:b@example.com';
const STREAM = 'stream:wss://media.example.com/';

async function begin(steps: string, options: TestRunOptions = {}) {
  const dialler = new FakeDialler();
  const { services, ...rest } = options;
  const test = await start(main(steps), { services: { dialler, ...services }, ...rest });
  return Object.assign(test, { dialler, calls: dialler.calls });
}

const vars = ({ session }: TestRun) => session.variables.snapshot();
const connectEvents = ({ callbacks }: TestRun) =>
  callbacks.filter(({ eventType }) => eventType === 'calling.call.connect').map(({ params }) => params);
const stateEvents = ({ callbacks }: TestRun) =>
  callbacks
    .filter(({ eventType }) => eventType === 'calling.call.state')
    .map(({ params }) => `${params['call_id']} ${params['call_state']} ${params['end_reason'] ?? ''}`.trim());

test('the caller is answered, hears ringing, and is bridged with the one that answers; then the next step runs', async () => {
  const run = await begin(`
- connect:
    to: ${A}
    from: "+15550100"
    status_url: https://app.example/s
- play: "say:\${connect_result} \${return_value}"`);
  const { leg, calls, clock } = run;
  assert.equal(leg.log[0], 'answer');
  assert.deepEqual(leg.played, [{ kind: 'ring', country: 'us' }]);
  assert.deepEqual(run.dialler.called, [A]);
  assert.deepEqual([calls[0]!.request.from, calls[0]!.request.timeout], ['+15550100', 60]);
  calls[0]!.answer();
  await clock.settle();
  assert.ok(leg.log.includes('bridge b1'));
  assert.ok(calls[0]!.leg.log.includes('limit 14400'));
  calls[0]!.end();
  await run.finish();
  assert.deepEqual(said(run), ['connected connected']);
  assert.equal(vars(run)['connect_failed_reason'], undefined);
  const ids = { call_id: 'call-1', node_id: 'node-1', segment_id: 'segment-1' };
  assert.deepEqual(connectEvents(run), [
    { ...ids, connect_state: 'connecting' },
    {
      ...ids,
      connect_state: 'connected',
      peer: {
        call_id: 'b1',
        node_id: 'node-1',
        device: { type: 'sip', params: { from: '+15550100', to: A, headers: [] } },
      },
    },
    { ...ids, connect_state: 'disconnected' },
  ]);
  assert.equal(new Set(run.callbacks.map(({ operationId }) => operationId)).size, 1);
});

for (const [reason, told] of [
  ['busy', 'busy'],
  ['noAnswer', 'no_answer'],
  ['decline', 'decline'],
  ['cancel', 'cancel'],
  ['not_found', 'not_found'],
  ['error', 'error'],
] as const) {
  test(`a destination that ends with ${reason} fails the step with ${told}`, async () => {
    const run = await begin(`
- connect:
    to: ${A}
    status_url: https://app.example/s
    result:
      case:
        failed: [{play: "say:\${connect_failed_reason}"}]
        connected: [{play: "say:no"}]`);
    run.calls[0]!.end(reason);
    await run.finish();
    assert.deepEqual(said(run), [told]);
    assert.equal(vars(run)['return_value'], 'failed');
    assert.deepEqual(connectEvents(run).at(-1)?.['failed_reason'], told);
    assert.deepEqual(run.warnings, []);
  });
}

test('a destination that cannot be reached is a warning with the reason, and the next one is tried', async () => {
  const run = await begin(`
- connect:
    serial: [{to: ${A}}, {to: ${B}}]`);
  run.calls[0]!.end('error', '403 Forbidden');
  await run.clock.settle();
  assert.match(String(run.warnings[0]?.message), /"sip:a@example.com" cannot be reached: 403 Forbidden/);
  assert.equal(run.warnings[0]?.code, 'relay_script_method_execute_failed');
  assert.deepEqual(run.dialler.called, [A, B]);
  run.calls[1]!.answer();
  await run.clock.settle();
  run.calls[1]!.end();
  await run.finish();
  assert.equal(vars(run)['connect_result'], 'connected');
});

test('serial: each has its own timeout; with several, the last one’s reason is told', async () => {
  const run = await begin(`
- connect:
    timeout: 15
    serial: [{to: ${A}}, {to: ${B}, timeout: 25}]`);
  run.calls[0]!.end('busy');
  await run.clock.settle();
  run.calls[1]!.end('noAnswer');
  await run.finish();
  assert.deepEqual(
    run.calls.map(({ request }) => request.timeout),
    [15, 25],
  );
  assert.equal(vars(run)['connect_failed_reason'], 'no_answer');
});

test('a stream that is not there within its timeout has not answered: the next is called, and it is stopped when it comes', async () => {
  const leg = new FakeLeg();
  const opened = Promise.withResolvers<StreamOperation>();
  leg.stream = () => opened.promise;
  const run = await begin(`- connect: {serial: [{to: "${STREAM}", timeout: 1}, {to: ${B}}]}`, { leg });
  await run.clock.advance(900);
  assert.deepEqual(run.dialler.called, []);
  await run.clock.advance(200);
  assert.deepEqual(run.dialler.called, [B]);
  let stops = 0;
  const { promise: done } = Promise.withResolvers<never>();
  opened.resolve({ controlId: 'late', url: 'wss://a.example/', name: undefined, done, stop: () => stops++ });
  await run.clock.settle();
  assert.equal(stops, 1);
  run.calls[0]!.answer();
  await run.clock.settle();
  assert.ok(run.leg.log.includes('bridge b1'));
  run.calls[0]!.end();
  await run.finish();
  assert.equal(vars(run)['connect_result'], 'connected');
});

test('a stream alone that is not there within its timeout fails the step with no_answer, without a warning', async () => {
  const leg = new FakeLeg();
  leg.stream = () => Promise.withResolvers<StreamOperation>().promise;
  const run = await begin(`- connect: {to: "${STREAM}", timeout: 1}`, { leg });
  await run.finish();
  assert.equal(vars(run)['connect_failed_reason'], 'no_answer');
  assert.deepEqual(run.warnings, []);
});

test('parallel: the first to answer wins, the rest are cancelled', async () => {
  const run = await begin(`- connect: {parallel: [{to: ${A}}, {to: ${B}}]}`);
  assert.deepEqual(run.dialler.called, [A, B]);
  run.calls[1]!.answer();
  run.calls[0]!.answer();
  await run.clock.settle();
  assert.deepEqual(run.calls[0]!.leg.log, ['hangup cancel 200 Call completed elsewhere']);
  assert.ok(run.leg.log.includes('bridge b2'));
  assert.deepEqual(
    [run.leg, ...run.calls.map(({ leg }) => leg)].map(({ info }) => info.dial_winner),
    [undefined, undefined, 'true'],
  );
  run.calls[1]!.end();
  await run.finish();
  assert.equal(vars(run)['connect_result'], 'connected');
});

test('a call that had no others beside it has won nothing', async () => {
  const run = await begin(`- connect: {serial_parallel: [[{to: ${A}}, {to: ${B}}], [{to: "+15550100"}]]}`);
  run.calls[0]!.end('busy');
  run.calls[1]!.end('busy');
  await run.clock.settle();
  run.calls[2]!.answer();
  await run.clock.settle();
  assert.ok(run.leg.log.includes('bridge b3'));
  assert.equal(run.calls[2]!.leg.info.dial_winner, undefined);
  run.calls[2]!.end();
  await run.finish();
});

test('serial_parallel: one group after the other', async () => {
  const run = await begin(`
- connect:
    serial_parallel: [[{to: ${A}}, {to: ${B}}], [{to: "+15550100"}]]`);
  assert.deepEqual(run.dialler.called, [A, B]);
  run.calls[1]!.end('busy');
  await run.clock.settle();
  assert.equal(run.calls.length, 2);
  run.calls[0]!.end('busy');
  await run.clock.settle();
  assert.deepEqual(run.dialler.called, [A, B, '+15550100']);
  run.calls[2]!.end('busy');
  await run.finish();
});

test('an empty list has failed', async () => {
  const run = await begin('- connect: {serial: []}');
  await run.finish();
  assert.equal(vars(run)['connect_result'], 'failed');
});

test('a destination of a kind that cannot be called is lost with a warning, and the others are called', async () => {
  const run = await begin(`
- connect:
    parallel: [{to: /public/desk}, {to: ${B}}]`);
  assert.deepEqual(run.dialler.called, [B]);
  assert.match(
    String(run.warnings[0]?.message),
    /"\/public\/desk" cannot be called: this version has no resource/,
  );
  run.calls[0]!.end('busy');
  await run.finish();
  assert.equal(vars(run)['connect_failed_reason'], 'busy');
});

test('the caller hangs up while others ring: all are cancelled, and the script ends', async () => {
  const run = await begin(`
- connect: {parallel: [{to: ${A}}, {to: ${B}}]}
- play: "say:never"`);
  run.leg.end();
  const result = await run.finish();
  assert.equal(result.outcome, 'ended');
  for (const { leg } of run.calls) assert.deepEqual(leg.log, ['hangup cancel']);
  assert.deepEqual(said(run), []);
});

test('the caller hangs up in the talk: the other side is hung up, and the script ends', async () => {
  const run = await begin(`
- connect: {to: ${A}, call_state_url: "https://app.example/c"}
- play: "say:never"`);
  run.calls[0]!.answer();
  await run.clock.settle();
  run.leg.end();
  await run.finish();
  await run.clock.settle();
  assert.deepEqual(run.calls[0]!.leg.log.at(-1), 'hangup hangup');
  assert.deepEqual(stateEvents(run), ['b1 ended hangup']);
});

test('another document in the place of the script ends the talk', async () => {
  const run = await begin(`- connect: {to: ${A}}`);
  run.calls[0]!.answer();
  await run.clock.settle();
  run.session.stop();
  await run.clock.settle();
  assert.equal(run.calls[0]!.leg.log.at(-1), 'hangup hangup');
});

test('a talk that is parted from outside leaves both calls alive, and the script goes on', async () => {
  const run = await begin(`
- connect: {to: ${A}}
- play: "say:\${connect_result}"`);
  run.calls[0]!.answer();
  await run.clock.settle();
  run.leg.bridged!.end();
  await run.finish();
  assert.deepEqual(said(run), ['connected']);
  assert.equal(run.calls[0]!.leg.signal.aborted, false);
});

test('answer_on_bridge: the caller is answered when a destination answers, and hears ringback of the document as early media', async () => {
  const run = await begin(`
- connect: {to: ${A}, answer_on_bridge: true, ringback: ["silence:1"]}`);
  assert.deepEqual(run.leg.log, ['play silence 0']);
  run.calls[0]!.answer();
  await run.clock.settle();
  assert.deepEqual(run.leg.log.slice(1, 3), ['answer', 'bridge b1']);
  run.calls[0]!.end();
  await run.finish();
});

test('without ringback of the document, an unanswered caller is left to its own telephone', async () => {
  for (const property of ['answer_on_bridge: true', 'auto_answer: false']) {
    const run = await begin(`- connect: {to: ${A}, ${property}}`);
    assert.equal(run.leg.log.length, 0);
    run.calls[0]!.end('busy');
    await run.finish();
    assert.ok(!run.leg.log.some((entry) => entry.startsWith('answer')), 'it is never answered');
  }
});

test('ringback may be an object as in play, too', async () => {
  const run = await begin(`
- connect:
    to: ${A}
    ringback: {urls: ["say:Please hold", "ring:uk"], volume: -6, say_language: en-GB, status_url: "https://app.example/r"}`);
  assert.deepEqual(
    run.leg.played.map(({ kind }) => kind),
    ['say', 'ring'],
  );
  run.calls[0]!.end('busy');
  await run.finish();
  assert.deepEqual(
    run.callbacks.filter(({ eventType }) => eventType === 'calling.call.play')[0]?.params['state'],
    'playing',
  );
});

test('sound of the called side before its answer takes the place of our ringing, not of chosen ringback', async () => {
  const run = await begin(`- connect: {to: ${A}}`);
  run.calls[0]!.sound();
  await run.clock.settle();
  assert.ok(run.leg.log.includes('bridge b1'));
  run.calls[0]!.end('busy');
  await run.finish();
  const chosen = await begin(`- connect: {to: ${A}, ringback: ["ring:uk"]}`);
  chosen.calls[0]!.sound();
  await chosen.clock.settle();
  assert.equal(chosen.leg.log.includes('bridge b1'), false);
  chosen.calls[0]!.end('busy');
  await chosen.finish();
});

test('states of the called side are told as they are asked for, `ended` alone by default', async () => {
  const all = '[created, ringing, answered, ended]';
  const run = await begin(`
- connect:
    call_state_url: https://app.example/c
    serial: [{to: ${A}, call_state_events: ${all}}, {to: ${B}}]`);
  run.calls[0]!.ring();
  await run.clock.settle();
  run.calls[0]!.end('noAnswer');
  await run.clock.settle();
  run.calls[1]!.answer();
  await run.clock.settle();
  run.calls[1]!.end();
  await run.finish();
  assert.deepEqual(stateEvents(run), ['b1 created', 'b1 ringing', 'b1 ended noAnswer', 'b2 ended hangup']);
  const { params } = run.callbacks[0]!;
  assert.deepEqual(params['parent'], { call_id: 'call-1', node_id: 'node-1' });
  assert.equal(params['direction'], 'outbound');
});

test('confirm: its steps run on the called side with variables of its own; its end lets the call through', async () => {
  const run = await begin(`
- set: {mine: 1}
- connect:
    to: ${A}
    confirm:
      - play: "say:For \${call.from}, variable \${mine}"
      - set: {theirs: 2}
- play: "say:\${theirs}"`);
  const [call] = run.calls;
  call!.leg.playResult = new Promise(() => {});
  call!.answer();
  await run.clock.settle();
  assert.deepEqual(call!.leg.played[0], {
    kind: 'say',
    text: 'For sip:ann@example.com, variable ',
    language: 'en-US',
    gender: 'female',
  });
  assert.equal(run.leg.log.includes('bridge b1'), false, 'the caller still hears ringing');
  call!.end();
  await run.finish();
  assert.equal(vars(run)['connect_failed_reason'], 'decline');
});

test('confirm: hangup in it refuses the call, and the next destination is called', async () => {
  const run = await begin(`
- connect:
    serial: [{to: ${A}, confirm: [{hangup: {}}]}, {to: ${B}, confirm: [{play: "say:Hello"}]}]`);
  run.calls[0]!.answer();
  await run.clock.settle();
  assert.deepEqual(run.calls[0]!.leg.log, ['hangup hangup']);
  run.calls[1]!.answer();
  await run.clock.settle();
  assert.ok(run.leg.log.includes('bridge b2'));
  run.calls[1]!.end();
  await run.finish();
});

test('confirm: a URL is asked by POST with the called side’s payload', async () => {
  const run = await begin(`- connect: {to: ${A}, confirm: "https://app.example/confirm"}`, {
    documents: { 'https://app.example/confirm': main('- set: {a: 1}') },
  });
  run.calls[0]!.answer();
  await run.clock.runUntil(() => run.leg.log.includes('bridge b1'));
  const [{ payload, method } = assert.fail()] = run.fetches;
  assert.equal(method, 'POST');
  const call = payload['call'] as Record<string, unknown>;
  assert.deepEqual(
    [call['call_id'], call['direction'], call['parent']],
    ['b1', 'outbound', { device_type: 'sip', call_id: 'call-1', node_id: 'node-1' }],
  );
  assert.deepEqual(payload['vars'], {});
  run.calls[0]!.end();
  await run.finish();
});

test('confirm: a document that cannot be had, or fails, loses the call with a warning', async () => {
  for (const document of [new Error('404'), 'sections: {main: [{label: a}, {goto: {label: nowhere}}]}']) {
    const run = await begin(`- connect: {to: ${A}, confirm: "https://app.example/confirm"}`, {
      documents: { 'https://app.example/confirm': document },
    });
    run.calls[0]!.answer();
    await run.finish();
    assert.equal(run.calls[0]!.leg.log.at(-1), 'hangup error');
    assert.ok(run.warnings.some(({ message }) => /"confirm" of "sip:a@example.com" failed/.test(message)));
    assert.equal(vars(run)['connect_failed_reason'], 'error');
  }
});

test('confirm: after confirm_timeout the called side is hung up and counts as lost', async () => {
  const run = await begin(`
- connect: {to: ${A}, confirm: [{play: "say:Press one"}], confirm_timeout: 5}`);
  run.calls[0]!.leg.playResult = new Promise(() => {});
  run.calls[0]!.answer();
  await run.clock.advance(4_900);
  assert.equal(run.calls[0]!.leg.signal.aborted, false);
  await run.clock.advance(200);
  await run.finish();
  const { log } = run.calls[0]!.leg;
  // The call is over first: a sound or recording of the script ends by that.
  assert.deepEqual(log.slice(log.indexOf('hangup hangup')), ['hangup hangup', 'stop play']);
  assert.equal(vars(run)['connect_failed_reason'], 'no_answer');
});

test('confirm with parallel: the first whose script ends well wins', async () => {
  const run = await begin(`
- connect:
    confirm: [{play: "say:Press one"}]
    parallel: [{to: ${A}}, {to: ${B}}]`);
  run.calls[0]!.leg.playResult = new Promise(() => {});
  run.calls[0]!.answer();
  await run.clock.settle();
  run.calls[1]!.answer();
  await run.clock.settle();
  assert.ok(run.leg.log.includes('bridge b2'));
  assert.ok(run.calls[0]!.leg.log.includes('hangup cancel 200 Call completed elsewhere'));
  run.calls[1]!.end();
  await run.finish();
});

test('the caller hangs up while confirm runs: the called side is hung up', async () => {
  const run = await begin(`- connect: {to: ${A}, confirm: [{play: "say:Press one"}]}`);
  run.calls[0]!.leg.playResult = new Promise(() => {});
  run.calls[0]!.answer();
  await run.clock.settle();
  run.leg.end();
  await run.finish();
  assert.ok(run.calls[0]!.leg.log.includes('hangup cancel'));
});

test('transfer_after_bridge: after a talk the document runs, without one it does not', async () => {
  const steps = `
- connect: {to: ${A}, transfer_after_bridge: "https://app.example/after", result: {case: {failed: [{play: "say:failed"}]}}}
- play: "say:next"`;
  const documents = { 'https://app.example/after': main('- play: "say:after"') };
  const talked = await begin(steps, { documents });
  talked.calls[0]!.answer();
  await talked.clock.settle();
  talked.calls[0]!.end();
  await talked.finish();
  assert.deepEqual(said(talked), ['after']);
  const failed = await begin(steps, { documents });
  failed.calls[0]!.end('busy');
  await failed.finish();
  assert.deepEqual(said(failed), ['failed', 'next']);
});

test('max_duration limits the talk', async () => {
  const run = await begin(`- connect: {to: ${A}, max_duration: 90}`);
  run.calls[0]!.answer();
  await run.clock.settle();
  assert.ok(run.calls[0]!.leg.log.includes('limit 90'));
  run.calls[0]!.end('max_duration');
  await run.finish();
  assert.equal(vars(run)['connect_result'], 'connected');
});

test('a caller that cannot be answered is connected with nobody', async () => {
  const { CallError } = await import('../../call/leg.ts');
  const leg = new FakeLeg();
  leg.answerError = new CallError('no_common_codec', 'no common codec');
  const run = await begin(`- connect: {to: ${A}}`, { leg });
  await run.finish();
  assert.equal(run.calls.length, 0);
  assert.match(String(run.warnings[0]?.message), /could not be answered to be connected: no common codec/);
  assert.equal(vars(run)['connect_failed_reason'], 'error');
  // As a SIP leg does it: it refuses the call.
  const refused = new FakeLeg();
  refused.answer = async () => {
    refused.end({ by: 'local', reason: 'error' });
    throw new CallError('no_common_codec', 'no common codec');
  };
  const over = await begin(`- connect: {to: ${A}}`, { leg: refused });
  await over.finish();
  assert.match(String(over.warnings[0]?.message), /could not be answered to be connected: no common codec/);
});

test('where nobody can be called, connect fails with a warning', async () => {
  const run = await start(main(`- connect: {to: ${A}}`));
  await run.finish();
  assert.match(String(run.warnings[0]?.message), /nobody can be called here/);
  assert.equal(vars(run)['connect_result'], 'failed');
});
