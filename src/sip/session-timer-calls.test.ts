import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rawBench } from '../../test/sip/raw-peer.ts';
import { virtualPair } from '../../test/sip/virtual-pair.ts';

const PEER = 'sip:peer@10.0.0.1:5060';

/** A call of a raw peer that has us refresh its session, at the moment of the first refresh. @param afterMs when that is */
async function atOurRefresh(expires: string, allow: string, afterMs: number) {
  const bench = await rawBench();
  const { peer, clock } = bench;
  peer.send('INVITE', { Supported: 'timer', 'Session-Expires': expires, Allow: allow }, 'offer');
  await clock.advance(20);
  const To = peer.response.headers.get('To');
  peer.send('ACK', { To });
  await clock.advance(afterMs);
  return { ...bench, To };
}

test('Two of our endpoints agree on a timer, and its refreshes by UPDATE keep a long call alive', async () => {
  const pair = await virtualPair();
  const { clock, alice, bob, trace } = pair;
  const out = alice.dial(bob.uri(), { sessionExpires: 600 });
  await clock.advance(3_600_000);
  assert.deepEqual(out.events, ['confirmed']);
  assert.deepEqual(bob.last.events, ['confirmed']);
  const updates = trace.filter((line) => line.endsWith('UPDATE'));
  assert.equal(updates.length, 2 * 11, 'each 300 s, the 12th is on its way');
  assert.ok(updates.every((line) => line === 'alice UPDATE' || line === 'bob 200 UPDATE'));
  await pair.finish();
});

test('When the refresher is gone, the call ends with BYE a third of the interval or 32 s before its end', async () => {
  const pair = await virtualPair();
  const { clock, network, alice, bob } = pair;
  alice.dial(bob.uri(), { sessionExpires: 600 });
  await clock.advance(100);
  network.fate = () => [];
  await clock.advance(567_800);
  assert.deepEqual(bob.last.events, ['confirmed']);
  await clock.advance(500);
  assert.deepEqual(bob.last.events, ['confirmed', 'ended local timeout']);
  await pair.finish();
});

test('A shorter interval than RFC 4028 section 4 allows is not asked for', async () => {
  const pair = await virtualPair();
  const { clock, alice, bob, trace } = pair;
  const out = alice.dial(bob.uri(), { sessionExpires: 30 });
  await clock.advance(100);
  assert.deepEqual(out.events, ['confirmed']);
  assert.deepEqual(
    trace.filter((line) => line.endsWith('INVITE')),
    ['alice INVITE', 'bob 200 INVITE'],
    'nor refused by 422',
  );
  await pair.finish();
});

test('A session timer of 0 asks for none, and a caller without timers gets none', async () => {
  const pair = await virtualPair({ bob: { sessionTimer: { sessionExpires: 0 } } });
  const { clock, network, alice, bob } = pair;
  const out = alice.dial(bob.uri(), { sessionExpires: 0 });
  await clock.advance(100);
  network.fate = () => [];
  await clock.advance(24 * 3_600_000);
  assert.deepEqual(out.events, ['confirmed']);
  assert.deepEqual(bob.last.events, ['confirmed']);
  network.fate = () => [5];
  await pair.finish();
});

test('As a server we copy the interval, name the refresher, and require the timer of a refreshing client', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  peer.send('INVITE', { Supported: 'timer', 'Session-Expires': '300' }, 'offer');
  await clock.advance(20);
  const { headers } = peer.response;
  assert.equal(headers.get('Session-Expires'), '300;refresher=uac');
  assert.equal(headers.get('Require'), 'timer');
  peer.send('ACK', { To: headers.get('To') });
  await clock.advance(267_000);
  assert.deepEqual(bob.last.events, ['confirmed']);
  await clock.advance(1100);
  assert.match(peer.request('BYE').headers.get('Reason')!, /session expired/);
  assert.equal(bob.last.end?.how, 'timeout');
  await finish();
});

test('A client that wants us to refresh gets UPDATE when it allows it, and re-INVITE when not', async () => {
  for (const [Allow, method] of [
    ['INVITE, ACK, BYE, UPDATE', 'UPDATE'],
    ['INVITE, ACK, BYE', 'INVITE'],
  ] as const) {
    const { peer, clock, bob, finish } = await rawBench();
    const wish = { Supported: 'timer', 'Session-Expires': '200;refresher=uas', Allow };
    peer.send('INVITE', wish, 'offer');
    await clock.advance(20);
    assert.equal(peer.response.headers.get('Session-Expires'), '200;refresher=uas');
    assert.equal(peer.response.headers.get('Require'), undefined);
    peer.send('ACK', { To: peer.response.headers.get('To') });
    await clock.advance(100_000);
    const refresh = peer.request(method);
    assert.equal(refresh.headers.get('Session-Expires'), '200;refresher=uac');
    assert.equal(refresh.headers.get('Supported'), 'timer');
    assert.equal(refresh.body.toString(), method === 'INVITE' ? 'answer of bob' : '');
    const body = method === 'INVITE' ? 'answer of the peer' : '';
    peer.respond(refresh, 200, { 'Session-Expires': '200;refresher=uac' }, body);
    await clock.advance(99_000);
    assert.equal(bob.last.end, undefined);
    assert.deepEqual(bob.last.sdp, method === 'INVITE' ? ['answer of the peer'] : []);
    await finish();
  }
});

test('A peer that allows UPDATE and then refuses it is refreshed by re-INVITE', async () => {
  const { peer, clock, finish } = await atOurRefresh('200;refresher=uas', 'INVITE, UPDATE', 100_000);
  peer.respond(peer.request('UPDATE'), 405);
  await clock.advance(20);
  assert.equal(peer.request('INVITE').body.toString(), 'answer of bob');
  await finish();
});

test('A refresh that gets 422 is tried again with the longer interval, one that gets 481 ends the call', async () => {
  const { peer, clock, bob, finish } = await atOurRefresh('200;refresher=uas', 'INVITE, UPDATE', 100_000);
  peer.respond(peer.request('UPDATE'), 422, { 'Min-SE': '900' });
  await clock.advance(20);
  const second = peer.request('UPDATE');
  assert.equal(second.headers.get('Session-Expires'), '900;refresher=uac');
  assert.equal(second.headers.get('Min-SE'), '900');
  peer.respond(second, 200, { 'Session-Expires': '900;refresher=uac' });
  await clock.advance(450_050);
  peer.respond(peer.request('UPDATE'), 481);
  await clock.advance(20);
  assert.equal(bob.last.events.at(-1), 'ended local failed 481');
  await finish();
});

test('A refresh of ours names the longest Min-SE of the requests of the peer', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  const wish = { Supported: 'timer', 'Session-Expires': '400;refresher=uas', Allow: 'INVITE, UPDATE' };
  peer.send('INVITE', { ...wish, 'Min-SE': '200' }, 'offer');
  await clock.advance(20);
  const To = peer.response.headers.get('To');
  peer.send('ACK', { To });
  await clock.advance(200_000);
  const first = peer.request('UPDATE');
  assert.equal(first.headers.get('Min-SE'), '200');
  assert.equal(first.headers.get('Session-Expires'), '400;refresher=uac');
  peer.respond(first, 200, { 'Session-Expires': '400;refresher=uac' });
  for (const [index, minSe] of ['300', '100'].entries()) {
    const Via = `SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-min-${index}`;
    peer.send('UPDATE', { ...wish, 'Min-SE': minSe, To, Via, CSeq: `${index + 2} UPDATE` });
    await clock.advance(20);
    assert.equal(peer.response.status, 200);
  }
  await clock.advance(200_000);
  const second = peer.request('UPDATE');
  assert.equal(second.headers.get('CSeq'), '2 UPDATE');
  assert.equal(second.headers.get('Min-SE'), '300');
  peer.respond(second, 200, { 'Session-Expires': '400;refresher=uac' });
  await clock.advance(20);
  assert.equal(bob.last.end, undefined);
  await finish();
});

test('An interval that is too small gets 422 with Min-SE, and no call', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  peer.send('INVITE', { Supported: 'timer', 'Session-Expires': '30' }, 'offer');
  await clock.advance(20);
  assert.equal(peer.response.status, 422);
  assert.equal(peer.response.headers.get('Min-SE'), '90');
  assert.equal(bob.calls.length, 0);
  await finish();
});

test('A malformed Session-Expires gets 400', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  peer.send('INVITE', { Supported: 'timer', 'Session-Expires': 'soon' }, 'offer');
  await clock.advance(20);
  assert.equal(peer.response.status, 400);
  assert.equal(bob.calls.length, 0);
  await finish();
});

test('As a client we refresh or wait as the 2xx says', async () => {
  const call = async (sessionExpires: string) => {
    const bench = await rawBench();
    const out = bench.bob.dial(PEER);
    await bench.clock.advance(20);
    const headers = { 'Session-Expires': sessionExpires, Require: 'timer', Allow: 'INVITE, BYE, UPDATE' };
    bench.peer.respond(bench.peer.request('INVITE'), 200, headers, 'answer');
    await bench.clock.advance(200_000);
    return { ...bench, out };
  };
  const ours = await call('300;refresher=uac');
  assert.equal(ours.peer.request('UPDATE').headers.get('Session-Expires'), '300;refresher=uac');
  await ours.finish();
  const theirs = await call('300;refresher=uas');
  assert.ok(!theirs.peer.lines.includes('UPDATE'));
  await theirs.clock.advance(70_000);
  assert.equal(theirs.out.end?.how, 'timeout');
  assert.ok(theirs.peer.lines.includes('BYE'));
  await theirs.finish();
});

test('A refresh by the peer starts the interval anew', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  peer.send('INVITE', { Supported: 'timer', 'Session-Expires': '300' }, 'offer');
  await clock.advance(20);
  const To = peer.response.headers.get('To');
  peer.send('ACK', { To });
  for (let n = 2; n < 8; n++) {
    await clock.advance(200_000);
    peer.send('UPDATE', {
      To,
      CSeq: `${n} UPDATE`,
      Via: `SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-r${n}`,
      Supported: 'timer',
      'Session-Expires': '300;refresher=uac',
    });
    await clock.advance(20);
    assert.equal(peer.response.headers.get('Session-Expires'), '300;refresher=uac');
  }
  assert.equal(bob.last.end, undefined);
  await finish();
});

test('A refresh that meets another change is tried again', async () => {
  const { peer, clock, finish, bob } = await atOurRefresh('200;refresher=uas', 'INVITE, UPDATE', 100_000);
  peer.respond(peer.request('UPDATE'), 491);
  await clock.runUntil(() => peer.lines.filter((line) => line === 'UPDATE').length === 2, 2100);
  peer.respond(peer.request('UPDATE'), 200, { 'Session-Expires': '200;refresher=uac' });
  await clock.advance(90_000);
  assert.equal(bob.last.end, undefined);
  await finish();
});

test('A refresh by re-INVITE that has met a change by the peer offers the session as that left it', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  const out = bob.dial(PEER);
  await clock.advance(20);
  const timer = { 'Session-Expires': '300;refresher=uac', Require: 'timer', Allow: 'INVITE, ACK, BYE' };
  peer.respond(peer.request('INVITE'), 200, timer, 'answer');
  await clock.advance(150_100);
  const first = peer.request('INVITE');
  assert.equal(first.headers.get('CSeq'), '2 INVITE');
  assert.equal(first.body.toString(), 'offer of bob');
  peer.respond(first, 491);
  await clock.advance(20);
  // Whoever made the call waits for 2.1 to 4 s; the other side goes first (RFC 3261 14.1).
  const within = {
    To: first.headers.get('From')!,
    From: first.headers.get('To')!,
    'Call-ID': out.call.sipCallId,
  };
  const wish = { Supported: 'timer', 'Session-Expires': '300;refresher=uas' };
  peer.send('INVITE', { ...within, ...wish, CSeq: '1 INVITE' }, 'hold');
  await clock.advance(20);
  assert.equal(peer.response.body.toString(), 'changed answer of bob');
  peer.send('ACK', { ...within, CSeq: '1 ACK' });
  await clock.advance(4_100);
  const second = peer.request('INVITE');
  assert.equal(second.headers.get('CSeq'), '3 INVITE');
  assert.equal(second.body.toString(), 'changed answer of bob');
  peer.respond(second, 200, timer, 'answer of the peer');
  await clock.advance(20);
  assert.equal(out.end, undefined);
  await finish();
});

test('A refresh that is refused for now is tried again before the session ends', async () => {
  for (const [Allow, method] of [
    ['INVITE, ACK, BYE, UPDATE', 'UPDATE'],
    ['INVITE, ACK, BYE', 'INVITE'],
  ] as const) {
    const { peer, clock, bob, finish } = await atOurRefresh('200;refresher=uas', Allow, 100_000);
    peer.respond(peer.request(method), 503);
    await clock.advance(12_600);
    assert.equal(peer.lines.filter((line) => line === method).length, 2);
    const body = method === 'INVITE' ? 'answer of the peer' : '';
    peer.respond(peer.request(method), 200, { 'Session-Expires': '200;refresher=uac' }, body);
    await clock.advance(90_000);
    assert.equal(bob.last.end, undefined);
    await finish();
  }
});

test('A refresh that is refused is not tried again where the peer has taken that over meanwhile', async () => {
  const { peer, clock, bob, finish, To } = await atOurRefresh('200;refresher=uas', 'INVITE, UPDATE', 100_000);
  const ours = peer.request('UPDATE');
  const theirs = { Supported: 'timer', 'Session-Expires': '200;refresher=uac', CSeq: '2 UPDATE', To };
  peer.send('UPDATE', theirs);
  await clock.advance(20);
  assert.equal(peer.response.headers.get('Session-Expires'), '200;refresher=uac');
  peer.respond(ours, 503);
  await clock.advance(60_000);
  assert.equal(peer.lines.filter((line) => line === 'UPDATE').length, 1);
  assert.equal(bob.last.end, undefined);
  await finish();
});

test('A refresh that is answered with 100 and no more is taken back, and tried again', async () => {
  for (const answersCancel of [true, false]) {
    const { peer, clock, bob, finish } = await atOurRefresh('400;refresher=uas', 'INVITE, ACK, BYE', 200_000);
    const refresh = peer.request('INVITE');
    peer.respond(refresh, 100);
    await clock.advance(32_100);
    assert.equal(peer.lines.at(-1), 'CANCEL');
    if (answersCancel) {
      peer.respond(peer.request('CANCEL'), 200);
      peer.respond(refresh, 487);
    }
    // 25 s behind its end, which is 32 s later where nothing comes.
    await clock.advance(answersCancel ? 25_100 : 57_000);
    const second = peer.request('INVITE');
    assert.equal(second.headers.get('CSeq'), '2 INVITE');
    peer.respond(second, 200, { 'Session-Expires': '400;refresher=uac' }, 'answer of the peer');
    await clock.advance(150_000);
    assert.equal(bob.last.end, undefined);
    await finish();
  }
});

test('The Contact of the 2xx to our UPDATE is where the next request goes', async () => {
  const { peer, clock, bob, finish } = await atOurRefresh('200;refresher=uas', 'INVITE, UPDATE', 100_000);
  const Contact = '<sip:moved@10.0.0.1:5060>';
  peer.respond(peer.request('UPDATE'), 200, { Contact, 'Session-Expires': '200;refresher=uac' });
  await clock.advance(20);
  const ended = bob.last.call.hangup();
  await clock.advance(20);
  assert.equal(peer.request('BYE').uri, 'sip:moved@10.0.0.1:5060');
  peer.respond(peer.request('BYE'), 200);
  await Promise.all([ended, clock.advance(20)]);
  await finish();
});
