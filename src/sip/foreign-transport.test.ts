/** Peers whose Contact names a transport that we lack: what takes TLS off before us says nothing of itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rawBench } from '../../test/sip/raw-peer.ts';

for (const transport of ['tls', 'ws']) {
  const uri = `sip:peer@192.168.9.9;transport=${transport}`;

  test(`A caller whose Contact is for ${transport} is reached where its INVITE came from`, async () => {
    const { peer, clock, bob, finish } = await rawBench();
    peer.send('INVITE', { Contact: `<${uri}>` }, 'offer');
    await clock.advance(20);
    peer.send('ACK', { To: peer.response.headers.get('To') });
    await clock.advance(20);
    const ended = bob.last.call.hangup();
    await clock.advance(20);
    const bye = peer.request('BYE');
    assert.equal(bye.uri, uri);
    peer.respond(bye, 200);
    await Promise.all([ended, clock.advance(20)]);
    await finish();
  });

  test(`A caller whose Contact is for ${transport} is reached also behind a change that names no other`, async () => {
    const { peer, clock, bob, finish } = await rawBench();
    peer.send('INVITE', { Contact: `<${uri}>` }, 'offer');
    await clock.advance(20);
    const To = peer.response.headers.get('To');
    peer.send('ACK', { To });
    await clock.advance(20);
    const Via = (branch: string): string => `SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-${branch}`;
    peer.send('INVITE', { To, Via: Via('again'), CSeq: '2 INVITE', Contact: undefined }, 'hold');
    await clock.advance(20);
    assert.equal(peer.response.status, 200);
    peer.send('ACK', { To, Via: Via('ack'), CSeq: '2 ACK' });
    await clock.advance(20);
    const ended = bob.last.call.hangup();
    await clock.advance(20);
    peer.respond(peer.request('BYE'), 200);
    await Promise.all([ended, clock.advance(20)]);
    await finish();
  });

  test(`Who is called and has a Contact for ${transport} gets ACK and BYE where the INVITE went`, async () => {
    const { peer, clock, bob, finish } = await rawBench();
    const out = bob.dial('sip:peer@10.0.0.1:5060');
    await clock.advance(20);
    peer.respond(peer.request('INVITE'), 200, { Contact: `<${uri}>` }, 'answer');
    await clock.advance(20);
    assert.equal(peer.request('ACK').uri, uri);
    const ended = out.call.hangup();
    await clock.advance(20);
    peer.respond(peer.request('BYE'), 200);
    await Promise.all([ended, clock.advance(20)]);
    await finish();
  });
}
