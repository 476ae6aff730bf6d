import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { summary, type VirtualPair, virtualPair } from '../../test/sip/virtual-pair.ts';
import type { Datagram } from './transport/memory-network.ts';

/** Loses the copies of one message, by sender and what it is, that `which` names (0: the first). */
function lose(pair: VirtualPair, what: string, which: (copy: number) => boolean): void {
  let seen = 0;
  pair.network.fate = ({ from, data }: Datagram) => {
    const name = `${from.address === '10.0.0.1' ? 'alice' : 'bob'} ${summary(data)}`;
    return name === what && which(seen++) ? [] : [5];
  };
}

test('A lost INVITE, 200, ACK, BYE or answer to it is sent again, and nobody notices', async () => {
  const messages = ['alice INVITE', 'bob 200 INVITE', 'alice ACK', 'alice BYE', 'bob 200 BYE'];
  for (const what of messages) {
    const pair = await virtualPair();
    const { clock, alice, bob } = pair;
    lose(pair, what, (copy) => copy < 3);
    const out = alice.dial(bob.uri());
    await clock.advance(20_000);
    assert.deepEqual(out.events, ['confirmed'], what);
    assert.deepEqual(bob.last.events, ['confirmed'], what);
    await Promise.all([out.call.hangup(), clock.advance(20_000)]);
    assert.deepEqual(bob.last.events, ['confirmed', 'ended remote bye'], what);
    assert.ok(pair.trace.filter((line) => line === what).length >= 4, what);
    await pair.finish();
  }
});

test('When every 200 is lost, the callee ends the call with BYE and the caller times out', async () => {
  const pair = await virtualPair();
  const { clock, alice, bob } = pair;
  lose(pair, 'bob 200 INVITE', () => true);
  const out = alice.dial(bob.uri());
  await clock.advance(70_000);
  assert.deepEqual(out.events, ['ended local timeout 408']);
  assert.deepEqual(bob.last.events, ['ended local timeout']);
  await pair.finish();
});

test('When every ACK is lost, the callee ends the call with BYE', async () => {
  const pair = await virtualPair();
  const { clock, alice, bob } = pair;
  lose(pair, 'alice ACK', () => true);
  const out = alice.dial(bob.uri());
  await clock.advance(40_000);
  assert.deepEqual(out.events, ['confirmed', 'ended remote bye']);
  assert.equal(out.end?.reason, 'SIP;cause=408;text="no ACK"');
  assert.deepEqual(bob.last.events, ['ended local timeout']);
  await pair.finish();
});

test('When every BYE is lost, who hung up is done after 64 × T1, and the other ends with the session timer', async () => {
  const pair = await virtualPair();
  const { clock, alice, bob } = pair;
  const out = alice.dial(bob.uri(), { sessionExpires: 600 });
  await clock.advance(100);
  lose(pair, 'alice BYE', () => true);
  await Promise.all([out.call.hangup(), clock.advance(33_000)]);
  assert.deepEqual(out.events, ['confirmed', 'ended local bye']);
  assert.deepEqual(bob.last.events, ['confirmed']);
  await clock.advance(600_000);
  assert.deepEqual(bob.last.events, ['confirmed', 'ended local timeout']);
  await pair.finish();
});

test('A CANCEL that crosses the 200 leaves no call on either side', async () => {
  for (const crossing of [0, 1, 3, 5, 7, 10]) {
    const pair = await virtualPair();
    const { clock, alice, bob, network } = pair;
    network.fate = () => [10];
    bob.onCall = (call) => {
      call.ring();
      clock.after(100, () => call.accept('answer of bob'));
    };
    const out = alice.dial(bob.uri());
    await clock.advance(105 + crossing);
    const ended = out.call.hangup();
    await Promise.all([ended, clock.advance(5000)]);
    assert.ok(out.events.at(-1)!.startsWith('ended local'), `${out.events}`);
    assert.equal(bob.last.end?.by, 'remote', `${crossing}: ${bob.last.events}`);
    assert.equal(alice.endpoint.stats.calls + bob.endpoint.stats.calls, 0);
    await pair.finish();
  }
});

test('Re-INVITEs of both sides that cross are both carried out, one after the other', async () => {
  const pair = await virtualPair();
  const { clock, alice, bob, trace } = pair;
  const out = alice.dial(bob.uri());
  await clock.advance(100);
  const both = Promise.all([out.call.reinvite('alice wants'), bob.last.call.reinvite('bob wants')]);
  await Promise.all([both, clock.advance(20_000)]);
  assert.ok(trace.includes('alice 491 INVITE') && trace.includes('bob 491 INVITE'));
  assert.equal(bob.last.sdp.filter((sdp) => sdp === 'alice wants').length, 1);
  assert.equal(out.sdp.filter((sdp) => sdp === 'bob wants').length, 1);
  await pair.finish();
});

/** A number in [0, 1) from a seed, the same each time (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test('Through 30 % loss, duplication and reordering a call is set up, changed, and ended on both sides', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const pair = await virtualPair();
      const { clock, alice, bob, network } = pair;
      const next = random(seed);
      network.fate = () => {
        const copies = next() < 0.3 ? 0 : next() < 0.2 ? 2 : 1;
        return Array.from({ length: copies }, () => 5 + next() * 300);
      };
      bob.onCall = (call) => {
        call.ring();
        clock.after(2000, () => call.accept('answer of bob'));
      };
      const out = alice.dial(bob.uri());
      await clock.advance(36_000);
      if (out.end === undefined) {
        assert.equal(out.events.at(-1), 'confirmed', `${seed}: ${out.events}`);
        const changes = [out.call.reinvite('alice wants'), bob.last.call.reinvite('bob wants')];
        await Promise.all([Promise.allSettled(changes), clock.advance(120_000)]);
        const ended = Promise.all([out.call.hangup(), clock.advance(33_000)]);
        await ended;
      }
      // Whatever was lost: all is forgotten when the last timer has run.
      await clock.advance(2_000_000);
      assert.equal(alice.endpoint.stats.calls + bob.endpoint.stats.calls, 0, `${seed}`);
      await pair.finish();
    }),
    { numRuns: 60, seed: 1 },
  );
});

test('30 % loss fails hardly any call: retransmissions carry it', async () => {
  const pair = await virtualPair();
  const { clock, alice, bob, network } = pair;
  const next = random(7);
  network.fate = () => (next() < 0.3 ? [] : [5 + next() * 50]);
  const calls = Array.from({ length: 200 }, () => alice.dial(bob.uri()));
  await clock.advance(40_000);
  const confirmed = calls.filter(({ events, end }) => events.includes('confirmed') && end === undefined);
  assert.ok(confirmed.length >= 198, `${confirmed.length} of 200 stand`);
  await Promise.all([...confirmed.map(({ call }) => call.hangup()), clock.advance(40_000)]);
  const heard = bob.calls.filter(({ end }) => end?.how === 'bye' && end.by === 'remote');
  assert.ok(heard.length >= 198, `${heard.length} of 200 heard of the BYE`);
  network.fate = () => [5];
  await pair.finish();
});
