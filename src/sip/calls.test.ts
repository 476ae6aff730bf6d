import assert from 'node:assert/strict';
import { test } from 'node:test';
import { virtualPair } from '../../test/sip/virtual-pair.ts';
import type { IncomingSipCall } from './api.ts';
import { SipRefusal, SipRequestError } from './errors.ts';

test('A call is set up, confirmed and ended with the five messages that it needs', async () => {
  const pair = await virtualPair();
  const { clock, alice, bob, trace } = pair;
  const out = alice.dial(bob.uri());
  await clock.advance(1000);
  assert.deepEqual(out.events, ['confirmed']);
  assert.deepEqual(out.sdp, ['answer of bob']);
  assert.deepEqual(bob.last.events, ['confirmed']);
  await Promise.all([out.call.hangup(), clock.advance(1000)]);
  assert.deepEqual(out.end, { by: 'local', how: 'bye' });
  assert.deepEqual(bob.last.end, { by: 'remote', how: 'bye' });
  assert.deepEqual(trace, ['alice INVITE', 'bob 200 INVITE', 'alice ACK', 'alice BYE', 'bob 200 BYE']);
  await pair.finish();
});

test('The incoming call shows who calls, whom, from where, with what', async () => {
  const pair = await virtualPair();
  const { clock, alice, bob } = pair;
  let call: IncomingSipCall | undefined;
  let headers: IncomingSipCall['headers'] = [];
  bob.onCall = (incoming) => {
    call = incoming;
    ({ headers } = incoming);
    incoming.accept('v=0');
  };
  alice.dial(bob.uri(), {
    from: 'sip:ann@pbx.example.com',
    displayName: 'Ann "A" Lee',
    headers: [{ name: 'X-Order', value: '42' }],
  });
  await clock.advance(100);
  assert.ok(call !== undefined);
  assert.equal(call.offer, 'offer of alice');
  assert.equal(call.requestUri, 'sip:bob@10.0.0.2:5060');
  assert.deepEqual(call.from, { uri: 'sip:ann@pbx.example.com', displayName: 'Ann "A" Lee' });
  assert.deepEqual(call.to, { uri: 'sip:bob@10.0.0.2:5060' });
  assert.equal(call.contact, 'sip:ann@10.0.0.1:5060');
  assert.deepEqual(call.source, { protocol: 'udp', address: '10.0.0.1', port: 5060 });
  assert.equal(call.localAddress, '10.0.0.2');
  assert.equal(headers.find(({ name }) => name === 'X-Order')?.value, '42');
  assert.throws(() => call?.headers, /the INVITE is answered, its headers are gone/);
  assert.equal(call.remoteUri, 'sip:ann@pbx.example.com');
  assert.equal(call.localUri, 'sip:bob@10.0.0.2:5060');
  await pair.finish();
});

test('Ringing and early media are told to the caller; an unanswered INVITE gets its 100 after 200 ms', async () => {
  const pair = await virtualPair();
  const { clock, alice, bob, trace } = pair;
  bob.onCall = (call) => {
    clock.after(1000, () => call.ring(180));
    clock.after(2000, () => call.ring(183, 'early media of bob'));
    clock.after(3000, () => call.accept('answer of bob'));
  };
  const out = alice.dial(bob.uri());
  await clock.advance(5000);
  assert.deepEqual(out.events, ['progress 180', 'progress 183', 'confirmed']);
  assert.deepEqual(out.sdp, ['early media of bob', 'answer of bob']);
  assert.deepEqual(trace.slice(0, 5), [
    'alice INVITE',
    'bob 100 INVITE',
    'bob 180 INVITE',
    'bob 183 INVITE',
    'bob 200 INVITE',
  ]);
  await pair.finish();
});

test('A long ringing is told again each minute, and ends with 480 when nobody answers', async () => {
  const pair = await virtualPair();
  const { clock, alice, bob, trace } = pair;
  bob.onCall = (call) => call.ring();
  const out = alice.dial(bob.uri(), { timeoutMs: 300_000 });
  await clock.advance(200_000);
  assert.equal(trace.filter((line) => line === 'bob 180 INVITE').length, 3);
  assert.deepEqual(out.events, ['progress 180', 'progress 180', 'progress 180', 'ended remote failed 480']);
  assert.deepEqual(bob.last.events, ['ended local timeout 480']);
  await pair.finish();
});

test('A refusal reaches the caller with status, reason and headers, and is acknowledged', async () => {
  const pair = await virtualPair();
  const { clock, alice, bob, trace } = pair;
  bob.onCall = (call) => call.refuse(486, { reason: 'On the phone' });
  const out = alice.dial(bob.uri());
  await clock.advance(100);
  assert.deepEqual(out.end, { by: 'remote', how: 'failed', status: 486, reason: 'On the phone' });
  assert.deepEqual(bob.last.end, { by: 'local', how: 'failed', status: 486, reason: 'On the phone' });
  assert.deepEqual(trace, ['alice INVITE', 'bob 486 INVITE', 'alice ACK']);
  await pair.finish();
});

test('A handler that throws SipRefusal refuses the call; any other error is a 500 and harms nobody', async () => {
  const pair = await virtualPair();
  const { clock, alice, bob } = pair;
  bob.onCall = () => {
    throw new SipRefusal(503, { retryAfterSeconds: 7 });
  };
  const first = alice.dial(bob.uri());
  await clock.advance(100);
  assert.deepEqual(first.events, ['ended remote failed 503']);
  bob.onCall = () => {
    throw new Error('a bug');
  };
  const second = alice.dial(bob.uri());
  await clock.advance(100);
  assert.deepEqual(second.events, ['ended remote failed 500']);
  await pair.finish();
});

test('A caller who gives up sends CANCEL, and the call ends with 487 on both sides', async () => {
  const pair = await virtualPair();
  const { clock, alice, bob, trace } = pair;
  bob.onCall = (call) => call.ring();
  const out = alice.dial(bob.uri());
  await clock.advance(500);
  await Promise.all([out.call.hangup({ status: 200, reason: 'answered elsewhere' }), clock.advance(500)]);
  assert.deepEqual(out.end, { by: 'local', how: 'cancel', status: 487, reason: 'answered elsewhere' });
  assert.deepEqual(bob.last.end, {
    by: 'remote',
    how: 'cancel',
    status: 487,
    reason: 'SIP;cause=200;text="answered elsewhere"',
  });
  assert.deepEqual(trace.slice(-4), ['alice CANCEL', 'bob 200 CANCEL', 'bob 487 INVITE', 'alice ACK']);
  await pair.finish();
});

test('A CANCEL waits for the first provisional response, lest it overtakes the INVITE', async () => {
  const pair = await virtualPair();
  const { clock, alice, bob, trace } = pair;
  bob.onCall = () => {};
  const out = alice.dial(bob.uri());
  void out.call.hangup();
  await clock.advance(150);
  assert.ok(!trace.includes('alice CANCEL'));
  await clock.advance(200);
  assert.deepEqual(out.events, ['ended local cancel 487']);
  await pair.finish();
});

test('The caller gives up after its own time limit', async () => {
  const pair = await virtualPair();
  const { clock, alice, bob } = pair;
  bob.onCall = (call) => call.ring();
  const out = alice.dial(bob.uri(), { timeoutMs: 20_000 });
  await clock.advance(20_100);
  assert.deepEqual(out.events, ['progress 180', 'ended local timeout']);
  assert.deepEqual(bob.last.events, ['ended remote cancel 487']);
  await pair.finish();
});

test('The time limit of the caller holds also where the peer says nothing, or no more than 100', async () => {
  for (const answers of [false, true]) {
    const pair = await virtualPair();
    const { clock, alice, bob } = pair;
    bob.onCall = () => {};
    const out = alice.dial(answers ? bob.uri() : 'sip:nobody@10.0.0.9', { timeoutMs: 5000 });
    await clock.advance(4900);
    assert.deepEqual(out.events, []);
    // The peer that has said 100 is gone.
    if (answers) pair.network.fate = () => [];
    await clock.advance(200);
    assert.deepEqual(out.events, ['ended local timeout']);
    await clock.advance(60_000);
    assert.deepEqual(out.events, ['ended local timeout'], 'once');
    pair.network.fate = () => [0];
    await pair.finish();
  }
});

test('A call that is taken back while the address of its peer is looked up is not made', async () => {
  const pair = await virtualPair();
  const { clock, network, alice, bob, trace } = pair;
  network.names.set('bob.example.com', ['10.0.0.2']);
  const out = alice.dial('sip:bob@bob.example.com');
  void out.call.hangup();
  await clock.advance(40_000);
  assert.deepEqual(out.events, ['ended local cancel']);
  assert.deepEqual(bob.calls, []);
  assert.deepEqual(trace, []);
  await pair.finish();
});

test('A peer that never answers is given up after 64 × T1', async () => {
  const pair = await virtualPair();
  const { clock, alice, trace } = pair;
  const out = alice.dial('sip:nobody@10.0.0.9');
  await clock.advance(31_900);
  assert.deepEqual(out.events, []);
  await clock.advance(200);
  assert.deepEqual(out.events, ['ended local timeout 408']);
  assert.equal(trace.length, 7, 'at 0, 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s');
  await pair.finish();
});

test('A name that cannot be resolved, and an address without a listener of ours, end the call as unreachable', async () => {
  const pair = await virtualPair();
  const { clock, network, alice, bob } = pair;
  const out = alice.dial('sip:bob@nowhere.example.com');
  assert.deepEqual(out.events, []);
  await clock.advance(100);
  assert.deepEqual(out.events, ['ended local transport 503']);
  assert.match(out.end?.reason ?? '', /nowhere\.example\.com/);
  const six = alice.dial('sip:bob@[2001:db8::1]');
  assert.deepEqual(six.events, [], 'not before call() has returned');
  await clock.advance(100);
  assert.deepEqual(six.events, ['ended local transport 503']);
  network.names.set('bob.example.com', ['10.0.0.2']);
  const good = alice.dial('sip:bob@bob.example.com');
  await clock.advance(100);
  assert.deepEqual(good.events, ['confirmed']);
  assert.equal(bob.calls.length, 1);
  await pair.finish();
});

test('What makes no INVITE is refused at once, with the cure', async () => {
  const pair = await virtualPair();
  const { alice } = pair;
  assert.throws(() => alice.endpoint.call({ to: 'bob', sdp: '' }, {} as never), /not a URI/);
  assert.throws(() => alice.endpoint.call({ to: 'sips:bob@x', sdp: '' }, {} as never), /use sip:/);
  assert.throws(
    () => alice.endpoint.call({ to: 'sip:bob@x;transport=tls', sdp: '' }, {} as never),
    /use transport=udp or transport=tcp/,
  );
  assert.throws(
    () =>
      alice.endpoint.call(
        { to: 'sip:bob@x', sdp: '', headers: [{ name: 'v', value: 'SIP/2.0/UDP x' }] },
        {} as never,
      ),
    /leave it out/,
  );
  await pair.finish();
});

test('A re-INVITE of either side changes the session, and a refused one leaves it', async () => {
  const pair = await virtualPair();
  const { clock, alice, bob } = pair;
  const out = alice.dial(bob.uri());
  await clock.advance(100);
  await Promise.all([out.call.reinvite('second offer of alice'), clock.advance(100)]);
  assert.deepEqual(bob.last.events, ['confirmed', 'offer']);
  assert.equal(bob.last.sdp.at(-1), 'second offer of alice');
  assert.deepEqual(out.events, ['confirmed', 'answer']);
  assert.equal(out.sdp.at(-1), 'changed answer of bob');

  await Promise.all([bob.last.call.reinvite('offer of bob'), clock.advance(100)]);
  assert.equal(out.events.at(-1), 'offer');
  assert.equal(bob.last.sdp.at(-1), 'changed answer of alice');

  out.onOffer = () => {
    throw new SipRefusal(488);
  };
  const refused = assert.rejects(
    bob.last.call.reinvite('bad offer'),
    (error) => error instanceof SipRequestError && error.status === 488,
  );
  await Promise.all([refused, clock.advance(100)]);
  assert.equal(out.end, undefined);
  await pair.finish();
});

test('Changes that are asked for at once go out one behind the other', async () => {
  const pair = await virtualPair();
  const { clock, alice, bob } = pair;
  const out = alice.dial(bob.uri());
  await clock.advance(100);
  const changes = ['one', 'two', 'three'].map((sdp) => out.call.reinvite(sdp));
  await Promise.all([...changes, clock.advance(1000)]);
  assert.deepEqual(bob.last.sdp, ['one', 'two', 'three']);
  await pair.finish();
});

test('What is asked of a call that is over fails, or says 481', async () => {
  const pair = await virtualPair();
  const { clock, alice, bob } = pair;
  const out = alice.dial(bob.uri());
  await assert.rejects(out.call.reinvite('too early'), /not answered/);
  assert.deepEqual(await out.call.sendInfo('text/plain', 'too early'), { status: 481 });
  await clock.advance(100);
  await Promise.all([bob.last.call.hangup(), clock.advance(100)]);
  await assert.rejects(out.call.reinvite('too late'), /over/);
  assert.deepEqual(await out.call.sendInfo('text/plain', 'too late'), { status: 481 });
  await out.call.hangup();
  await pair.finish();
});

test('INFO carries its type and text in both directions', async () => {
  const pair = await virtualPair();
  const { clock, alice, bob } = pair;
  const out = alice.dial(bob.uri());
  await clock.advance(100);
  const sent = out.call.sendInfo('application/dtmf-relay', 'Signal=5\r\nDuration=160\r\n');
  const back = bob.last.call.sendInfo('application/dtmf', '7');
  await clock.advance(100);
  assert.deepEqual([await sent, await back], [{ status: 200 }, { status: 200 }]);
  assert.ok(bob.last.events.includes('info application/dtmf-relay Signal=5\r\nDuration=160\r\n'));
  assert.ok(out.events.includes('info application/dtmf 7'));
  await pair.finish();
});

test('Who is called may hang up before the ACK has come: the BYE waits for it', async () => {
  const pair = await virtualPair();
  const { clock, alice, bob, trace } = pair;
  bob.onCall = (call) => {
    call.accept('answer of bob');
    void call.hangup({ reason: 'changed my mind' });
  };
  const out = alice.dial(bob.uri());
  await clock.advance(100);
  assert.deepEqual(trace, ['alice INVITE', 'bob 200 INVITE', 'alice ACK', 'bob BYE', 'alice 200 BYE']);
  assert.deepEqual(out.end, { by: 'remote', how: 'bye', reason: 'SIP;text="changed my mind"' });
  assert.deepEqual(bob.last.end, { by: 'local', how: 'bye', reason: 'changed my mind' });
  await pair.finish();
});

test('A hang-up that waits for the ACK is done when the caller hangs up, or the endpoint closes', async () => {
  for (const isClosed of [false, true]) {
    const pair = await virtualPair();
    const { clock, alice, bob, network } = pair;
    network.fate = ({ data }) => (data.toString('latin1').startsWith('ACK') ? [] : [5]);
    const out = alice.dial(bob.uri());
    await clock.advance(100);
    const waiting = bob.last.call.hangup();
    const end = isClosed ? bob.endpoint.close() : out.call.hangup();
    await Promise.all([waiting, end, clock.advance(10_000)]);
    assert.equal(bob.last.end?.by, isClosed ? 'local' : 'remote');
    await pair.finish();
  }
});

test('Both may hang up at once', async () => {
  const pair = await virtualPair();
  const { clock, alice, bob } = pair;
  const out = alice.dial(bob.uri());
  await clock.advance(100);
  await Promise.all([out.call.hangup(), bob.last.call.hangup(), clock.advance(100)]);
  assert.equal(out.end?.by, 'local');
  assert.equal(bob.last.end?.by, 'local');
  await pair.finish();
});

test('An owner that throws in its handlers does no harm to the call', async () => {
  const pair = await virtualPair();
  const { clock, alice, bob } = pair;
  bob.onCall = (call) => {
    call.handle({
      offer: () => {
        throw new Error('a bug');
      },
      makeOffer: () => '',
      answer: () => {},
      info: () => {
        throw new Error('a bug');
      },
      confirmed: () => {
        throw new Error('a bug');
      },
      ended: () => {
        throw new Error('a bug');
      },
    });
    call.accept('answer of bob');
  };
  const out = alice.dial(bob.uri());
  await clock.advance(100);
  const info = out.call.sendInfo('text/plain', 'x');
  const change = assert.rejects(out.call.reinvite('x'), /500/);
  await Promise.all([info, change, clock.advance(100)]);
  assert.deepEqual(await info, { status: 200 });
  await Promise.all([out.call.hangup(), clock.advance(100)]);
  bob.calls.length = 0;
  await pair.finish();
});

test('A full endpoint refuses further calls with 503 and Retry-After, and further calls of its own', async () => {
  const pair = await virtualPair({ bob: { limits: { maxCalls: 1 } } });
  const { clock, alice, bob } = pair;
  alice.dial(bob.uri());
  await clock.advance(100);
  const second = alice.dial(bob.uri());
  await clock.advance(100);
  assert.deepEqual(second.events, ['ended remote failed 503']);
  assert.throws(() => bob.endpoint.call({ to: alice.uri(), sdp: '' }, {} as never), /maxCalls/);
  assert.equal(bob.endpoint.stats.overloaded, 2);
  await pair.finish();
});

test('Closing ends running calls with BYE, ringing ones with 503 and CANCEL, and refuses new ones', async () => {
  const pair = await virtualPair();
  const { clock, alice, bob } = pair;
  const running = alice.dial(bob.uri());
  await clock.advance(100);
  bob.onCall = (call) => call.ring();
  const ringing = alice.dial(bob.uri());
  await clock.advance(100);
  alice.onCall = (call) => call.ring();
  const ours = bob.dial(alice.uri());
  await clock.advance(100);
  const closed = bob.endpoint.close();
  const late = alice.dial(bob.uri());
  await Promise.all([closed, clock.advance(10_000)]);
  assert.deepEqual(running.end, { by: 'remote', how: 'bye', reason: 'SIP;cause=503;text="shutdown"' });
  assert.equal(ringing.end?.status, 503);
  assert.equal(ours.events.at(-1), 'ended local cancel 487');
  assert.equal(late.end?.status, 503);
  await pair.finish();
});

test('Closing does not wait for a peer that is gone', async () => {
  const pair = await virtualPair();
  const { clock, network, alice, bob } = pair;
  alice.dial(bob.uri());
  await clock.advance(100);
  network.fate = () => [];
  let isClosed = false;
  void alice.endpoint.close().then(() => {
    isClosed = true;
  });
  await clock.advance(4100);
  assert.ok(isClosed);
  await pair.finish();
});
