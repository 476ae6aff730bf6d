import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallError } from '../../call/leg.ts';
import { FakeDialler } from '../../methods/fake-dialler.test-helper.ts';
import { FakeLeg } from '../../methods/fake-leg.test-helper.ts';
import { main, start } from '../run.test-helper.ts';

/** Two are called at once. @param ofOther what there is to say of the second destination */
async function callBoth(ofOther = '', dialler = new FakeDialler()) {
  const destinations = `[{to: "sip:a@example.com"}, {to: "sip:b@example.com", ${ofOther}}]`;
  const run = await start(main(`- connect: {parallel: ${destinations}}`), { services: { dialler } });
  const [one, other] = dialler.calls;
  return { run, one: one!, other: other! };
}

test('an unanswered caller who hears ringing of ours hears the called side as soon as that sends something', async () => {
  const dialler = new FakeDialler();
  const leg = new FakeLeg();
  const steps = `
- play: {url: "say:One moment", auto_answer: false}
- sleep: 10
- connect: {to: "sip:a@example.com", answer_on_bridge: true}`;
  const run = await start(main(steps), { leg, services: { dialler } });
  // The ringing, which what is played from now on waits for.
  leg.playResult = new Promise(() => {});
  await run.clock.advance(10);
  dialler.calls[0]!.sound();
  await run.clock.settle();
  assert.equal(leg.info.call_state, 'created');
  assert.ok(leg.log.includes('bridge b1'));
  assert.equal(leg.log.at(-1), 'stop play');
  dialler.calls[0]!.end('busy');
  await run.finish();
});

test('auto_answer of a ringback answers nobody: that of connect says whether the caller is answered', async () => {
  const dialler = new FakeDialler();
  const leg = new FakeLeg();
  // It rings until it is stopped.
  leg.playResult = new Promise(() => {});
  const ringback = '{url: "ring:uk", auto_answer: true}';
  const steps = `- connect: {to: "sip:a@example.com", answer_on_bridge: true, ringback: ${ringback}}`;
  const run = await start(main(steps), { leg, services: { dialler } });
  assert.deepEqual(leg.log, ['play ring 0']);
  dialler.calls[0]!.end('busy');
  await run.finish();
});

test('a called side that is sent on to a place that only rings leaves ringing behind, until there is sound again', async () => {
  const dialler = new FakeDialler();
  const run = await start(main('- connect: {to: "sip:a@example.com"}'), { services: { dialler } });
  const { leg } = run;
  const [call] = dialler.calls;
  const rings = () => leg.played.filter(({ kind }) => kind === 'ring').length;
  call!.sound();
  await run.clock.settle();
  assert.deepEqual([leg.log.at(-2), leg.log.at(-1), rings()], ['bridge b1', 'stop play', 1]);
  const bridge = leg.bridged;
  leg.bridged = undefined;
  call!.redirect(bridge);
  await run.clock.settle();
  assert.equal(rings(), 2);
  call!.sound();
  await run.clock.settle();
  assert.deepEqual(leg.log.slice(-2), ['bridge b1', 'stop play']);
  call!.end('busy');
  await run.finish();
});

test('parallel: what the last one that is left sends is heard, also where it began while others were called', async () => {
  const { run, one, other } = await callBoth();
  one.sound();
  await run.clock.settle();
  assert.equal(run.leg.bridged, undefined);
  other.end('busy');
  await run.clock.settle();
  assert.deepEqual(run.leg.log.slice(-2), ['bridge b1', 'stop play']);
  one.end('busy');
  await run.finish();
});

test('parallel: what one sends before its answer is not heard while another has answered and runs its confirm', async () => {
  const dialler = new FakeDialler();
  // It listens to the question of its confirm.
  dialler.onCall = ({ leg }) => {
    leg.playResult = new Promise(() => {});
  };
  const { run, one, other } = await callBoth('confirm: [{play: "say:?"}]', dialler);
  other.answer();
  await run.clock.settle();
  one.sound();
  await run.clock.settle();
  assert.equal(run.leg.bridged, undefined);
  other.end();
  await run.clock.settle();
  assert.deepEqual(run.leg.log.slice(-2), ['bridge b1', 'stop play']);
  one.end('busy');
  await run.finish();
});

test('a caller who is answered for a stream hears ringing of ours, also while the next destination is called', async () => {
  const dialler = new FakeDialler();
  const leg = new FakeLeg();
  // It rings until it is stopped.
  leg.playResult = new Promise(() => {});
  leg.streamError = new CallError('stream_failed', 'nobody is there');
  const steps = `
- connect:
    answer_on_bridge: true
    serial: [{to: "stream:wss://media.example.com/"}, {to: "sip:a@example.com"}]`;
  const run = await start(main(steps), { leg, services: { dialler } });
  assert.deepEqual(dialler.called, ['sip:a@example.com']);
  assert.deepEqual(leg.log, ['answer', 'play ring 0', 'stream wss://media.example.com/']);
  dialler.calls[0]!.end('busy');
  await run.finish();
  assert.ok(leg.log.includes('stop play'));
});

test('parallel: what one that was sent on had sent is not passed on when it is left alone', async () => {
  const { run, one, other } = await callBoth();
  one.sound();
  one.redirect();
  other.end('busy');
  await run.clock.settle();
  assert.equal(run.leg.bridged, undefined);
  one.end('busy');
  await run.finish();
});
