import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeDialler } from '../../methods/fake-dialler.test-helper.ts';
import { main, said, start } from '../run.test-helper.ts';

test('confirm: a branch in it executes sections of the document that it stands in', async () => {
  const dialler = new FakeDialler();
  const run = await start(
    `sections:
  main:
    - connect:
        to: sip:a@example.com
        confirm: [{cond: [{else: [{execute: {dest: ask}}]}]}, {play: "say:\${return_value}"}]
  ask: [{play: "say:A call for you"}, {return: yes}]`,
    { services: { dialler } },
  );
  const call = dialler.calls[0]!;
  call.answer();
  await run.clock.settle();
  assert.deepEqual(said(call), ['A call for you', 'yes']);
  assert.ok(run.leg.log.includes('bridge b1'));
  call.end();
  await run.finish();
  assert.deepEqual(run.warnings, []);
});

test('transfer_after_bridge: an empty one, as a variable gives that is not set, leads nowhere else', async () => {
  const dialler = new FakeDialler();
  const steps = `
- connect:
    to: sip:a@example.com
    transfer_after_bridge: "\${after}"
    result: {case: {connected: [{play: "say:result"}]}}
- play: "say:next"`;
  const run = await start(main(steps), { services: { dialler } });
  const call = dialler.calls[0]!;
  call.answer();
  await run.clock.settle();
  call.end();
  const { outcome } = await run.finish();
  assert.equal(outcome, 'finished');
  assert.deepEqual(said(run), ['result', 'next']);
});
