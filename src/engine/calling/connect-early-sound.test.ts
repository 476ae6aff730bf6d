import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeDialler } from '../../methods/fake-dialler.test-helper.ts';
import { FakeLeg } from '../../methods/fake-leg.test-helper.ts';
import { main, start } from '../run.test-helper.ts';

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
