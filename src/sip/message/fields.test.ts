import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cseqToString, parseCSeq, parseDeltaSeconds } from './cseq.ts';
import { excerpt, SipParseError } from './errors.ts';
import {
  checkTokens,
  mediaTypeToString,
  parseContentLength,
  parseMaxForwards,
  parseMediaType,
  parseReason,
  parseRetryAfter,
  parseTokenWithParams,
  reasonToString,
} from './fields.ts';
import { paramsToString, parseParams, quote } from './params.ts';
import { parseMinSE, parseSessionExpires, sessionExpiresToString } from './session-expires.ts';
import { REASON_PHRASES, reasonPhrase } from './status.ts';

function refused(parse: () => unknown, message: RegExp): void {
  assert.throws(
    parse,
    (error) => error instanceof SipParseError && error.status === 400 && message.test(error.message),
    String(message),
  );
}

describe('CSeq', () => {
  it('is a number below 2^31 and a method', () => {
    assert.deepEqual(parseCSeq('4711 INVITE'), { number: 4711, method: 'INVITE' });
    assert.deepEqual(parseCSeq('0009 \t invite'), { number: 9, method: 'invite' });
    assert.equal(parseCSeq('2147483647 BYE').number, 2_147_483_647);
    assert.equal(cseqToString({ number: 9, method: 'BYE' }), '9 BYE');
    refused(() => parseCSeq('2147483648 BYE'), /not below 2\^31/);
    for (const text of ['', '1', '1 ', 'INVITE', '1INVITE', '-1 BYE', '1 BY E', '1 B@E', ' 1 BYE']) {
      refused(() => parseCSeq(text), /malformed/);
    }
  });
});

describe('delta-seconds', () => {
  it('stops at 2^32 − 1', () => {
    assert.equal(parseDeltaSeconds('0060'), 60);
    assert.equal(parseDeltaSeconds('949302838503028349304023988'), 4_294_967_295);
    for (const text of ['', '-1', '1.5', '1e3', '0x1', ' 1'])
      assert.equal(parseDeltaSeconds(text), undefined);
  });
});

describe('Session-Expires and Min-SE (RFC 4028)', () => {
  it('are seconds, and who refreshes', () => {
    assert.deepEqual(parseSessionExpires('1800;refresher=UAC;x=1'), { seconds: 1800, refresher: 'uac' });
    assert.deepEqual(parseSessionExpires('90 ; refresher = uas'), { seconds: 90, refresher: 'uas' });
    assert.deepEqual(parseSessionExpires('4000'), { seconds: 4000, refresher: undefined });
    assert.equal(sessionExpiresToString({ seconds: 90, refresher: 'uas' }), '90;refresher=uas');
    assert.equal(sessionExpiresToString({ seconds: 90, refresher: undefined }), '90');
    assert.equal(parseMinSE('120;x'), 120);
    refused(() => parseSessionExpires(''), /no seconds/);
    refused(() => parseSessionExpires('x'), /no seconds/);
    refused(() => parseSessionExpires('90;refresher=me'), /bad refresher/);
    refused(() => parseSessionExpires('90 90'), /where a parameter/);
    refused(() => parseMinSE(';90'), /no seconds/);
  });
});

describe('Reason (RFC 3326)', () => {
  it('is a protocol with cause and text', () => {
    const { protocol, cause, text } = parseReason('SIP ;cause=200 ;text="Call completed elsewhere"');
    assert.deepEqual([protocol, cause, text], ['SIP', 200, 'Call completed elsewhere']);
    assert.equal(parseReason('Q.850').cause, undefined);
    assert.equal(
      reasonToString('Q.850', 16, 'Terminated "here"'),
      'Q.850;cause=16;text="Terminated \\"here\\""',
    );
    assert.equal(parseReason(reasonToString('SIP', 487, 'a;b"c')).text, 'a;b"c');
    refused(() => parseReason(''), /no protocol/);
    refused(() => parseReason(';cause=1'), /no protocol/);
    refused(() => parseReason('SIP;cause=x'), /bad cause/);
    refused(() => parseReason('SIP;cause=1234567890'), /bad cause/);
  });
});

describe('Retry-After', () => {
  it('reads the examples of RFC 3261 20.33', () => {
    assert.deepEqual(parseRetryAfter('18000;duration=3600'), {
      seconds: 18000,
      comment: undefined,
      duration: 3600,
    });
    assert.deepEqual(parseRetryAfter("120 (I'm in a (long\\)) meeting)"), {
      seconds: 120,
      comment: "I'm in a (long)) meeting",
      duration: undefined,
    });
    refused(() => parseRetryAfter('soon'), /no seconds/);
    refused(() => parseRetryAfter('120 (in a meeting'), /without end/);
    refused(() => parseRetryAfter('120 (a) b'), /where a parameter/);
  });
});

describe('Content-Type and Accept', () => {
  it('are type, subtype and parameters, with white space around them', () => {
    const type = parseMediaType('Multipart / Mixed ; Boundary="a b"');
    assert.equal(type.type, 'multipart/mixed');
    assert.equal(type.params.get('boundary'), 'a b');
    assert.equal(mediaTypeToString(type), 'multipart/mixed;boundary="a b"');
    assert.equal(parseMediaType('text/*').type, 'text/*');
    for (const text of ['', 'text', 'text/', '/plain', 'text/plain/x', 'te xt/plain', ';a/b']) {
      refused(() => parseMediaType(text), /no media type/);
    }
  });
});

describe('numbers and tokens', () => {
  it('Max-Forwards is 0 to 255', () => {
    assert.equal(parseMaxForwards('0'), 0);
    assert.equal(parseMaxForwards('0068'), 68);
    assert.equal(parseMaxForwards('255'), 255);
    for (const text of ['256', '', '-1', '1 ', 'x', '300']) refused(() => parseMaxForwards(text), /0 to 255/);
  });

  it('Content-Length is digits', () => {
    assert.equal(parseContentLength('0153'), 153);
    for (const text of ['', '-999', '+1', '1.0', '0x10', '1,1', '1 1']) {
      refused(() => parseContentLength(text), /no length/);
    }
  });

  it('tokens of a list are checked', () => {
    assert.deepEqual(checkTokens(['timer', '100rel'], 'Supported'), ['timer', '100rel']);
    refused(() => checkTokens(['a b'], 'Require'), /^Require: "a b" is no token/);
    assert.equal(parseTokenWithParams('Session;handling=optional', 'x').token, 'session');
    refused(() => parseTokenWithParams('', 'Content-Disposition'), /^Content-Disposition "": no token/);
  });
});

describe('parameters', () => {
  it('are read with white space, quotes and IPv6 addresses, by name in any case', () => {
    const params = parseParams(' ; A = 1;b ;c="x\\"y;z" ; d=[::1]; e=a=b==', 0, 'x');
    assert.deepEqual(
      [...params],
      [
        ['a', '1'],
        ['b', undefined],
        ['c', 'x"y;z'],
        ['d', '[::1]'],
        ['e', 'a=b=='],
      ],
    );
  });

  it('count once, the first', () => {
    assert.equal(parseParams(';tag=1;TAG=2', 0, 'x').get('tag'), '1');
  });

  it('are quoted when they need it, and only then', () => {
    const params = new Map([
      ['plain', 'z9hG4bK-1'],
      ['host', '[::1]'],
      ['space', 'a b'],
      ['empty', ''],
      ['escape', 'a\\'],
    ]);
    const text = paramsToString(params);
    assert.equal(text, ';plain=z9hG4bK-1;host=[::1];space="a b";empty="";escape="a\\\\"');
    assert.deepEqual([...parseParams(text, 0, 'x')], [...params]);
    assert.equal(quote('a"\0'), '"a\\"\\\0"');
  });
});

describe('reason phrases', () => {
  it('are those of the status, and of its class when it is unknown', () => {
    assert.equal(reasonPhrase(486), 'Busy Here');
    assert.equal(reasonPhrase(299), 'OK');
    assert.equal(reasonPhrase(499), 'Request Failure');
    for (const status of Object.keys(REASON_PHRASES)) assert.match(status, /^[1-6]\d\d$/);
  });
});

describe('excerpt', () => {
  it('is short and has no character that a terminal obeys', () => {
    assert.equal(excerpt('a\r\n\x1b[2J\x9b\x7f\u2028'), '"a\\r\\n\\u001b[2J\\u009b\\u007f\\u2028"');
    assert.equal(excerpt('x'.repeat(100)), `"${'x'.repeat(60)}…"`);
  });
});
