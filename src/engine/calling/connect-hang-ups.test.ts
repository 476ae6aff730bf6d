import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError, type CallEnd } from '../../call/leg.ts';
import { FakeDialler } from '../../methods/fake-dialler.test-helper.ts';
import { FakeLeg } from '../../methods/fake-leg.test-helper.ts';
import { main, start } from '../run.test-helper.ts';

/** One whose call ends as it is to be answered: a caller gave up, or the leg refuses it itself. */
function ending(end: CallEnd, error: CallError): FakeLeg {
  const leg = new FakeLeg();
  leg.answer = async () => {
    leg.end(end);
    throw error;
  };
  return leg;
}

test('a recording within a confirm that takes too long ends with the hang-up, not as one whose script was replaced', async () => {
  const dialler = new FakeDialler();
  const steps = `- connect: {to: "sip:a@example.com", confirm: [{record: {}}], confirm_timeout: 5}`;
  const run = await start(main(steps), { services: { dialler } });
  const { leg } = dialler.calls[0]!;
  leg.recordOutcome = undefined;
  dialler.calls[0]!.answer();
  await run.clock.advance(4_900);
  assert.equal(leg.recordings.length, 1);
  await run.clock.advance(200);
  await run.finish();
  assert.deepEqual(leg.log.slice(-1), ['hangup hangup']);
  assert.deepEqual(leg.stopped, []);
  assert.equal(run.session.variables.snapshot()['connect_failed_reason'], 'no_answer');
});

test('a caller who hangs up while it is answered to be connected has cancelled, as one who does so later', async () => {
  const dialler = new FakeDialler();
  const leg = ending(
    { by: 'remote', reason: 'cancel' },
    new CallError('call_over', 'the call ended before it was answered'),
  );
  const steps = '- connect: {to: "sip:a@example.com", status_url: "https://app.example/s"}';
  const run = await start(main(steps), { leg, services: { dialler } });
  await run.finish();
  assert.deepEqual(
    run.callbacks.map(({ params }) => [params['connect_state'], params['failed_reason']]),
    [
      ['connecting', undefined],
      ['failed', 'cancel'],
    ],
  );
  assert.deepEqual([dialler.called, run.warnings], [[], []]);
});

test('the end of a talk whose caller hangs up is told while its call is there, however long the other side takes to leave', async () => {
  const dialler = new FakeDialler();
  const steps = '- connect: {to: "sip:a@example.com", status_url: "https://app.example/s"}';
  const run = await start(main(steps), { services: { dialler } });
  const call = dialler.calls[0]!;
  // It does not answer the BYE.
  let hangups = 0;
  call.leg.hangup = () => {
    hangups++;
    return Promise.withResolvers<void>().promise;
  };
  call.answer();
  await run.clock.settle();
  run.leg.end();
  await run.clock.settle();
  assert.deepEqual(
    run.callbacks.map(({ params }) => params['connect_state']),
    ['connecting', 'connected', 'disconnected'],
  );
  assert.equal(hangups, 1);
  await run.finish();
});

test('so is that a caller has cancelled who was being answered for a destination', async () => {
  const dialler = new FakeDialler();
  const leg = ending(
    { by: 'remote', reason: 'cancel' },
    new CallError('call_over', 'the call ended before it was answered'),
  );
  const steps = `
- connect:
    to: sip:a@example.com
    answer_on_bridge: true
    status_url: https://app.example/s`;
  const run = await start(main(steps), { leg, services: { dialler } });
  const call = dialler.calls[0]!;
  call.leg.hangup = () => Promise.withResolvers<void>().promise;
  call.answer();
  await run.clock.settle();
  assert.deepEqual(
    run.callbacks.map(({ params }) => [params['connect_state'], params['failed_reason']]),
    [
      ['connecting', undefined],
      ['failed', 'cancel'],
    ],
  );
  await run.finish();
});

test('a caller who cannot be answered has not cancelled, though its call is over by that', async () => {
  for (const onBridge of [false, true]) {
    const dialler = new FakeDialler();
    const leg = ending(
      { by: 'local', reason: 'error' },
      new CallError('no_common_codec', 'no codec in common'),
    );
    const steps = `
- connect:
    to: sip:a@example.com
    answer_on_bridge: ${onBridge}
    status_url: https://app.example/s`;
    const run = await start(main(steps), { leg, services: { dialler } });
    dialler.calls[0]?.answer();
    await run.clock.settle();
    await run.finish();
    assert.deepEqual(
      run.callbacks.map(({ params }) => [params['connect_state'], params['failed_reason']]),
      [
        ['connecting', undefined],
        ['failed', 'error'],
      ],
    );
    assert.deepEqual(dialler.calls[0]?.leg.log, onBridge ? ['hangup error'] : undefined);
    assert.match(String(run.warnings[0]?.message), /no codec in common/);
  }
});

test('nor has one who cannot be answered for a stream, or who can hear nothing before the answer', async () => {
  for (const destination of [
    'to: "stream:wss://media.example.com/"',
    'to: "sip:a@example.com", ringback: ["ring:uk"]',
    'to: "sip:a@example.com"',
  ]) {
    const dialler = new FakeDialler();
    const leg = ending(
      { by: 'local', reason: 'error' },
      new CallError('no_common_codec', 'no codec in common'),
    );
    leg.play = () => ({
      done: Promise.resolve().then(() => {
        leg.end({ by: 'local', reason: 'error' });
        return { state: 'error', playedMs: 0, error: 'no codec in common' } as const;
      }),
      stop: () => {},
      pause: () => {},
      resume: () => {},
      setVolume: () => {},
    });
    const steps = `- connect: {${destination}, answer_on_bridge: true, status_url: "https://app.example/s"}`;
    const run = await start(main(steps), { leg, services: { dialler } });
    dialler.calls[0]?.sound();
    await run.clock.settle();
    await run.finish();
    assert.deepEqual(
      run.callbacks.map(({ params }) => [params['connect_state'], params['failed_reason']]),
      [
        ['connecting', undefined],
        ['failed', 'error'],
      ],
    );
    assert.equal(run.warnings.length, 1);
    assert.match(String(run.warnings[0]?.message), /no codec in common/);
    for (const call of dialler.calls) assert.deepEqual(call.leg.log, ['hangup cancel']);
  }
});

test('nor has a caller whose call is lost while others are called', async () => {
  const dialler = new FakeDialler();
  const steps = '- connect: {to: "sip:a@example.com", status_url: "https://app.example/s"}';
  const run = await start(main(steps), { services: { dialler } });
  run.leg.end({ by: 'local', reason: 'error' });
  await run.finish();
  assert.equal(run.callbacks.at(-1)?.params['failed_reason'], 'error');
  assert.deepEqual(dialler.calls[0]!.leg.log, ['hangup cancel']);
  assert.deepEqual(run.warnings, []);
});

test('a destination that hangs up while the caller is answered for it has declined, without a warning', async () => {
  const dialler = new FakeDialler();
  const leg = new FakeLeg();
  const answered = Promise.withResolvers<void>();
  leg.answer = () => answered.promise;
  // As a leg does where the other one is over.
  leg.bridge = () => {
    throw new CallError('call_over', 'the call is over');
  };
  const steps = `
- connect:
    to: sip:a@example.com
    answer_on_bridge: true
    status_url: https://app.example/s`;
  const run = await start(main(steps), { leg, services: { dialler } });
  dialler.calls[0]!.answer();
  await run.clock.settle();
  dialler.calls[0]!.end();
  answered.resolve();
  await run.finish();
  const vars = run.session.variables.snapshot();
  assert.deepEqual([vars['connect_result'], vars['connect_failed_reason']], ['failed', 'decline']);
  assert.equal(run.callbacks.at(-1)?.params['failed_reason'], 'decline');
  assert.deepEqual(run.warnings, []);
});
