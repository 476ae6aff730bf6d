import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SipParseError } from './errors.ts';
import { Headers } from './headers.ts';
import { SIP_LIMITS } from './limits.ts';
import { splitFirst, splitList } from './lists.ts';

describe('Headers', () => {
  it('finds a field by any case and by its compact form, and keeps the name as written', () => {
    const headers = new Headers([
      ['v', 'SIP/2.0/UDP a'],
      ['cALL-id', 'x'],
      ['X-Mine', '1'],
    ]);
    assert.equal(headers.get('Via'), 'SIP/2.0/UDP a');
    assert.equal(headers.get('I'), 'x');
    assert.equal(headers.get('x-mine'), '1');
    assert.equal(headers.get('x'), undefined);
    assert.equal(headers.has('V'), true);
    assert.equal(headers.has('To'), false);
    assert.deepEqual(
      [...headers],
      [
        ['v', 'SIP/2.0/UDP a'],
        ['cALL-id', 'x'],
        ['X-Mine', '1'],
      ],
    );
  });

  it('knows every compact form of the registry', () => {
    const forms: readonly (readonly [string, string])[] = [
      ['a', 'Accept-Contact'],
      ['b', 'Referred-By'],
      ['c', 'Content-Type'],
      ['d', 'Request-Disposition'],
      ['e', 'Content-Encoding'],
      ['f', 'From'],
      ['i', 'Call-ID'],
      ['j', 'Reject-Contact'],
      ['k', 'Supported'],
      ['l', 'Content-Length'],
      ['m', 'Contact'],
      ['n', 'Identity-Info'],
      ['o', 'Event'],
      ['r', 'Refer-To'],
      ['s', 'Subject'],
      ['t', 'To'],
      ['u', 'Allow-Events'],
      ['v', 'Via'],
      ['x', 'Session-Expires'],
      ['y', 'Identity'],
    ];
    for (const [short, long] of forms) assert.equal(new Headers([[short, '1']]).get(long), '1', short);
  });

  it('splits lists where the grammar has one, across fields, in order', () => {
    const headers = new Headers([
      ['Route', '<sip:a;lr>, <sip:b;lr>'],
      ['Contact', '"Bell, A" <sip:a@h>, "x\\",y" <sip:b@h?x=1,2>'],
      ['route', '<sip:c;lr>'],
      ['Supported', ''],
    ]);
    assert.deepEqual(headers.getAll('Route'), ['<sip:a;lr>', '<sip:b;lr>', '<sip:c;lr>']);
    assert.deepEqual(headers.getAll('m'), ['"Bell, A" <sip:a@h>', '"x\\",y" <sip:b@h?x=1,2>']);
    assert.deepEqual(headers.getAll('Supported'), []);
    assert.equal(headers.get('Route'), '<sip:a;lr>, <sip:b;lr>');
    assert.equal(headers.count('Route'), 2);
  });

  it('never splits a header that is no list', () => {
    for (const [name, value] of [
      ['Date', 'Sat, 13 Nov 2010 23:29:00 GMT'],
      ['Authorization', 'Digest username="bob", realm="a.b"'],
      ['WWW-Authenticate', 'Digest realm="a.b", nonce="x"'],
      ['Subject', 'one, two'],
      ['User-Agent', 'x (a, b)'],
      ['X-Unknown', ',,;'],
    ] as const) {
      assert.deepEqual(new Headers([[name, value]]).getAll(name), [value]);
    }
  });

  it('set replaces in place and removes the others of the name', () => {
    const headers = new Headers([
      ['a1', '1'],
      ['t', '2'],
      ['b1', '3'],
      ['To', '4'],
    ]);
    headers.set('To', '5').set('New', '6');
    assert.deepEqual(
      [...headers],
      [
        ['a1', '1'],
        ['To', '5'],
        ['b1', '3'],
        ['New', '6'],
      ],
    );
  });

  it('prepend stands before the first of its name, or before everything', () => {
    const headers = new Headers([
      ['Max-Forwards', '70'],
      ['Via', 'a'],
      ['Via', 'b'],
    ]);
    headers.prepend('Via', 'top').prepend('Route', 'r');
    assert.deepEqual(
      [...headers].map(([, value]) => value),
      ['r', '70', 'top', 'a', 'b'],
    );
  });

  it('remove takes all fields of the name', () => {
    const headers = new Headers([
      ['v', 'a'],
      ['To', 't'],
      ['Via', 'b'],
    ]);
    assert.deepEqual([...headers.remove('via')], [['To', 't']]);
    assert.equal(headers.size, 1);
  });

  it('replaceFirst changes or takes away the first list element only', () => {
    const headers = new Headers([
      ['Via', 'a;x="1,2", b'],
      ['Via', 'c'],
    ]);
    headers.replaceFirst('Via', 'a;received=1');
    assert.deepEqual(headers.getAll('Via'), ['a;received=1', 'b', 'c']);
    headers.replaceFirst('Via', undefined);
    assert.deepEqual(headers.getAll('Via'), ['b', 'c']);
    headers.replaceFirst('Via', undefined);
    assert.equal(headers.size, 1);
    assert.deepEqual(headers.getAll('Via'), ['c']);
    headers.replaceFirst('Via', 'd').replaceFirst('To', 'nobody');
    assert.deepEqual([...headers], [['Via', 'd']]);
  });

  it('keeps what was parsed until the headers change', () => {
    const headers = new Headers([['To', '1']]);
    let parses = 0;
    const read = (): string => headers.parsed('to', (all) => `${all.get('To')}/${++parses}`);
    assert.equal(read(), '1/1');
    assert.equal(read(), '1/1');
    const changes: readonly (() => void)[] = [
      () => headers.add('X', '1'),
      () => headers.set('To', '2'),
      () => headers.prepend('Via', 'a'),
      () => headers.replaceFirst('To', '3'),
      () => headers.remove('X'),
    ];
    for (const [i, change] of changes.entries()) {
      change();
      assert.equal(read(), `${headers.get('To')}/${i + 2}`);
    }
  });

  it('a clone changes apart from its original', () => {
    const headers = new Headers([['To', '1']]);
    const copy = headers.clone();
    copy.set('To', '2').add('X', '1');
    assert.deepEqual([...headers], [['To', '1']]);
  });
});

describe('splitList', () => {
  it('leaves empty elements out and trims the others', () => {
    assert.deepEqual(splitList(' a ,, b ,\tc,'), ['a', 'b', 'c']);
    assert.deepEqual(splitList(','), []);
    assert.deepEqual(splitList(''), []);
  });

  it('does not split in quotes, brackets and comments', () => {
    assert.deepEqual(splitList('"a,\\"b,", <c,d>;x="e,f", g (h, (i, j\\), k), l), m'), [
      '"a,\\"b,"',
      '<c,d>;x="e,f"',
      'g (h, (i, j\\), k), l)',
      'm',
    ]);
  });

  it('takes a quote between brackets for a character, and a comment at the start for one', () => {
    assert.deepEqual(splitList('<a">, <b>'), ['<a">', '<b>']);
    assert.deepEqual(splitList('a,(b, c),d'), ['a', '(b, c)', 'd']);
  });

  it('takes a parenthesis within a word for a character', () => {
    assert.deepEqual(splitList('sip:a(b@h, sip:c)@h'), ['sip:a(b@h', 'sip:c)@h']);
  });

  it('takes quotes and brackets without end to the end', () => {
    assert.deepEqual(splitList('a, "b, c'), ['a', '"b, c']);
    assert.deepEqual(splitList('a, <b, c'), ['a', '<b, c']);
    assert.deepEqual(splitFirst('"a, b'), { first: '"a, b', rest: undefined });
  });

  it('refuses more values than the limit', () => {
    assert.equal(splitList('a,'.repeat(SIP_LIMITS.listValues)).length, SIP_LIMITS.listValues);
    assert.throws(
      () => splitList('a,'.repeat(SIP_LIMITS.listValues + 1)),
      (error) => error instanceof SipParseError && error.status === 513,
    );
  });
});
