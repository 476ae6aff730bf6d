import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SipParseError } from './errors.ts';
import {
  escapeUriHeader,
  escapeUriParam,
  escapeUser,
  parseHostPort,
  parseUri,
  unescapeUri,
  uriEquals,
  uriToString,
} from './uri.ts';

function refused(text: string, message: RegExp): void {
  assert.throws(
    () => parseUri(text),
    (error) => error instanceof SipParseError && error.status === 400 && message.test(error.message),
    text,
  );
}

describe('parseUri', () => {
  it('takes a SIP URI apart', () => {
    const uri = parseUri(
      'sips:alice:secretword@Atlanta.COM:5061;transport=tcp;lr?subject=project%20x&priority=urgent',
    );
    assert.deepEqual(uri, {
      scheme: 'sips',
      user: 'alice',
      password: 'secretword',
      host: 'atlanta.com',
      port: 5061,
      params: new Map([
        ['transport', 'tcp'],
        ['lr', undefined],
      ]),
      headers: [
        { name: 'subject', value: 'project%20x' },
        { name: 'priority', value: 'urgent' },
      ],
      opaque: undefined,
    });
  });

  it('reads the examples of RFC 3261 19.1.3', () => {
    const examples: readonly (readonly [string, string | undefined, string])[] = [
      ['sip:alice@atlanta.com', 'alice', 'atlanta.com'],
      ['sip:alice:secretword@atlanta.com;transport=tcp', 'alice', 'atlanta.com'],
      ['sips:alice@atlanta.com?subject=project%20x&priority=urgent', 'alice', 'atlanta.com'],
      ['sip:+1-212-555-1212:1234@gateway.com;user=phone', '+1-212-555-1212', 'gateway.com'],
      ['sips:1212@gateway.com', '1212', 'gateway.com'],
      ['sip:alice@192.0.2.4', 'alice', '192.0.2.4'],
      ['sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com', undefined, 'atlanta.com'],
      ['sip:alice;day=tuesday@atlanta.com', 'alice;day=tuesday', 'atlanta.com'],
    ];
    for (const [text, user, host] of examples) {
      assert.equal(parseUri(text).user, user, text);
      assert.equal(parseUri(text).host, host, text);
      assert.equal(uriToString(parseUri(text)), text);
    }
  });

  it('reads IPv6 references, without the brackets, and writes them with', () => {
    const uri = parseUri('sip:bob@[2001:DB8::9:1]:5070;transport=udp');
    assert.equal(uri.host, '2001:db8::9:1');
    assert.equal(uri.port, 5070);
    assert.equal(uriToString(uri), 'sip:bob@[2001:db8::9:1]:5070;transport=udp');
    assert.equal(parseUri('sip:[::ffff:192.0.2.1]').host, '::ffff:192.0.2.1');
    refused('sip:[2001:db8::1', /bad IPv6/);
    refused('sip:[gg::1]', /bad IPv6/);
    refused('sip:[fe80::1%25eth0]', /bad IPv6/);
    refused('sip:[::1]x', /behind the IPv6/);
  });

  it('keeps other schemes opaque', () => {
    const tel = parseUri('TEL:+1-201-555-0123;phone-context=example.com');
    assert.equal(tel.scheme, 'tel');
    assert.equal(tel.opaque, '+1-201-555-0123;phone-context=example.com');
    assert.equal(tel.host, '');
    assert.equal(uriToString(tel), 'tel:+1-201-555-0123;phone-context=example.com');
    assert.equal(parseUri('urn:service:sos').opaque, 'service:sos');
  });

  it('undoes needless escapes and writes the others in upper case', () => {
    assert.equal(uriToString(parseUri('sip:%61lice%2fx%3b@h;p%61r=%5b')), 'sip:alice%2Fx%3B@h;par=%5B');
  });

  it('takes a raw "#" in the user, as telephones send it', () => {
    assert.equal(parseUri('sip:*72#@pbx').user, '*72#');
  });

  it('counts the first of two parameters of a name', () => {
    assert.equal(parseUri('sip:h;transport=udp;Transport=tcp').params.get('transport'), 'udp');
  });

  it('refuses what is no URI, and says where', () => {
    refused('', /is not a URI/);
    refused('alice', /is not a URI/);
    refused('1sip:x', /is not a URI/);
    refused('\u212ael:1', /is not a URI/);
    refused('tel:', /is not a URI/);
    refused('tel:1 2', /is not a URI/);
    refused('http://a"b', /is not a URI/);
    refused('sip:', /bad host/);
    refused('sip:@h', /no user/);
    refused('sip:a b@h', /bad character in its user/);
    refused('sip:a@b@h', /bad host/);
    refused('sip:a%4@h', /bad character in its user/);
    refused('sip:a%zz@h', /bad character in its user/);
    refused('sip:a%@h', /bad character in its user/);
    refused('sip:a:p;w@h', /bad character in its password/);
    refused('sip:a@h:', /bad port/);
    refused('sip:a@h:65536', /bad port/);
    refused('sip:a@h:5060x', /bad port/);
    refused('sip:a@h:000005060', /bad port/);
    refused('sip:a@h;', /empty parameter/);
    refused('sip:a@h;;lr', /empty parameter/);
    refused('sip:a@h;=x', /empty parameter/);
    refused('sip:a@h;x=a%4', /bad character in its parameter/);
    refused('sip:a@h?x', /bad header/);
    refused('sip:a@h?=x', /bad header/);
    refused('sip:a@h?a=b&', /bad header/);
    refused('sip:a@h?a="b"', /bad character in its header/);
    refused('sip:a@h\r\nVia: x', /bad host/);
  });

  it('does not take an escape from the part behind it', () => {
    refused('sip:a%4:1@h', /bad character in its user/);
    refused('sip:a@h;x%4=1', /bad character in its parameter/);
  });
});

describe('uriEquals', () => {
  const equal: readonly (readonly [string, string])[] = [
    ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtlanTa.CoM;Transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;security=on'],
    ['sip:carol@chicago.com;newparam=5', 'sip:carol@chicago.com;security=on'],
    [
      'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
      'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
    ],
    [
      'sip:alice@atlanta.com?subject=project%20x&priority=urgent',
      'sip:alice@atlanta.com?priority=urgent&subject=project%20x',
    ],
    ['sip:a@[2001:db8::1]', 'sip:a@[2001:0DB8:0:0::1]'],
    ['sip:a@[::ffff:192.0.2.128]', 'sip:a@[::FFFF:c000:280]'],
    ['tel:+1201', 'TEL:+1201'],
  ];
  const different: readonly (readonly [string, string])[] = [
    ['SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting'],
    ['sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4'],
    ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;security=off'],
    ['sip:a@h', 'sips:a@h'],
    ['sip:a@h', 'sip:h'],
    ['sip:a:p@h', 'sip:a@h'],
    ['sip:a@h', 'sip:a@h;user=phone'],
    ['sip:a@h', 'sip:a@h;ttl=1'],
    ['sip:a@h', 'sip:a@h;method=INVITE'],
    ['sip:a@h', 'sip:a@h;maddr=192.0.2.1'],
    ['sip:a%3Bx@h', 'sip:a;x@h'],
    ['sip:a@h?a=b&a=b', 'sip:a@h?a=b&a=c'],
    ['sip:a@[2001:db8::1]', 'sip:a@[2001:db8::2]'],
    ['tel:+1201', 'tel:+1202'],
    ['tel:h', 'sip:h'],
  ];

  it('holds for the equivalent URIs of RFC 3261 19.1.4 and RFC 5954, both ways', () => {
    for (const [a, b] of equal) {
      assert.equal(uriEquals(parseUri(a), parseUri(b)), true, `${a} = ${b}`);
      assert.equal(uriEquals(parseUri(b), parseUri(a)), true, `${b} = ${a}`);
    }
  });

  it('does not hold for those that are not, both ways', () => {
    for (const [a, b] of different) {
      assert.equal(uriEquals(parseUri(a), parseUri(b)), false, `${a} ≠ ${b}`);
      assert.equal(uriEquals(parseUri(b), parseUri(a)), false, `${b} ≠ ${a}`);
    }
  });
});

describe('escaping', () => {
  it('gives every text back, and makes any text a part of a URI', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => {
        const user = escapeUser(text);
        const param = escapeUriParam(text);
        const header = escapeUriHeader(text);
        assert.equal(unescapeUri(user), text);
        const uri = parseUri(`sip:${user}@h;p=${param}?n=${header}`);
        assert.equal(unescapeUri(uri.user!), text);
        assert.equal(unescapeUri(uri.params.get('p')!), text);
        assert.equal(unescapeUri(uri.headers[0]!.value), text);
        assert.equal(uriToString(parseUri(uriToString(uri))), uriToString(uri));
        assert.equal(uriEquals(parseUri(uriToString(uri)), uri), true);
      }),
    );
  });

  it('keeps a lone percent sign and puts U+FFFD for octets that are no UTF-8', () => {
    assert.equal(unescapeUri('100%'), '100%');
    assert.equal(unescapeUri('a%4'), 'a%4');
    assert.equal(unescapeUri('ü%C3%BC%FF'), 'üü\ufffd');
  });

  it('escapes "#" in a user, which only others may send raw', () => {
    assert.equal(escapeUser('*72#'), '*72%23');
  });
});

describe('parseHostPort', () => {
  it('refuses an empty host, and keeps underscores of private networks', () => {
    assert.deepEqual(parseHostPort('media_1.Internal:5060', 'x'), { host: 'media_1.internal', port: 5060 });
    assert.throws(() => parseHostPort(':5060', 'Via'), /^SipParseError: Via: bad host ""/);
  });
});
