import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SipSerializeError } from './errors.ts';
import { createRequest } from './message.ts';
import type { SipMessage, SipResponse } from './message.ts';
import { Headers } from './headers.ts';
import { serialize } from './serialize.ts';

function text(message: SipMessage): string {
  return serialize(message).toString('utf8');
}

function response(status: number, reason: string): SipResponse {
  return { kind: 'response', status, reason, headers: new Headers(), body: Buffer.alloc(0) };
}

function refused(message: SipMessage, pattern: RegExp): void {
  assert.throws(
    () => serialize(message),
    (error) => error instanceof SipSerializeError && pattern.test(error.message),
    String(pattern),
  );
}

describe('serialize', () => {
  it('writes start line, fields in order with their names as they are, and the length last', () => {
    const request = createRequest(
      'INVITE',
      'sip:b@h',
      [
        ['v', 'SIP/2.0/UDP h'],
        ['TO', 'Jörg <sip:j@h>'],
        ['Subject', ''],
      ],
      Buffer.from('über'),
    );
    assert.equal(
      text(request),
      'INVITE sip:b@h SIP/2.0\r\nv: SIP/2.0/UDP h\r\nTO: Jörg <sip:j@h>\r\nSubject: \r\nContent-Length: 5\r\n\r\nüber',
    );
    assert.equal(text(response(200, 'OK')), 'SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n');
  });

  it('puts the right Content-Length in the place of a wrong one, and of several', () => {
    const request = createRequest(
      'INFO',
      'sip:b@h',
      [
        ['l', '99'],
        ['To', 'x'],
        ['Content-Length', '98'],
      ],
      Buffer.from('abc'),
    );
    assert.equal(text(request), 'INFO sip:b@h SIP/2.0\r\nl: 3\r\nTo: x\r\n\r\nabc');
  });

  it('copies a binary body', () => {
    const body = Buffer.from([0, 255, 13, 10, 13, 10, 128]);
    assert.deepEqual(serialize(createRequest('INFO', 'sip:h', [], body)).subarray(-body.length), body);
  });

  it('refuses line ends and NUL in a header value, whoever put them there', () => {
    for (const value of [
      'a\r\nVia: evil',
      'a\nb',
      'a\rb',
      'a\0b',
      '"a\0b"',
      '"a\\\r\nb"',
      'x\r\n\r\nINVITE sip:evil SIP/2.0',
      'folded\r\n line',
    ]) {
      refused(createRequest('INFO', 'sip:h', [['Subject', value]]), /header Subject: CR, LF or NUL/);
    }
  });

  it('writes a NUL in a quoted pair, which the grammar has', () => {
    assert.match(text(createRequest('INFO', 'sip:h', [['To', '"a\\\0" <sip:h>']])), /"a\\\0"/);
  });

  it('refuses header names, methods, URIs, statuses and reasons that are none', () => {
    for (const name of ['', 'a b', 'a:', 'a\r\nVia', 'Ä']) {
      refused(createRequest('INFO', 'sip:h', [[name, 'x']]), /no header name/);
    }
    for (const method of ['', 'IN VITE', 'INFO\r\nX', 'INFO sip:evil']) {
      refused(createRequest(method, 'sip:h'), /no method/);
    }
    for (const uri of [
      '',
      'sip:h SIP/2.0\r\nVia: evil',
      'sip:a b@h',
      'sip:a\0@h',
      '<sip:h>',
      'sip:h\t',
      '"x"',
    ]) {
      refused(createRequest('INFO', uri), /Request-URI/);
    }
    for (const status of [99, 700, 200.5, Number.NaN]) refused(response(status, 'x'), /not 100 to 699/);
    for (const reason of ['OK\r\nVia: evil', 'a\nb', 'a\0']) refused(response(200, reason), /reason phrase/);
  });
});
