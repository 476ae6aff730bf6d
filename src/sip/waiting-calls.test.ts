/** INVITEs for which there is no time: they wait, everything else overtakes them, and nothing is lost with them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RawPeer, rawBench } from '../../test/sip/raw-peer.ts';
import { until } from '../../test/support/until.ts';
import type { VirtualClock } from '../time/virtual-clock.ts';
import type { IncomingSipCall } from './api.ts';
import type { SipLimits } from './limits.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A peer of an endpoint that takes nobody on while `behind`. */
async function pressedBench(limits: Partial<SipLimits> = {}) {
  const press = { behind: true, turnsAway: false, turnedAway: 0 };
  const bench = await rawBench({
    limits,
    intake: {
      isBehind: () => press.behind,
      mayWaitMs: () => (press.turnsAway ? 400 : undefined),
      refuses: () => false,
      turnedAway: () => {
        press.turnedAway++;
        return 3;
      },
      withdrawn: () => {},
    },
  });
  const relieve = async (): Promise<void> => {
    press.behind = false;
    await turn();
    await turn();
    await bench.clock.advance(20);
  };
  return { ...bench, press, relieve };
}

/** The same, where an INVITE has waited too long. */
async function refusedBench() {
  const bench = await pressedBench();
  const { peer, clock, press } = bench;
  press.turnsAway = true;
  peer.send('INVITE', {}, 'offer');
  await clock.advance(450);
  await turn();
  await clock.advance(20);
  return bench;
}

const INVITE_VIA = 'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-INVITE-1';

/** Sends an INVITE, and has it wait for its 100. */
async function waitTold(peer: RawPeer, clock: VirtualClock): Promise<void> {
  peer.send('INVITE', {}, 'offer');
  await clock.advance(210);
  await turn();
  await clock.advance(20);
  assert.deepEqual(peer.lines, ['100 INVITE']);
}

test('An INVITE waits, OPTIONS does not, and a copy of the INVITE makes no second call', async () => {
  const { peer, clock, bob, relieve, finish } = await pressedBench();
  peer.send('INVITE', {}, 'offer');
  await clock.advance(20);
  peer.send('INVITE', {}, 'offer');
  await clock.advance(20);
  assert.deepEqual(peer.lines, []);
  peer.send('OPTIONS');
  await clock.advance(20);
  assert.deepEqual(peer.lines, ['200 OPTIONS']);
  await relieve();
  assert.equal(bob.calls.length, 1);
  assert.deepEqual(peer.lines.slice(1), ['200 INVITE']);
  await finish();
});

test('Who waits for 200 ms gets a 100 without a To tag, again for each copy, and is answered when there is time', async () => {
  const { peer, clock, bob, relieve, finish } = await pressedBench();
  peer.send('INVITE', {}, 'offer');
  await clock.advance(210);
  await turn();
  await clock.advance(20);
  assert.deepEqual(peer.lines, ['100 INVITE']);
  assert.doesNotMatch(peer.response.headers.get('To')!, /tag=/);
  peer.send('INVITE', {}, 'offer');
  await clock.advance(20);
  assert.deepEqual(peer.lines, ['100 INVITE', '100 INVITE']);
  assert.equal(bob.endpoint.stats.waitingInvites, 1);
  await clock.advance(1000);
  await relieve();
  assert.deepEqual(peer.lines, ['100 INVITE', '100 INVITE', '200 INVITE']);
  assert.equal(bob.endpoint.stats.waitingInvites, 0);
  const { waitedMs } = bob.calls[0]!.call as IncomingSipCall;
  assert.ok(waitedMs > 1200 && waitedMs <= 1250, `${waitedMs} ms`);
  await finish();
});

test('A CANCEL finds the INVITE that waits: 200 for the one, 487 for the other', async () => {
  const { peer, clock, bob, relieve, finish } = await pressedBench();
  peer.send('INVITE', {}, 'offer');
  await clock.advance(20);
  peer.send('CANCEL', { Via: 'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-INVITE-1' });
  await clock.advance(20);
  await relieve();
  assert.equal(bob.calls.length, 0, 'its owner never sees it');
  assert.deepEqual(peer.lines.filter((line) => !line.startsWith('1')).sort(), ['200 CANCEL', '487 INVITE']);
  await finish();
});

test('Who waits too long gets 503 with Retry-After and one To tag for all copies, and the owner never sees it', async () => {
  const { peer, clock, bob, press, finish } = await refusedBench();
  const tags: string[] = [];
  const told = (): void => {
    assert.equal(peer.response.status, 503);
    assert.equal(peer.response.headers.get('Retry-After'), '3');
    tags.push(peer.response.headers.get('To')!);
  };
  told();
  peer.send('INVITE', {}, 'offer');
  await clock.advance(20);
  told();
  assert.deepEqual(peer.lines, ['503 INVITE', '503 INVITE']);
  assert.match(tags[0]!, /;tag=[0-9a-f]{16}$/);
  assert.equal(tags[1], tags[0]);
  assert.equal(bob.calls.length, 0);
  assert.equal(press.turnedAway, 1, 'a copy is not counted');
  assert.equal(bob.endpoint.stats.overloaded, 2);
  assert.equal(bob.endpoint.stats.serverTransactions, 0, 'nothing of it is remembered');
  peer.send('ACK', { To: tags[0]! });
  await clock.advance(20);
  assert.equal(peer.lines.length, 2);
  press.behind = false;
  await finish();
});

test('A copy of an INVITE that crosses its 503 begins no call', async () => {
  const { peer, clock, bob, press, finish } = await refusedBench();
  assert.deepEqual(peer.lines, ['503 INVITE']);
  press.behind = false;
  peer.send('INVITE', {}, 'offer');
  peer.send('ACK', { To: peer.response.headers.get('To')! });
  await clock.advance(20);
  await turn();
  await clock.advance(20_000);
  assert.deepEqual(peer.lines, ['503 INVITE', '503 INVITE']);
  assert.equal(bob.calls.length, 0);
  await finish();
});

test('A 503 to who was told to wait is repeated until the ACK, for he sends nothing again', async () => {
  const { peer, clock, bob, press, finish } = await pressedBench();
  await waitTold(peer, clock);
  press.turnsAway = true;
  await clock.advance(200);
  await turn();
  await clock.advance(20);
  assert.deepEqual(peer.lines, ['100 INVITE', '503 INVITE']);
  await clock.advance(1600);
  assert.deepEqual(peer.lines.slice(2), ['503 INVITE', '503 INVITE']);
  assert.equal(peer.response.headers.get('Retry-After'), '3');
  assert.equal(bob.endpoint.stats.overloaded, 1);
  peer.send('ACK', { Via: INVITE_VIA, To: peer.response.headers.get('To')! });
  await clock.advance(20_000);
  assert.equal(peer.lines.length, 4);
  assert.equal(bob.endpoint.stats.serverTransactions, 0);
  press.behind = false;
  peer.send('INVITE', {}, 'offer');
  await clock.advance(20);
  assert.equal(peer.lines.at(-1), '503 INVITE', 'a late copy begins no call');
  await finish();
});

test('A 487 to who was told to wait is repeated until the ACK', async () => {
  const { peer, clock, bob, finish } = await pressedBench();
  await waitTold(peer, clock);
  peer.send('CANCEL', { Via: INVITE_VIA });
  await clock.advance(600);
  assert.deepEqual(peer.lines, ['100 INVITE', '200 CANCEL', '487 INVITE', '487 INVITE']);
  peer.send('ACK', { Via: INVITE_VIA, To: peer.response.headers.get('To')! });
  await clock.advance(10_000);
  assert.equal(peer.lines.length, 4);
  assert.equal(bob.calls.length, 0);
  await finish();
});

test('No more than 8,000 refusals are repeated at once, and none beyond the limit of transactions', async () => {
  for (const [maxServerTransactions, calls, expected] of [
    [100_000, 8010, 8000],
    [30, 40, 30],
  ] as const) {
    const { peer, clock, bob, press, finish } = await pressedBench({ maxServerTransactions });
    for (let n = 0; n < calls; n++) {
      const Via = `SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-${n}`;
      peer.send('INVITE', { Via, 'Call-ID': `call-${n}` }, 'offer');
    }
    await clock.advance(210);
    const count = (line: string): number => peer.lines.filter((each) => each === line).length;
    while (count('100 INVITE') < calls) {
      await turn();
      await clock.advance(1);
    }
    press.turnsAway = true;
    await clock.advance(400);
    await until(() => bob.endpoint.stats.waitingInvites === 0);
    assert.equal(bob.endpoint.stats.serverTransactions, expected);
    await clock.advance(20);
    assert.equal(count('503 INVITE'), calls, 'all are told');
    await clock.advance(33_000);
    assert.equal(bob.endpoint.stats.serverTransactions, 0);
    await finish();
  }
});

test('A request within a dialog that has the branch of one that waits, against the rules, is the one that counts', async () => {
  const { peer, clock, bob, relieve, finish } = await pressedBench();
  peer.send('INVITE', {}, 'offer');
  peer.send('INVITE', { To: '<sip:bob@10.0.0.2>;tag=unknown' }, 'offer');
  await clock.advance(20);
  assert.deepEqual(peer.lines, ['481 INVITE']);
  await relieve();
  assert.deepEqual(peer.lines, ['481 INVITE']);
  assert.equal(bob.calls.length, 0);
  await finish();
});

test('An INVITE that waited and turns out not to be readable gets 400', async () => {
  const { peer, clock, bob, relieve, finish } = await pressedBench();
  peer.send('INVITE', { Contact: '<sip:unfinished' }, 'offer');
  await clock.advance(20);
  await relieve();
  assert.equal(peer.response.status, 400);
  assert.equal(bob.calls.length, 0);
  await finish();
});

test('Closing answers those who wait', async () => {
  const { peer, clock, bob, finish } = await pressedBench();
  peer.send('INVITE', {}, 'offer');
  await clock.advance(20);
  const closed = bob.endpoint.close();
  await clock.advance(1000);
  await closed;
  assert.deepEqual(peer.lines, ['503 INVITE']);
  await finish();
});
