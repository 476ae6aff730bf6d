import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isSignatureValid, messageSignatureHeaders, signatureHeaders } from './signature.ts';

const KEY = 'k1';
const URL_TEXT = 'https://example.com/a?b=1';
const BODY = '{"x":1}';
// spec/callbacks.md 6.4
const SHA1 = '2620a5b618e59aad501e1bc7fdc2574e3a5e306d';
const SHA256 = '73df33e5d8c0c05c3ed59fc686f831d9ec621e1c72de2860f0bab53ef19af89b';

describe('request signatures', () => {
  it('match the published check values, for text and for bytes', () => {
    const expected = { 'X-Signalwire-Signature': SHA1, 'X-Signalwire-SHA256-Signature': SHA256 };
    assert.deepEqual(signatureHeaders(KEY, URL_TEXT, BODY), expected);
    assert.deepEqual(signatureHeaders(KEY, URL_TEXT, Buffer.from(BODY)), expected);
  });

  it('of messages are over the URL with its userinfo, without a line end behind it', () => {
    const url = 'https://u:p@example.com/a?b=1';
    const expected = messageSignatureHeaders(KEY, url, URL_TEXT, BODY);
    assert.equal(isSignatureValid(KEY, url, BODY, String(expected['X-Signalwire-Signature'])), true);
    assert.deepEqual(messageSignatureHeaders(KEY, `${url}\n`, URL_TEXT, BODY), expected);
  });

  it('verify with either algorithm, in either case of the digits', () => {
    assert.equal(isSignatureValid(KEY, URL_TEXT, BODY, SHA1), true);
    assert.equal(isSignatureValid(KEY, URL_TEXT, BODY, SHA256.toUpperCase()), true);
  });

  it('do not verify when key, URL, body or signature differ', () => {
    assert.equal(isSignatureValid('k2', URL_TEXT, BODY, SHA1), false);
    assert.equal(isSignatureValid(KEY, `${URL_TEXT}&`, BODY, SHA1), false);
    assert.equal(isSignatureValid(KEY, URL_TEXT, '{"x":2}', SHA1), false);
    assert.equal(isSignatureValid(KEY, URL_TEXT, BODY, SHA1.replace('2', '3')), false);
    assert.equal(isSignatureValid(KEY, URL_TEXT, BODY, ''), false);
    assert.equal(isSignatureValid(KEY, URL_TEXT, BODY, SHA1.slice(1)), false);
  });
});
