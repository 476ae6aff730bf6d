import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rawBench } from '../../../test/sip/raw-peer.ts';
import { via } from '../message/accessors.ts';
import type { SipRequest } from '../message/message.ts';
import { parseMessage } from '../message/parser.ts';
import { mergeKey, serverKey } from './keys.ts';

test('Past the limit of what server transactions hold, a request gets 503 until some of them are over', async () => {
  const { peer, clock, bob, finish } = await rawBench({ limits: { maxServerTransactionBytes: 10_000 } });
  const ask = (n: number): void =>
    peer.send('OPTIONS', {
      Via: `SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-${n}`,
      CSeq: `${n} OPTIONS`,
      'X-Long': 'x'.repeat(8_000),
    });
  for (const n of [1, 2, 3]) ask(n);
  await clock.advance(20);
  assert.deepEqual(peer.lines, ['200 OPTIONS', '200 OPTIONS', '503 OPTIONS']);
  assert.equal(peer.response.headers.get('Retry-After'), '5');
  assert.equal(bob.endpoint.stats.overloaded, 1);
  await clock.advance(33_000);
  for (const n of [4, 5, 6]) ask(n);
  await clock.advance(20);
  assert.deepEqual(peer.lines.slice(3), ['200 OPTIONS', '200 OPTIONS', '503 OPTIONS']);
  await finish();
});

function request(method: string, branch: string, callId: string): SipRequest {
  const lines = [
    `${method} sip:bob@10.0.0.2 SIP/2.0`,
    `Via: SIP/2.0/UDP 10.0.0.1;branch=${branch}`,
    'From: <sip:peer@10.0.0.1>;tag=1',
    'To: <sip:bob@10.0.0.2>',
    `Call-ID: ${callId}`,
    `CSeq: 1 ${method}`,
  ];
  const message = parseMessage(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`));
  assert.ok(message.kind === 'request');
  return message;
}

test('Keys of transactions are short, however long the headers are that they stand for, and tell as much', () => {
  const long = 'x'.repeat(8_000);
  for (const cookie of ['z9hG4bK', '']) {
    const key = (method: string, end: string): string => {
      const message = request(method, `${cookie}${long}${end}`, `${long}${end}`);
      return serverKey(message, via(message), 'INVITE');
    };
    assert.ok(key('INVITE', '1').length <= 512);
    assert.equal(key('CANCEL', '1'), key('INVITE', '1'));
    assert.notEqual(key('INVITE', '2'), key('INVITE', '1'));
  }
  const merged = (end: string): string => mergeKey(request('INVITE', 'z9hG4bK1', `${long}${end}`)) ?? '';
  assert.ok(merged('1') !== '' && merged('1').length <= 512);
  assert.notEqual(merged('2'), merged('1'));
});
