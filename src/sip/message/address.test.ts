import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { addressToString, parseAddress } from './address.ts';
import { SipParseError, SipSerializeError } from './errors.ts';

function refused(text: string, message: RegExp): void {
  assert.throws(
    () => parseAddress(text, 'From'),
    (error) => error instanceof SipParseError && error.status === 400 && message.test(error.message),
    text,
  );
}

describe('parseAddress', () => {
  it('reads the examples of RFC 3261 20.10, 20.20 and 20.39', () => {
    const quoted = parseAddress(
      '"Mr. Watson" <sip:watson@worcester.bell-telephone.com> ;q=0.7; expires=3600',
    );
    assert.equal(quoted.displayName, 'Mr. Watson');
    assert.equal(quoted.uri.host, 'worcester.bell-telephone.com');
    assert.deepEqual(
      [...quoted.params],
      [
        ['q', '0.7'],
        ['expires', '3600'],
      ],
    );
    const bare = parseAddress('sip:+12125551212@server.phone2net.com;tag=887s');
    assert.equal(bare.displayName, undefined);
    assert.equal(bare.uriText, 'sip:+12125551212@server.phone2net.com');
    assert.equal(bare.uri.params.size, 0);
    assert.equal(bare.tag, '887s');
    const token = parseAddress('Anonymous <sip:c8oqz84zk7z@privacy.org>;tag=hyh8');
    assert.equal(token.displayName, 'Anonymous');
    assert.equal(token.tag, 'hyh8');
  });

  it('tells parameters of the URI from those of the header', () => {
    const inside = parseAddress('<sip:a@h;lr;x=1>');
    assert.deepEqual([...inside.params], []);
    assert.deepEqual([...inside.uri.params.keys()], ['lr', 'x']);
    const outside = parseAddress('sip:a@h;lr;x=1');
    assert.deepEqual([...outside.params.keys()], ['lr', 'x']);
    assert.deepEqual([...outside.uri.params], []);
  });

  it('undoes escapes in a quoted name and in quoted parameters', () => {
    const address = parseAddress('"a \\"b\\" \\\\ <sip:no@where>" <sip:a@h>;x="1;2\\"3"');
    assert.equal(address.displayName, 'a "b" \\ <sip:no@where>');
    assert.equal(address.uri.user, 'a');
    assert.equal(address.params.get('x'), '1;2"3');
  });

  it('keeps an empty quoted name apart from none', () => {
    assert.equal(parseAddress('"" <sip:a@h>').displayName, '');
    assert.equal(parseAddress('<sip:a@h>').displayName, undefined);
  });

  it('takes names without quotes that telephones send though they are no tokens', () => {
    assert.equal(parseAddress('Jörg @ Büro (2) <sip:a@h>').displayName, 'Jörg @ Büro (2)');
  });

  it('takes "<" in a parameter of an address without brackets', () => {
    assert.equal(parseAddress('sip:a@h;x="<y>"').params.get('x'), '<y>');
  });

  it('refuses what could be read in two ways', () => {
    refused('', /is not a URI/);
    refused('"Bob <sip:a@h>', /quote without end/);
    refused('"Bob\\" <sip:a@h>', /quote without end/);
    refused('"Bob" sip:a@h', /no "<"/);
    refused('Bell, Alexander <sip:a@h>', /needs quotes/);
    refused('sip:x@y <sip:a@h>', /needs quotes/);
    refused('<sip:a@h', /"<" without ">"/);
    refused('< sip:a@h >', /is not a URI/);
    refused('<sip:a@h> x', /where a parameter should be/);
    refused('<sip:a@h>;', /empty parameter/);
    refused('<sip:a@h>;;tag=1', /where a parameter should be/);
    refused('<sip:a@h>;tag="1', /quote without end/);
    refused('<sip:a@h>;tag=1 2', /where a parameter should be/);
    refused('sip:a@h?x=y', /between < and >/);
    refused('sip:a@h, sip:b@h', /between < and >/);
    refused('Alice sip:a@h', /where a parameter should be/);
    refused('*', /is not a URI/);
  });
});

describe('addressToString', () => {
  it('gives back any name and any parameter value', () => {
    const text = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(fc.option(text, { nil: undefined }), text, (displayName, value) => {
        const params = new Map<string, string | undefined>([
          ['tag', value],
          ['lr', undefined],
        ]);
        const address = parseAddress(addressToString({ displayName, uriText: 'sip:a@h;x?y=z', params }));
        assert.equal(address.displayName, displayName);
        assert.equal(address.uriText, 'sip:a@h;x?y=z');
        assert.deepEqual([...address.params], [...params]);
      }),
    );
  });

  it('refuses a URI that would end its brackets', () => {
    for (const uriText of ['sip:a@h>;tag=x', 'sip:a@h\r\nVia: x', 'sip:a b@h', 'sip:"a"@h', 'sip:a\0@h']) {
      assert.throws(() => addressToString({ uriText }), SipSerializeError, uriText);
    }
  });
});
