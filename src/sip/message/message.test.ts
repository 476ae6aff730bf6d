import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRequest, createResponse } from './message.ts';
import { parseMessage } from './parser.ts';
import { serialize } from './serialize.ts';

function invite(to = 'Bob <sip:bob@biloxi.com>') {
  return createRequest('INVITE', 'sip:bob@biloxi.com', [
    ['Via', 'SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds'],
    ['v', 'SIP/2.0/UDP a.example.com, SIP/2.0/UDP b.example.com'],
    ['Max-Forwards', '70'],
    ['t', to],
    ['From', 'Alice <sip:alice@atlanta.com>;tag=1928301774'],
    ['Call-ID', 'a84b4c76e66710@pc33.atlanta.com'],
    ['CSeq', '314159 INVITE'],
    ['Timestamp', '54'],
    ['Contact', '<sip:alice@pc33.atlanta.com>'],
  ]);
}

describe('createResponse', () => {
  it('copies every Via in order, From, To, Call-ID and CSeq, and nothing else', () => {
    const response = createResponse(invite(), 486);
    assert.equal(response.status, 486);
    assert.equal(response.reason, 'Busy Here');
    assert.deepEqual(
      [...response.headers],
      [
        ['Via', 'SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds'],
        ['Via', 'SIP/2.0/UDP a.example.com, SIP/2.0/UDP b.example.com'],
        ['From', 'Alice <sip:alice@atlanta.com>;tag=1928301774'],
        ['To', 'Bob <sip:bob@biloxi.com>'],
        ['Call-ID', 'a84b4c76e66710@pc33.atlanta.com'],
        ['CSeq', '314159 INVITE'],
      ],
    );
  });

  it('adds the tag to To when the request has none there, but never to a 100', () => {
    assert.equal(
      createResponse(invite(), 180, undefined, { toTag: 'x1' }).headers.get('To'),
      'Bob <sip:bob@biloxi.com>;tag=x1',
    );
    assert.equal(
      createResponse(invite('<sip:b@c>;tag=old;x=">"'), 180, undefined, { toTag: 'x1' }).headers.get('To'),
      '<sip:b@c>;tag=old;x=">"',
    );
    assert.equal(
      createResponse(invite('";tag=1" <sip:b@c;tag=2>'), 180, undefined, { toTag: 'x1' }).headers.get('To'),
      '";tag=1" <sip:b@c;tag=2>;tag=x1',
    );
    const trying = createResponse(invite(), 100, undefined, { toTag: 'x1' });
    assert.equal(trying.headers.get('To'), 'Bob <sip:bob@biloxi.com>');
    assert.equal(trying.headers.get('Timestamp'), '54');
  });

  it('leaves a To that cannot be read as it came', () => {
    const response = createResponse(invite('"Bob <sip:b@c>'), 400, undefined, { toTag: 'x1' });
    assert.equal(response.headers.get('To'), '"Bob <sip:b@c>');
  });

  it('puts the extra headers behind, and the body with its length', () => {
    const response = createResponse(invite(), 200, 'Fine', {
      headers: [['Content-Type', 'text/plain']],
      body: Buffer.from('hello'),
    });
    const text = serialize(response).toString();
    assert.match(text, /^SIP\/2\.0 200 Fine\r\n/);
    assert.match(text, /\r\nContent-Type: text\/plain\r\nContent-Length: 5\r\n\r\nhello$/);
    assert.deepEqual(parseMessage(Buffer.from(text)).body.toString(), 'hello');
  });
});
