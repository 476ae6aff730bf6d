import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rawBench } from '../../test/sip/raw-peer.ts';

const VIA = 'Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-bad\r\n';
const REST = 'From: <sip:x@y>;tag=1\r\nTo: <sip:z@y>\r\nCall-ID: bad\r\nCSeq: 1 OPTIONS\r\n';

test('A malformed request that can be answered gets 400, 505 or 513', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  const cases = [
    [`OPTIONS sip:bob@10.0.0.2 SIP/2.0\r\n${VIA}${REST}no colon here\r\n`, 400],
    [`OPTIONS sip:bob@10.0.0.2 SIP/3.0\r\n${VIA}${REST}`, 505],
    [`OPTIONS sip:bob@10.0.0.2 SIP/2.0\r\n${VIA}${REST}X: ${'y'.repeat(9000)}\r\n`, 513],
    [`OPTIONS sip:bob@10.0.0.2 SIP/2.0\r\n${VIA}${REST}Content-Length: 5\r\n`, 400],
  ] as const;
  for (const [head, status] of cases) {
    peer.sendBytes(Buffer.from(`${head}\r\n`));
    await clock.advance(20);
    assert.equal(peer.response.status, status);
    assert.match(peer.response.headers.get('To') ?? 'tag=', /tag=/);
  }
  assert.equal(bob.endpoint.stats.malformed, 4);
  assert.equal(bob.endpoint.stats.dropped, 0);
  await finish();
});

test('What cannot or must not be answered is dropped and counted', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  for (const text of [
    'hello',
    `SIP/2.0 200 OK\r\n${VIA}\r\n`,
    `OPTIONS sip:bob@10.0.0.2 SIP/2.0\r\n${REST}\r\n`,
    `ACK sip:bob@10.0.0.2 SIP/2.0\r\n${VIA}From: x\r\n\r\n`,
  ]) {
    peer.sendBytes(Buffer.from(text));
  }
  await clock.advance(20);
  assert.deepEqual(peer.lines, []);
  assert.equal(bob.endpoint.stats.malformed, 4);
  assert.equal(bob.endpoint.stats.dropped, 4);
  await finish();
});

test('Keep-alives and STUN on the SIP port are no messages', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  for (const bytes of ['\r\n\r\n', '\r\n', '\0', '']) peer.sendBytes(Buffer.from(bytes));
  peer.sendBytes(Buffer.from([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]));
  await clock.advance(20);
  assert.deepEqual([bob.endpoint.stats.received, bob.endpoint.stats.malformed], [0, 0]);
  await finish();
});

test('A flood of malformed requests gets few answers, and calls still come through', async () => {
  const { peer, clock, bob, finish } = await rawBench();
  const flood = Buffer.from(`OPTIONS sip:bob@10.0.0.2 SIP/3.0\r\n${VIA}${REST}\r\n`);
  for (let i = 0; i < 5000; i++) peer.sendBytes(flood);
  await clock.advance(20);
  assert.equal(peer.received.length, 10, 'the burst');
  for (let second = 0; second < 10; second++) {
    for (let i = 0; i < 100; i++) peer.sendBytes(flood);
    await clock.advance(1000);
  }
  assert.equal(peer.received.length, 28, 'two a second');
  const { malformed, dropped, serverTransactions } = bob.endpoint.stats;
  assert.deepEqual([malformed, dropped, serverTransactions], [6000, 5972, 0]);
  peer.send('INVITE', {}, 'offer');
  await clock.advance(20);
  assert.equal(peer.lines.at(-1), '200 INVITE');
  await finish();
});

test('No bytes harm the endpoint, alone or as a change to a good message', async () => {
  const good = Buffer.from(
    'INVITE sip:bob@10.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-fuzz;rport\r\n' +
      'Max-Forwards: 70\r\nFrom: "A" <sip:a@10.0.0.1>;tag=1\r\nTo: <sip:bob@10.0.0.2>\r\nCall-ID: fuzz\r\n' +
      'CSeq: 1 INVITE\r\nContact: <sip:a@10.0.0.1>\r\nSupported: timer\r\nSession-Expires: 600;refresher=uas\r\n' +
      'Record-Route: <sip:10.0.0.1;lr>\r\nAllow: INVITE, UPDATE\r\nExpires: 60\r\n' +
      'Content-Type: multipart/mixed;boundary=e\r\nContent-Length: 53\r\n\r\n' +
      '--e\r\nContent-Type: application/sdp\r\n\r\nv=0\r\no=- 1\r\n--e--\r\n',
  );
  const { peer, clock, bob, network, finish } = await rawBench();
  peer.received.push = () => 0;
  network.fate = ({ to }) => (to.address === '10.0.0.2' ? [1] : []);
  const changes = fc.array(fc.record({ at: fc.nat(good.length - 1), byte: fc.nat(255), cut: fc.nat(20) }), {
    minLength: 1,
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 300 }), changes), async (change) => {
      let bytes = Buffer.from(good);
      if (change instanceof Uint8Array) {
        bytes = Buffer.from(change);
      } else {
        for (const { at, byte, cut } of change) {
          if (cut < 5) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + cut)]);
          else if (at < bytes.length) bytes[at] = byte;
        }
      }
      peer.sendBytes(bytes);
      await clock.advance(2);
    }),
    { numRuns: 1500, seed: 1 },
  );
  await clock.advance(1_000_000);
  const { calls, serverTransactions, clientTransactions } = bob.endpoint.stats;
  assert.deepEqual([calls, serverTransactions, clientTransactions], [0, 0, 0]);
  assert.ok(bob.endpoint.stats.received > 1000);
  await finish();
});
