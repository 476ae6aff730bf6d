import assert from 'node:assert/strict';
import { test } from 'node:test';
import { virtualPair } from '../../test/sip/virtual-pair.ts';

test('A call is set up, confirmed and ended with the six messages that it needs', async () => {
  const pair = await virtualPair();
  const { clock, alice, bob, trace } = pair;
  const out = alice.dial(bob.uri());
  await clock.advance(1000);
  assert.deepEqual(out.events, ['confirmed']);
  assert.deepEqual(out.sdp, ['answer of bob']);
  assert.deepEqual(bob.last.events, ['confirmed']);
  await Promise.all([out.call.hangup(), clock.advance(1000)]);
  assert.equal(out.end?.how, 'bye');
  assert.deepEqual(bob.last.end, { by: 'remote', how: 'bye' });
  assert.deepEqual(trace, ['alice INVITE', 'bob 200 INVITE', 'alice ACK', 'alice BYE', 'bob 200 BYE']);
  await pair.finish();
});
