import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { redactUrl } from '../log/redact.ts';
import { HttpError } from './http-errors.ts';
import { parseHttpUrl, urlToSign } from './http-url.ts';

describe('HTTP URLs', () => {
  it('give up userinfo as Basic authorization, percent-decoded, and are clean of it', () => {
    const target = parseHttpUrl('https://ann:p%40ss%3A@example.com:8443/x?y=1#frag');
    assert.equal(target.url.href, 'https://example.com:8443/x?y=1');
    assert.equal(target.authorization, `Basic ${Buffer.from('ann:p@ss:').toString('base64')}`);
    assert.equal(parseHttpUrl('https://example.com').authorization, undefined);
  });

  it('set deadlines by fragment, within their ranges', () => {
    assert.deepEqual(parseHttpUrl('http://a/#ot=1000&rt=4000&tt=9000').timeouts, {
      connectMs: 1000,
      readMs: 4000,
      totalMs: 9000,
    });
    assert.deepEqual(parseHttpUrl('http://a/#ot=1&rt=99999&tt=15000').timeouts, {
      connectMs: 100,
      readMs: 15_000,
      totalMs: 15_000,
    });
    assert.deepEqual(parseHttpUrl('http://a/#ot=abc&rt=-5&section').timeouts, {});
  });

  it('are refused with their reason when they are no HTTP URLs', () => {
    for (const text of [
      '',
      'example.com/x',
      'ftp://example.com/',
      'file:///etc/passwd',
      'http://',
      'http://a b/',
    ])
      assert.throws(
        () => parseHttpUrl(text),
        (error) => error instanceof HttpError && error.code === 'invalid_url' && /http/.test(error.message),
      );
  });

  it('never show a password, however the URL is spelled', () => {
    for (const text of [
      'https://u:secret@example.com/x',
      'http:\\\\u:secret@example.com/x',
      'http:u:secret@example.com/x',
      ' https://u:secret@example.com/x',
      'ht\ntps://u:secret@example.com/x',
      'wss://secret@example.com/x',
      'https://u:secret@exa mple.com/x',
      'https://a@u:secret@example.com/',
      'https://u:secret/1@example.com/x',
      'https://u:p?secret@example.com/x',
      'http:\\\\u:se/secret@example.com/x',
    ])
      assert.doesNotMatch(redactUrl(text), /secret/, text);
    assert.equal(redactUrl('https://example.com/a@b'), 'https://example.com/a@b');
    assert.equal(redactUrl('not a url'), 'not a url');
    assert.equal(redactUrl('http://a b/x@y'), 'http://a b/x@y');
    assert.equal(redactUrl('https://u:se/cret@example.com/x'), 'https://…@example.com/x');
    redactUrl(`http:${':'.repeat(1_000_000)}`);
  });

  it('never show a password in an error or in the parsed URL', () => {
    const name = fc.stringMatching(/^[a-z0-9.%!$&'()*+,;=_~-]{1,20}$/);
    fc.assert(
      fc.property(name, fc.constantFrom('http', 'https', 'ftp'), (user, scheme) => {
        const text = `${scheme}://${user}:s3cr3t@example.com/p`;
        try {
          assert.doesNotMatch(parseHttpUrl(text).url.href, /s3cr3t/);
        } catch (error) {
          assert.ok(error instanceof HttpError);
          assert.doesNotMatch(error.message, /s3cr3t/);
        }
      }),
    );
  });

  it('are signed as they are written, without userinfo and fragment', () => {
    assert.equal(urlToSign('https://u:p@Example.com#ot=1000'), 'https://Example.com');
    assert.equal(urlToSign('https://example.com:443/a/../b?q=%7e'), 'https://example.com:443/a/../b?q=%7e');
  });

  it('are signed without the line end that a block of YAML leaves behind them', () => {
    for (const text of [
      'https://u:p@example.com/x\n',
      ' https://example.com/x ',
      'https://example.com/x#y\n',
    ])
      assert.equal(urlToSign(text), 'https://example.com/x');
  });
});
