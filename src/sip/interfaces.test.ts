import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Party } from '../../test/sip/party.ts';
import { RawPeer } from '../../test/sip/raw-peer.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { MemoryNetwork } from './transport/memory-network.ts';

const INSIDE = '10.0.0.2';
const OUTSIDE = '192.168.7.2';

/** An endpoint with listeners on each of its two interfaces. */
async function twoInterfaces() {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock);
  const bob = new Party('bob', {
    clock,
    network: {
      ...network.host(INSIDE),
      bindDatagram: (host, port, handlers) => network.host(host).bindDatagram(host, port, handlers),
      listenStream: (host, port, connected) => network.host(host).listenStream(host, port, connected),
      localAddressFor: (remote) => (remote.startsWith('192.168.7.') ? OUTSIDE : INSIDE),
    },
    listeners: [
      { protocol: 'udp', host: INSIDE, port: 5060 },
      { protocol: 'udp', host: OUTSIDE, port: 5060 },
      { protocol: 'tcp', host: INSIDE, port: 5060 },
      { protocol: 'tcp', host: OUTSIDE, port: 5080 },
    ],
  });
  await bob.start();
  return {
    clock,
    network,
    bob,
    finish: async () => {
      const closed = bob.endpoint.close();
      await clock.advance(60_000);
      await closed;
      assert.equal(clock.pendingTimers, 0, 'timers left');
    },
  };
}

test('A call goes out by the listener on the interface that leads to its peer', async () => {
  const { clock, network, bob, finish } = await twoInterfaces();
  for (const [peerAddress, own] of [
    ['192.168.7.9', OUTSIDE],
    ['10.0.0.1', INSIDE],
    ['203.0.113.9', INSIDE],
  ] as const) {
    const peer = await RawPeer.open(network, peerAddress);
    bob.dial(`sip:peer@${peerAddress}:5060`);
    await clock.advance(20);
    assert.ok(peer.request('INVITE').headers.get('Via')?.startsWith(`SIP/2.0/UDP ${own}:5060;`), peerAddress);
  }
  await finish();
});

test('A description can name our address on the way that the INVITE takes, also to a name', async () => {
  const { clock, network, bob, finish } = await twoInterfaces();
  network.names.set('pbx.example', ['192.168.7.9']);
  const peer = await RawPeer.open(network, '192.168.7.9');
  bob.dial('sip:peer@pbx.example:5060', { sdp: (address) => `offer from ${address}` });
  await clock.advance(20);
  assert.equal(peer.request('INVITE').body.toString(), `offer from ${OUTSIDE}`);
  await finish();
});

test('A Contact for TCP has the port of the listener on that interface', async () => {
  const { clock, network, finish } = await twoInterfaces();
  let received = '';
  network.host('192.168.7.9').connectStream(OUTSIDE, 5080, (socket) => {
    assert.ok(!(socket instanceof Error));
    socket.handle({
      data: (data) => {
        received += data.toString();
      },
      closed: () => {},
    });
    socket.write(
      Buffer.from(
        `OPTIONS sip:bob@${OUTSIDE} SIP/2.0\r\nVia: SIP/2.0/TCP 192.168.7.9;branch=z9hG4bK-1\r\n` +
          'From: <sip:x@y>;tag=1\r\nTo: <sip:bob@z>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n' +
          'Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n',
      ),
    );
  });
  await clock.advance(50);
  assert.match(received, /^SIP\/2\.0 200 .*\r\n/);
  assert.match(received, /\r\nContact: <sip:bob@192\.168\.7\.2:5080;transport=tcp>\r\n/);
  await finish();
});

test('A link-local peer is told addresses without their zones, which are names of ours', async () => {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock);
  const bob = new Party('bob', {
    clock,
    network: network.host('fe80::2%eth0'),
    listeners: [{ protocol: 'tcp', host: '::', port: 5060 }],
  });
  await bob.start();
  let localAddress = '';
  bob.onCall = (call) => {
    ({ localAddress } = call);
    call.ring();
  };
  let received = '';
  network.host('fe80::9%eth0').connectStream('fe80::2%eth0', 5060, (socket) => {
    assert.ok(!(socket instanceof Error));
    socket.handle({
      data: (data) => {
        received += data.toString();
      },
      closed: () => {},
    });
    socket.write(
      Buffer.from(
        'INVITE sip:bob@[fe80::2] SIP/2.0\r\nVia: SIP/2.0/TCP [fe80::9];rport;branch=z9hG4bK-1\r\n' +
          'From: <sip:x@y>;tag=1\r\nTo: <sip:bob@z>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n' +
          'Contact: <sip:x@[fe80::9]>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n',
      ),
    );
  });
  await clock.advance(50);
  assert.match(received, /^SIP\/2\.0 180 .*\r\n/);
  assert.match(received, /\r\nVia: SIP\/2\.0\/TCP \[fe80::9\];.*;received=fe80::9\r\n/);
  assert.match(received, /\r\nContact: <sip:bob@\[fe80::2\]:5060;transport=tcp>\r\n/);
  assert.equal(localAddress, 'fe80::2', 'for the session description');
  const closed = bob.endpoint.close();
  await clock.advance(60_000);
  await closed;
});
