import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRequest } from './message.ts';
import type { HeaderField } from './headers.ts';
import { parseMessage } from './parser.ts';
import { serialize } from './serialize.ts';
import { checkRequest } from './validate.ts';
import type { Refusal, SipCapabilities } from './validate.ts';

const CAPABILITIES: SipCapabilities = {
  methods: ['INVITE', 'ACK', 'BYE', 'CANCEL', 'OPTIONS', 'INFO'],
  extensions: ['timer', 'Replaces'],
  schemes: ['sip', 'tel'],
  contentTypes: ['application/sdp', 'application/dtmf-relay'],
};

interface Variation {
  readonly method?: string;
  readonly uri?: string;
  readonly cseq?: string;
  readonly headers?: readonly HeaderField[];
  readonly body?: string;
  readonly contentTypes?: readonly string[];
}

function check({
  method = 'INVITE',
  uri = 'sip:b@h',
  cseq,
  headers = [],
  body = '',
  contentTypes = CAPABILITIES.contentTypes,
}: Variation): Refusal | undefined {
  const request = createRequest(
    method,
    uri,
    [
      ['Via', 'SIP/2.0/UDP h;branch=z9hG4bK1'],
      ['From', '<sip:a@h>;tag=1'],
      ['To', '<sip:b@h>'],
      ['Call-ID', 'c1'],
      ['CSeq', cseq ?? `1 ${method}`],
      ...headers,
    ],
    Buffer.from(body),
  );
  const parsed = parseMessage(serialize(request));
  assert.ok(parsed.kind === 'request');
  return checkRequest(parsed, { ...CAPABILITIES, contentTypes });
}

const SDP: HeaderField = ['Content-Type', 'Application/SDP;charset=x'];

describe('checkRequest', () => {
  it('passes what is right', () => {
    assert.equal(check({}), undefined);
    assert.equal(check({ headers: [SDP, ['Require', 'timer, replaces']], body: 'v=0' }), undefined);
    assert.equal(check({ uri: 'TEL:+1201', headers: [['Max-Forwards', '0']] }), undefined);
  });

  it('400 when the CSeq names another method, in another case too', () => {
    assert.equal(check({ cseq: '1 BYE' })?.status, 400);
    assert.equal(check({ cseq: '1 invite' })?.status, 400);
  });

  it('400 when a header that a user agent needs is malformed, with the reason for the log', () => {
    const cases: readonly HeaderField[] = [
      ['Contact', 'sip:a@h?x=y'],
      ['Contact', '*'],
      ['Route', 'nowhere'],
      ['Record-Route', '<sip:>'],
      ['Refer-To', '<sip:a@h'],
      ['Max-Forwards', '256'],
      ['Content-Type', 'sdp'],
      ['Require', 'a b'],
      ['Accept', 'sdp'],
    ];
    for (const field of cases) {
      const refusal = check({ headers: [field] });
      assert.equal(refusal?.status, 400, field.join());
      assert.match(refusal.detail, new RegExp(`${field[0]}|URI`));
    }
    assert.equal(check({ body: 'x' })?.status, 400);
  });

  it('405 for a method of the standards that we do not take, 501 for others, both with Allow', () => {
    const headers: readonly HeaderField[] = [['Allow', 'INVITE, ACK, BYE, CANCEL, OPTIONS, INFO']];
    const subscribe = check({ method: 'SUBSCRIBE' });
    assert.deepEqual([subscribe?.status, subscribe?.headers], [405, headers]);
    const unknown = check({ method: 'invite' });
    assert.deepEqual([unknown?.status, unknown?.headers], [501, headers]);
  });

  it('416 for a scheme that we do not take', () => {
    assert.equal(check({ uri: 'sips:b@h' })?.status, 416);
    assert.equal(check({ uri: 'SIP:b@h' }), undefined);
  });

  it('420 names every extension that we lack, as the peer wrote it; CANCEL and ACK may require anything', () => {
    const headers: readonly HeaderField[] = [
      ['Require', 'TIMER, Foo'],
      ['require', 'bar'],
      ['Proxy-Require', 'baz'],
    ];
    assert.deepEqual(check({ headers })?.headers, [['Unsupported', 'Foo, bar']]);
    assert.equal(check({ method: 'CANCEL', headers }), undefined);
    assert.equal(check({ method: 'ACK', headers }), undefined);
  });

  it('415 for a body that we cannot read, unless it may be ignored', () => {
    const headers: readonly HeaderField[] = [['Content-Type', 'text/html']];
    assert.deepEqual(check({ headers, body: 'x' })?.headers, [
      ['Accept', 'application/sdp, application/dtmf-relay'],
    ]);
    assert.equal(check({ headers }), undefined);
    assert.equal(check({ method: 'ACK', headers, body: 'x' }), undefined);
    const optional: HeaderField = ['Content-Disposition', 'render; handling=Optional'];
    assert.equal(check({ headers: [...headers, optional], body: 'x' }), undefined);
    const required: HeaderField = ['Content-Disposition', 'session;handling=required'];
    assert.equal(check({ headers: [...headers, required], body: 'x' })?.status, 415);
  });

  it('takes a multipart of whatever subtype for a mixed one, if it can read that', () => {
    const headers: readonly HeaderField[] = [['Content-Type', 'Multipart/Related;boundary=e']];
    const contentTypes = ['application/sdp', 'multipart/mixed'];
    assert.equal(check({ headers, body: '--e--', contentTypes }), undefined);
    assert.equal(check({ headers, body: '--e--' })?.status, 415);
  });

  it('415 with Accept-Encoding for an encoded body', () => {
    const encoded = check({ headers: [SDP, ['e', 'gzip']], body: 'x' });
    assert.deepEqual([encoded?.status, encoded?.headers], [415, [['Accept-Encoding', 'identity']]]);
    assert.equal(check({ headers: [SDP, ['e', 'identity']], body: 'x' }), undefined);
  });

  it('406 for an INVITE whose caller cannot read an answer', () => {
    const accept = (value: string) => check({ headers: [['Accept', value]] })?.status;
    assert.equal(accept('text/plain'), 406);
    assert.equal(accept(''), 406);
    assert.equal(accept('application/sdp;q=0'), 406);
    assert.equal(accept('applicatio/*'), 406);
    assert.equal(accept('text/plain, application/SDP;level=1'), undefined);
    assert.equal(accept('application/*;q=0.1'), undefined);
    assert.equal(accept('*/*'), undefined);
    assert.equal(check({ method: 'OPTIONS', headers: [['Accept', 'text/plain']] }), undefined);
  });
});
