import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sipLine, sipText } from './sip-line.ts';

const bytes = (...lines: string[]): Uint8Array => Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);

test('a request is named by its method', () => {
  assert.deepEqual(sipLine(bytes('INVITE sip:a@b SIP/2.0', 'CSeq: 1 INVITE', 'Call-ID: x1@h')), {
    sipCallId: 'x1@h',
    text: 'INVITE',
  });
});

test('a response is named by its status and what it answers, compact headers included', () => {
  assert.deepEqual(sipLine(bytes('SIP/2.0 200 OK', 'i: x2', 'CSeq: 2 BYE')), {
    sipCallId: 'x2',
    text: '200 OK (BYE)',
  });
});

test('of headers whose names say that they are credentials the name alone is kept', () => {
  const message = bytes(
    'INVITE sip:a@b SIP/2.0',
    'X-Auth-Token: t1',
    'x-api-key : k,',
    '\tk2',
    'Proxy-Authorization: Digest username="u",',
    ' response="r"',
    'X-Token-Count: 3',
    'To: <sip:token:5060>',
  );
  assert.deepEqual(sipText(message).split('\r\n'), [
    'INVITE sip:a@b SIP/2.0',
    'X-Auth-Token: (left out)',
    'x-api-key : (left out)',
    'Proxy-Authorization: (left out)',
    'X-Token-Count: 3',
    'To: <sip:token:5060>',
    '',
    '',
  ]);
});

test('keep-alives and garbage are passed over', () => {
  assert.equal(sipLine(Buffer.from('\r\n\r\n')), undefined);
  assert.equal(sipLine(bytes('GET / HTTP/1.1', 'Call-ID: y')), undefined);
  assert.equal(sipLine(bytes('BYE sip:a@b SIP/2.0', 'CSeq: 2 BYE')), undefined);
});
