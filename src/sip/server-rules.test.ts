import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RawPeer, rawBench } from '../../test/sip/raw-peer.ts';
import type { IncomingSipCall } from './api.ts';

/** To of a request within the dialog that the last response made. */
function toOf(bench: Awaited<ReturnType<typeof rawBench>>): string {
  return bench.peer.response.headers.get('To')!;
}

async function established(options?: Parameters<typeof rawBench>[0], headers = {}) {
  const bench = await rawBench(options);
  bench.peer.send('INVITE', headers, 'offer');
  await bench.clock.advance(20);
  const To = toOf(bench);
  bench.peer.send('ACK', { To, Via: 'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-ack-1' });
  await bench.clock.advance(20);
  assert.deepEqual(bench.bob.last.events, ['confirmed']);
  return { ...bench, To };
}

test('A method that we know but do not take gets 405 with Allow, an unknown one 501', async () => {
  const { peer, clock, finish } = await rawBench();
  for (const method of ['MESSAGE', 'NOTIFY', 'REFER', 'SUBSCRIBE', 'REGISTER', 'PUBLISH', 'PRACK']) {
    peer.send(method, { Event: 'presence', 'Refer-To': '<sip:x@y>' });
    await clock.advance(20);
    assert.equal(peer.response.status, 405, method);
    assert.equal(peer.response.headers.get('Allow'), 'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE');
  }
  peer.send('DANCE');
  await clock.advance(20);
  assert.equal(peer.response.status, 501);
  await finish();
});

test('Require of an extension that we lack gets 420 with Unsupported: 100rel among them', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  peer.send('INVITE', { Require: 'timer, 100rel, replaces' }, 'offer');
  await clock.advance(20);
  assert.equal(peer.response.status, 420);
  assert.equal(peer.response.headers.get('Unsupported'), '100rel, replaces');
  assert.equal(bob.calls.length, 0);
  await finish();
});

test('A scheme that is neither sip nor tel gets 416', async () => {
  const { peer, clock, finish } = await rawBench();
  peer.send('INVITE', {}, 'offer', 'sips:bob@10.0.0.2');
  await clock.advance(20);
  assert.equal(peer.response.status, 416);
  peer.send('OPTIONS', {}, '', 'tel:+15550100');
  await clock.advance(20);
  assert.equal(peer.response.status, 200);
  await finish();
});

test('OPTIONS is answered with what we can do, and with the status that the owner wants', async () => {
  let status = 200;
  const { peer, clock, finish } = await rawBench({ onOptions: () => status });
  peer.send('OPTIONS');
  await clock.advance(20);
  const { headers } = peer.response;
  assert.equal(peer.response.status, 200);
  assert.equal(headers.get('Allow'), 'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE');
  assert.equal(headers.get('Accept'), 'application/sdp');
  assert.equal(headers.get('Supported'), 'timer');
  assert.equal(headers.get('Server'), 'test/bob');
  assert.ok(headers.has('Contact'));
  status = 503;
  peer.send('OPTIONS', { Via: 'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-2', CSeq: '2 OPTIONS' });
  await clock.advance(20);
  assert.equal(peer.response.status, 503);
  await finish();
});

test('A body that is no session description gets 415 with Accept; one in multipart/mixed is found', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  peer.send('INVITE', { 'Content-Type': 'text/plain' }, 'hello');
  await clock.advance(20);
  assert.equal(peer.response.status, 415);
  assert.match(peer.response.headers.get('Accept')!, /application\/sdp/);
  const parts = [
    '--edge\r\nContent-Type: application/isup;version=x\r\n\r\nxyz',
    '--edge\r\nContent-Type: application/sdp\r\n\r\nv=0 of the peer',
    '--edge--\r\n',
  ].join('\r\n');
  let call: IncomingSipCall | undefined;
  bob.onCall = (incoming) => {
    call = incoming;
    incoming.refuse(486);
  };
  const more = { Via: 'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-2', CSeq: '2 INVITE' };
  peer.send('INVITE', { ...more, 'Content-Type': 'multipart/mixed;boundary=edge' }, parts);
  await clock.advance(20);
  assert.equal(call?.offer, 'v=0 of the peer');
  await finish();
});

test('An INVITE without Contact, or with one that we could never reach, gets 400', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  for (const [index, Contact] of [undefined, '<tel:+15550100>', '<sips:peer@10.0.0.1>'].entries()) {
    const Via = `SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-${index}`;
    peer.send('INVITE', { Contact, Via, CSeq: `${index + 1} INVITE` }, 'offer');
    await clock.advance(20);
    assert.equal(peer.response.status, 400);
  }
  assert.equal(bob.calls.length, 0);
  await finish();
});

test('A request of an unknown dialog gets 481, and an ACK no answer', async () => {
  const { peer, clock, finish } = await rawBench();
  for (const method of ['BYE', 'INFO', 'UPDATE', 'INVITE', 'OPTIONS']) {
    peer.send(method, { To: '<sip:bob@10.0.0.2>;tag=never' });
    await clock.advance(20);
    assert.equal(peer.response.status, 481, method);
  }
  peer.send('BYE', { Via: 'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-other', CSeq: '2 BYE' });
  await clock.advance(20);
  assert.equal(peer.response.status, 481, 'without a tag');
  const before = peer.received.length;
  peer.send('ACK', { To: '<sip:bob@10.0.0.2>;tag=never', 'Call-ID': 'other' });
  await clock.advance(20);
  assert.equal(peer.received.length, before);
  await finish();
});

test('A CANCEL finds its INVITE by branch; any other gets 481, and one that is late changes nothing', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  peer.send('CANCEL');
  await clock.advance(20);
  assert.equal(peer.response.status, 481);
  const Via = 'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-INVITE-1';
  bob.onCall = (call) => call.ring();
  peer.send('INVITE', {}, 'offer');
  await clock.advance(20);
  const tag = /tag=.*/.exec(toOf({ peer } as never))![0];
  peer.send('CANCEL', { Via, Reason: 'SIP;cause=200;text="Call completed elsewhere"' });
  await clock.advance(20);
  assert.deepEqual(peer.lines.slice(-2), ['200 CANCEL', '487 INVITE']);
  assert.equal(
    /tag=.*/.exec(peer.received.at(-2)!.headers.get('To')!)![0],
    tag,
    'the same tag in all answers',
  );
  assert.equal(bob.last.end?.reason, 'SIP;cause=200;text="Call completed elsewhere"');
  peer.send('CANCEL', { Via, CSeq: '1 CANCEL' });
  await clock.advance(20);
  assert.equal(bob.last.events.filter((event) => event.startsWith('ended')).length, 1);
  await finish();
});

test('A late CANCEL does not end an answered call', async () => {
  const { peer, clock, bob, finish } = await established();
  peer.send('CANCEL', { Via: 'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-INVITE-1' });
  await clock.advance(20);
  assert.equal(peer.lines.at(-1), '200 CANCEL');
  assert.equal(bob.last.end, undefined);
  await finish();
});

test('Copies of one request that came on two ways get 482, a retransmission the same answer again', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  bob.onCall = (call) => call.ring();
  peer.send('INVITE', {}, 'offer');
  await clock.advance(20);
  peer.send('INVITE', {}, 'offer');
  await clock.advance(20);
  assert.deepEqual(peer.lines, ['180 INVITE', '180 INVITE']);
  peer.send('INVITE', { Via: 'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-other-way' }, 'offer');
  await clock.advance(20);
  assert.equal(peer.lines.at(-1), '482 INVITE');
  assert.equal(bob.calls.length, 1);
  await finish();
});

test('A second try behind a refusal is a call of its own, no copy of the first', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  bob.onCall = (call) => call.refuse(486);
  peer.send('INVITE', {}, 'offer');
  await clock.advance(20);
  assert.equal(peer.lines.at(-1), '486 INVITE');
  const To = peer.response.headers.get('To');
  peer.send('ACK', { To, Via: 'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-INVITE-1' });
  bob.onCall = (call) => call.ring();
  // A proxy that was told busy goes on to the voicemail, which is here, too.
  const via = (n: number): string => `SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-try-${n}`;
  peer.send('INVITE', { Via: via(2) }, 'offer', 'sip:voicemail@10.0.0.2:5060');
  await clock.advance(20);
  assert.equal(peer.lines.at(-1), '180 INVITE');
  // Of this one there are copies, also when the first is forgotten.
  await clock.advance(6000);
  peer.send('INVITE', { Via: via(3) }, 'offer');
  await clock.advance(20);
  assert.equal(peer.lines.at(-1), '482 INVITE');
  assert.equal(bob.calls.length, 2);
  await finish();
});

test('A caller after RFC 2543, without magic cookie and tags, can make a call', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  const old = { Via: 'SIP/2.0/UDP 10.0.0.1:5060', From: '<sip:peer@10.0.0.1>' };
  peer.send('INVITE', old, 'offer');
  peer.send('INVITE', old, 'offer');
  await clock.advance(20);
  assert.deepEqual(peer.lines, ['200 INVITE'], 'the copy is absorbed');
  const To = peer.response.headers.get('To')!;
  peer.send('ACK', { ...old, To });
  await clock.advance(20);
  assert.deepEqual(bob.last.events, ['confirmed']);
  peer.send('BYE', { ...old, To, CSeq: '2 BYE' });
  await clock.advance(20);
  assert.equal(peer.lines.at(-1), '200 BYE');
  assert.deepEqual(bob.last.end, { by: 'remote', how: 'bye' });
  await finish();
});

test('A refusal after RFC 2543 is acknowledged by its headers', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  bob.onCall = (call) => call.refuse(486);
  const old = { Via: 'SIP/2.0/UDP 10.0.0.1:5060;branch=1' };
  peer.send('INVITE', old, 'offer');
  await clock.advance(20);
  peer.send('ACK', { ...old, To: peer.response.headers.get('To') });
  await clock.advance(3000);
  assert.deepEqual(peer.lines, ['486 INVITE'], 'not sent again');
  await finish();
});

test('A refusal is sent again until its ACK, then given up after 64 × T1', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  bob.onCall = (call) => call.refuse(486);
  peer.send('INVITE', {}, 'offer');
  await clock.advance(40_000);
  assert.equal(peer.lines.length, 11, 'at 0, 0.5, 1.5, 3.5, 7.5 and then every 4 s');
  assert.equal(bob.endpoint.stats.serverTransactions, 0);
  await finish();
});

test('A 2xx is sent again until its ACK; without one the call ends with BYE after 64 × T1', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  peer.send('INVITE', {}, 'offer');
  await clock.advance(31_000);
  assert.equal(peer.lines.filter((line) => line === '200 INVITE').length, 10, 'the next at 31.5 s');
  assert.ok(!peer.lines.includes('BYE'));
  await clock.advance(2000);
  assert.ok(peer.lines.includes('BYE'));
  assert.match(peer.request('BYE').headers.get('Reason')!, /^SIP;cause=408/);
  assert.equal(bob.last.end?.how, 'timeout');
  await finish();
});

test('An INVITE without an offer gets ours in the 2xx; its answer comes in the ACK', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  let offer: string | undefined = 'unset';
  bob.onCall = (call) => {
    offer = call.offer;
    call.accept('offer of bob');
  };
  peer.send('INVITE');
  await clock.advance(20);
  assert.equal(offer, undefined);
  assert.equal(peer.response.body.toString(), 'offer of bob');
  peer.send('ACK', { To: peer.response.headers.get('To') }, 'answer of the peer');
  await clock.advance(20);
  assert.deepEqual(bob.last.events, ['confirmed']);
  assert.deepEqual(bob.last.sdp, ['answer of the peer']);
  await finish();
});

test('A re-INVITE without an offer gets our current session; its answer comes in the ACK', async () => {
  const { peer, clock, bob, To, finish } = await established();
  const Via = 'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-re';
  peer.send('INVITE', { To, Via, CSeq: '2 INVITE' });
  await clock.advance(20);
  assert.equal(peer.response.body.toString(), 'changed offer of bob');
  const early = { To, Via: 'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-re2', CSeq: '3 INVITE' };
  peer.send('INVITE', early, 'new offer');
  await clock.advance(20);
  assert.equal(peer.response.status, 491, 'our offer is still unanswered');
  const update = { To, Via: 'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-up', CSeq: '4 UPDATE' };
  peer.send('UPDATE', update, 'new offer');
  await clock.advance(20);
  assert.equal(peer.lines.at(-1), '491 UPDATE', 'nor does UPDATE get round it');
  peer.send('ACK', { To, Via: 'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-a', CSeq: '2 ACK' }, 'late answer');
  await clock.advance(20);
  assert.deepEqual(bob.last.events, ['confirmed', 'makeOffer', 'answer']);
  assert.equal(bob.last.sdp.at(-1), 'late answer');
  await finish();
});

test('A re-INVITE shows that the 2xx before it arrived, though its ACK did not', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  peer.send('INVITE', {}, 'offer');
  await clock.advance(20);
  const To = peer.response.headers.get('To');
  peer.send(
    'INVITE',
    { To, Via: 'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-re', CSeq: '2 INVITE' },
    'offer 2',
  );
  await clock.advance(20);
  peer.send('ACK', { To, Via: 'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-a', CSeq: '2 ACK' });
  await clock.advance(40_000);
  assert.deepEqual(bob.last.events, ['confirmed', 'offer']);
  assert.deepEqual(peer.lines, ['200 INVITE', '200 INVITE']);
  await finish();
});

test('A request with a CSeq that is not higher than the last gets 500', async () => {
  const { peer, clock, bob, To, finish } = await established();
  peer.send('INFO', { To, CSeq: '5 INFO' });
  await clock.advance(20);
  assert.equal(peer.response.status, 200);
  peer.send('INFO', { To, CSeq: '4 INFO', Via: 'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-4' });
  await clock.advance(20);
  assert.equal(peer.response.status, 500);
  assert.ok(Number(peer.response.headers.get('Retry-After')) <= 10);
  assert.equal(bob.last.events.filter((event) => event.startsWith('info')).length, 1);
  await finish();
});

test('UPDATE moves the target, may carry an offer, and is refused with one before the answer', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  let ringing: IncomingSipCall | undefined;
  bob.onCall = (call) => {
    ringing = call;
    call.ring();
  };
  peer.send('INVITE', {}, 'offer');
  await clock.advance(20);
  const To = peer.response.headers.get('To')!;
  const via = (n: number): string => `SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-u${n}`;
  peer.send('UPDATE', { To, CSeq: '2 UPDATE', Via: via(2) }, 'early offer');
  await clock.advance(20);
  assert.equal(peer.response.status, 500);
  assert.ok(peer.response.headers.has('Retry-After'));
  peer.send('UPDATE', { To, CSeq: '3 UPDATE', Via: via(3), Contact: '<sip:moved@10.0.0.1:5060>' });
  await clock.advance(20);
  assert.equal(peer.response.status, 200);
  assert.equal(peer.response.body.length, 0);
  ringing!.accept('answer');
  await clock.advance(20);
  peer.send('ACK', { To, Via: via(4) });
  peer.send('UPDATE', { To, CSeq: '4 UPDATE', Via: via(5) }, 'offer by UPDATE');
  await clock.advance(20);
  assert.equal(peer.response.body.toString(), 'changed answer of bob');
  assert.deepEqual(bob.last.events, ['confirmed', 'offer']);
  const ended = ringing!.hangup();
  await clock.advance(20);
  peer.respond(peer.request('BYE'), 200);
  await Promise.all([ended, clock.advance(20)]);
  assert.equal(peer.request('BYE').uri, 'sip:peer@10.0.0.1:5060', 'the Contact of the last UPDATE');
  await finish();
});

test('INFO with a package that was never agreed on gets 469', async () => {
  const { peer, clock, bob, To, finish } = await established();
  peer.send('INFO', { To, CSeq: '2 INFO', 'Info-Package': 'chess' });
  await clock.advance(20);
  assert.equal(peer.response.status, 469);
  assert.equal(bob.last.events.length, 1);
  await finish();
});

test('OPTIONS within a call is answered with what we can do', async () => {
  const { peer, clock, To, finish } = await established();
  peer.send('OPTIONS', { To, CSeq: '2 OPTIONS' });
  await clock.advance(20);
  assert.equal(peer.response.status, 200);
  assert.ok(peer.response.headers.has('Allow'));
  await finish();
});

test('A BYE before the answer ends the INVITE with 487', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  bob.onCall = (call) => call.ring();
  peer.send('INVITE', {}, 'offer');
  await clock.advance(20);
  const To = peer.response.headers.get('To');
  peer.send('BYE', { To, CSeq: '2 BYE', Reason: 'Q.850;cause=16' });
  await clock.advance(20);
  assert.deepEqual(peer.lines.slice(1).sort(), ['200 BYE', '487 INVITE']);
  assert.deepEqual(bob.last.end, { by: 'remote', how: 'bye', reason: 'Q.850;cause=16' });
  await finish();
});

test('An INVITE that expires ends with 487, one that rang for as long as any may with 480', async () => {
  for (const seconds of [10, 300]) {
    const { peer, clock, bob, finish } = await rawBench();
    bob.onCall = (call) => call.ring();
    peer.send('INVITE', { Expires: String(seconds) }, 'offer');
    await clock.advance(Math.min(seconds, 180) * 1000 + 20);
    assert.equal(peer.lines.at(-1), seconds === 10 ? '487 INVITE' : '480 INVITE');
    assert.equal(bob.last.end?.how, 'timeout');
    await finish();
  }
});

test('Answers carry the Record-Route of the INVITE, and our requests take that way', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  const recorded = ['<sip:10.0.0.1:5060;lr>', '<sip:10.0.0.7;lr;x=1>'];
  peer.send('INVITE', { 'Record-Route': recorded, Contact: '<sip:peer@192.168.9.9:5060>' }, 'offer');
  await clock.advance(20);
  assert.deepEqual(peer.response.headers.getAll('Record-Route'), recorded);
  peer.send('ACK', { To: peer.response.headers.get('To') });
  await clock.advance(20);
  const ended = bob.last.call.hangup();
  await clock.advance(20);
  const bye = peer.request('BYE');
  assert.equal(bye.uri, 'sip:peer@192.168.9.9:5060');
  assert.deepEqual(bye.headers.getAll('Route'), recorded);
  peer.respond(bye, 200);
  await Promise.all([ended, clock.advance(20)]);
  await finish();
});

test('A strict router becomes the Request-URI, and the target the last Route', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  const recorded = ['<sip:10.0.0.1:5060>', '<sip:10.0.0.7;lr>'];
  peer.send('INVITE', { 'Record-Route': recorded, Contact: '<sip:peer@192.168.9.9>' }, 'offer');
  await clock.advance(20);
  peer.send('ACK', { To: peer.response.headers.get('To') });
  await clock.advance(20);
  const ended = bob.last.call.hangup();
  await clock.advance(20);
  const bye = peer.request('BYE');
  assert.equal(bye.uri, 'sip:10.0.0.1:5060');
  assert.deepEqual(bye.headers.getAll('Route'), ['<sip:10.0.0.7;lr>', '<sip:peer@192.168.9.9>']);
  peer.respond(bye, 200);
  await Promise.all([ended, clock.advance(20)]);
  await finish();
});

test('A caller behind a NAT is reached where it came from, not at its private Contact', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  const Via = 'SIP/2.0/UDP 192.168.1.5:5060;rport;branch=z9hG4bK-nat';
  peer.send('INVITE', { Via, Contact: '<sip:peer@192.168.1.5:5060>' }, 'offer');
  await clock.advance(20);
  assert.equal(
    peer.response.headers.get('Via'),
    'SIP/2.0/UDP 192.168.1.5:5060;rport=5060;branch=z9hG4bK-nat;received=10.0.0.1',
  );
  peer.send('ACK', { To: peer.response.headers.get('To') });
  await clock.advance(20);
  const ended = bob.last.call.hangup();
  await clock.advance(20);
  assert.equal(peer.request('BYE').uri, 'sip:peer@192.168.1.5:5060');
  peer.respond(peer.request('BYE'), 200);
  await Promise.all([ended, clock.advance(20)]);
  await finish();
});

test('A caller behind a NAT that has moved is reached where its re-INVITE came from', async () => {
  const { peer, clock, network, bob, finish } = await rawBench();
  const from = (host: string, n: number) => ({
    Via: `SIP/2.0/UDP ${host}:5060;rport;branch=z9hG4bK-move-${n}`,
    Contact: `<sip:peer@${host}:5060>`,
    From: '<sip:peer@pbx.example.com>;tag=from1',
  });
  peer.send('INVITE', from('192.168.1.5', 1), 'offer');
  await clock.advance(20);
  const To = peer.response.headers.get('To');
  peer.send('ACK', { ...from('192.168.1.5', 2), To });
  await clock.advance(20);
  const moved = await RawPeer.open(network, '10.0.0.3');
  moved.send('INVITE', { ...from('192.168.7.7', 3), To, CSeq: '2 INVITE' }, 'offer');
  await clock.advance(20);
  moved.send('ACK', { ...from('192.168.7.7', 4), To, CSeq: '2 ACK' });
  await clock.advance(20);
  const ended = bob.last.call.hangup();
  await clock.advance(20);
  assert.deepEqual(peer.lines, ['200 INVITE']);
  assert.equal(moved.request('BYE').uri, 'sip:peer@192.168.7.7:5060');
  moved.respond(moved.request('BYE'), 200);
  await Promise.all([ended, clock.advance(20)]);
  await finish();
});

test('Without rport the answer goes to the port of the Via', async () => {
  const bench = await rawBench();
  const { peer, clock, network, finish } = bench;
  const other = await RawPeer.open(network, '10.0.0.1', 5099);
  peer.send('OPTIONS', { Via: 'SIP/2.0/UDP 10.0.0.1:5099;branch=z9hG4bK-p' });
  await clock.advance(20);
  assert.deepEqual([peer.lines, other.lines], [[], ['200 OPTIONS']]);
  await finish();
});

test('Past the limit of server transactions a request gets 503 with Retry-After', async () => {
  const { peer, clock, bob, finish } = await rawBench({ limits: { maxServerTransactions: 1 } });
  peer.send('OPTIONS');
  peer.send('OPTIONS', { Via: 'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-2', CSeq: '2 OPTIONS' });
  await clock.advance(20);
  assert.deepEqual(peer.lines, ['200 OPTIONS', '503 OPTIONS']);
  assert.equal(peer.response.headers.get('Retry-After'), '5');
  assert.equal(bob.endpoint.stats.overloaded, 1);
  await finish();
});
