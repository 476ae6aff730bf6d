import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLeg } from '../../call/leg.test-helper.ts';
import { FakeDialler } from '../../methods/fake-dialler.test-helper.ts';
import { CALL_ID, openCommands } from './command.test-helper.ts';

test('calling.disconnect of a call that is not connected is refused, whether it was answered or not', async (t) => {
  const bench = openCommands(t, { document: 'sections: {main: [{sleep: 60000}]}' });
  const body = { command: 'calling.disconnect', id: CALL_ID };
  assert.deepEqual((await bench.refused(body)).errors, ['invalid_state id']);
  await bench.leg.answer();
  const { errors, messages } = await bench.refused(body);
  assert.deepEqual(errors, ['invalid_state id']);
  assert.match(messages[0]!, /not connected with another/);
  await bench.leg.hangup();
});

test('a called side that is heard before it answers is not connected yet', async (t) => {
  const bench = openCommands(t);
  await bench.leg.answer();
  const called = openLeg(t);
  called.leg.play([{ kind: 'silence', seconds: 1 }]);
  await called.clock.settle();
  const early = bench.leg.bridge(called.leg);
  const { errors } = await bench.refused({ command: 'calling.disconnect', id: CALL_ID });
  assert.deepEqual(errors, ['invalid_state id']);
  assert.equal(bench.leg.bridged, early);
  await called.leg.answer();
  const talk = bench.leg.bridge(called.leg);
  await bench.command('calling.disconnect');
  await talk.over;
  await bench.leg.hangup();
  await called.leg.hangup();
});

test('a called side that does not answer leaves nothing to disconnect', async (t) => {
  const dialler = new FakeDialler();
  const bench = openCommands(t, {
    dialler,
    document: 'sections: {main: [{connect: {to: "sip:a@b.example"}}]}',
  });
  await bench.clock.settle();
  assert.deepEqual(dialler.called, ['sip:a@b.example']);
  const { errors } = await bench.refused({ command: 'calling.disconnect', id: CALL_ID });
  assert.deepEqual(errors, ['invalid_state id']);
  await bench.leg.hangup();
  assert.equal(dialler.calls[0]!.leg.signal.aborted, true);
});
