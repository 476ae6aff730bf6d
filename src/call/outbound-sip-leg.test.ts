import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { OutgoingCallOptions, SipCallHandlers } from '../sip/api.ts';
import { CallError } from './leg.ts';
import { callBySip, type OutboundSipLeg, type OutboundSipLegOptions } from './outbound-sip-leg.ts';
import { ALICE, openBob, sdp } from './sip-leg.test-helper.ts';

/** We are Bob; Alice is called. */
async function openBench(t: TestContext) {
  const bob = await openBob(t, () => assert.fail('nobody calls us'));
  const { clock, rtp, endpoint } = bob;
  const alice = await bob.newAlice();
  const ear = await rtp.open(ALICE);
  let heard = 0;
  ear.onPacket = () => heard++;
  const calls: OutboundSipLeg[] = [];
  const events: string[] = [];
  const sipCalls: string[] = [];
  return {
    clock,
    alice,
    events,
    sipCalls,
    media: bob.site.media,
    endpoint,
    answer: sdp(ear.rtpPort, '8 101'),
    heard: () => heard,
    call(
      invite: Partial<OutgoingCallOptions> = {},
      options: Partial<Pick<OutboundSipLegOptions, 'codecs' | 'refusal' | 'endpoint'>> = {},
    ): OutboundSipLeg {
      const to = invite.to ?? `sip:alice@${ALICE}`;
      const call = callBySip({
        ...bob.site,
        endpoint,
        invite: { to, from: 'sip:line@example.com', ...invite },
        refusal: undefined,
        from: 'sip:line@example.com',
        to,
        type: 'sip',
        parent: { device_type: 'sip', call_id: 'a-leg', node_id: 'node' },
        callId: `b-leg-${calls.length}`,
        onEvent: ({ kind, text }) => kind === 'call' && events.push(text),
        onSipCall: (id) => sipCalls.push(id),
        ...options,
      });
      calls.push(call);
      return call;
    },
    /** Ends all, and asserts that neither calls nor sessions nor timers are left. */
    finish: () =>
      bob.finish(
        calls.map(({ leg }) => leg),
        [alice],
      ),
  };
}

test('a call rings, is answered with a codec of ours, carries sound, and ends when the party hangs up', async (t) => {
  const bench = await openBench(t);
  const { clock, alice, events } = bench;
  alice.onCall = (call) => {
    call.ring(180);
    clock.after(1000, () => call.accept(bench.answer));
  };
  const { leg } = bench.call({ displayName: 'Line', headers: [{ name: 'X-Order', value: '42' }] });
  await clock.advance(500);
  const invited = alice.last.call;
  assert.ok('offer' in invited);
  assert.match(String(invited.offer), /c=IN IP4 10\.0\.0\.2\r\n(.|\r\n)*m=audio \d+ RTP\/AVP 0 8 101\r\n/);
  assert.deepEqual(bench.sipCalls, [invited.sipCallId]);
  assert.equal(leg.info.call_state, 'ringing');
  assert.deepEqual(leg.info.headers, [{ name: 'X-Order', value: '42' }]);
  assert.deepEqual(leg.info.parent, { device_type: 'sip', call_id: 'a-leg', node_id: 'node' });
  assert.equal(leg.info.sip_data?.['sip_req_user'], 'alice');
  await clock.advance(1600);
  assert.equal(leg.info.call_state, 'answered');
  assert.ok(bench.heard() >= 45, `${bench.heard()} packets in a second`);
  await leg.answer();
  void alice.last.call.hangup();
  await clock.advance(100);
  assert.deepEqual(await leg.ended, { by: 'remote', reason: 'hangup' });
  assert.deepEqual(events, ['ringing', 'answered', 'the party hung up', 'ended']);
  await bench.finish();
});

test('audio is asked for at our address on the way that the INVITE takes, wherever its name seemed to lead', async (t) => {
  const bench = await openBench(t);
  const { endpoint } = bench;
  bench.alice.onCall = (call) => call.ring();
  const { leg } = bench.call(
    {},
    { endpoint: { call: (...call) => endpoint.call(...call), localAddressFor: () => '203.0.113.7' } },
  );
  await bench.clock.advance(500);
  const invited = bench.alice.last.call;
  assert.ok('offer' in invited);
  assert.match(String(invited.offer), /\r\no=- \d+ 1 IN IP4 10\.0\.0\.2\r\ns=-\r\nc=IN IP4 10\.0\.0\.2\r\n/);
  void leg.hangup();
  await bench.finish();
});

test('sound before the answer is taken, and the answer goes on with it', async (t) => {
  const bench = await openBench(t);
  const { clock, alice, events } = bench;
  alice.onCall = (call) => {
    call.ring(183, bench.answer);
    clock.after(1000, () => call.accept(bench.answer));
  };
  const { leg } = bench.call();
  await clock.advance(900);
  assert.deepEqual(events, ['ringing', 'early media']);
  assert.ok(bench.heard() > 30);
  await clock.advance(500);
  assert.equal(leg.info.call_state, 'answered');
  void leg.hangup();
  await bench.finish();
});

test('the sound of a call that is sent on to another place is over, until that brings some, too', async (t) => {
  const bench = await openBench(t);
  const { clock, alice, events } = bench;
  let places = 0;
  alice.onCall = (call) => {
    if (++places === 1) {
      call.ring(183, bench.answer);
      const headers = [{ name: 'Contact', value: `<sip:second@${ALICE}>` }];
      clock.after(500, () => call.refuse(302, { headers }));
    } else {
      call.ring(180);
      clock.after(1000, () => call.ring(183, bench.answer));
      clock.after(2000, () => call.accept(bench.answer));
    }
  };
  const { leg } = bench.call();
  await clock.advance(1000);
  assert.deepEqual(events, ['ringing', 'early media', 'early media over']);
  await clock.advance(1000);
  assert.deepEqual(events.slice(3), ['early media']);
  await clock.advance(1000);
  assert.deepEqual(events.slice(4), ['answered']);
  void leg.hangup();
  await bench.finish();
});

test('a description before the answer by which nothing is sent yet is no sound: the party just rings', async (t) => {
  const bench = await openBench(t);
  const { clock, alice, events } = bench;
  alice.onCall = (call) => {
    call.ring(183, bench.answer.replace('sendrecv', 'inactive'));
    clock.after(1000, () => call.accept(bench.answer));
  };
  const { leg } = bench.call();
  await clock.advance(900);
  assert.deepEqual(events, ['ringing']);
  await clock.advance(500);
  assert.deepEqual(events, ['ringing', 'answered']);
  void leg.hangup();
  await bench.finish();
});

for (const [status, reason] of [
  [404, 'not_found'],
  [484, 'not_found'],
  [480, 'noAnswer'],
  [486, 'busy'],
  [600, 'busy'],
  [487, 'cancel'],
  [603, 'decline'],
  [403, 'error'],
  [500, 'error'],
] as const) {
  test(`a party that refuses with ${status} ends the call with ${reason}`, async (t) => {
    const bench = await openBench(t);
    bench.alice.onCall = (call) => call.refuse(status);
    const call = bench.call();
    await bench.clock.advance(1000);
    assert.deepEqual(await call.leg.ended, { by: 'remote', reason, status });
    assert.match(call.failure ?? '', reason === 'error' ? new RegExp(`^${status} `) : /^$/);
    await bench.finish();
  });
}

test('a call that nobody answers in time is cancelled and ends with noAnswer', async (t) => {
  const bench = await openBench(t);
  bench.alice.onCall = (call) => call.ring();
  const { leg } = bench.call({ timeoutMs: 5000 });
  await bench.clock.advance(5200);
  assert.equal((await leg.ended).reason, 'noAnswer');
  assert.equal(bench.alice.last.end?.how, 'cancel');
  await bench.finish();
});

test('a peer from which nothing comes is no answer with 408: the call ends with error, and says why', async (t) => {
  const bench = await openBench(t);
  const call = bench.call({ to: 'sip:nobody@10.0.0.9' });
  await bench.clock.advance(33_000);
  assert.equal((await call.leg.ended).reason, 'error');
  assert.equal(call.failure, 'nothing at all came back to the INVITE');
  await bench.finish();
});

test('an answered call that is lost since a request within it goes unanswered does not say so of its INVITE', async (t) => {
  const bench = await openBench(t);
  const { clock, alice, endpoint } = bench;
  alice.onCall = (call) => call.accept(bench.answer);
  let handlers: SipCallHandlers | undefined;
  const call = bench.call(
    {},
    {
      endpoint: {
        call: (options, own) => {
          handlers = own;
          return endpoint.call(options, own);
        },
        localAddressFor: (host) => endpoint.localAddressFor(host),
      },
    },
  );
  await clock.advance(500);
  assert.equal(call.leg.info.call_state, 'answered');
  handlers?.ended({ by: 'local', how: 'timeout', status: 408, reason: 'Request Timeout' });
  await clock.advance(500);
  assert.equal((await call.leg.ended).reason, 'error');
  assert.equal(call.failure, '408 Request Timeout');
  await bench.finish();
});

test('a call that is taken back while it rings, or before it does, is cancelled', async (t) => {
  for (const afterMs of [0, 500]) {
    const bench = await openBench(t);
    bench.alice.onCall = (call) => call.ring();
    const { leg } = bench.call();
    if (afterMs > 0) await bench.clock.advance(afterMs);
    void leg.hangup('cancel');
    await bench.clock.advance(500);
    assert.deepEqual(await leg.ended, { by: 'local', reason: 'cancel' });
    assert.deepEqual(
      bench.alice.calls.map(({ end }) => end?.how),
      afterMs > 0 ? ['cancel'] : [],
    );
    await bench.finish();
  }
});

test('a call that somebody else answered is taken back with a Reason by which telephones know it', async (t) => {
  const bench = await openBench(t);
  bench.alice.onCall = (call) => call.ring();
  const { leg } = bench.call();
  await bench.clock.advance(500);
  void leg.hangup('cancel', { status: 200, text: 'Call completed elsewhere' });
  await bench.clock.advance(500);
  const { how, reason } = bench.alice.last.end ?? assert.fail('the call goes on');
  assert.deepEqual([how, reason], ['cancel', 'SIP;cause=200;text="Call completed elsewhere"']);
  assert.deepEqual(await leg.ended, { by: 'local', reason: 'cancel' });
  await bench.finish();
});

test('an answer that crosses our CANCEL is hung up', async (t) => {
  const bench = await openBench(t);
  bench.alice.onCall = (call) => {
    call.ring();
    bench.clock.after(500, () => call.accept(bench.answer));
  };
  const { leg } = bench.call();
  await bench.clock.advance(499);
  void leg.hangup('cancel');
  await bench.clock.advance(2000);
  assert.equal((await leg.ended).reason, 'cancel');
  assert.notEqual(bench.alice.last.end, undefined);
  assert.notEqual(leg.info.call_state, 'answered');
  await bench.finish();
});

test('an answer that cannot be used ends the call with error, and says why', async (t) => {
  const bench = await openBench(t);
  bench.alice.onCall = (call) => call.accept(sdp(4000, '9'));
  const call = bench.call();
  await bench.clock.advance(500);
  assert.equal((await call.leg.ended).reason, 'error');
  assert.match(call.failure ?? '', /codec/);
  assert.equal(bench.alice.last.end?.how, 'bye');
  await bench.finish();
});

test('what makes no INVITE ends with error, and says why', async (t) => {
  const bench = await openBench(t);
  for (const [invite, why] of [
    [{ to: 'sips:alice@example.com' }, /sips/],
    [{ to: 'sip:' }, /host/],
    [{ headers: [{ name: 'Via', value: 'x' }] }, /Via/],
    [{ headers: [{ name: 'X-A', value: 'a\r\nVia: b' }] }, /control character/],
    [{ headers: [{ name: 'X A', value: 'a' }] }, /no name of a header/],
    [{ displayName: 'a\nb' }, /control character/],
    [{ from: 'sip:' }, /host/],
  ] as const) {
    const call = bench.call(invite);
    await bench.clock.advance(100);
    assert.equal((await call.leg.ended).reason, 'error');
    assert.match(call.failure ?? '', why);
  }
  const none = bench.call({}, { codecs: [] });
  await bench.clock.advance(100);
  assert.match(none.failure ?? '', /codecs/);
  assert.equal(bench.alice.calls.length, 0);
  await bench.finish();
});

test('an address that must not be reached gets no packet; the reason is told', async (t) => {
  const bench = await openBench(t);
  const refusal = (host: string, address: string): string => `${host} (${address}) is not to be called`;
  const call = bench.call({}, { refusal });
  await bench.clock.advance(100);
  assert.equal((await call.leg.ended).reason, 'error');
  assert.match(call.failure ?? '', /10\.0\.0\.1 \(10\.0\.0\.1\) is not to be called/);
  assert.equal(bench.alice.calls.length, 0);
  await bench.finish();
});

test('a redirection is followed only to where a call may go', async (t) => {
  const bench = await openBench(t);
  bench.alice.onCall = (call) =>
    call.refuse(302, { headers: [{ name: 'Contact', value: `<sip:secret@${ALICE}:5070>` }] });
  const call = bench.call(
    {},
    { refusal: (_host, _address, port) => (port === 5070 ? 'this port is closed' : undefined) },
  );
  await bench.clock.advance(1000);
  assert.equal((await call.leg.ended).reason, 'error');
  assert.match(call.failure ?? '', /this port is closed/);
  await bench.finish();
});

test('nothing is played before the answer', async (t) => {
  const bench = await openBench(t);
  bench.alice.onCall = (call) => call.ring();
  const { leg } = bench.call();
  await bench.clock.advance(100);
  await assert.rejects(leg.answer(), (error) => error instanceof CallError && error.code === 'invalid_state');
  const result = await leg.play([{ kind: 'silence', seconds: 1 }]).done;
  assert.equal(result.state, 'error');
  void leg.hangup();
  await bench.finish();
});

for (const stage of ['rings', 'brings sound', 'is answered'] as const) {
  test(`a call whose media session dies while it ${stage} is ended, and says why`, async (t) => {
    const bench = await openBench(t);
    const { clock, alice } = bench;
    alice.onCall = (call) => {
      if (stage === 'brings sound') call.ring(183, bench.answer);
      else call.ring(180);
      clock.after(stage === 'is answered' ? 100 : 1000, () => call.accept(bench.answer));
    };
    const call = bench.call();
    const { leg } = call;
    await clock.advance(500);
    assert.equal(leg.info.call_state, stage === 'is answered' ? 'answered' : 'ringing');
    // As when its thread has died.
    bench.media.send({ type: 'close', sessionId: 'b-leg-0', cause: 'crash' });
    await clock.advance(200);
    assert.equal(leg.info.call_state, 'ended');
    assert.deepEqual(await leg.ended, { by: 'local', reason: 'error' });
    assert.equal(call.failure, 'its media session was lost');
    assert.equal(alice.last.end?.how, stage === 'is answered' ? 'bye' : 'cancel');
    await bench.finish();
  });
}

test('a call that ends otherwise while it brings sound does not say that its media session was lost', async (t) => {
  const bench = await openBench(t);
  bench.alice.onCall = (call) => {
    call.ring(183, bench.answer);
    bench.clock.after(500, () => call.refuse(486));
  };
  const call = bench.call();
  await bench.clock.advance(1000);
  assert.equal((await call.leg.ended).reason, 'busy');
  assert.equal(call.failure, undefined);
  await bench.finish();
});
