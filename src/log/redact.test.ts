import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { maskDigits, redactFields, redactText, redactUris, redactUrisIn } from './redact.ts';

describe('log redaction', () => {
  it('shows pressed digits at debug, and only their number at info and above', () => {
    assert.equal(maskDigits('12*#', 'debug'), '12*#');
    assert.equal(maskDigits('12*#', 'trace'), '12*#');
    for (const level of ['info', 'warn', 'error', 'fatal', 'silent'] as const) {
      assert.equal(maskDigits('12*#', level), 'xxxx');
    }
    assert.equal(maskDigits('', 'info'), '');
  });

  it('takes userinfo out of every URL in a text', () => {
    assert.equal(
      redactText('GET https://ann:pw@a.test/x failed, see wss://tok@b.test'),
      'GET https://a.test/x failed, see wss://b.test',
    );
    assert.equal(
      redactText('sip:ann@example.com at 10:30 https://a.test/x@y'),
      'sip:ann@example.com at 10:30 https://a.test/x@y',
    );
  });

  it('takes the password out of SIP URIs, and out of URLs inside of other addresses', () => {
    for (const [text, shown] of [
      ['"sip:ann:s3cret@pbx.test:5060" cannot be called', '"sip:ann@pbx.test:5060" cannot be called'],
      [
        'INVITE SIPS:ann:a:b@c@pbx.test SIP/2.0\r\nTo: <sip:1:x@h>',
        'INVITE SIPS:ann@pbx.test SIP/2.0\r\nTo: <sip:1@h>',
      ],
      ['stream:wss://ann:pw@a.test/x', 'stream:wss://a.test/x'],
      ['"https://…@a.test/x" is not a URL', '"https://…@a.test/x" is not a URL'],
      ["https://o'brien:it's@a.test/x", 'https://a.test/x'],
      ["sip:o'brien:it's@pbx.test", "sip:o'brien@pbx.test"],
      ['sip:pbx.test:5060', 'sip:pbx.test:5060'],
      ['sip:ann@pbx.test:5060;transport=tcp', 'sip:ann@pbx.test:5060;transport=tcp'],
    ] as const) {
      assert.equal(redactUris(text), shown);
      assert.equal(redactText(text), shown);
    }
    const left = { to: ['sip:a:pw@b', 7, null], 'https://u:p@c/': { deep: 'x' } };
    assert.deepEqual(redactUrisIn(left), { to: ['sip:a@b', 7, null], 'https://c/': { deep: 'x' } });
  });

  it('takes authorization lines and query secrets out of a text', () => {
    assert.equal(
      redactText(
        'INVITE sip:a SIP/2.0\r\nAuthorization: Digest response="abc"\r\nproxy-authorization:x\r\nTo: b',
      ),
      'INVITE sip:a SIP/2.0\r\nAuthorization: [redacted]\r\nproxy-authorization: [redacted]\r\nTo: b',
    );
    assert.equal(
      redactText('http://a/?a=1&access_token=zz&b=2'),
      'http://a/?a=1&access_token=[redacted]&b=2',
    );
  });

  it('redacts fields by name, at any depth and in any case', () => {
    const redacted = redactFields({
      Authorization: 'Basic x',
      'Proxy-Authorization': 'x',
      'set-cookie': ['x'],
      sipPassword: 'x',
      auth_token: 'x',
      signingKey: { raw: 'x' },
      nested: [{ apiKey: 'x', 'api-key': 'x', user: 'ann' }],
      digits: 4,
      monkey: 'stays',
      password: '',
      absent: undefined,
    });
    assert.deepEqual(redacted, {
      Authorization: '[redacted]',
      'Proxy-Authorization': '[redacted]',
      'set-cookie': '[redacted]',
      sipPassword: '[redacted]',
      auth_token: '[redacted]',
      signingKey: '[redacted]',
      nested: [{ apiKey: '[redacted]', 'api-key': '[redacted]', user: 'ann' }],
      digits: 4,
      monkey: 'stays',
      password: '',
    });
  });

  it('keeps message, code and cause of an error, without secrets', () => {
    const cause = new TypeError('no https://u:p@b.test');
    const error = Object.assign(new Error('boom', { cause }), { code: 'E_BOOM', password: 'x' });
    const { err } = redactFields({ err: error }) as { err: Record<string, unknown> };
    assert.equal(err['type'], 'Error');
    assert.equal(err['message'], 'boom');
    assert.equal(err['code'], 'E_BOOM');
    assert.equal(err['password'], '[redacted]');
    assert.match(String(err['stack']), /redact\.test/);
    assert.equal((err['cause'] as Record<string, unknown>)['message'], 'no https://b.test');
  });

  it('bounds cycles, depth, length and number', () => {
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    const redacted = redactFields({
      loop,
      long: 'x'.repeat(100_000),
      many: Array.from({ length: 1000 }, (_, index) => index),
      bytes: new Uint8Array(5000),
      big: 1n,
    });
    const json = JSON.stringify(redacted);
    assert.ok(json.length < 20_000, String(json.length));
    assert.equal(redacted['bytes'], 'Uint8Array(5000 bytes)');
    assert.equal(redacted['big'], '1');
    assert.equal((redacted['many'] as unknown[]).at(-1), '… 900 more');
  });

  it('leaves no password of a URL behind, whatever stands around it', () => {
    const around = fc.string({ maxLength: 50 });
    fc.assert(
      fc.property(around, fc.webAuthority(), around, (before, host, after) => {
        const text = `${before} https://ann:s3cr3t@${host.replace(/^.*@/, '')} ${after}`;
        assert.doesNotMatch(redactText(text), /s3cr3t/);
      }),
    );
  });
});
