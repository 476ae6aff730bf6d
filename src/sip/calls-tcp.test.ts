import assert from 'node:assert/strict';
import { test } from 'node:test';
import { virtualPair } from '../../test/sip/virtual-pair.ts';
import { rawBench } from '../../test/sip/raw-peer.ts';
import type { HeaderField } from './message/headers.ts';
import { createResponse } from './message/message.ts';
import { parseMessage } from './message/parser.ts';
import { serialize } from './message/serialize.ts';
import type { StreamSocket } from './transport/network.ts';

test('A whole call goes over one TCP connection in both directions', async () => {
  const pair = await virtualPair();
  const { clock, network, alice, bob, trace } = pair;
  const out = alice.dial(bob.uri(0, ';transport=tcp'));
  await clock.advance(100);
  const change = bob.last.call.reinvite('offer of bob');
  await Promise.all([change, clock.advance(100)]);
  assert.equal(network.openStreams, 2, 'two ends of one');
  await Promise.all([bob.last.call.hangup(), clock.advance(100)]);
  assert.equal(out.end?.how, 'bye');
  assert.deepEqual(trace, [
    'alice INVITE',
    'bob 200 INVITE',
    'alice ACK',
    'bob INVITE',
    'alice 200 INVITE',
    'bob ACK',
    'bob BYE',
    'alice 200 BYE',
  ]);
  await pair.finish();
});

test('Where one address of a name takes no connection, the next one is tried', async () => {
  const pair = await virtualPair();
  const { clock, network, alice } = pair;
  network.names.set('pbx.example.com', ['10.0.0.8', '10.0.0.9', '10.0.0.2']);
  const out = alice.dial('sip:bob@pbx.example.com;transport=tcp');
  await clock.advance(200);
  assert.deepEqual(out.events, ['confirmed']);
  await pair.finish();
});

test('A call outlives the loss of its connection: the next request opens another', async () => {
  const pair = await virtualPair();
  const { clock, network, alice, bob } = pair;
  const out = alice.dial(bob.uri(0, ';transport=tcp'));
  await clock.advance(100);
  network.cutStreams();
  await clock.advance(100);
  assert.equal(network.openStreams, 0);
  await Promise.all([bob.last.call.hangup(), clock.advance(100)]);
  assert.deepEqual(out.end, { by: 'remote', how: 'bye' });
  assert.equal(network.openStreams, 2);
  await pair.finish();
});

test('An answer whose connection broke goes to the port of the Via', async () => {
  const pair = await virtualPair();
  const { clock, network, alice, bob } = pair;
  bob.onCall = (call) => {
    clock.after(1000, () => call.accept('answer of bob'));
  };
  const out = alice.dial(bob.uri(0, ';transport=tcp'));
  await clock.advance(500);
  network.cutStreams();
  await clock.advance(1000);
  assert.deepEqual(out.events, ['confirmed']);
  await pair.finish();
});

test('An ACK that was lost with its connection goes by another with the next copy of the 2xx', async () => {
  const pair = await virtualPair();
  const { clock, network, alice, bob, trace } = pair;
  const { sent } = network;
  network.sent = (datagram) => {
    sent(datagram);
    if (trace.at(-1) !== 'alice ACK') return;
    network.sent = sent;
    network.cutStreams();
  };
  const out = alice.dial(bob.uri(0, ';transport=tcp'));
  await clock.advance(40_000);
  assert.deepEqual([out.events, bob.last.events], [['confirmed'], ['confirmed']]);
  assert.equal(trace.filter((line) => line === 'alice ACK').length, 2);
  await pair.finish();
});

test('A call that rings is taken back though its connection broke: the CANCEL opens another', async () => {
  const pair = await virtualPair();
  const { clock, network, alice, bob } = pair;
  bob.onCall = (call) => call.ring();
  const out = alice.dial(bob.uri(0, ';transport=tcp'));
  await clock.advance(100);
  network.cutStreams();
  await clock.advance(100);
  void out.call.hangup();
  await clock.advance(1000);
  assert.equal(bob.last.end?.how, 'cancel');
  assert.deepEqual(out.end, { by: 'local', how: 'cancel', status: 487 });
  await pair.finish();
});

test('A request whose connection breaks before any answer has failed', async () => {
  const pair = await virtualPair();
  const { clock, network, alice, bob } = pair;
  bob.onCall = () => {};
  const out = alice.dial(bob.uri(0, ';transport=tcp'));
  await clock.advance(12);
  network.cutStreams();
  await clock.advance(20);
  assert.deepEqual(out.events, ['ended local transport 503']);
  await pair.finish();
});

test('A connection on which a request got no answer, and nothing else came, is not used for the next one', async () => {
  const pair = await virtualPair();
  const { clock, network, alice, bob } = pair;
  const first = alice.dial(bob.uri(0, ';transport=tcp'));
  await clock.advance(100);
  await Promise.all([first.call.hangup(), clock.advance(100)]);
  assert.equal(network.openStreams, 2);
  network.stall = true;
  const lost = alice.dial(bob.uri(0, ';transport=tcp'));
  await clock.advance(32_100);
  assert.deepEqual(lost.events, ['ended local timeout 408']);
  assert.equal(network.openStreams, 0);
  network.stall = false;
  const next = alice.dial(bob.uri(0, ';transport=tcp'));
  await clock.advance(100);
  assert.deepEqual(next.events, ['confirmed']);
  await pair.finish();
});

test('A callee whose Contact cannot be connected to is spoken to on the connection of its INVITE', async () => {
  const { network, clock, bob, finish } = await rawBench();
  const came: string[] = [];
  await network.host('10.0.0.1').listenStream('10.0.0.1', 5060, (socket) => {
    socket.handle({
      data: (data) => {
        const request = parseMessage(data);
        if (request.kind !== 'request') return;
        came.push(request.method);
        if (request.method === 'ACK') return;
        const headers: HeaderField[] = [
          ['Contact', '<sip:peer@192.168.1.7:5060;transport=tcp>'],
          ['Content-Type', 'application/sdp'],
        ];
        const answer = { toTag: 'peer-tag', headers, body: Buffer.from('answer') };
        socket.write(serialize(createResponse(request, 200, undefined, answer)));
      },
      closed: () => {},
    });
  });
  const out = bob.dial('sip:peer@10.0.0.1:5060;transport=tcp');
  await clock.advance(100);
  assert.deepEqual(out.events, ['confirmed']);
  assert.deepEqual(came, ['INVITE', 'ACK']);
  await Promise.all([out.call.hangup(), clock.advance(100)]);
  assert.deepEqual(came, ['INVITE', 'ACK', 'BYE']);
  await finish();
});

test('A connection that a call needs stays open however long the call is silent', async () => {
  const impatient = { limits: { connectionIdleMs: 10_000 } };
  const sides: readonly Parameters<typeof virtualPair>[0][] = [{ bob: impatient }, { alice: impatient }];
  for (const options of sides) {
    const pair = await virtualPair(options);
    const { clock, network, alice, bob } = pair;
    alice.dial(bob.uri(0, ';transport=tcp'), { sessionExpires: 0 });
    await clock.advance(120_000);
    assert.equal(network.openStreams, 2);
    await Promise.all([alice.last.call.hangup(), clock.advance(60_000)]);
    assert.equal(network.openStreams, 0);
    await pair.finish();
  }
});

test('Too large a message on a stream is answered with 513, and the connection closed', async () => {
  const { network, clock, bob, finish } = await rawBench();
  let received = '';
  let socket: StreamSocket | undefined;
  let isClosed = false;
  network.host('10.0.0.1').connectStream('10.0.0.2', 5060, (result) => {
    assert.ok(!(result instanceof Error));
    socket = result;
    socket.handle({
      data: (data) => {
        received += data.toString();
      },
      closed: () => {
        isClosed = true;
      },
    });
  });
  await clock.advance(20);
  socket!.write(
    Buffer.from(
      'OPTIONS sip:bob@10.0.0.2 SIP/2.0\r\nVia: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK-big\r\nFrom: <sip:x@y>;tag=1\r\n' +
        'To: <sip:z@y>\r\nCall-ID: big\r\nCSeq: 1 OPTIONS\r\nContent-Length: 99999999\r\n\r\n',
    ),
  );
  await clock.advance(20);
  assert.match(received, /^SIP\/2\.0 513 Message Too Large\r\n/);
  assert.ok(isClosed);
  assert.equal(bob.endpoint.stats.malformed, 1);
  await finish();
});
