import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RawPeer, rawBench } from '../../test/sip/raw-peer.ts';
import { SipRefusal } from './errors.ts';

const PEER = 'sip:peer@10.0.0.1:5060';

/** A call of bob's that the peer has answered. */
async function answered(headers = {}, options?: Parameters<typeof rawBench>[0]) {
  const bench = await rawBench(options);
  const out = bench.bob.dial(PEER);
  await bench.clock.advance(20);
  bench.peer.respond(bench.peer.request('INVITE'), 200, headers, 'answer');
  await bench.clock.advance(20);
  assert.deepEqual(out.events, ['confirmed']);
  return { ...bench, out };
}

test('The INVITE has what RFC 3261 asks for, and no To tag', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  const out = bob.dial(PEER, { from: '+15550100', displayName: 'Front desk' });
  await clock.advance(20);
  const invite = peer.request('INVITE');
  const header = (name: string): string => invite.headers.get(name) ?? '';
  assert.equal(invite.uri, PEER);
  assert.match(header('Via'), /^SIP\/2\.0\/UDP 10\.0\.0\.2:5060;branch=z9hG4bK[0-9a-f]{24};rport$/);
  assert.match(header('From'), /^"Front desk" <sip:\+15550100@10\.0\.0\.2>;tag=[0-9a-f]+$/);
  assert.equal(header('To'), `<${PEER}>`);
  assert.equal(header('CSeq'), '1 INVITE');
  assert.equal(header('Max-Forwards'), '70');
  assert.equal(header('Contact'), '<sip:+15550100@10.0.0.2:5060>');
  assert.equal(header('Call-ID'), out.call.sipCallId);
  assert.equal(header('Supported'), 'timer');
  assert.equal(header('Session-Expires'), '1800');
  assert.equal(header('User-Agent'), 'test/bob');
  assert.equal(header('Content-Type'), 'application/sdp');
  assert.equal(invite.body.toString(), 'offer of bob');
  assert.equal(out.call.localUri, 'sip:+15550100@10.0.0.2');
  await finish();
});

test('A User-Agent that the owner gives takes the place of ours: there may be but one', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  bob.dial(PEER, { headers: [{ name: 'user-agent', value: 'PBX/1' }] });
  await clock.advance(20);
  assert.deepEqual(peer.request('INVITE').headers.getWhole('User-Agent'), ['PBX/1']);
  peer.respond(peer.request('INVITE'), 486);
  await clock.advance(20);
  await finish();
});

test('The ACK to a 2xx goes to its Contact and is sent again for each copy', async () => {
  const { peer, clock, finish } = await answered({ Contact: '<sip:desk@10.0.0.1:5060;x=1>' });
  const ack = peer.request('ACK');
  assert.equal(ack.uri, 'sip:desk@10.0.0.1:5060;x=1');
  assert.equal(ack.headers.get('CSeq'), '1 ACK');
  assert.notEqual(ack.headers.get('Via'), peer.request('INVITE').headers.get('Via'), 'a branch of its own');
  peer.respond(peer.request('INVITE'), 200, {}, 'answer');
  await clock.advance(20);
  assert.equal(peer.lines.filter((line) => line === 'ACK').length, 2);
  await finish();
});

test('An ACK that found no way is tried again with each copy of its 2xx', async () => {
  const Contact = '<sip:desk@pbx.example.com>';
  const { peer, clock, network, out, finish } = await answered({ Contact });
  const acks = (): number => peer.lines.filter((line) => line === 'ACK').length;
  assert.equal(acks(), 0, 'nobody knows the name');
  network.names.set('pbx.example.com', ['10.0.0.1']);
  peer.respond(peer.request('INVITE'), 200, { Contact }, 'answer');
  await clock.advance(20);
  assert.equal(acks(), 1);
  const changed = out.call.reinvite('second offer');
  await clock.advance(20);
  network.names.delete('pbx.example.com');
  peer.respond(peer.request('INVITE'), 200, { Contact }, 'second answer');
  await Promise.all([changed, clock.advance(20)]);
  assert.equal(acks(), 1);
  network.names.set('pbx.example.com', ['10.0.0.1']);
  peer.respond(peer.request('INVITE'), 200, { Contact }, 'second answer');
  await clock.advance(20);
  assert.equal(acks(), 2);
  await finish();
});

test('A call whose BYE found no way either is not acknowledged behind its end', async () => {
  const Contact = '<sip:desk@pbx.example.com>';
  const { peer, clock, network, out, finish } = await answered({ Contact });
  await Promise.all([out.call.hangup(), clock.advance(20)]);
  network.names.set('pbx.example.com', ['10.0.0.1']);
  peer.respond(peer.request('INVITE'), 200, { Contact }, 'answer');
  await clock.advance(20);
  // Else the peer would take the call for one that is up.
  assert.deepEqual(peer.lines, ['INVITE']);
  await finish();
});

test('The route set of a 2xx is its Record-Route turned round', async () => {
  const routes = ['<sip:10.0.0.8;lr>', '<sip:10.0.0.1:5060;lr>'];
  const { peer, clock, out, finish } = await answered({ 'Record-Route': routes });
  assert.deepEqual(peer.request('ACK').headers.getAll('Route'), [routes[1], routes[0]]);
  const ended = out.call.hangup();
  await clock.advance(20);
  peer.respond(peer.request('BYE'), 200);
  await Promise.all([ended, clock.advance(20)]);
  await finish();
});

test('A second branch that answers is acknowledged and hung up; the first keeps the call', async () => {
  const { peer, clock, out, finish } = await answered();
  peer.respond(peer.request('INVITE'), 200, {}, 'other answer', 'other-branch');
  await clock.advance(20);
  assert.deepEqual(peer.lines.slice(-2), ['ACK', 'BYE']);
  assert.match(peer.request('BYE').headers.get('To')!, /other-branch/);
  assert.deepEqual(out.events, ['confirmed']);
  await finish();
});

test('A second branch whose answer makes no dialog leaves the call of the first alone', async () => {
  const { peer, clock, out, finish } = await answered();
  // More than anybody has in earnest.
  const routes = Array.from({ length: 33 }, (_, index) => `<sip:10.0.1.${index};lr>`);
  peer.respond(peer.request('INVITE'), 200, { 'Record-Route': routes }, 'other answer', 'other-branch');
  await clock.advance(20);
  assert.deepEqual(out.events, ['confirmed']);
  const ended = out.call.hangup();
  await clock.advance(20);
  assert.match(peer.request('BYE').headers.get('To')!, /peer-tag/);
  peer.respond(peer.request('BYE'), 200);
  await Promise.all([ended, clock.advance(20)]);
  assert.deepEqual(out.events, ['confirmed', 'ended local bye']);
  await finish();
});

test('Early media of several branches is told as it comes', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  const out = bob.dial(PEER);
  await clock.advance(20);
  peer.respond(peer.request('INVITE'), 100);
  peer.respond(peer.request('INVITE'), 180, {}, '', 'one');
  peer.respond(peer.request('INVITE'), 183, {}, 'media of two', 'two');
  await clock.advance(20);
  assert.deepEqual(out.events, ['progress 180', 'progress 183']);
  assert.deepEqual(out.sdp, ['media of two']);
  await finish();
});

test('A callee may send INFO, OPTIONS and UPDATE before it answers, but no offer', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  const out = bob.dial(PEER);
  await clock.advance(20);
  const invite = peer.request('INVITE');
  peer.respond(invite, 183);
  await clock.advance(20);
  const ask = async (sequence: number, method: string, body = ''): Promise<number> => {
    const within = {
      To: invite.headers.get('From'),
      From: `<${PEER}>;tag=peer-tag`,
      'Call-ID': out.call.sipCallId,
      CSeq: `${sequence} ${method}`,
      Via: `SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-early-${sequence}`,
    };
    peer.send(method, within, body);
    await clock.advance(20);
    return peer.response.status;
  };
  assert.equal(await ask(1, 'UPDATE'), 200);
  assert.equal(await ask(2, 'UPDATE', 'offer'), 491, 'our offer is still unanswered');
  assert.equal(await ask(3, 'OPTIONS'), 200);
  assert.equal(await ask(4, 'INFO', '5'), 200);
  assert.equal(await ask(4, 'INFO', '6'), 200, 'a retransmission');
  assert.equal(await ask(3, 'INFO'), 500, 'out of order');
  assert.equal(await ask(5, 'BYE'), 481);
  assert.deepEqual(out.events, ['progress 183', 'info application/sdp 5']);
  peer.respond(invite, 486);
  await clock.advance(20);
  assert.equal(await ask(6, 'OPTIONS'), 481);
  await finish();
});

test('A re-INVITE that overtakes the 200 to our INVITE gets 491, and the call goes on', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  const out = bob.dial(PEER);
  await clock.advance(20);
  const invite = peer.request('INVITE');
  peer.respond(invite, 180);
  await clock.advance(20);
  const within = {
    To: invite.headers.get('From'),
    From: `<${PEER}>;tag=peer-tag`,
    'Call-ID': out.call.sipCallId,
  };
  const via = (n: number): string => `SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-over-${n}`;
  peer.send('INVITE', { ...within, CSeq: '1 INVITE', Via: via(1) }, 'hold');
  await clock.advance(20);
  assert.equal(peer.response.status, 491);
  peer.send('ACK', { ...within, CSeq: '1 ACK', Via: via(1) });
  peer.respond(invite, 200, {}, 'answer');
  await clock.advance(20);
  peer.send('INVITE', { ...within, CSeq: '2 INVITE', Via: via(2) }, 'hold');
  await clock.advance(20);
  assert.equal(peer.response.body.toString(), 'changed answer of bob');
  peer.send('ACK', { ...within, CSeq: '2 ACK', Via: via(3) });
  await clock.advance(20);
  assert.deepEqual(out.events, ['progress 180', 'confirmed', 'offer']);
  await finish();
});

test('A 200 that crosses our CANCEL is acknowledged and followed by BYE', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  const out = bob.dial(PEER);
  await clock.advance(20);
  peer.respond(peer.request('INVITE'), 180);
  await clock.advance(20);
  const ended = out.call.hangup();
  peer.respond(peer.request('INVITE'), 200, {}, 'answer');
  await Promise.all([ended, clock.advance(20)]);
  assert.deepEqual(peer.lines, ['INVITE', 'CANCEL', 'ACK', 'BYE']);
  assert.deepEqual(out.events, ['progress 180', 'ended local cancel']);
  await finish();
});

test('A peer that answers the CANCEL but never the INVITE is given up after 64 × T1', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  const out = bob.dial(PEER);
  await clock.advance(20);
  peer.respond(peer.request('INVITE'), 180);
  await clock.advance(20);
  const ended = out.call.hangup();
  await clock.advance(20);
  peer.respond(peer.request('CANCEL'), 200);
  await Promise.all([ended, clock.advance(32_000)]);
  assert.equal(out.end?.how, 'cancel');
  assert.equal(bob.endpoint.stats.clientTransactions, 0, 'nor is the INVITE remembered');
  await finish();
});

test('A re-INVITE that meets ours gets 491, and ours comes again a little later', async () => {
  const { peer, clock, out, bob, finish } = await answered();
  const changed = out.call.reinvite('second offer');
  await clock.advance(20);
  const To = peer.request('INVITE').headers.get('From')!;
  const From = peer.request('INVITE').headers.get('To')!;
  peer.send('INVITE', { To, From, 'Call-ID': out.call.sipCallId, CSeq: '1 INVITE' }, 'offer of the peer');
  await clock.advance(20);
  assert.equal(peer.response.status, 491);
  peer.respond(peer.request('INVITE'), 491);
  const before = clock.monotonic();
  const invites = (): number => peer.lines.filter((line) => line === 'INVITE').length;
  const count = invites();
  await clock.runUntil(() => invites() > count);
  const waited = clock.monotonic() - before;
  assert.ok(waited >= 2100 && waited <= 4030, `the owner of the Call-ID waits 2.1 to 4 s, not ${waited}`);
  peer.respond(peer.request('INVITE'), 200, {}, 'second answer');
  await Promise.all([changed, clock.advance(20)]);
  assert.deepEqual(out.events, ['confirmed', 'answer']);
  assert.equal(bob.calls.length, 1);
  await finish();
});

test('A re-INVITE of ours waits for the ACK to the INVITE of the peer, however long that takes', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  peer.send('INVITE', {}, 'offer');
  await clock.advance(20);
  const changed = bob.last.call.reinvite('second offer');
  await clock.advance(20_000);
  assert.ok(!peer.lines.includes('INVITE'));
  peer.send('ACK', { To: peer.response.headers.get('To') });
  await clock.advance(2_100);
  peer.respond(peer.request('INVITE'), 200, {}, 'second answer');
  await Promise.all([changed, clock.advance(20)]);
  assert.equal(bob.last.sdp.at(-1), 'second answer');
  await finish();
});

test('A change that is accepted without an answer has failed', async () => {
  const { peer, clock, out, finish } = await answered();
  const failed = assert.rejects(out.call.reinvite('second offer'), /without an answer/);
  await clock.advance(20);
  peer.respond(peer.request('INVITE'), 200);
  await Promise.all([failed, clock.advance(20)]);
  assert.equal(peer.lines.at(-1), 'ACK');
  assert.equal(out.end, undefined);
  await finish();
});

test('Every message can be seen as it is on the wire', async () => {
  const seen: string[] = [];
  const { peer, clock, finish } = await rawBench({
    trace: (direction, data, { protocol, remote }) => {
      seen.push(
        `${direction} ${protocol} ${remote.address}:${remote.port} ${Buffer.from(data).toString().split(' ')[0]}`,
      );
    },
  });
  peer.send('OPTIONS');
  await clock.advance(20);
  assert.deepEqual(seen, ['in udp 10.0.0.1:5060 OPTIONS', 'out udp 10.0.0.1:5060 SIP/2.0']);
  await finish();
});

test('A peer that has forgotten the dialog, or no longer answers, ends the call with BYE', async () => {
  const { peer, clock, out, finish } = await answered();
  const failed = assert.rejects(out.call.reinvite('second offer'), /481/);
  await clock.advance(20);
  peer.respond(peer.request('INVITE'), 481);
  await Promise.all([failed, clock.advance(20)]);
  assert.ok(peer.lines.includes('BYE'));
  assert.equal(out.end?.how, 'failed');
  await finish();
});

test('INFO that gets no answer ends in 408 and not in the end of the call', async () => {
  const { clock, out, finish } = await answered();
  const sent = out.call.sendInfo('application/dtmf', '1');
  await clock.advance(33_000);
  assert.deepEqual(await sent, { status: 408 });
  assert.equal(out.end, undefined);
  await finish();
});

test('Requests of the peer within our call reach the owner', async () => {
  const { peer, clock, out, finish } = await answered();
  const invite = peer.request('INVITE');
  const within = {
    To: invite.headers.get('From'),
    From: '<sip:peer@10.0.0.1:5060>;tag=peer-tag',
    'Call-ID': out.call.sipCallId,
  };
  const via = (n: number): string => `SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-in-${n}`;
  peer.send('INVITE', { ...within, CSeq: '1 INVITE', Via: via(1) }, 'hold');
  await clock.advance(20);
  assert.equal(peer.response.body.toString(), 'changed answer of bob');
  peer.send('ACK', { ...within, CSeq: '1 ACK', Via: via(2) });
  out.onOffer = () => {
    throw new SipRefusal(488);
  };
  peer.send('UPDATE', { ...within, CSeq: '2 UPDATE', Via: via(3) }, 'bad');
  await clock.advance(20);
  assert.equal(peer.response.status, 488);
  peer.send('BYE', { ...within, CSeq: '3 BYE', Via: via(4) });
  await clock.advance(20);
  assert.deepEqual(out.events, ['confirmed', 'offer', 'offer', 'ended remote bye']);
  await finish();
});

test('A response that matches nothing, and a 2xx for a transaction long gone, are dropped', async () => {
  const { peer, clock, out, finish } = await answered();
  const invite = peer.request('INVITE');
  peer.respond(invite, 200, { Via: 'SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bK-none' }, 'answer');
  await clock.advance(40_000);
  const count = peer.received.length;
  peer.respond(invite, 200, {}, 'answer');
  await clock.advance(100);
  assert.equal(peer.received.length, count);
  assert.equal(out.end, undefined);
  await finish();
});

test('An INVITE past 1,300 bytes goes over TCP when the peer takes it, else over UDP after all', async () => {
  const { peer, clock, network, bob, finish } = await rawBench();
  const sdp = 'x'.repeat(1500);
  bob.dial(PEER, { sdp });
  await clock.advance(100);
  assert.match(peer.request('INVITE').headers.get('Via')!, /UDP/, 'connection refused');
  let bytes = '';
  await network.host('10.0.0.1').listenStream('10.0.0.1', 5060, (socket) => {
    socket.handle({
      data: (data) => {
        bytes += data.toString();
      },
      closed: () => {},
    });
  });
  bob.dial(PEER, { sdp });
  await clock.advance(100);
  assert.match(bytes, /^INVITE .*\r\nVia: SIP\/2\.0\/TCP 10\.0\.0\.2:5060;branch=/);
  bytes = '';
  bob.dial(`${PEER};transport=udp`, { sdp });
  await clock.advance(100);
  assert.equal(bytes, '', 'the URI insists on UDP');
  await finish();
});

test('An INVITE that is taken back while TCP is tried for its length does not go over UDP either', async () => {
  const { peer, clock, network, bob, finish } = await rawBench();
  network.reachable = () => false;
  const out = bob.dial(PEER, { sdp: 'x'.repeat(1500) });
  await clock.advance(1000);
  void out.call.hangup();
  await clock.advance(5000);
  assert.deepEqual(peer.lines, []);
  assert.deepEqual(out.events, ['ended local cancel']);
  await finish();
});

test('A name leads to the first address that a listener of ours reaches', async () => {
  const { network, clock, bob, finish } = await rawBench();
  const other = await RawPeer.open(network, '10.0.0.5', 5070);
  network.names.set('pbx.example.com', ['2001:db8::5', '10.0.0.5']);
  bob.dial('sip:100@pbx.example.com:5070');
  await clock.advance(20);
  assert.equal(other.request('INVITE').uri, 'sip:100@pbx.example.com:5070');
  await finish();
});
