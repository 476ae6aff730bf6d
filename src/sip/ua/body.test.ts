import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createRequest } from '../message/message.ts';
import { sessionDescription } from './body.ts';

function described(type: string | undefined, body: string): string | undefined {
  const headers = type === undefined ? [] : [['Content-Type', type] as const];
  return sessionDescription(createRequest('INVITE', 'sip:x@y', headers, Buffer.from(body)));
}

const PART = 'Content-Type: application/sdp\r\n\r\nv=0\r\ns=ü\r\n';

test('A body of type application/sdp is the session description, in any case and with parameters', () => {
  assert.equal(described('application/sdp', 'v=0'), 'v=0');
  assert.equal(described('Application/SDP; charset=utf-8', 's=ü'), 's=ü');
  assert.equal(described('application/sdp', ''), undefined);
  assert.equal(described('text/plain', 'v=0'), undefined);
  assert.equal(described(undefined, 'v=0'), undefined);
  assert.equal(described('nonsense', 'v=0'), undefined);
});

test('Of a multipart body the first session description counts, wherever it stands', () => {
  const text = 'Content-Type: text/plain\r\n\r\nhello';
  const isup = 'Content-Type: application/isup\r\nContent-Disposition: signal\r\n\r\n\x01\x02';
  assert.equal(described('multipart/mixed;boundary=e', `--e\r\n${PART}\r\n--e--`), 'v=0\r\ns=ü\r\n');
  assert.equal(
    described(
      'multipart/mixed;boundary="e x"',
      `before\r\n--e x\r\n${isup}\r\n--e x\r\n${PART}\r\n--e x--\r\n`,
    ),
    'v=0\r\ns=ü\r\n',
  );
  assert.equal(described('multipart/mixed;boundary=e', `--e\r\n${text}\r\n--e--`), undefined);
  assert.equal(
    described('multipart/mixed;boundary=e', `--e--\r\n--e\r\n${PART}\r\n`),
    undefined,
    'behind the end',
  );
  assert.equal(described('multipart/mixed', `--e\r\n${PART}\r\n--e--`), undefined, 'no boundary');
});

test('A multipart within a multipart is looked into, though not for ever', () => {
  const wrap = (inner: string, type: string, edge: string): [string, string] => [
    `multipart/mixed;boundary=${edge}`,
    `--${edge}\r\nContent-Type: ${type}\r\n\r\n${inner}\r\n--${edge}--`,
  ];
  let [type, body] = wrap('v=0', 'application/sdp', 'a');
  [type, body] = wrap(body, type, 'b');
  assert.equal(described(type, body), 'v=0');
  for (const edge of ['c', 'd', 'e', 'f']) [type, body] = wrap(body, type, edge);
  assert.equal(described(type, body), undefined);
});

test('A part without headers is plain text, and one without an end is none', () => {
  assert.equal(described('multipart/mixed;boundary=e', '--e\r\n\r\nv=0\r\n--e--'), undefined);
  assert.equal(described('multipart/mixed;boundary=e', '--e'), undefined);
  assert.equal(described('multipart/mixed;boundary=e', '--e\r\nContent-Type: application/sdp'), undefined);
});

test('Headers of a part may be folded, and a part whose type cannot be read hides no other', () => {
  const folded = 'Content-Type: application/sdp;\r\n\tcharset=utf-8\r\nContent-Id: <1>\r\n\r\nv=0';
  assert.equal(described('multipart/mixed;boundary=e', `--e\r\n${folded}\r\n--e--`), 'v=0');
  const parts = `--e\r\nContent-Type: isup;\r\n\r\nx\r\n--e\r\n${PART}\r\n--e--`;
  assert.equal(described('multipart/mixed;boundary=e', parts), 'v=0\r\ns=ü\r\n');
});

test('No multipart body makes it throw', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('--e', '\r\n', PART, 'Content-Type', ':', 'x', '--')), (pieces) => {
      described('multipart/mixed;boundary=e', pieces.join(''));
    }),
  );
});
